/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The programs of a machine that recover works on, as far as recover needs them, in one static
 * program that goes by its name: dkms, depmod, mkinitramfs, dracut, mkinitcpio, booster, cp, and
 * apt-get as far as download goes. It works as they do where that matters: files are written in
 * place, nothing is synced, and what dkms builds has the patch if the source has it.
 *
 * Below /usr/share/fake: KERNEL/clean and KERNEL/patched are what a build comes to,
 * archives/NAME=VERSION what is downloaded of that, under its name; the file broken has words of
 * the tests: the name of a tool that fails, NAME:KERNEL (for that kernel alone), once:NAME (and the
 * file is gone), cut (an image ends early), patched (it holds such a module), slow (a build that
 * takes its time).
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAKE   "/usr/share/fake"
#define BROKEN FAKE "/broken"

static const char *self;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", self);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		die("no memory");
	va_end(ap);
	return text;
}

struct content {
	char *data;
	size_t len;
};

/* An absent file has no content. */
static struct content load(const char *path)
{
	struct content content = { 0 };
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return content;
	if (fd < 0 || fstat(fd, &st) < 0)
		die("%s: %s", path, strerror(errno));
	content.len = (size_t)st.st_size;
	content.data = calloc(1, content.len + 1);
	if (!content.data || read(fd, content.data, content.len) != (ssize_t)content.len)
		die("%s: %s", path, strerror(errno));
	close(fd);
	return content;
}

static void store(const char *path, const char *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0)
			die("%s: %s", path, strerror(errno));
		data += n;
		len -= (size_t)n;
	}
	close(fd);
}

static void make_folders(const char *path)
{
	char *copy = format("%s/", path);

	for (char *p = copy + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			die("%s: %s", copy, strerror(errno));
	}
	free(copy);
}

/* The word of the tests about a tool; "once:" is taken away. */
static bool is_broken(const char *word)
{
	struct content content = load(BROKEN);
	char *once = format("once:%s", word);
	bool is = false, is_once = false;

	for (char *p = strtok(content.data ? content.data : once + strlen(once), " \n"); p;
	     p = strtok(NULL, " \n")) {
		is_once |= !strcmp(p, once);
		is |= !strcmp(p, word);
	}
	if (is_once)
		unlink(BROKEN);
	free(once);
	return is || is_once;
}

static bool is_broken_for(const char *kernel)
{
	char *word = format("%s:%s", self, kernel);
	bool is = is_broken(self) || is_broken(word);

	free(word);
	return is;
}

/* --- cp -a ----------------------------------------------------------------------------------- */

static void copy(const char *from, const char *to, bool has_attributes);

static void copy_folder(const char *from, const char *to, bool has_attributes)
{
	DIR *dir = opendir(from);
	struct dirent *entry;

	if (!dir || (mkdir(to, 0700) < 0 && errno != EEXIST))
		die("%s: %s", dir ? to : from, strerror(errno));
	while ((entry = readdir(dir))) {
		char *a = format("%s/%s", from, entry->d_name);
		char *b = format("%s/%s", to, entry->d_name);

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			copy(a, b, has_attributes);
		free(a);
		free(b);
	}
	closedir(dir);
}

static void copy(const char *from, const char *to, bool has_attributes)
{
	char target[PATH_MAX];
	struct timespec times[2];
	struct content content;
	struct stat st;
	ssize_t n;

	if (lstat(from, &st) < 0)
		die("%s: %s", from, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		copy_folder(from, to, has_attributes);
	} else if (S_ISLNK(st.st_mode)) {
		n = readlink(from, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		if (symlink(target, to) < 0)
			die("%s: %s", to, strerror(errno));
	} else {
		content = load(from);
		store(to, content.data, content.len, 0600);
		free(content.data);
	}
	if (!has_attributes && !S_ISLNK(st.st_mode) && chmod(to, st.st_mode & 07777) < 0)
		die("%s: %s", to, strerror(errno));
	if (!has_attributes)
		return;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (lchown(to, st.st_uid, st.st_gid) < 0 ||
	    (!S_ISLNK(st.st_mode) && chmod(to, st.st_mode & 07777) < 0) ||
	    utimensat(AT_FDCWD, to, times, AT_SYMLINK_NOFOLLOW) < 0)
		die("%s: %s", to, strerror(errno));
}

/* cp -a [--reflink=auto] -- FROM TO. One that breaks has copied some of it before. */
static int cp(int argc, char **argv)
{
	if (argc < 4)
		die("usage");
	if (is_broken(self)) {
		make_folders(argv[argc - 1]);
		die("error writing '%s': No space left on device", argv[argc - 1]);
	}
	copy(argv[argc - 2], argv[argc - 1], true);
	return 0;
}

/* --- dkms ------------------------------------------------------------------------------------ */

static const char *value_of(int argc, char **argv, const char *option)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], option))
			return argv[i + 1];
	}
	die("%s is missing", option);
}

