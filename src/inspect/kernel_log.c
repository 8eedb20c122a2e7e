/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Prefixes changed with nearly every version of the kernel ("[drm:FUNCTION [amdgpu]] *ERROR*",
 * "amdgpu: ", "amdgpu 0000:0b:00.0: amdgpu: ", "amdgpu 0000:0b:00.0: [drm] "), the texts after them
 * hardly: so a text may begin anywhere in the line.
 */

#include <ctype.h>
#include <stdio.h>
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

/* Whether a module is amdgpu, or one that speaks for it: DRM's own, the scheduler's. */
static bool is_ours(const char *module, size_t len)
{
	static const char *const names[] = { "amdgpu",	  "amdkfd",    "drm", "drm_kms_helper",
					     "drm_buddy", "gpu_sched", "ttm" };

	for (size_t i = 0; i < RD_N_ELEMENTS(names); i++) {
		if (len == strlen(names[i]) && !memcmp(module, names[i], len))
			return true;
	}
	return false;
}

/* "[drm:FUNCTION [MODULE]] ": so DRM's messages name the driver, if it is a module. */
static bool is_of_other_driver(const char *line, size_t len)
{
	static const char head[] = "[drm:";
	const char *end = memmem(line, len, "]]", 2);
	const char *module;

	if (len < strlen(head) || memcmp(line, head, strlen(head)) != 0 || !end)
		return false;
	module = memrchr(line + 1, '[', (size_t)(end - line - 1));
	if (!module || memchr(line, ']', (size_t)(module - line)))
		return false;
	return !is_ours(module + 1, (size_t)(end - module - 1));
}

static bool is_of_driver(const char *line, size_t len)
{
	const char *text = line;
	size_t n = len;

	skip_host(&text, &n);
	skip_stamps(&text, &n);
	if (is_of_other_driver(text, n))
		return false;
	if (contains(line, len, "amdgpu") || contains(line, len, "kfd"))
		return true;
	return n >= 4 && !memcmp(text, "[drm", 4);
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

/* The device id after @word, "added device 1002:731f"; whether there is one. */
static bool read_device(const char *line, size_t len, const char *word, unsigned int *idp)
{
	const char *found = memmem(line, len, word, strlen(word));
	char text[sizeof("1002:731f")] = "";
	unsigned int vendor;

	if (!found || (size_t)(line + len - found) < strlen(word) + strlen("1002:731f"))
		return false;
	memcpy(text, found + strlen(word), sizeof(text) - 1);
	return sscanf(text, "%4x:%4x", &vendor, idp) == 2;
}

static bool is_rdna1(unsigned int id)
{
	size_t n;
	const uint16_t *ids = rd_data_rdna1_ids(&n);

	for (size_t i = 0; i < n; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

bool rd_kernel_log_is_of_other_card(const char *line, size_t len)
{
	unsigned int id;

	return read_device(line, len, " device ", &id) && !is_rdna1(id);
}

bool rd_kernel_log_is_accepted(const char *line, size_t len)
{
	unsigned int id;

	return is_of_driver(line, len) && read_device(line, len, "added device ", &id) &&
	       is_rdna1(id);
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
