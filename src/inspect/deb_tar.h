/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One file of a tar archive that is read as a stream: ustar and pax (POSIX pax(1), "ustar
 * Interchange Format", "pax Header Block"), GNU and old ones (tar's manual, "Basic Tar Format").
 */

#include "base/text.h"
#include "inspect/codec.h"

/* What is wanted of which bytes. */
struct deb_tar {
	enum rd_codec codec;
	const uint8_t *data;
	size_t len;
	const char *path;
};

/* Return: as rd_deb_extract(). */
int deb_tar_extract(const struct deb_tar *tar, struct rd_text *textp, struct rd_error *err);