static void write_log(const char *folder, const char *kernel, const char *rest)
{
	char *path = format("%s/make.log", folder);
	char *text = format("DKMS make.log for amdgpu for kernel %s (x86_64)\n"
			    "Thu Jan  1 00:00:00 UTC 2026\n  CC [M]  amd/amdkfd/kfd_crat.o\n%s",
			    kernel, rest);

	make_folders(folder);
	store(path, text, strlen(text), 0644);
	free(path);
	free(text);
}

/* dkms build --dkmstree T -m N -v V -k K -a A */
static int dkms(int argc, char **argv)
{
	const char *kernel = value_of(argc, argv, "-k"), *arch = value_of(argc, argv, "-a");
	char *version = format("%s/%s/%s", value_of(argc, argv, "--dkmstree"),
			       value_of(argc, argv, "-m"), value_of(argc, argv, "-v"));
	char *source = format("%s/source/amd/amdkfd/kfd_crat.c", version);
	char *build = format("%s/build", version);
	char *made = format("%s/%s/%s", version, kernel, arch);
	char *log = format("%s/log", made), *module = format("%s/module", made);
	struct content crat = load(source);
	char *set;

	write_log(build, kernel, "");
	if (is_broken("slow"))
		sleep(120);
	if (is_broken_for(kernel) || !crat.len) {
		write_log(build, kernel,
			  "amd/amdkfd/kfd_crat.c:1122:7: error: expected ';' before '}' token\n");
		die("Error! Bad return status for module build on kernel: %s", kernel);
	}
	set = format(FAKE "/%s/%s", kernel, strstr(crat.data, "0x731F") ? "patched" : "clean");
	make_folders(made);
	copy(set, module, false);
	write_log(log, kernel, "");
	return 0;
}

/* --- depmod ---------------------------------------------------------------------------------- */

struct list {
	char *items[64];
	size_t n;
};

static void find_modules(const char *base, const char *place, struct list *list)
{
	char *folder = format("%s/%s", base, place);
	DIR *dir = opendir(folder);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char *path = format("%s%s%s", place, *place ? "/" : "", entry->d_name);

		if (*entry->d_name == '.')
			continue;
		if (strstr(entry->d_name, ".ko") && list->n < 64)
			list->items[list->n++] = path;
		else if (strcmp(path, "build") != 0 && strcmp(path, "source") != 0)
			find_modules(base, path, list);
	}
	if (dir)
		closedir(dir);
	free(folder);
}

/* By name, and of one name what is below updates/ first. */
static int by_rank(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *other = *(char *const *)b;
	int order = strcmp(strrchr(one, '/') + 1, strrchr(other, '/') + 1);

	return order ? order : strcmp(other, one);
}

/* depmod -b BASE K */
static int depmod(int argc, char **argv)
{
	static const char *const names[] = { "dep.bin", "alias",       "alias.bin",   "softdep",
					     "symbols", "symbols.bin", "builtin.bin", "devname" };
	char *folder = format("%s/lib/modules/%s", value_of(argc, argv, "-b"), argv[argc - 1]);
	struct list list = { 0 };
	char *text = format("%s", "");

	if (is_broken_for(argv[argc - 1]))
		die("ERROR: fwrite: No space left on device");
	find_modules(folder, "", &list);
	qsort(list.items, list.n, sizeof(*list.items), by_rank);
	for (size_t i = 0; i < list.n; i++) {
		const char *name = strrchr(list.items[i], '/');
		char *more;

		if (i && !strcmp(strrchr(list.items[i - 1], '/'), name))
			continue;
		more = format("%s%s:\n", text, list.items[i]);
		free(text);
		text = more;
	}
	store(format("%s/modules.dep", folder), text, strlen(text), 0644);
	/* What is not read by anything here must be as new as the rest. */
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		store(format("%s/modules.%s", folder, names[i]), text, strlen(text), 0644);
	return 0;
}

/* --- The makers of images -------------------------------------------------------------------- */

