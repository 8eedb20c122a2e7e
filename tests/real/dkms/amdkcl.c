// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

int amdkcl_ready(void);

int amdkcl_ready(void)
{
	return 1;
}
EXPORT_SYMBOL_GPL(amdkcl_ready);

MODULE_DESCRIPTION("The bottom of a set of modules");
MODULE_LICENSE("GPL and additional rights");
MODULE_VERSION("6.16.6");
