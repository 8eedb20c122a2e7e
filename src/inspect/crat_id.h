/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What a number in code or data has to do with the RDNA1 device ids. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rd_crat_id_kind {
	RD_CRAT_ID_NONE,
	RD_CRAT_ID_EXACT, /* an RDNA1 id */
	RD_CRAT_ID_CHIP, /* among the sixteen ids that one chip's lie in */
	RD_CRAT_ID_EDGE, /* next to those sixteen: how compilers write a bound */
	RD_CRAT_ID_PREFIX, /* the upper byte of the ids, or next to it: a mask or a bound */
	RD_CRAT_ID_WORD, /* vendor and device in one word of 32 bits */
};

struct rd_crat_id {
	enum rd_crat_id_kind kind;
	uint16_t id; /* EXACT, WORD: the id; else the first of those meant */
};

/* Looks at @value as a 16-bit id, or as a 32-bit word of vendor and device. */
struct rd_crat_id rd_crat_id_match(uint64_t value);

/* Whether @value is an id without its last digit, as after `>> 4`. */
struct rd_crat_id rd_crat_id_match_shifted(uint64_t value);

/* Whether @value is AMD's vendor id, which stands before the device in calls and tables. */
bool rd_crat_id_is_vendor(uint64_t value);

/* Whether @value of @size bytes is packed full with RDNA1 ids of 16 bits, at least two. */
bool rd_crat_id_is_packed(uint64_t value, size_t size);

/* Whether both bytes of the id are printable: in data it may be text. */
bool rd_crat_id_is_text(uint16_t id);

/* "RDNA1 device id 731f (Navi 10)"; at most @size bytes are written. */
void rd_crat_id_describe(const struct rd_crat_id *id, char *buffer, size_t size);
