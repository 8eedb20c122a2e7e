/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * pacman's data base, read as files: var/lib/pacman/local/NAME-VERSION-RELEASE/mtree, compressed
 * with gzip, has the digests of the package's files, desc what is known of the package.
 *
 * A kernel says itself whose it is: usr/lib/modules/K/pkgbase holds the name of its package. A
 * source is looked for in *-dkms packages and in those that are called as its tree is; a thorough
 * search asks all. One kernel's list takes some milliseconds.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "inspect/codec.h"
#include "inspect/deb.h"
#include "inspect/mtree.h"
#include "package_private.h"

#define LOCAL	    "/var/lib/pacman/local"
#define CACHE	    "/var/cache/pacman/pkg"
#define DESC_MAX    ((size_t)1 << 20)
#define LIST_MAX    ((size_t)16 << 20) /* a kernel's has 400 KiB */
#define TEXT_MAX    ((size_t)128 << 20)
#define ARCHIVE_MAX ((size_t)1 << 30)

/* A search for the packages whose list has one path. */
struct search {
	struct rd_package_db *db;
	const char *path;
	struct package_place place;
	char *pkgbase; /* NULL: the path tells none */
	size_t next;
};

/* A package that has the path. */
struct claim {
	const char *folder; /* NAME-VERSION-RELEASE, borrowed; NULL: none */
	struct rd_mtree_entry entry;
};

static void search_deinit(struct search *search)
{
	package_place_deinit(&search->place);
	free(search->pkgbase);
}

/* Modules of kernels that do not say whose they are (built by hand) are nobody's. */
static int read_pkgbase(struct search *search, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	int r;

	if (!search->place.name || search->place.is_source)
		return 0;
	if (rd_text_printf(&path, "/usr/lib/modules/%s/pkgbase", search->place.name))
		return rd_error_nomem(err);
	r = rd_system_read_line(search->db->sys, path.data, &search->pkgbase, err);
	return r < 0 ? r : 0;
}

static int search_init(struct search *search, struct rd_package_db *db, const char *path,
		       struct rd_error *err)
{
	int r = 0;

	search->db = db;
	search->path = path;
	if (package_place_of(path, &search->place))
		return rd_error_nomem(err);
	if (!db->is_local_listed)
		r = rd_system_list(db->sys, LOCAL, &db->local, err);
	if (r < 0)
		return r;
	db->is_local_listed = true;
	return db->local.n ? read_pkgbase(search, err) : 0;
}

/* NAME of NAME-VERSION-RELEASE: neither of the two has a dash (PKGBUILD(5)). */
static size_t name_length(const char *folder)
{
	size_t n = strlen(folder);

	for (int i = 0; i < 2; i++) {
		const char *dash = memrchr(folder, '-', n);

		n = dash ? (size_t)(dash - folder) : 0;
	}
	return n;
}

static bool is_candidate(const struct search *search, const char *folder)
{
	size_t n = name_length(folder);

	if (!n)
		return false;
	if (search->db->is_thorough)
		return true;
	if (search->place.name && search->place.is_source)
		return package_is_named_after(folder, &search->place);
	return search->pkgbase && strlen(search->pkgbase) == n &&
	       !memcmp(search->pkgbase, folder, n);
}

/* Fills @claim if that package's list has the path. */
static int ask_list(const struct search *search, const char *folder, struct claim *claim,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text packed = RD_TEXT_INIT;
	RD_CLEANUP(rd_blob_deinit) struct rd_blob blob = RD_BLOB_INIT;
	int r;

	if (rd_text_printf(&path, LOCAL "/%s/mtree", folder))
		return rd_error_nomem(err);
	r = rd_system_read(search->db->sys, path.data, LIST_MAX, &packed, err);
	if (!r)
		r = rd_codec_decode(RD_CODEC_GZIP, packed.data, packed.len, TEXT_MAX, &blob, err);
	if (r)
		return r < 0 ? r : 0;
	if (rd_mtree_find((const char *)blob.data, blob.len, search->path, &claim->entry))
		claim->folder = folder;
	return 0;
}

