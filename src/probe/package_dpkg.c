/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dpkg's data base, read as files: var/lib/dpkg/info/PACKAGE[:ARCH].md5sums. Of its thousands of
 * lists only those are opened whose name can own the file: the kernel packages carry the release
 * in their name on Debian, Ubuntu and what derives from them (linux-image-K, linux-modules-K,
 * linux-modules-extra-K, linux-image-unsigned-K, proxmox-kernel-K, and linux-image-K of those whom
 * `make deb-pkg` made), the sources of drivers come in *-dkms packages or ones that are called as
 * the tree is. A thorough search opens all. Systems without dpkg have no such folder, and nothing
 * is proven there.
 *
 * A diverted file lies under another name, and the name that it gave up belongs to who asked for
 * it. While a package is being unpacked its files may be of either version: then a digest still
 * proves, but a difference says nothing.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "inspect/deb.h"
#include "inspect/deb_status.h"
#include "inspect/md5sums.h"
#include "package_private.h"

#define INFO	       "/var/lib/dpkg/info"
#define DIVERSIONS     "/var/lib/dpkg/diversions"
#define STATUS	       "/var/lib/dpkg/status"
#define ARCHIVES       "/var/cache/apt/archives"
#define LIST_MAX       ((size_t)16 << 20) /* a kernel's list has 400 KiB */
#define DIVERSIONS_MAX ((size_t)1 << 20)
#define STATUS_MAX     ((size_t)256 << 20) /* a desktop's has 4 MiB */
#define ARCHIVE_MAX    ((size_t)1 << 30)
#define ENTRIES_MAX    ((size_t)1 << 17) /* a desktop's info has 10,000 */

static const char suffix[] = ".md5sums";

/* Under which name the lists have a path, and whose list counts. */
struct listed {
	const char *path;
	char *owned; /* @path, if it is another than was asked for */
	char *only, *except; /* names of packages; NULL: any, none */
	bool is_nobodys;
};

/* What a list says about a path. */
struct claim {
	char *package; /* NAME or NAME:ARCH; NULL: no list has it */
	char digest[RD_MD5SUMS_DIGEST];
};

static void listed_deinit(struct listed *listed)
{
	free(listed->owned);
	free(listed->only);
	free(listed->except);
}

static void claim_deinit(struct claim *claim)
{
	free(claim->package);
}

