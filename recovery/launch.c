/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The environment is changed in place and handed on by exec(3). A variable that must not be set
 * takes its forms for single nodes with it.
 */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "recovery/launch.h"

/* NAME_NODE of a variable: its length up to the sign, or 0. */
static size_t node_form(const char *entry, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(entry, name, n) != 0 || entry[n++] != '_' || !isdigit((unsigned char)entry[n]))
		return 0;
	while (isdigit((unsigned char)entry[n]))
		n++;
	return entry[n] == '=' ? n : 0;
}

static int unset_nodes(const char *name)
{
	for (char **p = environ; *p;) {
		RD_CLEANUP(rd_freep) char *form = NULL;
		size_t n = node_form(*p, name);

		if (!n) {
			p++;
			continue;
		}
		form = strndup(*p, n);
		if (!form || unsetenv(form) < 0)
			return -ENOMEM;
		p = environ;
	}
	return 0;
}

static int apply(const struct rd_profile *profile)
{
	for (size_t i = 0; i < profile->settings.n; i++) {
		const struct rd_profile_setting *setting = &profile->settings.items[i];

		if (setting->value ? setenv(setting->name, setting->value, 1)
				   : unsetenv(setting->name))
			return -ENOMEM;
		if (!setting->value && setting->variable->is_per_node && unset_nodes(setting->name))
			return -ENOMEM;
	}
	return 0;
}

int rd_launch(const struct rd_profile *profile, char **argv, struct rd_error *err)
{
	if (apply(profile))
		return rd_error_nomem(err);
	execvp(*argv, argv);
	rd_error_set(err, errno, "%s: %s", *argv, strerror(errno));
	return errno == ENOENT ? RD_LAUNCH_ABSENT : RD_LAUNCH_REFUSED;
}
