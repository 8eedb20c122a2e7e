/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The identity of a module, as far as the file tells it. A module may claim any name, version or
 * signer: these are names to show and to compare, and none of them is a proof.
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/digest.h"
#include "inspect/identity.h"

#define IDENTITY_MAX_VALUE    1024 /* a hostile .modinfo must not fill the report */
#define IDENTITY_MAX_COMPILER 4 /* distinct .comment strings that are named */

static int set_value(char **valuep, const char *value)
{
	if (*valuep)
		return 0;
	*valuep = strndup(value, IDENTITY_MAX_VALUE);
	return *valuep ? 0 : -ENOMEM;
}

/* .modinfo is a run of NUL-terminated key=value strings; the first of a key counts. */
static int read_modinfo(const struct rd_elf_section *section, struct rd_identity *id)
{
	const struct {
		const char *key;
		char **valuep;
	} wanted[] = {
		{ "name=", &id->name },
		{ "srcversion=", &id->srcversion },
		{ "version=", &id->version },
		{ "vermagic=", &id->vermagic },
	};

	for (uint64_t offset = 0; offset < section->size;) {
		const char *entry = rd_elf_string(section, offset);

		if (!entry)
			return 0;
		for (size_t i = 0; i < RD_N_ELEMENTS(wanted); i++) {
			if (rd_text_has_prefix(entry, wanted[i].key) &&
			    set_value(wanted[i].valuep, entry + strlen(wanted[i].key)))
				return -ENOMEM;
		}
		offset += strlen(entry) + 1;
	}
	return 0;
}

/* @buildidp: the descriptor of the NT_GNU_BUILD_ID note among the notes of @section, as hex. */
static int read_notes(const struct rd_elf_section *section, char **build_idp)
{
	uint64_t offset = 0;

	while (section->size - offset >= sizeof(Elf64_Nhdr)) {
		const uint8_t *p = section->data + offset;
		uint64_t left = section->size - offset - sizeof(Elf64_Nhdr), name, desc;
		Elf64_Nhdr note;

		memcpy(&note, p, sizeof(note));
		name = ((uint64_t)note.n_namesz + 3) & ~3ull;
		desc = ((uint64_t)note.n_descsz + 3) & ~3ull;
		if (name > left || note.n_descsz > left - name)
			return 0;
		p += sizeof(note);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(p, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && note.n_descsz &&
		    note.n_descsz <= 64) {
			*build_idp = rd_text_hex(p + name, note.n_descsz);
			return *build_idp ? 0 : -ENOMEM;
		}
		if (desc >= left - name)
			return 0;
		offset += sizeof(note) + name + desc;
	}
	return 0;
}

static bool is_listed(const char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(list[i], s))
			return true;
	}
	return false;
}

/* The distinct strings of .comment: one for each compiler that made a part. */
static int read_comment(const struct rd_elf_section *section, char **compilerp)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const char *seen[IDENTITY_MAX_COMPILER];
	size_t n = 0;

	for (uint64_t offset = 0; offset < section->size && n < RD_N_ELEMENTS(seen);) {
		const char *s = rd_elf_string(section, offset);

		if (!s)
			break;
		offset += strlen(s) + 1;
		if (!*s || is_listed(seen, n, s))
			continue;
		if ((n && rd_text_puts(&text, "; ")) ||
		    rd_text_append(&text, s, strnlen(s, IDENTITY_MAX_VALUE)))
			return -ENOMEM;
		seen[n++] = s;
	}
	if (!n)
		return 0;
	*compilerp = rd_text_take_string(&text);
	return *compilerp ? 0 : -ENOMEM;
}

int rd_identity_read(const struct rd_elf *elf, struct rd_identity *id, struct rd_error *err)
{
	const struct rd_elf_section *section;

	id->machine = elf->machine;
	section = rd_elf_section(elf, ".modinfo");
	if (section && section->data && read_modinfo(section, id))
		return rd_error_nomem(err);
	section = rd_elf_section(elf, ".comment");
	if (section && section->data && !id->compiler && read_comment(section, &id->compiler))
		return rd_error_nomem(err);
	for (size_t i = 1; i < elf->n_sections && !id->build_id; i++) {
		section = &elf->sections[i];
		if (section->type == SHT_NOTE && section->data &&
		    read_notes(section, &id->build_id))
			return rd_error_nomem(err);
	}
	return 0;
}

int rd_identity_read_signature(const void *data, size_t len, struct rd_identity *id,
			       struct rd_error *err)
{
	struct rd_signature signature;
	int r;

	r = rd_signature_find(data, len, &signature, err);
	return r ? r : rd_signature_read_names(&signature, &id->signer, &id->sig_key, err);
}

int rd_identity_read_sha256(const void *data, size_t len, struct rd_identity *id,
			    struct rd_error *err)
{
	char hex[RD_DIGEST_MAX];
	int r;

	r = rd_digest_hex(RD_DIGEST_SHA256, data, len, hex);
	if (r == RD_DIGEST_REFUSED)
		return rd_error_set(err, ENOTSUP, "libcrypto has no SHA-256");
	free(id->sha256);
	id->sha256 = r ? NULL : strdup(hex);
	return id->sha256 ? 0 : rd_error_nomem(err);
}
