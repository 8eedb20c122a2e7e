/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * One pass over an initramfs image, in constant memory but for the members asked for, writing
 * nothing. The grammar is the kernel's (init/initramfs.c):
 *
 *	image   := ( zeroes | archive | compressed( ( zeroes | archive )* ) )*
 *	archive := member* trailer
 *	member  := header of 110 bytes, name, padding to 4, data, padding to 4
 *
 * Two facts of that file decide about what is loaded: the last member of a path wins, also over
 * archives, so a clean verdict needs the whole image; and of a hard-linked file only the last name
 * in an archive carries the data.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "inspect/initramfs.h"
#include "stream.h"

#define HEADER_LEN   110
#define NAME_MAX_LEN 4096u /* PATH_MAX: longer names are skipped by the kernel too */
#define LINKS_MAX    64

static const char trailer[] = "TRAILER!!!";

/* Documentation/admin-guide/bootconfig.rst: data, size, checksum, magic at the very end. */
static const char bootconfig_magic[] = "#BOOTCONFIG\n";

struct header {
	uint32_t ino, mode, nlink, filesize, major, minor, namesize;
};

/* A wanted name whose data comes with a later link to the same inode. */
struct link_wait {
	char *path;
	uint32_t ino, major, minor;
};

struct scan {
	const char *wanted;
	int (*member)(const struct rd_initramfs_member *member, void *userdata);
	void *userdata;
	struct rd_initramfs_summary summary;
	struct rd_error *err;
	uint64_t decoded; /* out of compressed parts */
	uint64_t max_decoded;
	struct {
		struct link_wait *items;
		size_t n, cap;
	} links;
};

/* The decoded bytes of one stream. */
struct reader {
	struct scan *scan;
	struct stream stream;
	const uint8_t *chunk;
	size_t left;
	bool is_over;
};

static void links_clear(struct scan *scan)
{
	for (size_t i = 0; i < scan->links.n; i++)
		free(scan->links.items[i].path);
	scan->links.n = 0;
}

static void scan_deinit(struct scan *scan)
{
	links_clear(scan);
	free(scan->links.items);
}

static void reader_deinit(struct reader *reader)
{
	stream_deinit(&reader->stream);
}

/* Makes the next byte available, unless the stream is over. */
static int reader_fill(struct reader *reader)
{
	struct scan *scan = reader->scan;
	int r;

	if (reader->left || reader->is_over)
		return 0;
	r = stream_next(&reader->stream, &reader->chunk, &reader->left, scan->err);
	if (r)
		return r < 0 ? r : RD_INITRAMFS_BAD;
	reader->is_over = !reader->left;
	/* What is not compressed is skipped, not decoded: the file's size is its limit. */
	if (reader->stream.decoder)
		scan->decoded += reader->left;
	if (scan->decoded <= scan->max_decoded)
		return 0;
	rd_error_set(scan->err, EFBIG, "more than the limit of %llu decoded bytes",
		     (unsigned long long)scan->max_decoded);
	return RD_INITRAMFS_TOO_LARGE;
}

/* Passes over @n bytes; they go to @out too unless that is NULL. */
static int reader_take(struct reader *reader, uint8_t *out, uint64_t n)
{
	while (n) {
		size_t part;
		int r = reader_fill(reader);

		if (r)
			return r;
		if (reader->is_over) {
			rd_error_set(reader->scan->err, EBADMSG,
				     "cpio archive is truncated after %zu members",
				     reader->scan->summary.members);
			return RD_INITRAMFS_BAD;
		}
		part = reader->left < n ? reader->left : (size_t)n;
		if (out) {
			memcpy(out, reader->chunk, part);
			out += part;
		}
		reader->chunk += part;
		reader->left -= part;
		n -= part;
	}
	return 0;
}

static uint32_t padding(uint64_t n)
{
	return (uint32_t)(-n & 3);
}

static bool parse_hex(const uint8_t *p, uint32_t *valuep)
{
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		uint8_t c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*valuep = v;
	return true;
}

static bool is_cpio(const uint8_t *p, size_t len)
{
	return len >= 6 && (!memcmp(p, "070701", 6) || !memcmp(p, "070702", 6));
}

static int read_header(struct reader *reader, struct header *header)
{
	/* Fields of buffer-format.rst by their number: c_ino is the first after the magic. */
	uint32_t *const fields[13] = {
		[0] = &header->ino,	  [1] = &header->mode,	[4] = &header->nlink,
		[6] = &header->filesize,  [7] = &header->major, [8] = &header->minor,
		[11] = &header->namesize,
	};
	struct scan *scan = reader->scan;
	uint8_t raw[HEADER_LEN];
	bool is_good;
	int r;

	r = reader_take(reader, raw, sizeof(raw));
	if (r)
		return r;

	is_good = is_cpio(raw, sizeof(raw));
	for (size_t i = 0; is_good && i < RD_N_ELEMENTS(fields); i++) {
		if (fields[i])
			is_good = parse_hex(raw + 6 + 8 * i, fields[i]);
	}
	if (is_good && header->namesize && header->namesize <= NAME_MAX_LEN)
		return 0;
	rd_error_set(scan->err, EBADMSG, "bad cpio header after %zu members",
		     scan->summary.members);
	return RD_INITRAMFS_BAD;
}

