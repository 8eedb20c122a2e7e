/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The fuzzers as plain tests, without libFuzzer: each file as it is, cut short at many places, and
 * with single bytes changed, always in the same way. The copy handed over ends where the allocation
 * ends, so that a sanitizer or valgrind sees the first byte too far.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"

#define CUTS	40
#define CHANGES 200

static void feed(const uint8_t *data, size_t len)
{
	/* Inside an initramfs a module starts at any multiple of 4. */
	RD_CLEANUP(rd_freep) uint8_t *copy = malloc(4 + len);

	if (!copy)
		abort();
	memcpy(copy + 4, data, len);
	LLVMFuzzerTestOneInput(copy + 4, len);
}

/* Numerical Recipes' generator: any would do, if it is the same everywhere. */
static uint32_t next(uint32_t *state)
{
	return *state = *state * 1664525u + 1013904223u;
}

static void replay(uint8_t *data, size_t len)
{
	uint32_t state = 1;

	feed(data, len);
	for (size_t i = 0; i < CUTS; i++)
		feed(data, len * i / CUTS);
	for (size_t i = 0; len && i < CHANGES; i++) {
		/* Headers and tables stand at the ends: a change there is worth more. */
		size_t edge = len < 4096 ? len : 4096;
		size_t at = i % 2 ? next(&state) % len
				  : (i % 4 ? len - edge : 0) + next(&state) % edge;
		uint8_t was = data[at];

		data[at] ^= (uint8_t)(1u << next(&state) % 8);
		if (next(&state) % 4 == 0)
			data[at] = 0xff;
		feed(data, len);
		data[at] = was;
	}
}

int main(int argc, char **argv)
{
	struct rd_error err = RD_ERROR_INIT;

	for (int i = 1; i < argc; i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		RD_CLEANUP(rd_fclosep) FILE *f = fopen(argv[i], "re");

		if (!f || rd_text_fill(&text, fileno(f), SIZE_MAX / 2, &err)) {
			fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return EXIT_FAILURE;
		}
		replay((uint8_t *)text.data, text.len);
	}
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