/* A member of a cpio archive in the newc format (linux buffer-format.rst). */
static void add_member(FILE *f, const char *name, struct content content)
{
	size_t len = strlen(name) + 1;

	fprintf(f, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1,
		content.len ? 0100644 : 0, 0, 0, 1, 0, (unsigned int)content.len, 8, 1, 0, 0,
		(unsigned int)len, 0);
	fwrite(name, len, 1, f);
	for (len += 110; len % 4; len++)
		fputc('\0', f);
	fwrite(content.data ? content.data : "", content.len, 1, f);
	for (len = content.len; len % 4; len++)
		fputc('\0', f);
}

/* The amdgpu that a kernel loads, as its modules.dep has it; NULL if none. */
static char *find_driver(const char *kernel)
{
	struct content dep = load(format("/lib/modules/%s/modules.dep", kernel));

	for (char *line = strtok(dep.data ? dep.data : format("%s", ""), "\n"); line;
	     line = strtok(NULL, "\n")) {
		line[strcspn(line, ":")] = '\0';
		if (strstr(line, "/amdgpu.ko"))
			return line;
	}
	return NULL;
}

static int make_image(const char *out, const char *kernel)
{
	static const struct content init = { .data = (char *)"#!/bin/sh\n", .len = 10 };
	char *driver = find_driver(kernel), *path, *image = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&image, &len);

	if (is_broken_for(kernel))
		die("failed for %s", kernel);
	if (!f)
		die("no memory");
	add_member(f, "init", init);
	if (driver) {
		path = format("/lib/modules/%s/%s", kernel, driver);
		add_member(f, format("usr%s", path),
			   load(is_broken("patched")
					? format(FAKE "/%s/patched/amdgpu.ko.zst", kernel)
					: path));
	}
	add_member(f, "TRAILER!!!", (struct content){ 0 });
	fclose(f);
	store(out, image, is_broken("cut") ? len / 2 : len, 0600);
	return 0;
}

/* mkinitramfs -d CONFIG -o OUT K: in a mounted system it must be told to take everything. */
static int mkinitramfs(int argc, char **argv)
{
	const char *config = value_of(argc, argv, "-d");
	struct content told = load(format("%s/conf.d/zzz-rdna1-doctor", config));

	if (!load(format("%s/initramfs.conf", config)).len || !told.len ||
	    strcmp(told.data, "MODULES=most\n") != 0)
		die("no configuration");
	return make_image(value_of(argc, argv, "-o"), argv[argc - 1]);
}

static bool has(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], option))
			return true;
	}
	return false;
}

static int dracut(int argc, char **argv)
{
	if (!has(argc, argv, "--force") || !has(argc, argv, "--no-hostonly"))
		die("not for this machine");
	return make_image(argv[argc - 1], value_of(argc, argv, "--kver"));
}

static int mkinitcpio(int argc, char **argv)
{
	if (!has(argc, argv, "autodetect"))
		die("not for this machine");
	return make_image(value_of(argc, argv, "-g"), value_of(argc, argv, "-k"));
}

static int booster(int argc, char **argv)
{
	if (!has(argc, argv, "--universal"))
		die("not for this machine");
	return make_image(argv[argc - 1], value_of(argc, argv, "--kernel-version"));
}

/* apt-get [OPTION...] download NAME=VERSION: into the folder where it runs. */
static int apt_get(int argc, char **argv)
{
	char *archive = format("%s/archives/%s", FAKE, argv[argc - 1]);
	DIR *dir = opendir(archive);
	struct dirent *entry;

	if (argc < 3 || strcmp(argv[argc - 2], "download") != 0)
		die("usage");
	if (!dir)
		die("E: Can't find a source to download %s", argv[argc - 1]);
	while ((entry = readdir(dir))) {
		char *from = format("%s/%s", archive, entry->d_name);

		if (*entry->d_name != '.')
			copy(from, entry->d_name, false);
		free(from);
	}
	closedir(dir);
	free(archive);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} tools[] = {
	{ .name = "apt-get", .run = apt_get },
	{ .name = "booster", .run = booster },
	{ .name = "cp", .run = cp },
	{ .name = "depmod", .run = depmod },
	{ .name = "dkms", .run = dkms },
	{ .name = "dracut", .run = dracut },
	{ .name = "mkinitcpio", .run = mkinitcpio },
	{ .name = "mkinitramfs", .run = mkinitramfs },
};

int main(int argc, char **argv)
{
	self = strrchr(argv[0], '/');
	self = self ? self + 1 : argv[0];
	umask(022);
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++) {
		if (!strcmp(tools[i].name, self))
			return tools[i].run(argc, argv);
	}
	die("nobody asks for that");
}