static bool is_wanted(const struct scan *scan, const char *path)
{
	static const char *const suffixes[] = { "", ".gz", ".xz", ".zst" };
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t n = strlen(scan->wanted);

	if (strncmp(base, scan->wanted, n))
		return false;
	for (size_t i = 0; i < RD_N_ELEMENTS(suffixes); i++) {
		if (!strcmp(base + n, suffixes[i]))
			return true;
	}
	return false;
}

static int hand_out(struct scan *scan, const char *path, const uint8_t *data, size_t len,
		    const char *reason)
{
	struct rd_initramfs_member member = {
		.path = path,
		.data = data,
		.len = len,
		.reason = reason,
	};

	scan->summary.wanted++;
	return scan->member(&member, scan->userdata);
}

static int wait_for_link(struct scan *scan, const char *path, const struct header *header)
{
	struct link_wait wait = {
		.ino = header->ino,
		.major = header->major,
		.minor = header->minor,
	};

	if (scan->links.n >= LINKS_MAX)
		return hand_out(scan, path, NULL, 0, "too many hard links");
	wait.path = strdup(path);
	if (wait.path && !rd_array_push(&scan->links, &wait))
		return 0;
	free(wait.path);
	return rd_error_nomem(scan->err);
}

static bool has_waiting_link(const struct scan *scan, const struct header *header, size_t i)
{
	const struct link_wait *wait = &scan->links.items[i];

	return header->nlink > 1 && wait->ino == header->ino && wait->major == header->major &&
	       wait->minor == header->minor;
}

/* Gives the data to the names that waited for it. */
static int serve_links(struct scan *scan, const struct header *header, const uint8_t *data)
{
	for (size_t i = 0; i < scan->links.n; i++) {
		int r;

		if (!has_waiting_link(scan, header, i))
			continue;
		r = hand_out(scan, scan->links.items[i].path, data, header->filesize, NULL);
		if (r)
			return r;
		free(scan->links.items[i].path);
		scan->links.items[i--] = scan->links.items[--scan->links.n];
	}
	return 0;
}

/* At the end of an archive the kernel forgets its inodes: what waits now, waits for ever. */
static int end_links(struct scan *scan)
{
	for (size_t i = 0; i < scan->links.n; i++) {
		int r = hand_out(scan, scan->links.items[i].path, NULL, 0,
				 "a hard link whose data is not in the archive");

		if (r)
			return r;
	}
	links_clear(scan);
	return 0;
}

/* Hands out the data of one member, from the chunk itself where it stands there whole. */
static int take_data(struct reader *reader, const struct header *header, const char *path)
{
	RD_CLEANUP(rd_freep) uint8_t *copy = NULL;
	struct scan *scan = reader->scan;
	const uint8_t *data;
	int r;

	r = reader_fill(reader);
	if (r)
		return r;
	if (reader->left >= header->filesize) {
		data = reader->chunk;
		reader->chunk += header->filesize;
		reader->left -= header->filesize;
	} else if (header->filesize > RD_CODEC_MAX_MODULE) {
		rd_error_set(scan->err, EFBIG, "member %s has %u bytes, more than the limit of %zu",
			     path, header->filesize, RD_CODEC_MAX_MODULE);
		return RD_INITRAMFS_TOO_LARGE;
	} else {
		copy = malloc(header->filesize);
		if (!copy)
			return rd_error_nomem(scan->err);
		r = reader_take(reader, copy, header->filesize);
		if (r)
			return r;
		data = copy;
	}

	r = serve_links(scan, header, data);
	if (!r && is_wanted(scan, path))
		r = hand_out(scan, path, data, header->filesize, NULL);
	return r;
}

static bool needs_data(const struct scan *scan, const struct header *header, const char *path)
{
	if (!S_ISREG(header->mode) || !header->filesize)
		return false;
	for (size_t i = 0; i < scan->links.n; i++) {
		if (has_waiting_link(scan, header, i))
			return true;
	}
	return is_wanted(scan, path);
}

static int scan_member(struct reader *reader, const struct header *header, const char *path)
{
	struct scan *scan = reader->scan;
	int r;

	scan->summary.members++;
	if (needs_data(scan, header, path)) {
		r = take_data(reader, header, path);
	} else {
		r = reader_take(reader, NULL, header->filesize);
		if (!r && is_wanted(scan, path) && S_ISLNK(header->mode))
			r = hand_out(scan, path, NULL, 0, "a symbolic link");
		else if (!r && is_wanted(scan, path) && S_ISREG(header->mode))
			r = header->nlink > 1 ? wait_for_link(scan, path, header)
					      : hand_out(scan, path, NULL, 0, "an empty file");
	}
	return r ? r : reader_take(reader, NULL, padding(header->filesize));
}

