/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Chunks of a stream handed out by the byte; see reader.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "reader.h"

int reader_init(struct reader *reader, enum rd_codec codec, const uint8_t *in, size_t in_len,
		struct reader_budget *budget)
{
	*reader = (struct reader){ .budget = budget };
	return stream_init(&reader->stream, codec, in, in_len);
}

void reader_deinit(struct reader *reader)
{
	stream_deinit(&reader->stream);
}

/* Makes the next byte available at @chunk, unless the bytes are over. Never READER_OVER. */
static int fill(struct reader *reader, struct rd_error *err)
{
	struct reader_budget *budget = reader->budget;
	int r;

	if (reader->left || reader->is_over)
		return 0;
	r = stream_next(&reader->stream, &reader->chunk, &reader->left, err);
	if (r)
		return r < 0 ? r : READER_BAD;
	reader->is_over = !reader->left;
	/* What is not compressed is skipped, not decoded: the file's size is its limit. */
	if (reader->stream.decoder)
		budget->decoded += reader->left;
	if (budget->decoded <= budget->max)
		return 0;
	rd_error_set(err, EFBIG, "more than the limit of %llu decoded bytes",
		     (unsigned long long)budget->max);
	return READER_TOO_LARGE;
}

int reader_take(struct reader *reader, uint8_t *out, uint64_t n, struct rd_error *err)
{
	while (n) {
		size_t part;
		int r = fill(reader, err);

		if (r)
			return r;
		if (reader->is_over)
			return READER_OVER;
		part = reader->left < n ? reader->left : (size_t)n;
		if (out) {
			memcpy(out, reader->chunk, part);
			out += part;
		}
		reader->chunk += part;
		reader->left -= part;
		n -= part;
	}
	return 0;
}

int reader_skip_zeroes(struct reader *reader, struct rd_error *err)
{
	for (;;) {
		int r = fill(reader, err);

		if (r || reader->is_over)
			return r;
		while (reader->left && !*reader->chunk) {
			reader->chunk++;
			reader->left--;
		}
		if (reader->left)
			return 0;
	}
}

int reader_hold(struct reader *reader, size_t n, uint8_t **ownedp, const uint8_t **datap,
		struct rd_error *err)
{
	RD_CLEANUP(rd_freep) uint8_t *copy = NULL;
	int r;

	r = fill(reader, err);
	if (r)
		return r;
	if (reader->left >= n) {
		*datap = reader->chunk;
		reader->chunk += n;
		reader->left -= n;
		return 0;
	}
	/* What is not compressed is one chunk: more of it will not come. */
	if (!reader->stream.decoder)
		return READER_OVER;
	copy = malloc(n);
	if (!copy)
		return rd_error_nomem(err);
	r = reader_take(reader, copy, n, err);
	if (r)
		return r;
	*datap = copy;
	*ownedp = RD_TAKE_PTR(copy);
	return 0;
}

size_t reader_used(const struct reader *reader)
{
	return reader->stream.decoder ? reader->stream.in_pos
				      : reader->stream.in_len - reader->left;
}
