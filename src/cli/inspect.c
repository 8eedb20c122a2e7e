/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * inspect: the verdict on any file. A file that cannot be read is unknown with the reason, so that
 * one bad name does not hide what the others are. A reference that is, byte for byte, the file of a
 * package of this machine is proven, and raises what is identical to it to clean; any other one is
 * only what the user says it is, and can do no more than show a module to be modified.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "cli.h"
#include "file.h"
#include "image.h"
#include "inspect/inspect.h"
#include "probe/package.h"

/* Unknown, for a reason that is no verdict of the inspection. */
static int set_unknown(struct rd_copy *copy, const char *reason, struct rd_error *err)
{
	rd_evidence_deinit(&copy->evidence);
	copy->verdict = RD_VERDICT_UNKNOWN;
	return rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL, "%s", reason)
		       ? rd_error_nomem(err)
		       : 0;
}

/* The package of this machine that has the file with these bytes; empty if none has. */
static int find_package(const char *name, const struct rd_map *map, struct rd_package_owner *owner,
			struct rd_error *err)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system sys = RD_SYSTEM_INIT;
	RD_CLEANUP(rd_package_db_deinit) struct rd_package_db db = { .sys = &sys };
	RD_CLEANUP(rd_freep) char *path = realpath(name, NULL);
	const struct rd_package_file file = { .path = path, .data = map->data, .len = map->len };
	int r;

	if (!path)
		return 0;
	r = rd_system_init(&sys, "/", err);
	return r ? r : rd_package_find(&db, &file, owner, err);
}

static int inspect_file(const char *name, unsigned int flags,
			const struct rd_inspect_reference *reference, struct rd_copy *copy,
			struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	RD_CLEANUP(rd_package_owner_deinit) struct rd_package_owner owner = RD_PACKAGE_OWNER_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = cli_file_map(name, &map, &why, err);
	if (r < 0)
		return r;
	if (r)
		return set_unknown(copy, why.msg, err);
	r = rd_inspect_bytes(map.data, map.len, flags, reference, copy, err);
	if (r)
		return rd_error_prefix(err, r, "%s", name);
	if (rd_map_is_torn(&map))
		return set_unknown(copy, "the file shrank while it was read", err);
	r = find_package(name, &map, &owner, err);
	if (r || owner.is_equal != RD_PRESENCE_YES)
		return r;
	return rd_copy_prove(copy, "equals the file of package %s (%s)", owner.name, owner.digest)
		       ? rd_error_nomem(err)
		       : 0;
}

/* An image has any number of copies in it, every other file is one. */
static int inspect_files(const struct cli_values *values, char **names, int n,
			 const struct rd_inspect_reference *reference, struct rd_copies *copies,
			 struct rd_error *err)
{
	bool wants_sha256 = values->is_verbose || !strcmp(values->format, "json");
	const struct cli_image_options options = {
		.flags = wants_sha256 ? RD_INSPECT_SHA256 : 0,
		.reference = reference,
	};

	for (int i = 0; i < n; i++) {
		RD_CLEANUP(rd_copy_deinit) struct rd_copy copy = { 0 };
		int r;

		r = cli_image_inspect(names[i], &options, copies, err);
		if (!r)
			continue;
		if (r < 0)
			return r;
		if (rd_copy_init(&copy, RD_COPY_FILE, NULL, names[i]))
			return rd_error_nomem(err);
		r = inspect_file(names[i], options.flags, reference, &copy, err);
		if (r)
			return r;
		if (rd_array_push(copies, &copy))
			return rd_error_nomem(err);
		copy = (struct rd_copy){ 0 };
	}
	return 0;
}

/* The worst of them: bad before unknown before good. */
static int exit_code(const struct rd_copies *copies)
{
	int code = CLI_EXIT_OK;

	for (size_t i = 0; i < copies->n; i++) {
		if (rd_verdict_is_bad(copies->items[i].verdict))
			return CLI_EXIT_BAD;
		if (copies->items[i].verdict == RD_VERDICT_UNKNOWN)
			code = CLI_EXIT_UNKNOWN;
	}
	return code;
}

static int inspect_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(rd_copies_deinit) struct rd_copies copies = { 0 };
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	RD_CLEANUP(rd_package_owner_deinit) struct rd_package_owner owner = RD_PACKAGE_OWNER_INIT;
	const struct rd_render_options render = cli_render_options(values);
	struct rd_inspect_reference reference = { .name = values->reference };
	struct rd_error why = RD_ERROR_INIT;
	int r = 0;

	if (values->reference) {
		r = cli_file_map(values->reference, &map, &why, err);
		if (r > 0)
			return rd_error_set(err, EIO, "--reference: %s", why.msg);
		reference.data = map.data;
		reference.len = map.len;
		if (!r)
			r = find_package(values->reference, &map, &owner, err);
		reference.is_proven = owner.is_equal == RD_PRESENCE_YES;
	}
	if (!r)
		r = inspect_files(values, argv, argc, values->reference ? &reference : NULL,
				  &copies, err);
	if (!r && rd_map_is_torn(&map))
		r = rd_error_set(err, EIO, "--reference: %s shrank while it was read",
				 values->reference);
	if (!r)
		r = rd_renderer_find(values->format)->inspect(&copies, &render, stdout, err);
	return r ? r : exit_code(&copies);
}

const struct cli_verb cli_inspect = {
	.name = "inspect",
	.args = "FILE...",
	.min = 1,
	.max = -1,
	.options = CLI_REFERENCE | CLI_FORMAT | CLI_VERBOSE | CLI_COLOR,
	.help = "verdict and evidence for a module, a kfd_crat.c, an initramfs",
	.about =
		"Says of each file whether it is patched: a kernel module (plain, gzip, xz, zstd),\n"
		"a kfd_crat.c, or every amdgpu inside an initramfs or a unified kernel image. With\n"
		"--reference the functions are compared with those of a stock module of the same\n"
		"kernel and compiler, which finds changes that leave no other sign.\n\n"
		"Exit code, the worst of all files: 0 clean or no sign, 1 the tool failed, 2 usage,\n"
		"3 patched or modified, 6 unknown.",
	.run = inspect_run,
};
