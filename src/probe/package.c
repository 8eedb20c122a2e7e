/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The questions that are asked of all package managers, in one place: which package has a file,
 * whether its bytes are the package's, what puts them back. A machine has one manager as a rule,
 * and the data bases of the others are empty or absent; the first that has the path answers.
 *
 * Everything is read as files: `check` runs no program, and a mounted disk has no package manager
 * that could be run.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "package_private.h"

static const struct package_manager *const managers[] = {
	&package_dpkg,
	&package_pacman,
	&package_rpm,
};

void rd_package_db_deinit(struct rd_package_db *db)
{
	for (size_t i = 0; i < db->lists.n; i++)
		free(db->lists.items[i]);
	free(db->lists.items);
	rd_text_deinit(&db->diversions);
	rd_map_deinit(&db->status);
	rd_entries_deinit(&db->local);
	*db = (struct rd_package_db){ 0 };
}

void rd_package_owner_deinit(struct rd_package_owner *owner)
{
	free(owner->name);
	free(owner->version);
	*owner = (struct rd_package_owner)RD_PACKAGE_OWNER_INIT;
}

void rd_package_original_deinit(struct rd_package_original *original)
{
	free(original->package);
	free(original->version);
	free(original->archive);
	rd_text_deinit(&original->content);
	*original = (struct rd_package_original)RD_PACKAGE_ORIGINAL_INIT;
}

void package_place_deinit(struct package_place *place)
{
	free(place->name);
	*place = (struct package_place){ 0 };
}

int package_place_of(const char *path, struct package_place *placep)
{
	static const char *const folders[] = { "/usr/src/", "/lib/modules/", "/usr/lib/modules/" };
	static const char image[] = "/boot/vmlinuz-";

	if (rd_text_has_prefix(path, image)) {
		placep->name = strdup(path + strlen(image));
		return placep->name ? 0 : -ENOMEM;
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++) {
		const char *name = path + strlen(folders[i]);

		if (!rd_text_has_prefix(path, folders[i]) || !strchr(name, '/'))
			continue;
		placep->name = strndup(name, (size_t)(strchr(name, '/') - name));
		placep->is_source = i == 0;
		return placep->name ? 0 : -ENOMEM;
	}
	return 0;
}

int package_compare(const struct rd_package_file *file, enum rd_digest kind, const char *digest,
		    struct rd_package_owner *owner, struct rd_error *err)
{
	char found[RD_DIGEST_MAX];
	int r;

	owner->digest = rd_digest_name(kind);
	owner->is_equal = RD_PRESENCE_UNKNOWN;
	r = rd_digest_hex(kind, file->data, file->len, found);
	if (r < 0)
		return rd_error_nomem(err);
	if (!r)
		owner->is_equal = strcmp(digest, found) ? RD_PRESENCE_NO : RD_PRESENCE_YES;
	return 0;
}

/* "amdgpu" of amdgpu-6.16.6-2238411.24.04: dkms calls a tree NAME-VERSION. */
static size_t tree_name_length(const char *folder)
{
	size_t n = 0;

	while (folder[n] && !(folder[n] == '-' && folder[n + 1] >= '0' && folder[n + 1] <= '9'))
		n++;
	return n;
}

bool package_is_named_after(const char *name, const struct package_place *place)
{
	size_t n = tree_name_length(place->name);

	for (const char *p = name; n && strlen(p) >= n; p++) {
		if (!strncasecmp(p, place->name, n))
			return true;
	}
	return strstr(name, "dkms") != NULL;
}

int package_take_out(int (*extract)(const uint8_t *data, size_t len, const char *path,
				    struct rd_text *textp, struct rd_error *err),
		     const char *path, const struct rd_map *map,
		     struct rd_package_original *original, struct rd_error *err)
{
	int r = extract(map->data, map->len, path, &original->content, err);

	if (!r && rd_map_is_torn(map)) {
		rd_error_set(err, EAGAIN, "the file shrank while it was read");
		r = RD_PACKAGE_UNUSABLE;
	}
	return r ? rd_error_prefix(err, r < 0 ? r : RD_PACKAGE_UNUSABLE, "%s", original->archive)
		 : 0;
}

