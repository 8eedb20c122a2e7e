/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The languages of environments. Names and values are words of data/profiles.data that need no
 * quoting in any of them, and comments are our own text, so that nothing foreign gets into a file
 * which a shell will run.
 *
 * environment.d(5) and docker's --env-file have lines NAME=VALUE, # at the start of a line, and no
 * way to take a variable away.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inspect/profile.h"

#define COLUMNS 78

static const struct rd_profile_format formats[] = {
	{
		.name = "sh",
		.path = "rocm_rdna1_env.sh",
		.mode = 0755,
		.use = "In a shell, or in its start-up file: . ~/rocm_rdna1_env.sh",
		.shebang = "#!/bin/sh",
		.set = "export %s=%s\n",
		.unset = "unset %s\n",
	},
	{
		.name = "profile.d",
		.path = "etc/profile.d/rdna1-doctor.sh",
		.is_system = true,
		.mode = 0644,
		.use = "Login shells of all users read it.",
		.set = "export %s=%s\n",
		.unset = "unset %s\n",
	},
	{
		.name = "fish",
		.path = ".config/fish/conf.d/rdna1-doctor.fish",
		.mode = 0644,
		.use = "fish reads it at each start.",
		.set = "set -gx %s %s\n",
		.unset = "set -e %s\n",
	},
	{
		.name = "csh",
		.path = "rocm_rdna1_env.csh",
		.mode = 0644,
		.use = "In csh or tcsh, or in ~/.cshrc: source ~/rocm_rdna1_env.csh",
		.set = "setenv %s %s\n",
		.unset = "unsetenv %s\n",
	},
	{
		.name = "environment.d",
		.path = ".config/environment.d/50-rdna1-doctor.conf",
		.mode = 0644,
		.use = "systemd gives it to all that the user's session starts, from the next login on.",
		.set = "%s=%s\n",
	},
	{
		.name = "dotenv",
		.path = "rocm_rdna1.env",
		.is_raw = true,
		.mode = 0644,
		.use = "For containers: docker run --env-file ~/rocm_rdna1.env",
		.set = "%s=%s\n",
	},
	{
		.name = "json",
		.path = "rocm_rdna1_env.json",
		.is_json = true,
		.mode = 0644,
		.use = "For programs.",
	},
};

const struct rd_profile_format *rd_profile_formats(size_t *np)
{
	*np = RD_N_ELEMENTS(formats);
	return formats;
}

const struct rd_profile_format *rd_profile_format_find(const char *name)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(formats); i++) {
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	}
	return NULL;
}

/* A remark names devices, as the machine calls them: nothing in it may end or go on a comment. */
static void make_plain(char *words)
{
	for (; *words; words++) {
		if (*words < ' ' || *words > '~' || *words == '\\')
			*words = '?';
	}
}

/* Comment lines, broken at blanks. */
static int put_comment(struct rd_text *text, const char *words)
{
	size_t column = 0;
	int r = 0;

	while (*words && !r) {
		size_t n = strcspn(words, " ");

		if (column && column + 1 + n > COLUMNS) {
			r = rd_text_puts(text, "\n");
			column = 0;
		}
		if (!r)
			r = rd_text_printf(text, "%s%.*s", column ? " " : "# ", (int)n, words);
		column += (column ? 1 : 2) + n;
		words += n + (words[n] == ' ');
	}
	return r ? r : rd_text_puts(text, "\n");
}

static int RD_PRINTF(2, 3) put_commentf(struct rd_text *text, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *words = NULL;
	va_list ap;

	va_start(ap, fmt);
	words = rd_text_vformat(fmt, ap);
	va_end(ap);
	if (!words)
		return -ENOMEM;
	make_plain(words);
	return put_comment(text, words);
}

static int put_head(struct rd_text *text, const struct rd_profile *profile,
		    const struct rd_profile_format *format)
{
	int r = 0;

	if (format->shebang)
		r = rd_text_printf(text, "%s\n", format->shebang);
	if (!r)
		r = put_commentf(
			text, "Environment of ROCm on an RDNA1 card, written by rdna1-doctor %s.",
			RD_VERSION);
	if (!r)
		r = put_commentf(text, "%s", format->use);
	if (!r)
		r = put_commentf(text, "To take it away: rdna1-doctor profile remove%s%s",
				 strcmp(format->name, "sh") ? " --format " : "",
				 strcmp(format->name, "sh") ? format->name : "");
	if (!r)
		r = rd_text_puts(text,
				 "# " RD_PROFILE_SEAL "\n"
				 "# (by this it is seen whether somebody has changed it)\n#\n");
	if (!r)
		r = put_commentf(text, "Profile %s: %s; %s.", profile->kind->name,
				 profile->kind->title, profile->kind->purpose);
	if (!r && profile->remark)
		r = put_commentf(text, "%s", profile->remark);
	return r;
}

/* printf() with a format of the table above: two words, or one. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static int put_setting(struct rd_text *text, const struct rd_profile_format *format,
		       const struct rd_profile_setting *setting)
{
	RD_CLEANUP(rd_freep) char *line = NULL;

	if (setting->value)
		line = rd_text_format(format->set, setting->name, setting->value);
	else if (format->unset)
		line = rd_text_format(format->unset, setting->name);
	else
		return put_commentf(text, "%s must not be set.", setting->name);
	return line ? rd_text_puts(text, line) : -ENOMEM;
}
#pragma GCC diagnostic pop

int rd_profile_print(const struct rd_profile *profile, const struct rd_profile_format *format,
		     struct rd_text *text)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text made = RD_TEXT_INIT;
	const struct rd_profile_variable *variable = NULL;
	int r;

	r = put_head(&made, profile, format);
	for (size_t i = 0; i < profile->settings.n && !r; i++) {
		const struct rd_profile_setting *setting = &profile->settings.items[i];

		if (setting->variable != variable) {
			variable = setting->variable;
			r = rd_text_puts(&made, "\n");
			if (!r)
				r = put_commentf(&made, "%s", variable->does);
			if (!r)
				r = put_commentf(&made, "%s", variable->note);
		}
		if (!r)
			r = put_setting(&made, format, setting);
	}
	if (!r)
		r = rd_profile_seal(&made);
	return r ? r : rd_text_append(text, made.data, made.len);
}
