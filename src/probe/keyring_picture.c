/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The members of the keyrings of a picture. /proc/keys does not tell them and no other file of a
 * machine does, so a picture has one of its own: lines of a keyring's name and the serial numbers,
 * in hex as in /proc/keys, of what is in it.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel_keys.h"

#define KEYRINGS     "/rdna1-doctor/keyrings"
#define KEYRINGS_MAX ((size_t)256 << 10)

static int add_serials(char *words, struct rd_key_serials *serials)
{
	char *rest = words;

	for (const char *word; (word = strsep(&rest, " "));) {
		uint64_t v;
		uint32_t serial;

		if (!rd_text_parse_u64(word, 16, &v) || v > UINT32_MAX)
			continue;
		serial = (uint32_t)v;
		if (rd_array_push(serials, &serial))
			return -ENOMEM;
	}
	return 0;
}

static int picture_read(const struct rd_system *sys, const char *name, uint32_t keyring,
			struct rd_key_serials *serials, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	size_t n = strlen(name);
	char *rest;
	int r;

	(void)keyring;
	r = rd_system_read(sys, KEYRINGS, KEYRINGS_MAX, &text, err);
	if (r)
		return r < 0 ? r : RD_KERNEL_KEYS_UNKNOWN;
	rest = text.data;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (strncmp(line, name, n) != 0 || (line[n] && line[n] != ' '))
			continue;
		return add_serials(line + n, serials) ? rd_error_nomem(err) : 0;
	}
	return RD_KERNEL_KEYS_UNKNOWN;
}

const struct rd_keyring_backend rd_keyring_backend_picture = { .read = picture_read };
