/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "mutant.h"

#define DEPTH_MAX 12
/* Its functions are ways to others; a place is named by the first that is none of them. */
#define WAYS "write.c"

extern const char __ehdr_start[];

struct function {
	uint64_t start, size;
	char *file, *name;
};

static struct functions {
	struct function *items;
	size_t n, cap;
} functions;

/* Shared with the process that is watched. */
static struct places {
	size_t n;
	uint32_t first; /* of the one that is turned off */
	char names[MUTANTS_MAX][192];
	bool is_reached[MUTANTS_MAX];
} * places;

static size_t chosen = MUTANT_NONE;
static const struct disk *disk;

static int compare(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* A name without what the compiler appends to that of a clone. */
static char *plain_name(const char *name)
{
	return strndup(name, strcspn(name, "."));
}

static void add_symbols(Elf *elf, Elf_Scn *section, const GElf_Shdr *head)
{
	Elf_Data *data = elf_getdata(section, NULL);
	const char *file = "";
	GElf_Sym symbol;

	for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
		const char *name = elf_strptr(elf, head->sh_link, symbol.st_name);
		struct function function = { .start = symbol.st_value, .size = symbol.st_size };

		if (GELF_ST_TYPE(symbol.st_info) == STT_FILE)
			file = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC || !symbol.st_value)
			continue;
		/* Symbols of all files stand after those of each. */
		function.file = strdup(GELF_ST_BIND(symbol.st_info) == STB_LOCAL ? file : "");
		function.name = plain_name(name);
		if (rd_array_push(&functions, &function))
			abort();
	}
}

void mutant_begin(void)
{
	RD_CLEANUP(rd_closep) int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	GElf_Shdr head;
	void *frame;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	while ((section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, &head) && head.sh_type == SHT_SYMTAB)
			add_symbols(elf, section, &head);
	}
	elf_end(elf);
	if (!functions.n) {
		fprintf(stderr, "no symbols in this program\n");
		exit(EXIT_FAILURE);
	}
	qsort(functions.items, functions.n, sizeof(*functions.items), compare);
	backtrace(&frame, 1); /* loads what it needs */
	places = mmap(NULL, sizeof(*places), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (places == MAP_FAILED)
		abort();
}

void mutant_end(void)
{
	for (size_t i = 0; i < functions.n; i++) {
		free(functions.items[i].file);
		free(functions.items[i].name);
	}
	free(functions.items);
	functions = (struct functions){ 0 };
	munmap(places, sizeof(*places));
	places = NULL;
}

size_t mutant_n(void)
{
	return places->n;
}

const char *mutant_name(size_t i)
{
	return places->names[i];
}

void mutant_forget_reached(void)
{
	memset(places->is_reached, 0, sizeof(places->is_reached));
}

bool mutant_is_reached(size_t i)
{
	return places->is_reached[i];
}

void mutant_set(size_t i, const struct disk *of)
{
	chosen = i;
	disk = of;
	if (i != MUTANT_NONE)
		places->first = UINT32_MAX;
}

uint32_t mutant_first(void)
{
	return places->first;
}