int package_verify(const struct rd_package_original *original, const char *path,
		   enum rd_digest kind, const char *digest, struct rd_error *err)
{
	const struct rd_package_file file = {
		.path = path,
		.data = (const uint8_t *)original->content.data,
		.len = original->content.len,
	};
	struct rd_package_owner found = RD_PACKAGE_OWNER_INIT;
	int r;

	r = package_compare(&file, kind, digest, &found, err);
	if (r || found.is_equal == RD_PRESENCE_YES)
		return r;
	rd_error_set(err, EBADMSG, "%s: its %s is not the one of the installed package",
		     original->archive, path);
	return RD_PACKAGE_UNUSABLE;
}

int rd_package_find(struct rd_package_db *db, const struct rd_package_file *file,
		    struct rd_package_owner *ownerp, struct rd_error *err)
{
	RD_CLEANUP(rd_package_owner_deinit) struct rd_package_owner owner = RD_PACKAGE_OWNER_INIT;

	for (size_t i = 0; i < RD_N_ELEMENTS(managers) && !owner.name; i++) {
		int r = managers[i]->find(db, file, &owner, err);

		if (r)
			return r;
		owner.manager = managers[i]->manager;
	}
	*ownerp = owner;
	owner = (struct rd_package_owner)RD_PACKAGE_OWNER_INIT;
	return 0;
}

int rd_package_original(struct rd_package_db *db, const char *path,
			struct rd_package_original *originalp, struct rd_error *err)
{
	int r = RD_PACKAGE_UNOWNED;

	rd_error_set(err, ENOENT, "no package is known to have %s", path);
	for (size_t i = 0; i < RD_N_ELEMENTS(managers) && r == RD_PACKAGE_UNOWNED; i++) {
		if (!managers[i]->original)
			continue;
		r = managers[i]->original(db, path, originalp, err);
		originalp->manager = managers[i]->manager;
	}
	return r;
}

/* dkms builds from what lies below usr/src, and its package takes every build away when it goes. */
static bool is_source(const char *path)
{
	return rd_text_has_prefix(path, "/usr/src/");
}

static int describe_restore(const struct rd_package_owner *owner, const char *path,
			    struct rd_text *text)
{
	switch (owner->manager) {
	case RD_PACKAGE_DPKG:
		if (is_source(path))
			return rd_text_printf(text,
					      "take the file out of the package: apt-get download "
					      "%s%s%s, then dpkg-deb -x; do not reinstall it, that "
					      "removes its modules from every kernel first",
					      owner->name, owner->version ? "=" : "",
					      owner->version ? owner->version : "");
		return rd_text_printf(text, "apt-get install --reinstall %s", owner->name);
	case RD_PACKAGE_PACMAN:
		return rd_text_printf(text, "pacman -S %s", owner->name);
	case RD_PACKAGE_RPM:
		return rd_text_printf(text, "dnf reinstall %s-%s", owner->name, owner->version);
	}
	return 0;
}

static int fill_package(const struct rd_package_owner *owner, const char *path,
			struct rd_package *package)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text restore = RD_TEXT_INIT;

	if (describe_restore(owner, path, &restore) ||
	    rd_attribute_copy(&package->name, owner->name) ||
	    rd_attribute_copy(&package->version, owner->version))
		return -ENOMEM;
	package->manager = owner->manager;
	package->restore = rd_text_take_string(&restore);
	return package->restore ? 0 : -ENOMEM;
}

int rd_package_note(const struct rd_package_owner *owner, const char *path,
		    struct rd_packages *packages, struct rd_error *err)
{
	struct rd_package package = { 0 };

	if (rd_packages_find(packages, owner->name))
		return 0;
	if (!fill_package(owner, path, &package) && !rd_array_push(packages, &package))
		return 0;
	rd_package_deinit(&package);
	return rd_error_nomem(err);
}
