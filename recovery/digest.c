/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One pass over a file that hashes what it copies: what is vouched for is what was written, not
 * what a second reader would find.
 */

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "digest.h"
#include "recovery/write.h"

#define CHUNK ((size_t)256 << 10)

static EVP_MD_CTX *digest_free(EVP_MD_CTX *context)
{
	EVP_MD_CTX_free(context);
	return NULL;
}
RD_DEFINE_CLEANUP(EVP_MD_CTX *, digest_free)

static int put_hex(const unsigned char *raw, unsigned int len, char hex[DIGEST_HEX],
		   struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *text = rd_text_hex(raw, len);

	if (!text || strlen(text) != DIGEST_HEX - 1)
		return rd_error_nomem(err);
	memcpy(hex, text, DIGEST_HEX);
	return 0;
}

static bool is_zero(const char *data, size_t len)
{
	return len && !*data && !memcmp(data, data + 1, len - 1);
}

/* Writes a chunk at the end of the copy, or leaves a hole. */
static int put_chunk(int to, const char *data, size_t len, bool has_holes, struct rd_error *err)
{
	if (!has_holes || !is_zero(data, len))
		return rd_write_all(to, data, len, err);
	if (lseek(to, (off_t)len, SEEK_CUR) < 0)
		return rd_error_set(err, errno, "seek: %s", strerror(errno));
	return 0;
}

static int copy_chunks(int from, int to, EVP_MD_CTX *context, uint64_t *sizep, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *chunk = malloc(CHUNK);
	bool has_holes;
	struct stat st;
	int r = 0;

	if (!chunk)
		return rd_error_nomem(err);
	if (fstat(from, &st) < 0)
		return rd_error_set(err, errno, "stat: %s", strerror(errno));
	has_holes = st.st_blocks * 512 < st.st_size;

	for (*sizep = 0; !r;) {
		ssize_t n = read(from, chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rd_error_set(err, errno, "read: %s", strerror(errno));
		if (!n)
			break;
		if (!EVP_DigestUpdate(context, chunk, (size_t)n))
			return rd_error_nomem(err);
		*sizep += (uint64_t)n;
		if (to >= 0)
			r = put_chunk(to, chunk, (size_t)n, has_holes, err);
	}
	if (!r && to >= 0 && has_holes && ftruncate(to, (off_t)*sizep) < 0)
		return rd_error_set(err, errno, "set the size: %s", strerror(errno));
	return r;
}

int digest_copy(int from, int to, char hex[DIGEST_HEX], uint64_t *sizep, struct rd_error *err)
{
	RD_CLEANUP(digest_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	int r;

	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		return rd_error_nomem(err);
	r = copy_chunks(from, to, context, sizep, err);
	if (r)
		return r;
	if (!EVP_DigestFinal_ex(context, raw, &n))
		return rd_error_nomem(err);
	return put_hex(raw, n, hex, err);
}