static const struct function *find(const void *address)
{
	uint64_t at = (uint64_t)((const char *)address - __ehdr_start);
	size_t low = 0, high = functions.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (functions.items[middle].start < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &functions.items[low - 1] : NULL;
}

/* Whether the function is one of write.h. */
static bool is_way(const struct function *function)
{
	return rd_text_has_prefix(function->name, "rd_write_") || !strcmp(function->file, WAYS);
}

static bool is_ours(const struct function *function)
{
	return rd_text_has_prefix(function->name, "__wrap_");
}

/* "FILE:FUNCTION > rd_write_rename > rd_write_sync > CALL" of who called the one who asks. */
static void name_place(const char *call, char name[192])
{
	void *frames[DEPTH_MAX];
	int n = backtrace(frames, DEPTH_MAX);

	snprintf(name, 192, "%s", call);
	for (int i = 2; i < n; i++) {
		const struct function *function = find(frames[i]);
		char rest[192];

		if (!function)
			break;
		if (is_ours(function))
			continue;
		memcpy(rest, name, sizeof(rest));
		snprintf(name, 192, "%s%s%s > %.100s", function->file, *function->file ? ":" : "",
			 function->name, rest);
		if (!is_way(function))
			break;
	}
}

/* Notes that the place was come to; whether it is the one that is turned off. */
static bool is_off(const char *call)
{
	char name[192];
	size_t i;

	if (!places)
		return false;
	name_place(call, name);
	for (i = 0; i < places->n && strcmp(places->names[i], name) != 0; i++)
		;
	if (i == places->n) {
		if (i == MUTANTS_MAX)
			abort();
		memcpy(places->names[i], name, sizeof(name));
		places->n++;
	}
	places->is_reached[i] = true;
	if (i != chosen)
		return false;
	if (places->first == UINT32_MAX && disk)
		places->first = disk_n(disk);
	return true;
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags);

int __wrap_fsync(int fd)
{
	return is_off("fsync") ? 0 : __real_fsync(fd);
}

static int copy_attributes(int from, int to, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	char names[4096], value[4096];
	ssize_t n = flistxattr(from, names, sizeof(names));

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		ssize_t len = fgetxattr(from, names + i, value, sizeof(value));

		if (len >= 0 && fsetxattr(to, names + i, value, (size_t)len, 0) < 0)
			return -1;
	}
	return fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0 ||
			       futimens(to, times) < 0
		       ? -1
		       : 0;
}

/* All of it, and synced: what is missing is that it is one step. */
static int copy_file(int dirfd, const char *from_name, const char *to_name, const struct stat *st)
{
	RD_CLEANUP(rd_closep) int from = openat(dirfd, from_name, O_RDONLY | O_CLOEXEC);
	RD_CLEANUP(rd_closep) int to = -1;
	static char data[1 << 20];
	ssize_t n;

	to = openat(dirfd, to_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (from < 0 || to < 0)
		return -1;
	while ((n = read(from, data, sizeof(data))) > 0) {
		if (write(to, data, (size_t)n) != n)
			return -1;
	}
	return n || copy_attributes(from, to, st) ? -1 : __real_fsync(to);
}

static int copy_link(int dirfd, const char *from, const char *to, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	char target[PATH_MAX] = "";

	if (readlinkat(dirfd, from, target, sizeof(target) - 1) < 0 ||
	    (unlinkat(dirfd, to, 0) < 0 && errno != ENOENT) || symlinkat(target, dirfd, to) < 0 ||
	    fchownat(dirfd, to, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	return utimensat(dirfd, to, times, AT_SYMLINK_NOFOLLOW);
}

/* Entry by entry, as mv between file systems. */
static int move_folder(int dirfd, const char *from_name, const char *to_name, const struct stat *st)
{
	RD_CLEANUP(rd_closep) int to = -1;
	RD_CLEANUP(rd_closedirp) DIR *dir = NULL;
	const struct dirent *de;
	int from = openat(dirfd, from_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = from < 0 ? NULL : fdopendir(from);
	if (!dir || mkdirat(dirfd, to_name, 0700) < 0)
		return -1;
	to = openat(dirfd, to_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while ((de = readdir(dir))) {
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0 &&
		    __real_renameat(from, de->d_name, to, de->d_name))
			return -1;
	}
	return copy_attributes(from, to, st) ? -1 : unlinkat(dirfd, from_name, AT_REMOVEDIR);
}

/* All renames of recovery are within a folder. */
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	struct stat st;

	if (!is_off("renameat"))
		return __real_renameat(from_fd, from, to_fd, to);
	if (fstatat(from_fd, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (S_ISDIR(st.st_mode))
		return move_folder(from_fd, from, to, &st);
	return (S_ISLNK(st.st_mode) ? copy_link(from_fd, from, to, &st)
				    : copy_file(from_fd, from, to, &st)) ||
			       unlinkat(from_fd, from, 0)
		       ? -1
		       : 0;
}

int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	static const char aside[] = ".rdna1-doctor.aside";

	if (!is_off("renameat2"))
		return __real_renameat2(from_fd, from, to_fd, to, flags);
	return __real_renameat(from_fd, to, from_fd, aside) ||
			       __real_renameat(from_fd, from, from_fd, to) ||
			       __real_renameat(from_fd, aside, from_fd, from)
		       ? -1
		       : 0;
}
