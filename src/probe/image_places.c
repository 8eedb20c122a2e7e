/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Places of images. $BOOT is /boot, /efi or /boot/efi: what of them is there is looked at, since
 * the boot partition, the EFI partition and a folder of the root are told apart by no name.
 *
 *	/boot/NAME			by name: Debian and Ubuntu initrd.img-K, Fedora
 *initramfs-K.img, openSUSE initrd-K, Arch initramfs-PRESET.img, booster-PRESET.img
 *	$BOOT/EFI/Linux/NAME.efi		unified kernel images (UAPI.1, type #2 entries)
 *	$BOOT/MACHINE-ID/K/NAME		kernel-install(8)
 *	$BOOT/loader/entries/NAME.conf	whatever a type #1 entry names: some distributions have
 *folders of their own on the EFI partition
 *
 * An image may have several names, and links may lead to it: it is listed once, by its own name if
 * it has one in /boot.
 */

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "attribute.h"
#include "base/array.h"
#include "folder_set.h"
#include "image_places.h"

#define IMAGES_MAX     64
#define ENTRY_MAX      ((size_t)64 << 10) /* bytes of a boot entry */
#define ENTRIES_MAX    256
#define NAMED_MAX      1024 /* paths in all entries together */
#define MACHINE_ID_LEN 32 /* machine-id(5) */

struct search {
	const struct rd_system *sys;
	const char *only;
	struct rd_facts *facts;
	struct image_places *places;
	struct rd_folder_set seen;
	size_t named; /* paths in boot entries */
	bool is_full;
};

static void search_deinit(struct search *search)
{
	rd_folder_set_deinit(&search->seen);
}

static void place_deinit(struct image_place *place)
{
	free(place->path);
	free(place->kernel);
}

void image_places_deinit(struct image_places *places)
{
	for (size_t i = 0; i < places->n; i++)
		place_deinit(&places->items[i]);
	free(places->items);
	*places = (struct image_places){ 0 };
}

static bool has_suffix_of(const char *name, const char *const *suffixes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (rd_text_has_suffix(name, suffixes[i]))
			return true;
	}
	return false;
}

static bool is_image_name(const char *name)
{
	static const char *const prefixes[] = { "initrd", "initramfs", "booster-" };
	/* What package tools and people leave beside an image; no boot entry names it. */
	static const char *const left[] = { ".old-dkms", ".dpkg-bak", ".bak", ".backup",
					    ".new",	 ".tmp",      ".old", "~" };

	/* initrd.img.old is Debian's link to the image of the kernel before. */
	if (has_suffix_of(name, left, RD_N_ELEMENTS(left)) && strcmp(name, "initrd.img.old") != 0)
		return false;
	for (size_t i = 0; i < RD_N_ELEMENTS(prefixes); i++) {
		if (rd_text_has_prefix(name, prefixes[i]))
			return true;
	}
	return false;
}

/* What may follow a release in a name: a suffix, but not more of another release. */
static bool ends_release(const char *rest)
{
	return !*rest || (*rest == '.' && !strchr("0123456789", rest[1])) ||
	       rd_text_has_prefix(rest, "-fallback") || rd_text_has_prefix(rest, "kdump") ||
	       rd_text_has_prefix(rest, "-kdump");
}

/* The installed release that @name ends with, or NULL; borrowed. */
static const char *kernel_of_name(const struct rd_facts *facts, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < facts->kernels.n; i++) {
		const char *release = facts->kernels.items[i].release;
		const char *at = strstr(name, release);

		if (at && at > name && at[-1] == '-' && ends_release(at + strlen(release)) &&
		    (!found || strlen(release) > strlen(found)))
			found = release;
	}
	return found;
}

/* An image named for another release than the one asked for. */
static bool is_other_kernel(const struct search *search, const char *name)
{
	const struct rd_facts *facts = search->facts;

	if (!search->only || strstr(name, search->only))
		return false;
	for (size_t i = 0; i < facts->kernels.n; i++) {
		if (strstr(name, facts->kernels.items[i].release))
			return true;
	}
	/* A release starts with a digit: initramfs-linux.img names a preset. */
	return name[strcspn(name, "0123456789")] != '\0';
}

