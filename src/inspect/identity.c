/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The identity of a module, as far as the file tells it. A module may claim any name, version or
 * signer: these are names to show and to compare, and none of them is a proof.
 *
 * The signature is a PKCS#7 message behind the ELF file, then struct module_signature, then a magic
 * line; it survives compression and is gone after strip. Signer and key are named as modinfo(8)
 * names them: the common name of the issuer, the serial number of the certificate.
 */

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <openssl/bn.h>
#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/identity.h"

#define SIGNATURE_MAGIC	      "~Module signature appended~\n"
#define SIGNATURE_ID_PKCS7    2 /* enum pkey_id_type, PKEY_ID_PKCS7 */
#define SIGNATURE_MAX	      (1u << 20)
#define IDENTITY_MAX_VALUE    1024 /* a hostile .modinfo must not fill the report */
#define IDENTITY_MAX_COMPILER 4 /* distinct .comment strings that are named */

/* include/linux/module_signature.h: struct module_signature */
struct signature_trailer {
	uint8_t algo, hash;
	uint8_t id_type;
	uint8_t signer_len, key_id_len;
	uint8_t pad[3];
	uint32_t sig_len; /* big endian */
};

static void cms_freep(CMS_ContentInfo **cmsp)
{
	CMS_ContentInfo_free(*cmsp);
}

static void bn_freep(BIGNUM **bnp)
{
	BN_free(*bnp);
}

static void openssl_freep(unsigned char **sp)
{
	OPENSSL_free(*sp);
}

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

static int signature_bad(struct rd_error *err, const char *what)
{
	rd_error_set(err, EBADMSG, "appended signature: %s", what);
	return RD_SIGNATURE_BAD;
}

/* The common name, or the last part of a name that has none. */
static int read_signer(const X509_NAME *issuer, char **signerp)
{
	RD_CLEANUP(openssl_freep) unsigned char *utf8 = NULL;
	const X509_NAME_ENTRY *entry;
	int i, n;

	i = X509_NAME_get_index_by_NID((X509_NAME *)issuer, NID_commonName, -1);
	if (i < 0)
		i = X509_NAME_entry_count(issuer) - 1;
	if (i < 0)
		return 0;
	entry = X509_NAME_get_entry(issuer, i);
	n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
	if (n < 0)
		return 0;
	*signerp = strndup((const char *)utf8,
			   n < IDENTITY_MAX_VALUE ? (size_t)n : IDENTITY_MAX_VALUE);
	return *signerp ? 0 : -ENOMEM;
}

static int read_serial(const ASN1_INTEGER *serial, char **hexp)
{
	RD_CLEANUP(bn_freep) BIGNUM *bn = NULL;
	unsigned char bytes[64];

	bn = ASN1_INTEGER_to_BN(serial, NULL);
	if (!bn)
		return -ENOMEM;
	if ((size_t)BN_num_bytes(bn) > sizeof(bytes))
		return 0;
	*hexp = rd_text_hex(bytes, (size_t)BN_bn2bin(bn, bytes));
	return *hexp ? 0 : -ENOMEM;
}

static int read_pkcs7(const uint8_t *data, size_t len, struct rd_identity *id, struct rd_error *err)
{
	RD_CLEANUP(cms_freep) CMS_ContentInfo *cms = NULL;
	STACK_OF(CMS_SignerInfo) * signers;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *serial = NULL;

	cms = d2i_CMS_ContentInfo(NULL, &data, (long)len);
	signers = cms ? CMS_get0_SignerInfos(cms) : NULL;
	if (!signers || sk_CMS_SignerInfo_num(signers) < 1) {
		ERR_clear_error();
		return signature_bad(err, "not a PKCS#7 message with a signer");
	}
	if (!CMS_SignerInfo_get0_signer_id(sk_CMS_SignerInfo_value(signers, 0), NULL, &issuer,
					   &serial))
		return signature_bad(err, "its signer has no name");
	if ((issuer && read_signer(issuer, &id->signer)) ||
	    (serial && read_serial(serial, &id->sig_key)))
		return rd_error_nomem(err);
	return 0;
}

int rd_identity_read_signature(const void *data, size_t len, struct rd_identity *id,
			       struct rd_error *err)
{
	static const char magic[] = SIGNATURE_MAGIC;
	const size_t magic_len = sizeof(magic) - 1;
	const uint8_t *end = (const uint8_t *)data + len;
	struct signature_trailer trailer;
	size_t left, sig_len;

	if (len < magic_len || memcmp(end - magic_len, magic, magic_len))
		return RD_SIGNATURE_ABSENT;
	left = len - magic_len;
	if (left < sizeof(trailer))
		return signature_bad(err, "truncated");

	left -= sizeof(trailer);
	memcpy(&trailer, (const uint8_t *)data + left, sizeof(trailer));
	sig_len = be32toh(trailer.sig_len);
	if (trailer.id_type != SIGNATURE_ID_PKCS7)
		return signature_bad(err, "not of the kind PKCS#7");
	if (!sig_len || sig_len > left || sig_len > SIGNATURE_MAX)
		return signature_bad(err, "its length cannot be true");
	return read_pkcs7((const uint8_t *)data + left - sig_len, sig_len, id, err);
}

int rd_identity_read_sha256(const void *data, size_t len, struct rd_identity *id,
			    struct rd_error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (!EVP_Digest(data, len, digest, &n, EVP_sha256(), NULL))
		return rd_error_set(err, ENOTSUP, "libcrypto has no SHA-256");
	free(id->sha256);
	id->sha256 = rd_text_hex(digest, n);
	return id->sha256 ? 0 : rd_error_nomem(err);
}
