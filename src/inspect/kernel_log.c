/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Prefixes changed with nearly every version of the kernel ("[drm:FUNCTION [amdgpu]] *ERROR*",
 * "amdgpu: ", "amdgpu 0000:0b:00.0: amdgpu: ", "amdgpu 0000:0b:00.0: [drm] "), the texts after them
 * hardly: so a text may begin anywhere in the line.
 */

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/kernel_log.h"

static bool contains(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word)) != NULL;
}

/* "[  137.931148] " or, since 6.17 with CONFIG_PRINTK_CALLER, "[    5.053] [    T315] ". */
static void skip_stamps(const char **linep, size_t *lenp)
{
	while (*lenp > 1 && **linep == '[' &&
	       ((*linep)[1] == ' ' || isdigit((unsigned char)(*linep)[1]))) {
		const char *end = memchr(*linep, ']', *lenp);

		if (!end)
			return;
		*lenp -= (size_t)(end + 1 - *linep);
		*linep = end + 1;
		while (*lenp && **linep == ' ') {
			(*linep)++;
			(*lenp)--;
		}
	}
}

/* syslog's and the journal's "Nov 20 22:31:39 HOST kernel: " ends with this. */
static void skip_host(const char **linep, size_t *lenp)
{
	static const char mark[] = "kernel: ";
	const char *found = memmem(*linep, *lenp, mark, strlen(mark));

	if (!found)
		return;
	*lenp -= (size_t)(found - *linep) + strlen(mark);
	*linep = found + strlen(mark);
}

static bool is_of_driver(const char *line, size_t len)
{
	if (contains(line, len, "amdgpu") || contains(line, len, "kfd"))
		return true;
	skip_host(&line, &len);
	skip_stamps(&line, &len);
	return len >= 4 && !memcmp(line, "[drm", 4);
}

/* Its pieces between the asterisks, one after the other. */
static bool has_text(const char *line, size_t len, const char *text)
{
	for (;;) {
		size_t n = strcspn(text, "*");
		const char *found = memmem(line, len, text, n);

		if (!found)
			return false;
		if (!text[n])
			return true;
		len -= (size_t)(found - line) + n;
		line = found + n;
		text += n + 1;
	}
}

const struct rd_log_signature *rd_kernel_log_match(const char *line, size_t len, enum rd_log log)
{
	size_t n;
	const struct rd_log_signature *all = rd_data_log_signatures(&n);

	if (log == RD_LOG_KERNEL && !is_of_driver(line, len))
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (all[i].log != log)
			continue;
		for (size_t k = 0; k < RD_N_ELEMENTS(all[i].texts) && all[i].texts[k]; k++) {
			if (has_text(line, len, all[i].texts[k]))
				return &all[i];
		}
	}
	return NULL;
}

/* Digits up to @end, which is passed over. */
static bool read_number(const char **pp, const char *limit, char end, uint64_t *valuep)
{
	const char *p = *pp;
	uint64_t value = 0;

	for (; p < limit && isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return false;
	}
	if (p == *pp || p == limit || *p != end)
		return false;
	*pp = p + 1;
	*valuep = value;
	return true;
}

bool rd_kernel_log_record(const char *record, size_t len, struct rd_log_record *recordp)
{
	const char *p = record, *limit = record + len, *text, *end;
	uint64_t priority, sequence;

	if (!read_number(&p, limit, ',', &priority) || !read_number(&p, limit, ',', &sequence))
		return false;
	text = memchr(p, ';', (size_t)(limit - p));
	if (!text)
		return false;
	text++;
	end = memchr(text, '\n', (size_t)(limit - text));
	*recordp = (struct rd_log_record){
		.is_kernel = priority >> 3 == 0, /* facility and level, as in syslog(3) */
		.sequence = sequence,
		.text = text,
		.len = (size_t)((end ? end : limit) - text),
	};
	return true;
}
