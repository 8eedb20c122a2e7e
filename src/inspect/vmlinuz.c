/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The certificates in a kernel image, without booting it and without symbols, which distributions
 * strip. certs/system_certificates.S of the kernel lays them out like this, 8 bytes aligned:
 *
 *	system_certificate_list		certificates, DER, back to back; the build's own key first
 *	(system_extra_cert)		zeros of configured size, where the configuration has room
 *for one system_certificate_list_size	64 bits: the length of all certificates module_cert_size
 *(since 5.13) 64 bits: the length of the first
 *
 * So a run of DER certificates counts only if the word behind it, zeros apart, is the run's own
 * length. Other certificates of an image do not have that: those of the regulatory data base, or
 * the signature of the image itself. Images of 32-bit kernels are not read.
 *
 * Packaging: Documentation/arch/x86/boot.rst (bzImage), drivers/firmware/efi/libstub/Makefile.zboot
 * and zboot-header.S (EFI zboot), else the whole file in any compression (Image.gz, vmlinux). What
 * comes out is decoded chunk by chunk and never held as a whole; the list ends the work.
 */

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "inspect/vmlinuz.h"
#include "stream.h"

#define WORD	   ((size_t)8)
#define LIST_MAX   ((size_t)256 << 10) /* Ubuntu's list has 20 KiB */
#define EXTRA_MAX  ((size_t)64 << 10) /* CONFIG_SYSTEM_EXTRA_CERTIFICATE_SIZE: 4096 */
#define LOOK_AHEAD (LIST_MAX + EXTRA_MAX + 2 * WORD)
#define WINDOW	   ((size_t)4 << 20)
#define EFFORT_MAX \
	((size_t)16 << 20) /* steps for places that look like a list: kernels take some 1000 */
#define DER_HEAD     ((size_t)4) /* SEQUENCE, two bytes of length: 256 to 65535 bytes follow */
#define DER_SEQUENCE 0x30
#define DER_TWO	     0x82

/* The part of the file that holds the kernel. */
struct payload {
	const uint8_t *data;
	size_t len;
};

/* What of the decoded kernel is at hand. */
struct window {
	uint8_t *data;
	size_t len;
	size_t at; /* the next place that was not looked at; a multiple of WORD */
	size_t total; /* bytes decoded so far */
	size_t effort; /* steps spent on what looked like a list */
};

static void window_deinit(struct window *window)
{
	free(window->data);
}

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static bool is_inside(size_t len, uint64_t start, uint64_t size)
{
	return size && start <= len && size <= len - start;
}

/* boot.rst: "The Real-Mode Kernel Header". Of protocol 2.08 and later: payload_offset. */
static bool find_bzimage(const uint8_t *data, size_t len, struct payload *payload)
{
	uint64_t start, size;

	if (len < 0x250 || le16(data + 0x1fe) != 0xaa55 || memcmp(data + 0x202, "HdrS", 4) ||
	    le16(data + 0x206) < 0x0208)
		return false;
	start = ((data[0x1f1] ? data[0x1f1] : 4) + 1) * 512ull + le32(data + 0x248);
	size = le32(data + 0x24c);
	if (!is_inside(len, start, size))
		return false;
	/* The decompressor's makefile appends the size but to gzip, which has it. It looks like
	 * one more block to lz4. */
	if (rd_codec_detect(data + start, size) != RD_CODEC_GZIP && size > 4)
		size -= 4;
	*payload = (struct payload){ .data = data + start, .len = size };
	return true;
}

/* zboot-header.S */
static bool find_zboot(const uint8_t *data, size_t len, struct payload *payload)
{
	if (len < 0x20 || memcmp(data, "MZ", 2) || memcmp(data + 4, "zimg", 4) ||
	    !is_inside(len, le32(data + 8), le32(data + 12)))
		return false;
	*payload = (struct payload){ .data = data + le32(data + 8), .len = le32(data + 12) };
	return true;
}

static struct payload find_payload(const uint8_t *data, size_t len)
{
	struct payload payload = { .data = data, .len = len };

	if (!find_bzimage(data, len, &payload))
		(void)find_zboot(data, len, &payload);
	return payload;
}

/* The size of the certificate that may start at @p, 0 if none can. */
static size_t certificate_size(const uint8_t *p, size_t left)
{
	size_t size;

	if (left <= DER_HEAD || p[0] != DER_SEQUENCE || p[1] != DER_TWO || !p[2] ||
	    p[DER_HEAD] != DER_SEQUENCE)
		return 0;
	size = DER_HEAD + ((size_t)p[2] << 8 | p[3]);
	return size <= left ? size : 0;
}

