/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Offload bundles, one after the other as the linker put them: one for each object file. Each head
 * lists the architectures; the code behind it, which is nearly all of a gigabyte, is stepped over.
 * A compressed bundle is decompressed as far as its head goes.
 *
 * All numbers are little-endian, as on every machine that has ROCm.
 */

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/offload.h"

#define SECTION		 ".hip_fatbin"
#define MAGIC		 "__CLANG_OFFLOAD_BUNDLE__"
#define MAGIC_LEN	 (sizeof(MAGIC) - 1)
#define MAGIC_COMPRESSED "CCOB"
#define GENERIC		 "gfx10-1-generic" /* LLVM AMDGPUUsage, "Generic processor": gfx1010 to 1013 */

/* libtorch_hip.so has some thousand bundles of some dozen entries. */
#define BUNDLES_MAX ((size_t)1 << 16)
#define ENTRIES_MAX 1024
#define HEAD_MAX    ((size_t)64 << 10)
#define PADDING_MAX ((size_t)1 << 20)

enum method {
	METHOD_ZLIB = 0, /* llvm/include/llvm/Support/Compression.h, enum class Format */
	METHOD_ZSTD = 1,
};

struct reading {
	const uint8_t *data;
	size_t len;
	char *const *chips;
	size_t n_chips;
	unsigned int found; /* a bit for each chip */
};

static uint64_t get(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | p[bytes];
	return v;
}

bool rd_offload_is_named(const char *name, const char *chip)
{
	size_t n = strlen(chip);

	for (const char *p = name; (p = strstr(p, chip)); p++) {
		if ((p == name || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
			return true;
	}
	return false;
}

static unsigned int all_chips(const struct reading *reading)
{
	return (1u << reading->n_chips) - 1;
}

/* An entry's id, "hipv4-amdgcn-amd-amdhsa--gfx1010:xnack-". */
static void note_entry(struct reading *reading, const char *id, size_t len)
{
	char target[128];

	if (len >= sizeof(target))
		return;
	memcpy(target, id, len);
	target[len] = '\0';
	if (rd_offload_is_named(target, GENERIC))
		reading->found = all_chips(reading);
	for (size_t i = 0; i < reading->n_chips; i++) {
		if (rd_offload_is_named(target, reading->chips[i]))
			reading->found |= 1u << i;
	}
}

/* Reads a bundle's head; *@endp: where its code ends, counted from the head. */
static bool read_head(struct reading *reading, const uint8_t *p, size_t len, uint64_t *endp)
{
	size_t at = MAGIC_LEN + 8;
	uint64_t n;

	if (len < at || memcmp(p, MAGIC, MAGIC_LEN) != 0)
		return false;
	n = get(p + MAGIC_LEN, 8);
	if (!n || n > ENTRIES_MAX)
		return false;
	*endp = 0;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t offset, size, id_len;

		if (len - at < 24)
			return false;
		offset = get(p + at, 8);
		size = get(p + at + 8, 8);
		id_len = get(p + at + 16, 8);
		at += 24;
		if (!id_len || id_len > len - at || offset > SIZE_MAX / 2 || size > SIZE_MAX / 2)
			return false;
		note_entry(reading, (const char *)p + at, (size_t)id_len);
		at += (size_t)id_len;
		if (offset + size > *endp)
			*endp = offset + size;
	}
	if (*endp < at)
		*endp = at;
	return true;
}

/* The first bytes of what is compressed; 0 if there are none. */
static size_t inflate_head(const uint8_t *p, size_t len, uint8_t *head)
{
	z_stream stream = { .next_in = (uint8_t *)(uintptr_t)p,
			    .avail_in = len > UINT32_MAX ? UINT32_MAX : (unsigned int)len,
			    .next_out = head,
			    .avail_out = HEAD_MAX };

	if (inflateInit(&stream) != Z_OK)
		return 0;
	inflate(&stream, Z_SYNC_FLUSH);
	inflateEnd(&stream);
	return HEAD_MAX - stream.avail_out;
}

static size_t unzstd_head(const uint8_t *p, size_t len, uint8_t *head)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer in = { .src = p, .size = len };
	ZSTD_outBuffer out = { .dst = head, .size = HEAD_MAX };
	size_t r = 1;

	while (stream && r && !ZSTD_isError(r) && in.pos < in.size && out.pos < out.size)
		r = ZSTD_decompressStream(stream, &out, &in);
	ZSTD_freeDStream(stream);
	return out.pos;
}

