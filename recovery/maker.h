/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* By which tool an initramfs image was made, and how it is told to make it. Private to recovery. */

#include "base/error.h"
#include "system/system.h"

/**
 * maker_of_image() - the tool whose image it is, by what lies in it
 * @path: of the image, as seen from the root
 * @namep: "dracut", "mkinitramfs", ...; NULL: nothing in it tells; static
 *
 * Return: 0 or a negative errno.
 */
int maker_of_image(const struct rd_system *sys, const char *path, const char **namep,
		   struct rd_error *err);

/* What a preset of mkinitcpio says of one of its images. */
struct maker_preset {
	char *config; /* file of its configuration, NULL: the usual one */
	char *options; /* words, NULL: none */
};

void maker_preset_deinit(struct maker_preset *preset);

/**
 * maker_preset_find() - the preset of mkinitcpio that makes an image
 * @path: of the image, as seen from the root
 * @preset: empty; stays so if there is none
 *
 * Return: 0 or a negative errno: also if it cannot be told without running it.
 */
int maker_preset_find(const struct rd_system *sys, const char *path, struct maker_preset *preset,
		      struct rd_error *err);
