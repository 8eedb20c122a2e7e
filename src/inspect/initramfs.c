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
#include "reader.h"

#define HEADER_LEN   110
#define NAME_MAX_LEN 4096u /* PATH_MAX: longer names are skipped by the kernel too */
#define LINKS_MAX    64
#define PARTS_MAX    4096 /* compressed ones: a decoder is set up for each; images have one or two */
#define MAGIC_LEN    6
#define LZO_MAGIC    "\x89LZO" /* lzop's; Linux lib/decompress.c goes by its first two bytes */

#define OLD_CPIO "a cpio archive of the old format (odc), which the kernel refuses,"

static const char trailer[] = "TRAILER!!!";

/* Documentation/admin-guide/bootconfig.rst: data, size, checksum, magic at the very end. */
static const char bootconfig_magic[] = "#BOOTCONFIG\n";

struct header {
	uint32_t ino, mode, nlink, filesize, major, minor, namesize, checksum;
	bool has_checksum;
};

/* A wanted name whose data comes with a later link to the same inode. */
struct link_wait {
	char *path;
	uint32_t ino, major, minor;
};

struct scan {
	const struct rd_initramfs_visitor *visitor;
	struct rd_initramfs_summary summary;
	struct reader_budget budget;
	struct rd_error *err;
	struct {
		struct link_wait *items;
		size_t n, cap;
	} links;
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

static int bad(struct scan *scan, const char *what)
{
	rd_error_set(scan->err, EBADMSG, "%s after %zu members", what, scan->summary.members);
	return RD_INITRAMFS_BAD;
}

/* What the reader says, in the words of this module. */
static int translate(struct scan *scan, int r)
{
	switch (r) {
	case READER_OVER:
		return bad(scan, "cpio archive is truncated");
	case READER_BAD:
		return RD_INITRAMFS_BAD;
	case READER_TOO_LARGE:
		return RD_INITRAMFS_TOO_LARGE;
	default:
		return r;
	}
}

static int take(struct scan *scan, struct reader *reader, void *out, uint64_t n)
{
	return translate(scan, reader_take(reader, out, n, scan->err));
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

static bool has_magic(const uint8_t *p, size_t len, const char *magic)
{
	return len >= strlen(magic) && !memcmp(p, magic, strlen(magic));
}

static bool is_cpio(const uint8_t *p, size_t len)
{
	return has_magic(p, len, "070701") || has_magic(p, len, "070702");
}

/* cpio's older format (-H odc), which the kernel names in its refusal, too. */
static bool is_old_cpio(const uint8_t *p, size_t len)
{
	return has_magic(p, len, "070707");
}

static int read_header(struct scan *scan, struct reader *reader, struct header *header)
{
	/* Fields of buffer-format.rst by their number: c_ino is the first after the magic. */
	uint32_t *const fields[13] = {
		[0] = &header->ino,	  [1] = &header->mode,	    [4] = &header->nlink,
		[6] = &header->filesize,  [7] = &header->major,	    [8] = &header->minor,
		[11] = &header->namesize, [12] = &header->checksum,
	};
	uint8_t raw[HEADER_LEN];
	bool is_good;
	int r;

	r = take(scan, reader, raw, sizeof(raw));
	if (r)
		return r;

	is_good = is_cpio(raw, sizeof(raw));
	for (size_t i = 0; is_good && i < RD_N_ELEMENTS(fields); i++) {
		if (fields[i])
			is_good = parse_hex(raw + 6 + 8 * i, fields[i]);
	}
	header->has_checksum = has_magic(raw, sizeof(raw), "070702");
	if (is_good && header->namesize && header->namesize <= NAME_MAX_LEN)
		return 0;
	return bad(scan, is_old_cpio(raw, sizeof(raw)) ? OLD_CPIO " begins" : "bad cpio header");
}

static int hand_out(struct scan *scan, const struct rd_initramfs_member *member)
{
	scan->summary.wanted++;
	return scan->visitor->member(member, scan->visitor->userdata);
}

static int hand_out_none(struct scan *scan, const char *path, const char *reason)
{
	const struct rd_initramfs_member member = { .path = path, .reason = reason };

	return hand_out(scan, &member);
}

static int wait_for_link(struct scan *scan, const char *path, const struct header *header)
{
	struct link_wait wait = {
		.ino = header->ino,
		.major = header->major,
		.minor = header->minor,
	};

	if (scan->links.n >= LINKS_MAX)
		return hand_out_none(scan, path, "too many hard links");
	wait.path = strdup(path);
	if (wait.path && !rd_array_push(&scan->links, &wait))
		return 0;
	free(wait.path);
	return rd_error_nomem(scan->err);
}

static bool is_waiting(const struct link_wait *wait, const struct header *header)
{
	return header->nlink > 1 && wait->ino == header->ino && wait->major == header->major &&
	       wait->minor == header->minor;
}

static bool has_waiting(const struct scan *scan, const struct header *header)
{
	for (size_t i = 0; i < scan->links.n; i++) {
		if (is_waiting(&scan->links.items[i], header))
			return true;
	}
	return false;
}

/* Gives the content to the names that waited for it. */
static int serve_links(struct scan *scan, const struct header *header,
		       struct rd_initramfs_member member)
{
	for (size_t i = 0; i < scan->links.n; i++) {
		struct link_wait *wait = &scan->links.items[i];
		int r;

		if (!is_waiting(wait, header))
			continue;
		member.path = wait->path;
		r = hand_out(scan, &member);
		if (r)
			return r;
		free(wait->path);
		scan->links.items[i--] = scan->links.items[--scan->links.n];
	}
	return 0;
}

/* At the end of an archive the kernel forgets its inodes: what waits now, waits for ever. */
static int end_links(struct scan *scan)
{
	for (size_t i = 0; i < scan->links.n; i++) {
		int r = hand_out_none(scan, scan->links.items[i].path,
				      "a hard link whose data is not in the archive");

		if (r)
			return r;
	}
	links_clear(scan);
	return 0;
}

/* The sum of all bytes; of members that nobody wants it is not worth reading them. */
static bool has_wrong_checksum(const struct header *header, const uint8_t *data)
{
	uint32_t sum = 0;

	if (!header->has_checksum)
		return false;
	for (uint32_t i = 0; i < header->filesize; i++)
		sum += data[i];
	return sum != header->checksum;
}

/* Reads one file and hands it out, to itself and to the links that waited for it. */
static int take_file(struct scan *scan, struct reader *reader, const struct header *header,
		     const char *path, bool is_wanted)
{
	RD_CLEANUP(rd_freep) uint8_t *owned = NULL;
	struct rd_initramfs_member member = { .path = path };
	int r;

	if (header->filesize > RD_CODEC_MAX_MODULE) {
		member.reason = "larger than any module";
		r = take(scan, reader, NULL, header->filesize);
	} else {
		r = translate(scan, reader_hold(reader, header->filesize, &owned, &member.data,
						scan->err));
	}
	if (r)
		return r;
	if (member.data && has_wrong_checksum(header, member.data)) {
		member.data = NULL;
		member.reason = "its checksum does not fit, the kernel stops unpacking here";
	}
	member.len = member.data ? header->filesize : 0;

	r = serve_links(scan, header, member);
	return r || !is_wanted ? r : hand_out(scan, &member);
}

/* A wanted name without data of its own. */
static int take_name(struct scan *scan, const struct header *header, const char *path)
{
	if (S_ISLNK(header->mode))
		return hand_out_none(scan, path, "a symbolic link");
	if (!S_ISREG(header->mode))
		return 0;
	return header->nlink > 1 ? wait_for_link(scan, path, header)
				 : hand_out_none(scan, path, "an empty file");
}

static int scan_member(struct scan *scan, struct reader *reader, const struct header *header,
		       const char *path)
{
	const struct rd_initramfs_visitor *visitor = scan->visitor;
	bool is_wanted;
	int r;

	scan->summary.members++;
	r = visitor->entry(path, header->mode, visitor->userdata);
	if (r < 0)
		return r;
	is_wanted = r == RD_INITRAMFS_WANTED;
	if (S_ISREG(header->mode) && header->filesize && (is_wanted || has_waiting(scan, header))) {
		r = take_file(scan, reader, header, path, is_wanted);
	} else {
		r = take(scan, reader, NULL, header->filesize);
		if (!r && is_wanted)
			r = take_name(scan, header, path);
	}
	return r ? r : take(scan, reader, NULL, padding(header->filesize));
}

static const char *strip_path(const char *name)
{
	while (*name == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	return name;
}

/* One archive up to its trailer. */
static int scan_archive(struct scan *scan, struct reader *reader)
{
	for (;;) {
		char name[NAME_MAX_LEN + 1];
		struct header header = { 0 };
		int r;

		r = read_header(scan, reader, &header);
		if (!r)
			r = take(scan, reader, name, header.namesize);
		if (!r)
			r = take(scan, reader, NULL, padding(HEADER_LEN + header.namesize));
		if (r)
			return r;
		name[header.namesize] = '\0';
		if (!strcmp(name, trailer)) {
			scan->summary.archives++;
			r = take(scan, reader, NULL,
				 (uint64_t)header.filesize + padding(header.filesize));
			return r ? r : end_links(scan);
		}
		r = scan_member(scan, reader, &header, strip_path(name));
		if (r)
			return r;
	}
}

/* All archives of one compressed part; *@usedp is what it took of the image. */
static int scan_compressed(struct scan *scan, enum rd_codec codec, const uint8_t *data, size_t len,
			   size_t *usedp)
{
	RD_CLEANUP(reader_deinit) struct reader reader = { 0 };
	size_t before = scan->summary.archives;
	int r;

	if (reader_init(&reader, codec, data, len, &scan->budget))
		return rd_error_nomem(scan->err);
	for (;;) {
		r = translate(scan, reader_skip_zeroes(&reader, scan->err));
		if (r)
			return r;
		if (reader.is_over)
			break;
		r = scan_archive(scan, &reader);
		if (r)
			return r;
	}
	if (scan->summary.archives == before) {
		rd_error_set(scan->err, EBADMSG, "%s: no cpio archive inside",
			     rd_codec_name(codec));
		return RD_INITRAMFS_BAD;
	}
	*usedp = reader_used(&reader);
	return 0;
}

static int scan_plain(struct scan *scan, const uint8_t *data, size_t len, size_t *usedp)
{
	RD_CLEANUP(reader_deinit) struct reader reader = { 0 };
	int r;

	if (reader_init(&reader, RD_CODEC_NONE, data, len, &scan->budget))
		return rd_error_nomem(scan->err);
	r = scan_archive(scan, &reader);
	if (r)
		return r;
	*usedp = reader_used(&reader);
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

/* Why bytes that are no part of an image are none. */
static const char *refusal(const uint8_t *data, size_t len)
{
	if (has_magic(data, len, LZO_MAGIC))
		return "compressed with lzo, which this program does not read";
	return is_old_cpio(data, len) ? OLD_CPIO " begins"
				      : "neither a cpio archive nor a known compression";
}

static int scan_image(struct scan *scan, const uint8_t *data, size_t len)
{
	size_t pos = 0, used = 0, parts = 0;

	len = without_bootconfig(data, len);
	while (pos < len) {
		enum rd_codec codec;
		int r;

		if (!data[pos]) {
			pos++;
			continue;
		}
		codec = rd_codec_detect(data + pos, len - pos);
		if (codec != RD_CODEC_NONE && parts++ >= PARTS_MAX) {
			rd_error_set(scan->err, EFBIG, "more than %d compressed parts", PARTS_MAX);
			r = RD_INITRAMFS_TOO_LARGE;
		} else if (codec != RD_CODEC_NONE) {
			r = scan_compressed(scan, codec, data + pos, len - pos, &used);
		} else if (is_cpio(data + pos, len - pos)) {
			r = scan_plain(scan, data + pos, len - pos, &used);
		} else {
			rd_error_set(scan->err, EBADMSG, "%s", refusal(data + pos, len - pos));
			r = RD_INITRAMFS_BAD;
		}
		if (r)
			return rd_error_prefix(scan->err, r, "part at byte %zu", pos);
		scan->summary.codec = codec;
		pos += used;
	}
	if (scan->summary.archives)
		return 0;
	rd_error_set(scan->err, EBADMSG, "no cpio archive inside");
	return RD_INITRAMFS_BAD;
}

bool rd_initramfs_is(const uint8_t *data, size_t len)
{
	RD_CLEANUP(reader_deinit) struct reader reader = { 0 };
	struct reader_budget budget = { .max = RD_CODEC_FREE };
	struct rd_error ignored = RD_ERROR_INIT;
	uint8_t magic[MAGIC_LEN];

	if (has_magic(data, len, LZO_MAGIC))
		return true;
	if (reader_init(&reader, rd_codec_detect(data, len), data, len, &budget) ||
	    reader_skip_zeroes(&reader, &ignored) ||
	    reader_take(&reader, magic, sizeof(magic), &ignored))
		return false;
	return is_cpio(magic, sizeof(magic)) || is_old_cpio(magic, sizeof(magic));
}

int rd_initramfs_scan(const uint8_t *data, size_t len, const struct rd_initramfs_visitor *visitor,
		      struct rd_initramfs_summary *summaryp, struct rd_error *err)
{
	RD_CLEANUP(scan_deinit)
	struct scan scan = {
		.visitor = visitor,
		.budget.max = decoded_limit(len),
		.err = err,
	};
	int r = scan_image(&scan, data, len);

	*summaryp = scan.summary;
	return r;
}
