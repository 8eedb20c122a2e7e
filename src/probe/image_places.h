/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Where initramfs images and unified kernel images lie. Private to src/probe. */

#include "model/facts.h"
#include "system/system.h"

struct image_place {
	char *path; /* as seen from the root */
	char *kernel; /* that its name, folder or boot entry tells; NULL if none does */
	enum rd_image_role role;
};

struct image_places {
	struct image_place *items;
	size_t n, cap;
};

void image_places_deinit(struct image_places *places);

/**
 * image_places_find() - every image that a boot could start, once each
 * @facts: has the kernels; what could not be looked at is noted there
 * @kernel: leave out what is told to be of another release; NULL: nothing
 *
 * Return: 0 or a negative errno.
 */
int image_places_find(const struct rd_system *sys, const char *kernel, struct rd_facts *facts,
		      struct image_places *places, struct rd_error *err);
