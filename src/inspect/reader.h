/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Bytes of a part of an image in their order, whatever they are compressed with. Where nothing is
 * compressed, passing over bytes touches none of them. Private to src/inspect.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream.h"

/* What all compressed parts of one image may decode to together. */
struct reader_budget {
	uint64_t decoded, max;
};

struct reader {
	struct stream stream;
	struct reader_budget *budget; /* borrowed */
	const uint8_t *chunk;
	size_t left;
	bool is_over;
};

enum {
	_READER_OK,
	READER_BAD, /* corrupt or cut; @err filled */
	READER_TOO_LARGE, /* beyond the budget; @err filled */
	READER_OVER, /* the bytes end before that many */
};

/* Borrows @in and @budget. Return: 0 or -ENOMEM. */
int reader_init(struct reader *reader, enum rd_codec codec, const uint8_t *in, size_t in_len,
		struct reader_budget *budget);
void reader_deinit(struct reader *reader);

/* Passes over @n bytes; they go to @out too unless that is NULL. */
int reader_take(struct reader *reader, uint8_t *out, uint64_t n, struct rd_error *err);

/* Goes to the first byte that is not zero, or to the end. Never READER_OVER. */
int reader_skip_zeroes(struct reader *reader, struct rd_error *err);

/**
 * reader_hold() - the next @n bytes in one piece
 * @ownedp: memory of the caller's that @datap points to; stays NULL if they stood there in one
 * piece
 * @datap: valid until the reader goes on and @ownedp is freed
 */
int reader_hold(struct reader *reader, size_t n, uint8_t **ownedp, const uint8_t **datap,
		struct rd_error *err);

/* How much of the input was used. Of what is compressed: once the bytes are over. */
size_t reader_used(const struct reader *reader);
