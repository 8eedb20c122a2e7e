/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A hunk of kfd_parse_subtype_mem() in words: which patch it is, what it does to the memory flags,
 * and for which cards. Said from its tokens alone, so it says no more than they do.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "crat_inspection.h"

/* More ids than these in one sentence help nobody. */
#define MAX_IDS_TOLD 4

const struct rd_patch_string *crat_known_patch(struct crat_range range)
{
	const struct rd_patch_string *strings;
	size_t n;

	strings = rd_data_patch_strings(&n);
	for (size_t i = 0; i < range.n; i++) {
		const struct rd_ctoken *token = &range.tokens[i];

		for (size_t k = 0; token->kind == RD_CTOKEN_STRING && k < n; k++) {
			if (memmem(token->text, token->len, strings[k].text,
				   strlen(strings[k].text)))
				return &strings[k];
		}
	}
	return NULL;
}

static bool has_any(struct crat_range range, const char *const *words, size_t n)
{
	for (size_t i = 0; i < range.n; i++) {
		for (size_t k = 0; k < n; k++) {
			if (rd_ctoken_is(&range.tokens[i], words[k]))
				return true;
		}
	}
	return false;
}

static bool has_graphics_version(struct crat_range range)
{
	static const char *const words[] = { "IP_VERSION", "KFD_GC_VERSION", "amdgpu_ip_version",
					     "gfx_target_version", "asic_type" };

	return has_any(range, words, RD_N_ELEMENTS(words));
}

static bool has_condition(struct crat_range range)
{
	static const char *const words[] = { "if", "?", "switch", "while", "for", "&&", "||" };

	return has_any(range, words, RD_N_ELEMENTS(words));
}

/* " for device ids 0x7310, 0x7312": the numbers, each once; nothing if there are none. */
static int tell_ids(struct rd_text *text, struct crat_range range)
{
	uint64_t ids[MAX_IDS_TOLD + 1];
	size_t n = 0;

	for (size_t i = 0; i < range.n && n < RD_N_ELEMENTS(ids); i++) {
		bool is_known = !crat_is_id_like(&range.tokens[i]);

		for (size_t k = 0; k < n && !is_known; k++)
			is_known = ids[k] == range.tokens[i].value;
		if (!is_known)
			ids[n++] = range.tokens[i].value;
	}

	for (size_t i = 0; i < n; i++) {
		if (i == MAX_IDS_TOLD)
			return rd_text_puts(text, " and more");
		if (rd_text_printf(text, "%s0x%llx",
				   i	   ? ", "
				   : n > 1 ? " for device ids "
					   : " for device id ",
				   (unsigned long long)ids[i]))
			return -ENOMEM;
	}
	return 0;
}

static int tell_condition(struct rd_text *text, const struct crat_words *words,
			  struct crat_range range)
{
	size_t before = text->len;

	if (tell_ids(text, range))
		return -ENOMEM;
	if (text->len > before)
		return 0;
	if (crat_meaning(words, range.tokens, range.n) & CRAT_MEANS_ID)
		return rd_text_puts(text, " for RDNA1 device ids that the file names");
	if (has_graphics_version(range))
		return rd_text_puts(text, " by graphics version or chip name");
	if (has_condition(range))
		return rd_text_puts(text, " on a condition of its own");
	return rd_text_puts(text, " without a condition");
}

/* The flag that the range names: of the CRAT only if it names that one and not KFD's. */
static const char *flag_name(struct crat_range range)
{
	static const char *const crat[] = { "CRAT_MEM_FLAGS_HOT_PLUGGABLE" };
	static const char *const kfd[] = { CRAT_FLAG };

	return has_any(range, crat, 1) && !has_any(range, kfd, 1) ? crat[0] : kfd[0];
}

/* `flags &= ~FLAG`: every mention of the flag is negated. */
static bool clears_flag(const struct crat_words *words, struct crat_range range)
{
	for (size_t i = 0; i < range.n; i++) {
		if ((crat_token_meaning(words, &range.tokens[i]) & CRAT_MEANS_FLAG) &&
		    (!i || !rd_ctoken_is(&range.tokens[i - 1], "~")))
			return false;
	}
	return true;
}

int crat_describe(const struct crat_inspection *in, struct crat_range file, const char *title,
		  struct rd_text *text)
{
	unsigned int meaning = crat_meaning(&in->words, file.tokens, file.n);
	const char *effect = "acts on RDNA1 cards", *flag = "";

	if (meaning & CRAT_MEANS_FLAG) {
		effect = clears_flag(&in->words, file) ? "clears " : "sets ";
		flag = flag_name(file);
	} else if (crat_touches_flags(&in->words, file.tokens, file.n)) {
		effect = "changes the flags of memory banks";
	} else if (!(meaning & CRAT_MEANS_ID) && !crat_has_id_like(file.tokens, file.n)) {
		return rd_text_printf(text, "%s: takes out stock code that makes the memory flags",
				      title);
	}
	if (rd_text_printf(text, "%s: %s%s", title, effect, flag))
		return -ENOMEM;
	return tell_condition(text, &in->words, file);
}
