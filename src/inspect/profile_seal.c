/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What of a user's files is ours. A file of ours has a line with its own SHA-256, taken with zeros
 * in the place of the digest; whoever changes the file leaves that line as it was. It guards
 * against accidents alone: anybody can make a new one.
 *
 * In .bashrc it is one line, known by the mark at its end.
 */

#include <errno.h>
#include <string.h>

#include "inspect/digest.h"
#include "inspect/profile.h"

#define MARK	   "# rdna1-doctor profile"
#define DIGITS	   64 /* of SHA-256 */
#define PREFIX_LEN (sizeof(RD_PROFILE_SEAL) - 1 - DIGITS)

static const char bashrc_line[] =
	"if [ -r ~/rocm_rdna1_env.sh ]; then . ~/rocm_rdna1_env.sh; fi " MARK;

const char *rd_profile_bashrc_line(void)
{
	return bashrc_line;
}

/* Where the digits of the first seal are, or -1. */
static ssize_t find_digits(const char *text, size_t len)
{
	const char *seal = len ? memmem(text, len, RD_PROFILE_SEAL, PREFIX_LEN) : NULL;
	size_t at = seal ? (size_t)(seal - text) + PREFIX_LEN : 0;

	if (!seal || len - at < DIGITS)
		return -1;
	for (size_t i = 0; i < DIGITS; i++) {
		if (!strchr("0123456789abcdef", text[at + i]) || !text[at + i])
			return -1;
	}
	return (ssize_t)at;
}

int rd_profile_seal(struct rd_text *text)
{
	ssize_t at = find_digits(text->data, text->len);
	char hex[RD_DIGEST_MAX];

	if (at < 0)
		return 0;
	memset(text->data + at, '0', DIGITS);
	if (rd_digest_hex(RD_DIGEST_SHA256, text->data, text->len, hex))
		return -ENOMEM;
	memcpy(text->data + at, hex, DIGITS);
	return 0;
}

int rd_profile_seal_check(const char *text, size_t len)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text again = RD_TEXT_INIT;
	ssize_t at = find_digits(text, len);

	if (at < 0)
		return RD_PROFILE_SEAL_NONE;
	if (rd_text_append(&again, text, len) || rd_profile_seal(&again))
		return -ENOMEM;
	return memcmp(again.data + at, text + at, DIGITS) ? RD_PROFILE_SEAL_BROKEN
							  : RD_PROFILE_SEAL_INTACT;
}

static bool is_marked(const char *line, size_t len)
{
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r'))
		len--;
	return len >= sizeof(MARK) - 1 &&
	       !memcmp(line + len - (sizeof(MARK) - 1), MARK, sizeof(MARK) - 1);
}

int rd_profile_bashrc(const char *text, size_t len, bool wants_line, struct rd_text *textp)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text made = RD_TEXT_INIT;
	const char *end = text + len;
	int r = 0;

	while (text < end && !r) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		size_t n = stop ? (size_t)(stop - text) + 1 : (size_t)(end - text);

		if (!is_marked(text, n - !!stop)) {
			r = rd_text_append(&made, text, n);
		} else if (wants_line) {
			/* Ours stays where it is, and becomes what it should be. */
			r = rd_text_printf(&made, "%s\n", bashrc_line);
			wants_line = false;
		}
		text += n;
	}
	if (!r && wants_line)
		r = rd_text_printf(&made, "%s%s\n",
				   made.len && made.data[made.len - 1] != '\n' ? "\n" : "",
				   bashrc_line);
	if (r)
		return r;
	*textp = rd_text_take(&made);
	return 0;
}