/* By the names that dracut, kdump-tools and kexec-tools give them. */
static enum rd_image_role role_of(const char *name)
{
	if (strstr(name, "kdump"))
		return RD_IMAGE_CRASH;
	return strstr(name, "rescue") ? RD_IMAGE_RESCUE : RD_IMAGE_BOOT;
}

/* Appends a file unless it is there by another name. @kernel: NULL if only its name may tell. */
static int add(struct search *search, const char *path, const char *kernel, struct rd_error *err)
{
	const char *name = strrchr(path, '/') + 1;
	struct image_place place = { .role = role_of(name) };
	struct rd_error why = RD_ERROR_INIT;
	bool is_new = false;
	struct stat st;
	int r;

	if (!kernel)
		kernel = kernel_of_name(search->facts, name);
	if (search->only && kernel && strcmp(kernel, search->only) != 0)
		return 0;
	r = rd_system_stat(search->sys, path, &st, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r || S_ISDIR(st.st_mode) || search->is_full)
		return 0;
	if (rd_folder_set_add(&search->seen, &st, &is_new))
		return rd_error_nomem(err);
	if (!is_new)
		return 0;
	if (search->places->n >= IMAGES_MAX) {
		search->is_full = true;
		return rd_facts_add_unread(search->facts, path, "more images than any machine has",
					   false);
	}
	place.path = strdup(path);
	if (place.path && !rd_attribute_copy(&place.kernel, kernel) &&
	    !rd_array_push(search->places, &place))
		return 0;
	place_deinit(&place);
	return rd_error_nomem(err);
}

/* Lists a folder. An absent one is empty, an unreadable one too, and is noted. */
static int list(struct search *search, const char *folder, struct rd_entries *entries,
		struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(search->sys, folder, entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	return r == RD_SYSTEM_UNREADABLE ? rd_attribute_unread(search->facts, folder, &why, err)
					 : 0;
}

/* Adds the entries whose name is right, those that are links after all others. */
static int add_named(struct search *search, const char *folder, const struct rd_entries *entries,
		     bool (*is_meant)(const char *name), struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; i < 2 * entries->n && !r; i++) {
		const struct rd_entry *entry = &entries->items[i % entries->n];
		RD_CLEANUP(rd_freep) char *path = NULL;

		if ((entry->type == DT_LNK) != (i >= entries->n) || !is_meant(entry->name) ||
		    is_other_kernel(search, entry->name))
			continue;
		path = rd_attribute_path(folder, entry->name);
		if (!path)
			return rd_error_nomem(err);
		r = add(search, path, NULL, err);
	}
	return r;
}

/* The EFI partition's file system does not tell cases apart. */
static bool is_efi_name(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && !strcasecmp(name + n - 4, ".efi");
}

static int add_unified(struct search *search, const char *boot, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(boot, "EFI/Linux");
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = list(search, folder, &entries, err);
	return r ? r : add_named(search, folder, &entries, is_efi_name, err);
}

static bool is_machine_id(const char *name)
{
	return strlen(name) == MACHINE_ID_LEN && strspn(name, "0123456789abcdef") == MACHINE_ID_LEN;
}

static bool is_installed_image_name(const char *name)
{
	return is_image_name(name) || rd_text_has_suffix(name, ".img");
}

/* $BOOT/MACHINE-ID: a folder for each kernel. */
static int add_machine(struct search *search, const char *folder, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries kernels = { 0 };
	int r;

	r = list(search, folder, &kernels, err);
	for (size_t i = 0; i < kernels.n && !r; i++) {
		RD_CLEANUP(rd_entries_deinit) struct rd_entries files = { 0 };
		const char *kernel = kernels.items[i].name;
		RD_CLEANUP(rd_freep) char *path = NULL;

		if (kernels.items[i].type != DT_DIR)
			continue;
		path = rd_attribute_path(folder, kernel);
		if (!path)
			return rd_error_nomem(err);
		r = list(search, path, &files, err);
		for (size_t k = 0; k < files.n && !r; k++) {
			RD_CLEANUP(rd_freep) char *file = NULL;

			if (!is_installed_image_name(files.items[k].name))
				continue;
			file = rd_attribute_path(path, files.items[k].name);
			r = file ? add(search, file, kernel, err) : rd_error_nomem(err);
		}
	}
	return r;
}

