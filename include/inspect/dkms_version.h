/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Which of two versions of a package, or of two kernels, is the newer one to dkms. */

/**
 * rd_dkms_version_compare() - the order in which dkms sees versions and kernels
 *
 * Return: as strcmp().
 */
int rd_dkms_version_compare(const char *a, const char *b);