/* The head of a compressed bundle: magic, version, method, sizes, digest. */
static bool read_compressed(struct reading *reading, const uint8_t *p, size_t len, uint64_t *endp)
{
	static const size_t sizes[] = { 0, 20, 24, 32 }; /* of the head, by version */
	RD_CLEANUP(rd_freep) uint8_t *head = malloc(HEAD_MAX);
	uint64_t version, method, inner;
	size_t n;

	if (!head || len < sizes[3])
		return false;
	version = get(p + 4, 2);
	method = get(p + 6, 2);
	if (version < 1 || version > 3)
		return false;
	/* The first version does not say where it ends: the next magic does. */
	if (version == 1) {
		const uint8_t *next = memmem(p + 4, len - 4, MAGIC_COMPRESSED, 4);

		*endp = next ? (uint64_t)(next - p) : len;
	} else {
		*endp = get(p + 8, version == 2 ? 4 : 8);
	}
	n = sizes[version];
	if (*endp <= n || *endp > len)
		return false;
	if (method == METHOD_ZLIB)
		n = inflate_head(p + n, (size_t)*endp - n, head);
	else if (method == METHOD_ZSTD)
		n = unzstd_head(p + n, (size_t)*endp - n, head);
	else
		return false;
	return read_head(reading, head, n, &inner);
}

/* All bundles, or as many as it takes. */
static int read_bundles(struct reading *reading, struct rd_error *err)
{
	const uint8_t *p = reading->data;
	size_t left = reading->len;

	for (size_t i = 0; i < BUNDLES_MAX && left; i++) {
		bool is_compressed = left > 4 && !memcmp(p, MAGIC_COMPRESSED, 4);
		uint64_t end;
		size_t padding = 0;

		if (is_compressed ? !read_compressed(reading, p, left, &end)
				  : !read_head(reading, p, left, &end)) {
			rd_error_set(err, EBADMSG, "offload bundle %zu cannot be read", i + 1);
			return RD_OFFLOAD_UNKNOWN;
		}
		if (reading->found == all_chips(reading) || end >= left)
			return 0;
		p += end;
		left -= (size_t)end;
		while (padding < left && !p[padding] && padding < PADDING_MAX)
			padding++;
		p += padding;
		left -= padding;
	}
	return 0;
}

/* Copies, since a file that is in memory may lie anywhere. */
static Elf64_Shdr section_of(const uint8_t *data, const Elf64_Ehdr *head, size_t i)
{
	Elf64_Shdr section;

	memcpy(&section, data + head->e_shoff + i * sizeof(section), sizeof(section));
	return section;
}

/* Whether there is a table of sections, with their names. */
static bool is_library(const Elf64_Ehdr *head, size_t len)
{
	return !memcmp(head->e_ident, ELFMAG, SELFMAG) && head->e_ident[EI_CLASS] == ELFCLASS64 &&
	       head->e_ident[EI_DATA] == ELFDATA2LSB && head->e_shentsize == sizeof(Elf64_Shdr) &&
	       head->e_shoff <= len && head->e_shstrndx < head->e_shnum &&
	       (len - head->e_shoff) / sizeof(Elf64_Shdr) >= head->e_shnum;
}

static bool is_inside(const Elf64_Shdr *section, size_t len)
{
	return section->sh_type != SHT_NOBITS && section->sh_offset <= len &&
	       section->sh_size <= len - section->sh_offset;
}

/* The bytes of the section; false if there is none. */
static bool find_section(const uint8_t *data, size_t len, struct reading *reading)
{
	Elf64_Ehdr head;
	Elf64_Shdr names;

	if (len < sizeof(head))
		return false;
	memcpy(&head, data, sizeof(head));
	if (!is_library(&head, len))
		return false;
	names = section_of(data, &head, head.e_shstrndx);
	if (!is_inside(&names, len))
		return false;
	for (size_t i = 0; i < head.e_shnum; i++) {
		Elf64_Shdr section = section_of(data, &head, i);

		if (section.sh_name >= names.sh_size ||
		    names.sh_size - section.sh_name < sizeof(SECTION) ||
		    memcmp(data + names.sh_offset + section.sh_name, SECTION, sizeof(SECTION)) != 0)
			continue;
		if (!is_inside(&section, len))
			return false;
		reading->data = data + section.sh_offset;
		reading->len = section.sh_size;
		return true;
	}
	return false;
}

int rd_offload_has(const void *data, size_t len, char *const *chips, size_t n_chips, bool *hasp,
		   struct rd_error *err)
{
	struct reading reading = { .chips = chips, .n_chips = n_chips };
	int r;

	if (!find_section(data, len, &reading) || !reading.len) {
		rd_error_set(err, EBADMSG, "no library with offload bundles");
		return RD_OFFLOAD_UNKNOWN;
	}
	r = read_bundles(&reading, err);
	if (r && reading.found != all_chips(&reading))
		return r;
	*hasp = reading.found == all_chips(&reading);
	return 0;
}