/* A path of an entry is one of the partition, which GRUB's entries may mean the root by. */
static int add_entry_path(struct search *search, const char *boot, const char *path,
			  struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *below = NULL;
	int r;

	if (strchr(path, '$')) /* a variable of GRUB's */
		return 0;
	if (search->named++ >= NAMED_MAX)
		return search->named == NAMED_MAX + 1 &&
				       rd_facts_add_unread(search->facts, path,
							   "more paths in boot entries than any "
							   "machine has",
							   false)
			       ? rd_error_nomem(err)
			       : 0;
	below = rd_attribute_path(boot, path + strspn(path, "/"));
	if (!below)
		return rd_error_nomem(err);
	r = add(search, below, NULL, err);
	return r || *path != '/' || !path[1] ? r : add(search, path, NULL, err);
}

/* UAPI.1, type #1: one key and its value a line; GRUB's entries have several paths in one. */
static int add_entry(struct search *search, const char *boot, char *text, struct rd_error *err)
{
	static const char space[] = " \t\r";
	char *line;
	int r = 0;

	while (!r && (line = strsep(&text, "\n"))) {
		char *key, *path;

		line += strspn(line, space);
		key = strsep(&line, space);
		if (strcmp(key, "initrd") != 0 && strcmp(key, "efi") != 0 &&
		    strcmp(key, "uki") != 0)
			continue;
		while (!r && (path = strsep(&line, space))) {
			if (*path)
				r = add_entry_path(search, boot, path, err);
		}
	}
	return r;
}

static int add_entries(struct search *search, const char *boot, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(boot, "loader/entries");
	int r;

	if (!folder)
		return rd_error_nomem(err);
	r = list(search, folder, &entries, err);
	for (size_t i = 0; i < entries.n && i < ENTRIES_MAX && !r; i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		RD_CLEANUP(rd_freep) char *path = NULL;
		struct rd_error why = RD_ERROR_INIT;

		if (!rd_text_has_suffix(entries.items[i].name, ".conf"))
			continue;
		path = rd_attribute_path(folder, entries.items[i].name);
		if (!path)
			return rd_error_nomem(err);
		r = rd_system_read(search->sys, path, ENTRY_MAX, &text, &why);
		if (r < 0)
			return rd_error_set(err, -r, "%s", why.msg);
		if (r == RD_SYSTEM_UNREADABLE)
			r = rd_attribute_unread(search->facts, path, &why, err);
		else
			r = r || !text.data ? 0 : add_entry(search, boot, text.data, err);
	}
	return r;
}

/* What @boot has, if it is there; @entries: of its folder. */
static int add_boot(struct search *search, const char *boot, const struct rd_entries *entries,
		    struct rd_error *err)
{
	int r = 0;

	for (size_t i = 0; i < entries->n && !r; i++) {
		const char *name = entries->items[i].name;
		RD_CLEANUP(rd_freep) char *path = NULL;

		if (!strcasecmp(name, "EFI"))
			r = add_unified(search, boot, err);
		else if (!strcmp(name, "loader"))
			r = add_entries(search, boot, err);
		if (r || !is_machine_id(name))
			continue;
		path = rd_attribute_path(boot, name);
		r = path ? add_machine(search, path, err) : rd_error_nomem(err);
	}
	return r;
}

int image_places_find(const struct rd_system *sys, const char *kernel, struct rd_facts *facts,
		      struct image_places *places, struct rd_error *err)
{
	static const char *const boots[] = { "/boot", "/efi", "/boot/efi" };
	RD_CLEANUP(search_deinit)
	struct search search = { .sys = sys, .only = kernel, .facts = facts, .places = places };
	int r = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(boots) && !r; i++) {
		RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };

		r = list(&search, boots[i], &entries, err);
		if (!r && !i)
			r = add_named(&search, boots[i], &entries, is_image_name, err);
		if (!r)
			r = add_boot(&search, boots[i], &entries, err);
	}
	return r;
}
