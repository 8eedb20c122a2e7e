/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Where certificates come from. A kernel's own stand in its image, and are proven as far as the
 * image is: by the digest of its package. The owner's (MOK, machine owner key) are files that the
 * distributions' dkms and akmods tools made, and what shim tells the kernel at boot: they say who
 * built a module here, and a patched one is signed with them just as well.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "inspect/vmlinuz.h"
#include "signers.h"

#define CERTIFICATE_MAX ((size_t)64 << 10)
#define VARIABLE_MAX	((size_t)1 << 20)

/* @skip: bytes in front of the value; efivarfs puts four of attributes there. */
static const struct owner_place {
	const char *path;
	enum rd_signer_kind kind;
	size_t skip;
} owner_places[] = {
	{ .path = "/var/lib/shim-signed/mok/MOK.der", .kind = RD_SIGNER_OWNER },
	{ .path = "/var/lib/dkms/mok.pub", .kind = RD_SIGNER_OWNER },
	{ .path = "/etc/pki/akmods/certs/public_key.der", .kind = RD_SIGNER_OWNER },
	{ .path = "/sys/firmware/efi/mok-variables/MokListRT", .kind = RD_SIGNER_ENROLLED },
	{ .path = "/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23",
	  .kind = RD_SIGNER_ENROLLED,
	  .skip = 4 },
};

static void source_deinit(struct rd_signer_source *source)
{
	free(source->path);
	free(source->kernel);
	free(source->package);
	rd_certificates_deinit(&source->certificates);
	*source = (struct rd_signer_source){ 0 };
}

void rd_signers_deinit(struct rd_signers *signers)
{
	for (size_t i = 0; i < signers->sources.n; i++)
		source_deinit(&signers->sources.items[i]);
	free(signers->sources.items);
	rd_package_db_deinit(&signers->packages);
	*signers = (struct rd_signers){ 0 };
}

/* Moves the source to the others. */
static int keep(struct rd_signers *signers, struct rd_signer_source *source)
{
	if (rd_array_push(&signers->sources, source))
		return -ENOMEM;
	*source = (struct rd_signer_source){ 0 };
	return 0;
}

static int read_owner_place(struct rd_signers *signers, const struct owner_place *place,
			    struct rd_error *err)
{
	RD_CLEANUP(source_deinit) struct rd_signer_source source = { .kind = place->kind };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	size_t max = place->kind == RD_SIGNER_OWNER ? CERTIFICATE_MAX : VARIABLE_MAX;
	const uint8_t *data;
	int r;

	r = rd_system_read(signers->sys, place->path, max, &text, err);
	if (r || text.len <= place->skip)
		return r < 0 ? r : 0;
	data = (const uint8_t *)text.data + place->skip;
	r = place->kind == RD_SIGNER_OWNER
		    ? rd_certificates_add(&source.certificates, data, text.len, NULL, err)
		    : rd_certificates_add_efi(&source.certificates, data, text.len - place->skip,
					      err);
	if (r || !source.certificates.n)
		return r < 0 ? r : 0;
	return rd_attribute_copy(&source.path, place->path) || keep(signers, &source)
		       ? rd_error_nomem(err)
		       : 0;
}

int rd_signers_find_owner(struct rd_signers *signers, const char *serial,
			  const struct rd_signer_source **sourcep, struct rd_error *err)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(owner_places) && !signers->has_owner; i++) {
		int r = read_owner_place(signers, &owner_places[i], err);

		if (r)
			return r;
	}
	signers->has_owner = true;
	for (size_t i = 0; i < signers->sources.n && !*sourcep; i++) {
		const struct rd_signer_source *source = &signers->sources.items[i];

		if (source->kind != RD_SIGNER_KERNEL &&
		    rd_certificates_find(&source->certificates, serial))
			*sourcep = source;
	}
	return 0;
}

/* The package whose file the image is. */
static int prove(struct rd_signers *signers, const struct rd_map *map,
		 struct rd_signer_source *source, struct rd_error *err)
{
	RD_CLEANUP(rd_package_owner_deinit) struct rd_package_owner owner = RD_PACKAGE_OWNER_INIT;
	struct rd_package_file file = { .path = source->path, .data = map->data, .len = map->len };
	int r;

	r = rd_package_find(&signers->packages, &file, &owner, err);
	if (!r && owner.is_equal == RD_PRESENCE_YES)
		source->package = RD_TAKE_PTR(owner.name);
	return r;
}

/* A torn image, or one without a list, leaves the source without certificates. */
static int read_image(struct rd_signers *signers, bool wants_proof, struct rd_signer_source *source,
		      struct rd_error *err)
{
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	int r;

	r = rd_system_map(signers->sys, source->path, RD_VMLINUZ_MAX, &map, err);
	if (r || !map.data)
		return r < 0 ? r : 0;
	r = prove(signers, &map, source, err);
	if (r || (wants_proof && !source->package))
		return r;
	r = rd_vmlinuz_read_certificates(map.data, map.len, &source->certificates, err);
	if (r < 0)
		return r;
	if (rd_map_is_torn(&map)) {
		rd_certificates_deinit(&source->certificates);
		free(RD_TAKE_PTR(source->package));
	}
	return 0;
}

static const struct rd_signer_source *find_read(const struct rd_signers *signers,
						const char *kernel)
{
	for (size_t i = 0; i < signers->sources.n; i++) {
		const struct rd_signer_source *source = &signers->sources.items[i];

		if (source->kernel && !strcmp(source->kernel, kernel))
			return source;
	}
	return NULL;
}

/* /boot/vmlinuz-K; a copy lies beside the modules where the boot folder is another system's. */
static int image_path(const struct rd_signers *signers, const char *kernel, char **pathp,
		      struct rd_error *err)
{
	static const char *const places[][2] = {
		{ "/boot/vmlinuz-", "" },
		{ "/usr/lib/modules/", "/vmlinuz" },
		{ "/lib/modules/", "/vmlinuz" },
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(places); i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
		struct stat st;
		int r;

		if (rd_text_printf(&path, "%s%s%s", places[i][0], kernel, places[i][1]))
			return rd_error_nomem(err);
		r = rd_system_stat(signers->sys, path.data, &st, err);
		if (r < 0)
			return r;
		if (!r) {
			*pathp = rd_text_take_string(&path);
			return *pathp ? 0 : rd_error_nomem(err);
		}
	}
	return 0;
}

int rd_signers_find_kernel(struct rd_signers *signers, const char *kernel, bool wants_proof,
			   const struct rd_signer_source **sourcep, struct rd_error *err)
{
	RD_CLEANUP(source_deinit) struct rd_signer_source made = { .kind = RD_SIGNER_KERNEL };
	const struct rd_signer_source *source = find_read(signers, kernel);
	int r;

	if (!source) {
		if (rd_attribute_copy(&made.kernel, kernel))
			return rd_error_nomem(err);
		r = image_path(signers, kernel, &made.path, err);
		if (!r && made.path)
			r = read_image(signers, wants_proof, &made, err);
		if (r)
			return r;
		if (keep(signers, &made))
			return rd_error_nomem(err);
		source = &signers->sources.items[signers->sources.n - 1];
	}
	if (source->certificates.n)
		*sourcep = source;
	return 0;
}