/* The next package whose list has the path. */
static int search_next(struct search *search, struct claim *claim, struct rd_error *err)
{
	const struct rd_entries *local = &search->db->local;

	while (search->next < local->n && !claim->folder) {
		const char *folder = local->items[search->next++].name;
		int r = is_candidate(search, folder) ? ask_list(search, folder, claim, err) : 0;

		if (r)
			return r;
	}
	return 0;
}

static int split(const char *folder, char **namep, char **versionp)
{
	size_t n = name_length(folder);

	*namep = strndup(folder, n);
	*versionp = strdup(folder + n + 1);
	return *namep && *versionp ? 0 : -ENOMEM;
}

static int find(struct rd_package_db *db, const struct rd_package_file *file,
		struct rd_package_owner *owner, struct rd_error *err)
{
	RD_CLEANUP(search_deinit) struct search search = { 0 };
	struct claim claim = { 0 };
	int r;

	r = search_init(&search, db, file->path, err);
	if (!r)
		r = search_next(&search, &claim, err);
	if (r || !claim.folder)
		return r;
	if (split(claim.folder, &owner->name, &owner->version))
		return rd_error_nomem(err);
	return package_compare(file, claim.entry.kind, claim.entry.digest, owner, err);
}

/* The line after %ARCH% of desc; *@archp stays NULL if it has none. */
static int read_architecture(const struct rd_system *sys, const char *folder, char **archp,
			     struct rd_error *err)
{
	static const char key[] = "%ARCH%\n";
	RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text desc = RD_TEXT_INIT;
	const char *value;
	int r;

	if (rd_text_printf(&path, LOCAL "/%s/desc", folder))
		return rd_error_nomem(err);
	r = rd_system_read(sys, path.data, DESC_MAX, &desc, err);
	if (r || !desc.data)
		return r < 0 ? r : 0;
	value = strstr(desc.data, key);
	if (!value)
		return 0;
	value += strlen(key);
	*archp = strndup(value, strcspn(value, "\n"));
	return *archp ? 0 : rd_error_nomem(err);
}

/* Maps the package as it was downloaded, in whichever compression makepkg.conf(5) knows. */
static int map_archive(const struct rd_package_db *db, const char *folder, char **archivep,
		       struct rd_map *map, struct rd_error *err)
{
	static const char *const suffixes[] = { ".zst", ".xz", ".gz", ".bz2", "" };
	RD_CLEANUP(rd_freep) char *arch = NULL;
	int r;

	r = read_architecture(db->sys, folder, &arch, err);
	if (r)
		return r;
	for (size_t i = 0; arch && i < RD_N_ELEMENTS(suffixes); i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;

		if (rd_text_printf(&path, CACHE "/%s-%s.pkg.tar%s", folder, arch, suffixes[i]))
			return rd_error_nomem(err);
		r = rd_system_map(db->sys, path.data, ARCHIVE_MAX, map, err);
		if (r == RD_SYSTEM_ABSENT)
			continue;
		*archivep = rd_text_take_string(&path);
		return r > 0 ? RD_PACKAGE_UNUSABLE : r;
	}
	rd_error_set(err, ENOENT, "%s is not in " CACHE, folder);
	return RD_PACKAGE_NOT_CACHED;
}

static int original(struct rd_package_db *db, const char *path,
		    struct rd_package_original *originalp, struct rd_error *err)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original made = RD_PACKAGE_ORIGINAL_INIT;
	RD_CLEANUP(search_deinit) struct search search = { 0 };
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	struct claim claim = { 0 };
	int r;

	r = search_init(&search, db, path, err);
	if (!r)
		r = search_next(&search, &claim, err);
	if (r || !claim.folder)
		return r ? r : RD_PACKAGE_UNOWNED;
	if (split(claim.folder, &made.package, &made.version))
		return rd_error_nomem(err);
	r = map_archive(db, claim.folder, &made.archive, &map, err);
	if (!r)
		r = package_take_out(rd_deb_extract_tar, path, &map, &made, err);
	if (!r)
		r = package_verify(&made, path, claim.entry.kind, claim.entry.digest, err);
	if (r < 0)
		return r;
	*originalp = made;
	made = (struct rd_package_original)RD_PACKAGE_ORIGINAL_INIT;
	return r;
}

const struct package_manager package_pacman = {
	.manager = RD_PACKAGE_PACMAN,
	.find = find,
	.original = original,
};
