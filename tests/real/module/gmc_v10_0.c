// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for the second kernel patch of the public recipe: the function that it adds to
 * gmc_v10_0.c and the message that it prints. The body is ours; the name and the message are what
 * the patch leaves in a module.
 */
#include <linux/pci.h>

void gmc_v10_0_apply_rdna_workarounds(struct pci_dev *pdev);

void gmc_v10_0_apply_rdna_workarounds(struct pci_dev *pdev)
{
	dev_info(&pdev->dev, "[Patch] RDNA1/2 detected - applying stability workarounds\n");
}