static int meet(void *userdata, enum rd_walk_event event, const char *path,
		const struct rd_error *why, struct rd_error *err)
{
	struct rd_package_db *db = userdata;
	char *name;

	(void)why;
	if (event == RD_WALK_FOLDER)
		return RD_WALK_SKIP;
	if (event != RD_WALK_FILE || !rd_text_has_suffix(path, suffix))
		return 0;
	name = strdup(strrchr(path, '/') + 1);
	if (name && !rd_array_push(&db->lists, &name))
		return 0;
	free(name);
	return rd_error_nomem(err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* What cannot be read proves nothing, as on a system without dpkg. */
static int load(struct rd_package_db *db, struct rd_error *err)
{
	int r;

	if (db->is_loaded)
		return 0;
	r = rd_system_walk(db->sys, INFO, ENTRIES_MAX, meet, db, err);
	if (r < 0)
		return r;
	if (db->lists.n)
		qsort(db->lists.items, db->lists.n, sizeof(*db->lists.items), by_name);
	r = rd_system_read(db->sys, DIVERSIONS, DIVERSIONS_MAX, &db->diversions, err);
	if (r < 0)
		return r;
	db->is_loaded = true;
	return 0;
}

static bool is_path(struct rd_deb_word word, const char *path)
{
	return rd_md5sums_is_same_path(word.s, word.len, path, strlen(path));
}

/* Sets @top to the name of who asked for a diversion; the administrator is no package. */
static int set_diverter(char **top, struct rd_deb_word package)
{
	if (package.len == 1 && *package.s == ':')
		return 0;
	*top = strndup(package.s, package.len);
	return *top ? 0 : -ENOMEM;
}

static int divert(struct listed *listed, const struct rd_deb_diversion *diversion)
{
	if (is_path(diversion->to, listed->path)) {
		listed->owned = strndup(diversion->from.s, diversion->from.len);
		return listed->owned ? set_diverter(&listed->except, diversion->package) : -ENOMEM;
	}
	if (set_diverter(&listed->only, diversion->package))
		return -ENOMEM;
	listed->is_nobodys = !listed->only;
	return 0;
}

static int find_listed(const struct rd_package_db *db, const char *path, struct listed *listed,
		       struct rd_error *err)
{
	struct rd_deb_diversion diversion;
	size_t pos = 0;

	listed->path = path;
	while (rd_deb_diversion_next(db->diversions.data, db->diversions.len, &pos, &diversion)) {
		if (!is_path(diversion.from, path) && !is_path(diversion.to, path))
			continue;
		if (divert(listed, &diversion))
			return rd_error_nomem(err);
		break;
	}
	if (listed->owned)
		listed->path = listed->owned;
	return 0;
}

/* PACKAGE.md5sums, PACKAGE:ARCH.md5sums */
static bool is_list_of(const char *list, const char *package)
{
	size_t n = strlen(package);

	return !strncmp(list, package, n) && (list[n] == ':' || !strcmp(list + n, suffix));
}

/* Packages of a kernel have its release in their name, in lower case. */
static bool is_named_after(const char *list, const struct package_place *place)
{
	if (!place->name)
		return false;
	return place->is_source ? package_is_named_after(list, place)
				: strcasestr(list, place->name) != NULL;
}

/* A search for the lists that have one path. */
struct search {
	struct rd_package_db *db;
	struct package_place place;
	struct listed listed;
	size_t next;
};

static void search_deinit(struct search *search)
{
	package_place_deinit(&search->place);
	listed_deinit(&search->listed);
}

/* Leaves the search without lists where no name could tell. */
static int search_init(struct search *search, struct rd_package_db *db, const char *path,
		       struct rd_error *err)
{
	int r;

	search->db = db;
	if (package_place_of(path, &search->place))
		return rd_error_nomem(err);
	if (!search->place.name && !db->is_thorough)
		return 0;
	r = load(db, err);
	return r ? r : find_listed(db, path, &search->listed, err);
}

static bool is_candidate(const struct search *search, const char *list)
{
	const struct listed *listed = &search->listed;

	if (listed->only && !is_list_of(list, listed->only))
		return false;
	if (listed->except && is_list_of(list, listed->except))
		return false;
	/* Who diverts a file may be called anything. */
	return search->db->is_thorough || listed->only || is_named_after(list, &search->place);
}

/* Fills @claim if that list has the path. */
static int ask_list(const struct search *search, const char *list, struct claim *claim,
		    struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text name = RD_TEXT_INIT;
	int r;

	if (rd_text_printf(&name, INFO "/%s", list))
		return rd_error_nomem(err);
	r = rd_system_read(search->db->sys, name.data, LIST_MAX, &text, err);
	if (r || !text.data ||
	    !rd_md5sums_find(text.data, text.len, search->listed.path, claim->digest))
		return r < 0 ? r : 0;
	claim->package = strndup(list, strlen(list) - strlen(suffix));
	return claim->package ? 0 : rd_error_nomem(err);
}

/* The next list that has the path; @claim, empty before, stays so if there is none. */
static int search_next(struct search *search, struct claim *claim, struct rd_error *err)
{
	const struct rd_package_db *db = search->db;

	if (!search->listed.path || search->listed.is_nobodys)
		return 0;
	while (search->next < db->lists.n && !claim->package) {
		const char *list = db->lists.items[search->next++];
		int r = is_candidate(search, list) ? ask_list(search, list, claim, err) : 0;

		if (r)
			return r;
	}
	return 0;
}

/* 0 or a negative errno; without a text there is nothing in it. */
static int load_status(struct rd_package_db *db, struct rd_error *err)
{
	int r = 0;

	if (!db->status.data)
		r = rd_system_map(db->sys, STATUS, STATUS_MAX, &db->status, err);
	return r < 0 ? r : 0;
}

/* The stanza of a package; @status stays empty if it cannot be had. */
static int read_status(struct rd_package_db *db, const char *package, struct rd_deb_status *status,
		       struct rd_error *err)
{
	int r;

	r = load_status(db, err);
	if (r || !db->status.data)
		return r;
	r = rd_deb_status_find((const char *)db->status.data, db->status.len, package, status);
	return r < 0 ? rd_error_nomem(err) : 0;
}

/* Makes the package of @claim the owner. */
static int take_owner(struct rd_package_db *db, const struct rd_package_file *file,
		      const struct claim *claim, struct rd_package_owner *owner,
		      struct rd_error *err)
{
	RD_CLEANUP(rd_deb_status_deinit) struct rd_deb_status status = RD_DEB_STATUS_INIT;
	int r;

	rd_package_owner_deinit(owner);
	owner->name = strndup(claim->package, strcspn(claim->package, ":"));
	if (!owner->name)
		return rd_error_nomem(err);
	r = package_compare(file, RD_DIGEST_MD5, claim->digest, owner, err);
	if (!r)
		r = read_status(db, claim->package, &status, err);
	owner->version = RD_TAKE_PTR(status.version);
	if (owner->is_equal == RD_PRESENCE_NO && !status.is_unpacked)
		owner->is_equal = RD_PRESENCE_UNKNOWN;
	return r;
}

/* Whose file of configuration it is, where no list has the path. */
static int find_conffile(struct rd_package_db *db, const struct rd_package_file *file,
			 struct rd_package_owner *owner, struct rd_error *err)
{
	RD_CLEANUP(claim_deinit) struct claim claim = { 0 };
	struct rd_deb_conffile conffile;
	int r;

	r = load_status(db, err);
	if (r || !db->status.data ||
	    !rd_deb_conffile_find((const char *)db->status.data, db->status.len, file->path,
				  &conffile))
		return r;
	claim.package = strndup(conffile.package.s, conffile.package.len);
	if (!claim.package)
		return rd_error_nomem(err);
	memcpy(claim.digest, conffile.digest.s, conffile.digest.len);
	return take_owner(db, file, &claim, owner, err);
}

static int find(struct rd_package_db *db, const struct rd_package_file *file,
		struct rd_package_owner *owner, struct rd_error *err)
{
	RD_CLEANUP(search_deinit) struct search search = { 0 };
	int r;

	r = search_init(&search, db, file->path, err);
	while (!r && owner->is_equal != RD_PRESENCE_YES) {
		RD_CLEANUP(claim_deinit) struct claim claim = { 0 };

		r = search_next(&search, &claim, err);
		if (r || !claim.package)
			break;
		r = take_owner(db, file, &claim, owner, err);
	}
	if (!r && !owner->name && search.listed.path && !search.listed.is_nobodys)
		r = find_conffile(db, file, owner, err);
	return r;
}

/* As apt names what it downloads: QuoteString() of apt-pkg/contrib/strutl.cc, called by
 * pkgAcqArchive with "_:" for names and versions. */
static int append_quoted(struct rd_text *text, const char *s)
{
	for (; *s; s++) {
		bool is_plain = *s > ' ' && *s < 0x7f && !strchr("_:%", *s);
		int r = is_plain ? rd_text_append(text, s, 1)
				 : rd_text_printf(text, "%%%02x", (unsigned char)*s);

		if (r)
			return r;
	}
	return 0;
}

static char *archive_of(const char *folder, const char *package, const struct rd_deb_status *status)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	if (rd_text_printf(&text, "%s/", folder) || append_quoted(&text, package) ||
	    rd_text_puts(&text, "_") || append_quoted(&text, status->version) ||
	    rd_text_puts(&text, "_") || append_quoted(&text, status->architecture) ||
	    rd_text_puts(&text, ".deb"))
		return NULL;
	return rd_text_take_string(&text);
}

/* The file out of one archive. */
static int take_from(struct rd_package_db *db, const struct listed *listed,
		     const struct claim *claim, struct rd_package_original *original,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	int r;

	r = rd_system_map(db->sys, original->archive, ARCHIVE_MAX, &map, err);
	if (r == RD_SYSTEM_ABSENT)
		return RD_PACKAGE_NOT_CACHED;
	if (r)
		return r > 0 ? RD_PACKAGE_UNUSABLE : r;
	r = package_take_out(rd_deb_extract, listed->path, &map, original, err);
	if (!r)
		r = package_verify(original, listed->path, RD_DIGEST_MD5, claim->digest, err);
	if (r)
		rd_text_deinit(&original->content);
	return r;
}

/* From wherever a good one is; of a bad one the reason is worth more than that none is there. */
static int take_from_any(struct rd_package_db *db, const struct listed *listed,
			 const struct claim *claim, const struct rd_deb_status *status,
			 struct rd_package_original *original, struct rd_error *err)
{
	const char *const folders[] = { db->archives, ARCHIVES };
	int result = RD_PACKAGE_NOT_CACHED;

	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++) {
		struct rd_error why = RD_ERROR_INIT;
		int r;

		if (!folders[i])
			continue;
		free(original->archive);
		original->archive = archive_of(folders[i], original->package, status);
		if (!original->archive)
			return rd_error_nomem(err);
		r = take_from(db, listed, claim, original, &why);
		if (r <= 0)
			return r ? rd_error_set(err, -r, "%s", why.msg) : 0;
		if (r == RD_PACKAGE_UNUSABLE || result == RD_PACKAGE_NOT_CACHED) {
			rd_error_set(err, why.errnum, "%s", why.msg);
			result = r;
		}
	}
	return result;
}