/* The first word from @from on that is not zero; 0 if there is none within the room for more. */
static uint64_t next_word(struct window *window, size_t from)
{
	size_t aligned = (from + WORD - 1) & ~(WORD - 1);
	size_t end = aligned + EXTRA_MAX < window->len ? aligned + EXTRA_MAX : window->len;

	for (; from < aligned && from < end; from++) {
		if (window->data[from])
			return 0;
	}
	for (; from + WORD <= end; from += WORD) {
		uint64_t word = le64(window->data + from);

		window->effort++;
		if (word)
			return word;
	}
	return 0;
}

/* The length of the list that starts where the window is looked at, 0 if none does. */
static size_t list_size(struct window *window)
{
	size_t size, n;

	for (size = 0; size < LIST_MAX; size += n) {
		n = certificate_size(window->data + window->at + size,
				     window->len - window->at - size);
		if (!n)
			break;
		window->effort++;
	}
	return size && next_word(window, window->at + size) == size ? size : 0;
}

static int read_list(const uint8_t *p, size_t len, struct rd_certificates *certificatesp,
		     struct rd_error *err)
{
	RD_CLEANUP(rd_certificates_deinit) struct rd_certificates found = { 0 };

	for (size_t used = 0; len; p += used, len -= used) {
		int r = rd_certificates_add(&found, p, len, &used, err);

		if (r)
			return r < 0 ? r : RD_VMLINUZ_NO_LIST;
	}
	*certificatesp = found;
	found = (struct rd_certificates){ 0 };
	return 0;
}

/* What may be a list at the place that is looked at. */
static int try_list(struct window *window, struct rd_certificates *certificatesp,
		    struct rd_error *err)
{
	size_t size = list_size(window);

	window->effort += size;
	if (window->effort > EFFORT_MAX) {
		rd_error_set(err, EFBIG, "too much in it looks like a list of certificates");
		return RD_VMLINUZ_BAD;
	}
	return size ? read_list(window->data + window->at, size, certificatesp, err)
		    : RD_VMLINUZ_NO_LIST;
}

/* Looks at all places that enough of the kernel stands behind, or at all if this @is_last. */
static int search(struct window *window, bool is_last, struct rd_certificates *certificatesp,
		  struct rd_error *err)
{
	size_t behind = is_last ? WORD : LOOK_AHEAD;

	for (; window->at + behind <= window->len; window->at += WORD) {
		const uint8_t *p = window->data + window->at;
		int r;

		if (p[0] != DER_SEQUENCE || p[1] != DER_TWO)
			continue;
		r = try_list(window, certificatesp, err);
		if (r != RD_VMLINUZ_NO_LIST)
			return r;
	}
	window->len -= window->at;
	memmove(window->data, window->data + window->at, window->len);
	window->at = 0;
	return RD_VMLINUZ_NO_LIST;
}

/* Takes a chunk in, and looks whenever the window is full. */
static int add_chunk(struct window *window, const uint8_t *chunk, size_t len,
		     struct rd_certificates *certificatesp, struct rd_error *err)
{
	int r = RD_VMLINUZ_NO_LIST;

	window->total += len;
	if (window->total > RD_VMLINUZ_MAX_SIZE) {
		rd_error_set(err, EFBIG, "larger than the limit of %zu bytes", RD_VMLINUZ_MAX_SIZE);
		return RD_VMLINUZ_BAD;
	}
	while (len && r == RD_VMLINUZ_NO_LIST) {
		size_t n = WINDOW - window->len < len ? WINDOW - window->len : len;

		memcpy(window->data + window->len, chunk, n);
		window->len += n;
		chunk += n;
		len -= n;
		if (window->len == WINDOW)
			r = search(window, false, certificatesp, err);
	}
	return r;
}

int rd_vmlinuz_read_certificates(const uint8_t *data, size_t len,
				 struct rd_certificates *certificatesp, struct rd_error *err)
{
	RD_CLEANUP(stream_deinit) struct stream stream = STREAM_INIT;
	RD_CLEANUP(window_deinit) struct window window = { .data = malloc(WINDOW) };
	struct payload payload = find_payload(data, len);
	const uint8_t *chunk;
	size_t n;
	int r;

	if (!window.data || stream_init(&stream, rd_codec_detect(payload.data, payload.len),
					payload.data, payload.len))
		return rd_error_nomem(err);
	do {
		r = stream_next(&stream, &chunk, &n, err);
		if (r)
			return r < 0 ? r : RD_VMLINUZ_BAD;
		r = n ? add_chunk(&window, chunk, n, certificatesp, err)
		      : search(&window, true, certificatesp, err);
	} while (n && r == RD_VMLINUZ_NO_LIST);
	return r;
}
