// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

int amdkcl_ready(void);
int amdttm_ready(void);

int amdttm_ready(void)
{
	return amdkcl_ready();
}
EXPORT_SYMBOL_GPL(amdttm_ready);

MODULE_DESCRIPTION("The middle of a set of modules");
MODULE_LICENSE("GPL and additional rights");
MODULE_VERSION("6.16.6");
