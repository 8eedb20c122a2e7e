/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The driver in a backup, judged by the bytes that are kept and not by what the journal says of
 * them. What a file is, its path tells: recovery keeps nothing but what stood where a driver, its
 * source or an image is looked for (path.c).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backup_store.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/image.h"
#include "inspect/inspect.h"
#include "inspect/modules_dep.h"
#include "system/system.h"

#define CRAT_SOURCE "kfd_crat.c"

/* The part of a path that follows @place and is a release; NULL if there is none. */
static char *kernel_of(const char *path, const char *place)
{
	const char *at = strstr(path, place);

	return at ? strndup(at + strlen(place), strcspn(at + strlen(place), "/")) : NULL;
}

static bool is_image_path(const char *path)
{
	return rd_text_has_prefix(path, "boot/") || rd_text_has_prefix(path, "efi/");
}

/* What a file at that path would be; false for what is no driver. */
static bool find_kind(const char *path, enum rd_copy_kind *kindp)
{
	const char *name = strrchr(path, '/') + 1;

	if (!strcmp(name, CRAT_SOURCE))
		*kindp = RD_COPY_SOURCE;
	else if (!rd_modules_dep_is(name, "amdgpu"))
		return false;
	else if (!rd_text_has_prefix(path, "var/lib/dkms/"))
		*kindp = RD_COPY_INSTALLED;
	else
		*kindp = strstr(path, "/original_module/") ? RD_COPY_ORIGINAL : RD_COPY_BUILT;
	return true;
}

static int start(struct rd_copy *copy, enum rd_copy_kind kind, const struct rd_node *node,
		 struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = rd_text_format("/%s", node->path);
	RD_CLEANUP(rd_freep) char *kernel = NULL;

	if (kind == RD_COPY_INSTALLED)
		kernel = kernel_of(node->path, "lib/modules/");
	if (!path || rd_copy_init(copy, kind, kernel, path))
		return rd_error_nomem(err);
	copy->is_loadable = true;
	return 0;
}

static int push(struct rd_copies *copies, struct rd_copy *copy, struct rd_error *err)
{
	if (rd_array_push(copies, copy))
		return rd_error_nomem(err);
	*copy = (struct rd_copy){ 0 };
	return 0;
}

static int push_unknown(enum rd_copy_kind kind, const struct rd_node *node, const char *reason,
			struct rd_copies *copies, struct rd_error *err)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	int r;

	r = start(&copy, kind, node, err);
	if (!r && rd_evidence_add(&copy.evidence, RD_EVIDENCE_LIMIT, NULL, "%s", reason))
		return rd_error_nomem(err);
	return r ? r : push(copies, &copy, err);
}

static int inspect_file(const struct rd_node *node, enum rd_copy_kind kind,
			const struct rd_map *map, struct rd_copies *copies, struct rd_error *err)
{
	RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
	int r;

	r = start(&copy, kind, node, err);
	if (!r)
		r = rd_inspect_bytes(map->data, map->len, 0, NULL, &copy, err);
	if (r)
		return r;
	free(copy.id.sha256);
	copy.id.sha256 = strdup(node->sha256);
	return copy.id.sha256 ? push(copies, &copy, err) : rd_error_nomem(err);
}

static int inspect_member(void *userdata, const uint8_t *data, size_t len, struct rd_copy *copy,
			  struct rd_error *err)
{
	(void)userdata;
	return rd_inspect_bytes(data, len, 0, NULL, copy, err);
}

static int inspect_image(const struct rd_node *node, const struct rd_map *map,
			 struct rd_copies *copies, struct rd_error *err)
{
	static const struct rd_image_inspector inspector = { .inspect = inspect_member };
	RD_CLEANUP(rd_image_content_deinit) struct rd_image_content content = { 0 };
	int r;

	content.image.path = rd_text_format("/%s", node->path);
	if (!content.image.path)
		return rd_error_nomem(err);
	r = rd_image_inspect(map->data, map->len, &inspector, &content, err);
	for (size_t i = 0; !r && i < content.copies.n; i++)
		r = push(copies, &content.copies.items[i], err);
	return r;
}

int rd_backup_inspect(const struct rd_backup *backup, const struct rd_node *node,
		      struct rd_copies *copies, struct rd_error *err)
{
	const struct rd_system sys = { .rootfd = backup->txn.fd };
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	bool is_image = is_image_path(node->path);
	enum rd_copy_kind kind = RD_COPY_INITRAMFS;
	struct rd_error why = RD_ERROR_INIT;
	char path[128];
	int r;

	if (node->type != RD_NODE_FILE || (!is_image && !find_kind(node->path, &kind)))
		return 0;
	snprintf(path, sizeof(path), RUN_OLD "/%s", node->sha256);
	r = rd_system_map(&sys, path, is_image ? RD_IMAGE_MAX : RD_CODEC_MAX_MODULE, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return push_unknown(kind, node, "its copy is missing or cannot be read", copies,
				    err);
	if (is_image)
		r = rd_image_is(map.data, map.len) ? inspect_image(node, &map, copies, err) : 0;
	else
		r = inspect_file(node, kind, &map, copies, err);
	if (!r && rd_map_is_torn(&map))
		return push_unknown(kind, node, "its copy shrank while it was read", copies, err);
	return r;
}