/* Finds an archive of @claim's package, and the file in it. */
static int take_out(struct rd_package_db *db, const struct listed *listed, struct claim *claim,
		    struct rd_package_original *original, struct rd_error *err)
{
	RD_CLEANUP(rd_deb_status_deinit) struct rd_deb_status status = RD_DEB_STATUS_INIT;
	int r;

	r = read_status(db, claim->package, &status, err);
	if (r)
		return r;
	if (!status.version || !status.architecture) {
		rd_error_set(err, ENOENT, "the version of %s is not known", claim->package);
		return RD_PACKAGE_NOT_CACHED;
	}
	claim->package[strcspn(claim->package, ":")] = '\0';
	original->package = RD_TAKE_PTR(claim->package);
	original->version = strdup(status.version);
	if (!original->version)
		return rd_error_nomem(err);
	return take_from_any(db, listed, claim, &status, original, err);
}

static int original(struct rd_package_db *db, const char *path,
		    struct rd_package_original *originalp, struct rd_error *err)
{
	RD_CLEANUP(rd_package_original_deinit)
	struct rd_package_original made = RD_PACKAGE_ORIGINAL_INIT;
	RD_CLEANUP(search_deinit) struct search search = { 0 };
	RD_CLEANUP(claim_deinit) struct claim claim = { 0 };
	int r;

	r = search_init(&search, db, path, err);
	if (!r)
		r = search_next(&search, &claim, err);
	if (r || !claim.package)
		return r ? r : RD_PACKAGE_UNOWNED;
	r = take_out(db, &search.listed, &claim, &made, err);
	if (r < 0)
		return r;
	*originalp = made;
	made = (struct rd_package_original)RD_PACKAGE_ORIGINAL_INIT;
	return r;
}

int package_dpkg_list(struct rd_package_db *db, const char *package, struct rd_text *listp,
		      struct rd_error *err)
{
	int r;

	r = load(db, err);
	for (size_t i = 0; !r && !listp->data && i < db->lists.n; i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;

		if (!is_list_of(db->lists.items[i], package))
			continue;
		if (rd_text_printf(&path, INFO "/%s", db->lists.items[i]))
			return rd_error_nomem(err);
		r = rd_system_read(db->sys, path.data, LIST_MAX, listp, err);
	}
	return r < 0 ? r : 0;
}

const struct package_manager package_dpkg = {
	.manager = RD_PACKAGE_DPKG,
	.find = find,
	.original = original,
};
