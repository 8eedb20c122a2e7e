/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Two makers may be installed, and only one of them made the image that boots: each leaves files of
 * its own in it, which the other one does not. mkinitcpio makes an image as a preset says
 * (mkinitcpio(8), PRESETS: /etc/mkinitcpio.d/NAME.preset, assignments of a shell): without its
 * configuration an encrypted root would not be opened.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/dkms_conf.h"
#include "inspect/image.h"
#include "inspect/initramfs.h"
#include "maker.h"

#define PRESETS "/etc/mkinitcpio.d"
#define FOUND	(-ECANCELED) /* ends the scan: no error */
#define SUFFIX	"_image"

/* A path that begins so is in the images of that tool alone. Sources: lsinitramfs and lsinitrd of
 * images by Debian 12 and 13; init and functions of mkinitcpio; generator/generate.go of booster.
 */
static const struct sign {
	const char *path, *maker;
} signs[] = {
	{ "usr/lib/dracut", "dracut" },		{ "lib/dracut", "dracut" },
	{ "scripts/functions", "mkinitramfs" }, { "conf/initramfs.conf", "mkinitramfs" },
	{ "init_functions", "mkinitcpio" },	{ "etc/booster.init.yaml", "booster" },
};

static int meet(const char *path, unsigned int mode, void *userdata)
{
	const char **namep = userdata;

	(void)mode;
	for (size_t i = 0; i < RD_N_ELEMENTS(signs); i++) {
		if (rd_text_has_prefix(path, signs[i].path)) {
			*namep = signs[i].maker;
			return FOUND;
		}
	}
	return 0;
}

int maker_of_image(const struct rd_system *sys, const char *path, const char **namep,
		   struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_initramfs_summary summary;
	struct rd_error why = RD_ERROR_INIT;
	const struct rd_initramfs_visitor visitor = { .entry = meet, .userdata = (void *)namep };
	int r;

	*namep = NULL;
	r = rd_system_map(sys, path, RD_IMAGE_MAX, &map, &why);
	if (r || !map.len)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	r = rd_initramfs_scan(map.data, map.len, &visitor, &summary, &why);
	return r == FOUND || r >= 0 ? 0 : rd_error_set(err, -r, "%s: %s", path, why.msg);
}

void maker_preset_deinit(struct maker_preset *preset)
{
	free(preset->config);
	free(preset->options);
	*preset = (struct maker_preset){ 0 };
}

/* BASE_WHAT, else ALL_WHAT; a copy, NULL if neither is given. */
static int take(const struct rd_dkms_conf *conf, const char *base, size_t len, const char *what,
		char **valuep, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *own = rd_text_format("%.*s_%s", (int)len, base, what);
	RD_CLEANUP(rd_freep) char *all = rd_text_format("ALL_%s", what);
	const struct rd_dkms_variable *found;

	if (!own || !all)
		return rd_error_nomem(err);
	found = rd_dkms_conf_find(conf, own, 0);
	if (!found)
		found = rd_dkms_conf_find(conf, all, 0);
	if (!found)
		return 0;
	if (!found->value || found->is_conditional)
		return rd_error_set(err, EBADMSG, "%s cannot be told without running the preset",
				    found->name);
	*valuep = *found->value ? strdup(found->value) : NULL;
	return *found->value && !*valuep ? rd_error_nomem(err) : 0;
}

static int read_preset(const struct rd_system *sys, const char *file, const char *path,
		       struct maker_preset *preset, bool *foundp, struct rd_error *err)
{
	RD_CLEANUP(rd_dkms_conf_deinit) struct rd_dkms_conf conf = RD_DKMS_CONF_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_read(sys, file, RD_DKMS_CONF_MAX, &text, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r || !text.len)
		return 0;
	if (rd_dkms_conf_read(&conf, text.data, text.len))
		return rd_error_nomem(err);
	for (size_t i = 0; !*foundp && i < conf.n; i++) {
		const struct rd_dkms_variable *variable = &conf.items[i];
		size_t len = strlen(variable->name);

		if (!variable->value || strcmp(variable->value, path) != 0 ||
		    !rd_text_has_suffix(variable->name, SUFFIX))
			continue;
		*foundp = true;
		len -= strlen(SUFFIX);
		r = take(&conf, variable->name, len, "config", &preset->config, err);
		return r ? r : take(&conf, variable->name, len, "options", &preset->options, err);
	}
	return 0;
}

int maker_preset_find(const struct rd_system *sys, const char *path, struct maker_preset *preset,
		      struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	bool is_found = false;
	int r;

	r = rd_system_list(sys, PRESETS, &entries, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	for (size_t i = 0; !r && !is_found && i < entries.n; i++) {
		char file[PATH_MAX];

		if (!rd_text_has_suffix(entries.items[i].name, ".preset"))
			continue;
		snprintf(file, sizeof(file), PRESETS "/%s", entries.items[i].name);
		r = read_preset(sys, file, path, preset, &is_found, err);
		if (r)
			rd_error_prefix(err, r, "%s", file);
	}
	return r;
}
