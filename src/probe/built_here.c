/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What recover has built is proven by its own record, where that says that the whole source was its
 * package's: the digest of each file stands in the manifest of what was installed. It counts only
 * where nobody but root could have written it.
 *
 * Formats: records of recovery/record.c. In 40-installed.manifest a file is the line "file MODE UID
 * GID ATIME MTIME PATH SIZE SHA256"; in armed "note proven.KERNEL yes" says that the source was.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/codec.h"
#include "inspect/digest.h"
#include "probe/probe.h"

#define TRANSACTIONS "/var/lib/rdna1-doctor/txn"
#define RECORD_MAX   ((size_t)16 << 20)

/* Whether only root may write below the folder of transactions. */
static int is_trusted(const struct rd_system *sys, bool *yesp, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	struct stat st;
	int r = rd_system_stat(sys, TRANSACTIONS, &st, &why);

	*yesp = !r && !st.st_uid && !(st.st_mode & 022);
	return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
}

static int read_record(const struct rd_system *sys, const char *id, const char *name,
		       struct rd_text *textp, struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	char path[96];
	int r;

	snprintf(path, sizeof(path), TRANSACTIONS "/%.16s/%s", id, name);
	r = rd_system_read(sys, path, RECORD_MAX, textp, &why);
	return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : r;
}

static bool is_proven(const struct rd_text *armed, const char *kernel)
{
	char line[300];

	snprintf(line, sizeof(line), "\nnote proven.%s yes\n", kernel);
	return strstr(armed->data, line);
}

/* The digest that a manifest has for a path, in a buffer of the caller. */
static bool find_digest(const struct rd_text *manifest, const char *path, char hex[RD_DIGEST_MAX])
{
	RD_CLEANUP(rd_freep) char *words = rd_text_format(" %s ", path + 1);
	const char *found = words ? strstr(manifest->data, words) : NULL, *line = found;
	unsigned long long size;

	while (line && line > manifest->data && line[-1] != '\n')
		line--;
	return line && rd_text_has_prefix(line, "file ") &&
	       sscanf(found + strlen(words), "%llu %128[0-9a-f]", &size, hex) == 2;
}

static int prove(const struct rd_system *sys, const char *id, const struct rd_text *manifest,
		 struct rd_copy *copy, struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct rd_error why = RD_ERROR_INIT;
	char known[RD_DIGEST_MAX] = "", hex[RD_DIGEST_MAX];
	int r;

	if (!find_digest(manifest, copy->path, known))
		return 0;
	r = rd_system_map(sys, copy->path, RD_CODEC_MAX_MODULE, &map, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (!r && map.len)
		r = rd_digest_hex(RD_DIGEST_SHA256, map.data, map.len, hex);
	if (r < 0)
		return rd_error_nomem(err);
	if (r || !map.len || strcmp(hex, known) != 0)
		return 0;
	return rd_copy_prove(copy, "built by recovery %s, from a proven source (SHA-256)", id)
		       ? rd_error_nomem(err)
		       : 0;
}

static int prove_copies(const struct rd_system *sys, const char *id, struct rd_facts *facts,
			struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text armed = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text manifest = RD_TEXT_INIT;
	int r;

	r = read_record(sys, id, "armed", &armed, err);
	if (!r)
		r = read_record(sys, id, "40-installed.manifest", &manifest, err);
	if (r || !armed.data || !manifest.data)
		return r < 0 ? r : 0;
	for (size_t i = 0; !r && i < facts->copies.n; i++) {
		struct rd_copy *copy = &facts->copies.items[i];

		if ((copy->kind == RD_COPY_INSTALLED || copy->kind == RD_COPY_BUILT) &&
		    copy->verdict == RD_VERDICT_NO_SIGN && copy->kernel &&
		    is_proven(&armed, copy->kernel))
			r = prove(sys, id, &manifest, copy, err);
	}
	return r;
}

int rd_probe_built_here(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	bool is_root_only = false;
	int r;

	(void)options;
	r = is_trusted(sys, &is_root_only, err);
	if (r || !is_root_only)
		return r;
	r = rd_system_list(sys, TRANSACTIONS, &entries, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	for (size_t i = 0; !r && i < entries.n; i++) {
		if (entries.items[i].type == DT_DIR && *entries.items[i].name != '.')
			r = prove_copies(sys, entries.items[i].name, facts, err);
	}
	return r;
}
