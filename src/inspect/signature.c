/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Signed modules: scripts/sign-file.c appends, kernel/module/signing.c cuts off and verifies. The
 * message holds neither the module nor (as a rule) a certificate, only the name of the key, so that
 * whoever verifies must bring the certificate; what came with the module would vouch for itself.
 *
 * The signature is over the module as it lay before, byte for byte: it survives compression, and
 * not one changed byte. Strip takes it off.
 */

#include <endian.h>
#include <errno.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/signature.h"
#include "x509.h"

#define SIGNATURE_MAGIC	   "~Module signature appended~\n"
#define SIGNATURE_ID_PKCS7 2 /* enum pkey_id_type, PKEY_ID_PKCS7 */
#define SIGNATURE_MAX	   (1u << 20) /* a message has some 700 bytes */

/* include/linux/module_signature.h: struct module_signature */
struct signature_trailer {
	uint8_t algo, hash;
	uint8_t id_type;
	uint8_t signer_len, key_id_len;
	uint8_t pad[3];
	uint32_t sig_len; /* big endian */
};

/* crypto/asymmetric_keys/pkcs7_parser.c, pkcs7_sig_note_digest_algo(), of all kernels since 5.4 */
static const int signature_digests[] = {
	NID_sha1,   NID_sha224,	  NID_sha256,	NID_sha384,
	NID_sha512, NID_sha3_256, NID_sha3_384, NID_sha3_512,
};

static void cms_freep(CMS_ContentInfo **cmsp)
{
	CMS_ContentInfo_free(*cmsp);
}

static void x509_freep(X509 **xp)
{
	X509_free(*xp);
}

static void digest_freep(EVP_MD_CTX **ctxp)
{
	EVP_MD_CTX_free(*ctxp);
}

static int signature_error(struct rd_error *err, int result, const char *what)
{
	ERR_clear_error();
	rd_error_set(err, EBADMSG, "appended signature: %s", what);
	return result;
}

static int bad(struct rd_error *err, const char *what)
{
	return signature_error(err, RD_SIGNATURE_BAD, what);
}

static int unsupported(struct rd_error *err, const char *what)
{
	return signature_error(err, RD_SIGNATURE_UNSUPPORTED, what);
}

int rd_signature_find(const void *data, size_t len, struct rd_signature *signaturep,
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
		return bad(err, "truncated");

	left -= sizeof(trailer);
	memcpy(&trailer, (const uint8_t *)data + left, sizeof(trailer));
	sig_len = be32toh(trailer.sig_len);
	if (trailer.id_type != SIGNATURE_ID_PKCS7)
		return bad(err, "not of the kind PKCS#7");
	if (!sig_len || sig_len > left || sig_len > SIGNATURE_MAX)
		return bad(err, "its length cannot be true");
	*signaturep = (struct rd_signature){
		.module = data,
		.module_len = left - sig_len,
		.message = (const uint8_t *)data + left - sig_len,
		.message_len = sig_len,
	};
	return 0;
}

/* The message and its first signer, who lives as long as the message. */
static int open_message(const struct rd_signature *signature, CMS_ContentInfo **cmsp,
			CMS_SignerInfo **signerp, struct rd_error *err)
{
	const uint8_t *p = signature->message;
	STACK_OF(CMS_SignerInfo) * signers;

	*cmsp = d2i_CMS_ContentInfo(NULL, &p, (long)signature->message_len);
	signers = *cmsp ? CMS_get0_SignerInfos(*cmsp) : NULL;
	if (!signers || sk_CMS_SignerInfo_num(signers) < 1)
		return bad(err, "not a PKCS#7 message with a signer");
	*signerp = sk_CMS_SignerInfo_value(signers, 0);
	return 0;
}

int rd_signature_read_names(const struct rd_signature *signature, char **signerp, char **serialp,
			    struct rd_error *err)
{
	RD_CLEANUP(cms_freep) CMS_ContentInfo *cms = NULL;
	CMS_SignerInfo *signer = NULL;
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *serial = NULL;
	int r;

	r = open_message(signature, &cms, &signer, err);
	if (r)
		return r;
	if (!CMS_SignerInfo_get0_signer_id(signer, NULL, &issuer, &serial))
		return bad(err, "its signer has no name");
	if ((issuer && x509_read_name(issuer, signerp)) ||
	    (serial && x509_read_serial(serial, serialp)))
		return rd_error_nomem(err);
	return 0;
}