static const char *strip_path(const char *name)
{
	while (*name == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	return name;
}

/* One archive up to its trailer. */
static int scan_archive(struct reader *reader)
{
	struct scan *scan = reader->scan;

	for (;;) {
		char name[NAME_MAX_LEN + 1];
		struct header header = { 0 };
		int r;

		r = read_header(reader, &header);
		if (!r)
			r = reader_take(reader, (uint8_t *)name, header.namesize);
		if (!r)
			r = reader_take(reader, NULL, padding(HEADER_LEN + header.namesize));
		if (r)
			return r;
		name[header.namesize] = '\0';
		if (!strcmp(name, trailer)) {
			scan->summary.archives++;
			r = reader_take(reader, NULL,
					(uint64_t)header.filesize + padding(header.filesize));
			return r ? r : end_links(scan);
		}
		r = scan_member(reader, &header, strip_path(name));
		if (r)
			return r;
	}
}

/* Leaves the reader at the first byte that is not zero, or at the end. */
static int skip_zeroes(struct reader *reader)
{
	for (;;) {
		int r = reader_fill(reader);

		if (r || reader->is_over)
			return r;
		while (reader->left && !*reader->chunk) {
			reader->chunk++;
			reader->left--;
		}
		if (reader->left)
			return 0;
	}
}

/* All archives of one compressed part; *@usedp is what it took of the image. */
static int scan_compressed(struct scan *scan, enum rd_codec codec, const uint8_t *data, size_t len,
			   size_t *usedp)
{
	RD_CLEANUP(reader_deinit) struct reader reader = { .scan = scan };
	size_t before = scan->summary.archives;
	int r;

	r = stream_init(&reader.stream, codec, data, len);
	if (r)
		return rd_error_nomem(scan->err);
	for (;;) {
		r = skip_zeroes(&reader);
		if (r)
			return r;
		if (reader.is_over)
			break;
		r = scan_archive(&reader);
		if (r)
			return r;
	}
	if (scan->summary.archives == before) {
		rd_error_set(scan->err, EBADMSG, "%s: no cpio archive inside",
			     rd_codec_name(codec));
		return RD_INITRAMFS_BAD;
	}
	*usedp = reader.stream.in_pos;
	return 0;
}

static int scan_plain(struct scan *scan, const uint8_t *data, size_t len, size_t *usedp)
{
	RD_CLEANUP(reader_deinit) struct reader reader = { .scan = scan };
	int r;

	r = stream_init(&reader.stream, RD_CODEC_NONE, data, len);
	if (r)
		return rd_error_nomem(scan->err);
	r = scan_archive(&reader);
	if (r)
		return r;
	*usedp = len - reader.left;
	return 0;
}

static uint64_t decoded_limit(size_t len)
{
	uint64_t max = len < RD_INITRAMFS_MAX ? (uint64_t)len * RD_CODEC_MAX_RATIO
					      : RD_INITRAMFS_MAX;

	if (max < RD_CODEC_FREE)
		return RD_CODEC_FREE;
	return max < RD_INITRAMFS_MAX ? max : RD_INITRAMFS_MAX;
}

static size_t without_bootconfig(const uint8_t *data, size_t len)
{
	const size_t magic = sizeof(bootconfig_magic) - 1, fixed = magic + 2 * sizeof(uint32_t);
	const uint8_t *p;
	uint32_t size;

	if (len < fixed || memcmp(data + len - magic, bootconfig_magic, magic))
		return len;
	p = data + len - fixed;
	size = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return size <= len - fixed ? len - fixed - size : len;
}

static int scan_image(struct scan *scan, const uint8_t *data, size_t len)
{
	size_t pos = 0, used = 0;

	len = without_bootconfig(data, len);
	while (pos < len) {
		enum rd_codec codec;
		int r;

		if (!data[pos]) {
			pos++;
			continue;
		}
		codec = rd_codec_detect(data + pos, len - pos);
		if (codec != RD_CODEC_NONE) {
			r = scan_compressed(scan, codec, data + pos, len - pos, &used);
		} else if (is_cpio(data + pos, len - pos)) {
			r = scan_plain(scan, data + pos, len - pos, &used);
		} else {
			rd_error_set(scan->err, EBADMSG,
				     "neither a cpio archive nor a known compression");
			r = RD_INITRAMFS_BAD;
		}
		if (r)
			return rd_error_prefix(scan->err, r, "part at byte %zu", pos);
		pos += used;
	}
	if (scan->summary.archives)
		return 0;
	rd_error_set(scan->err, EBADMSG, "no cpio archive inside");
	return RD_INITRAMFS_BAD;
}

bool rd_initramfs_is(const uint8_t *data, size_t len)
{
	return is_cpio(data, len) || rd_codec_detect(data, len) != RD_CODEC_NONE;
}

int rd_initramfs_scan(const uint8_t *data, size_t len, const char *wanted,
		      int (*member)(const struct rd_initramfs_member *member, void *userdata),
		      void *userdata, struct rd_initramfs_summary *summaryp, struct rd_error *err)
{
	RD_CLEANUP(scan_deinit)
	struct scan scan = {
		.wanted = wanted,
		.member = member,
		.userdata = userdata,
		.max_decoded = decoded_limit(len),
		.err = err,
	};
	int r = scan_image(&scan, data, len);

	*summaryp = scan.summary;
	return r;
}