/* Of the trailer behind the message, PKCS#7 uses nothing but its kind and length. */
static bool has_other_fields(const struct rd_signature *signature)
{
	struct signature_trailer trailer;

	memcpy(&trailer, signature->message + signature->message_len, sizeof(trailer));
	return trailer.algo || trailer.hash || trailer.signer_len || trailer.key_id_len ||
	       trailer.pad[0] || trailer.pad[1] || trailer.pad[2];
}

/* The form that the kernel takes for modules; anything else it refuses, or nobody has seen yet. */
static int check_form(CMS_ContentInfo *cms, CMS_SignerInfo *signer, struct rd_error *err)
{
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
	    OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data)
		return bad(err, "not a signature of plain data");
	if (CMS_is_detached(cms) != 1)
		return bad(err, "holds other data than the module");
	if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) != 1)
		return unsupported(err, "more than one signer");
	if (CMS_signed_get_attr_count(signer) > 0)
		return unsupported(err, "has signed attributes");
	return 0;
}

static int find_digest(CMS_SignerInfo *signer, const EVP_MD **mdp, struct rd_error *err)
{
	X509_ALGOR *algorithm = NULL;
	int nid;

	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &algorithm, NULL);
	nid = algorithm ? OBJ_obj2nid(algorithm->algorithm) : NID_undef;
	for (size_t i = 0; i < RD_N_ELEMENTS(signature_digests); i++) {
		if (signature_digests[i] == nid)
			*mdp = EVP_get_digestbynid(nid);
	}
	return *mdp ? 0 : unsupported(err, "its digest is of no kind that is known here");
}

/* The certificate of the signer, and as libcrypto has it, the caller's. */
static int find_certificate(CMS_SignerInfo *signer, const struct rd_certificates *certificates,
			    const struct rd_certificate **certificatep, X509 **xp)
{
	for (size_t i = 0; i < certificates->n; i++) {
		const struct rd_certificate *certificate = &certificates->items[i];
		const uint8_t *p = certificate->der;
		RD_CLEANUP(x509_freep) X509 *x = NULL;

		x = d2i_X509(NULL, &p, (long)certificate->len);
		if (!x)
			return -ENOMEM; /* it was one when it was added */
		if (CMS_SignerInfo_cert_cmp(signer, x))
			continue;
		*certificatep = certificate;
		*xp = RD_TAKE_PTR(x);
		return 0;
	}
	return RD_SIGNATURE_NO_KEY;
}

static bool is_out_of_memory(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
}

static int verify(const struct rd_signature *signature, CMS_SignerInfo *signer, const EVP_MD *md,
		  EVP_PKEY *key, struct rd_error *err)
{
	RD_CLEANUP(digest_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const ASN1_OCTET_STRING *value = CMS_SignerInfo_get0_signature(signer);

	if (!ctx)
		return rd_error_nomem(err);
	/* PKCS#1 1.5 padding is the default and what the kernel does. */
	if (EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) != 1)
		return is_out_of_memory()
			       ? rd_error_nomem(err)
			       : unsupported(err, "libcrypto refuses its algorithms here");
	if (EVP_DigestVerify(ctx, ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value),
			     signature->module, signature->module_len) == 1)
		return 0;
	return is_out_of_memory()
		       ? rd_error_nomem(err)
		       : signature_error(err, RD_SIGNATURE_INVALID, "does not fit the module");
}

int rd_signature_verify(const struct rd_signature *signature,
			const struct rd_certificates *certificates,
			const struct rd_certificate **certificatep, struct rd_error *err)
{
	RD_CLEANUP(cms_freep) CMS_ContentInfo *cms = NULL;
	RD_CLEANUP(x509_freep) X509 *x = NULL;
	const struct rd_certificate *certificate = NULL;
	CMS_SignerInfo *signer = NULL;
	const EVP_MD *md = NULL;
	EVP_PKEY *key;
	int r;

	if (has_other_fields(signature))
		return bad(err, "its trailer has fields that no PKCS#7 signature has");
	r = open_message(signature, &cms, &signer, err);
	if (!r)
		r = check_form(cms, signer, err);
	if (!r)
		r = find_digest(signer, &md, err);
	if (r)
		return r;
	r = find_certificate(signer, certificates, &certificate, &x);
	if (r)
		return r < 0 ? rd_error_nomem(err)
			     : signature_error(err, r, "its certificate is not at hand");

	key = X509_get0_pubkey(x);
	if (!key || (EVP_PKEY_base_id(key) != EVP_PKEY_RSA && EVP_PKEY_base_id(key) != EVP_PKEY_EC))
		return unsupported(err, "a key of a kind that is not known here");
	r = verify(signature, signer, md, key, err);
	if (!r || r == RD_SIGNATURE_INVALID)
		*certificatep = certificate;
	return r;
}
