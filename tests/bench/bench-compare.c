/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Time of the function compare as a whole process sees it: map both files, compare, free. Prints
 * the best of some runs in milliseconds, its ratio to reading both files once, and the peak of
 * resident memory.
 *
 *	bench-compare A B...
 *
 * Without arguments: pairs below $RDNA1_LAB, those that exist.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "inspect/compare.h"

#define EXIT_SKIP 77
#define RUNS	  15

struct file {
	uint8_t *data;
	size_t len;
};

struct result {
	double compare_ms, read_ms;
	size_t differences;
	bool is_comparable;
};

static const struct {
	const char *name, *a, *b;
	unsigned int flags;
} pairs[] = {
	{ "one file", "stock/debian-6.1/amdgpu.ko", "stock/debian-6.1/amdgpu.ko", 0 },
	{ "rebuilt", "stock/debian-6.1/amdgpu.ko", "full/clean/amdgpu.ko", 0 },
	{ "patched", "full/clean/amdgpu.ko", "full/patched/amdgpu.ko", 0 },
	{ "reordered", "full/clean/amdgpu.ko", "full/reordered/amdgpu.ko", 0 },
	{ "6.1 against 6.12", "stock/debian-6.1/amdgpu.ko", "stock/debian-6.12/amdgpu.ko",
	  RD_COMPARE_FORCE },
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static bool map_file(const char *path, struct file *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		rd_closep(&fd);
		return false;
	}
	file->len = (size_t)st.st_size;
	file->data = mmap(NULL, file->len, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	return file->data != MAP_FAILED;
}

static double read_both(const struct file *a, const struct file *b)
{
	static volatile uint64_t sum;
	double start = now();

	for (size_t i = 0; i + 8 <= a->len; i += 8)
		sum += *(const uint64_t *)(a->data + i);
	for (size_t i = 0; i + 8 <= b->len; i += 8)
		sum += *(const uint64_t *)(b->data + i);
	return now() - start;
}

/* In a child, so that each run starts as a process does. */
static void run(const char *a_path, const char *b_path, unsigned int flags, bool is_read, int out)
{
	struct rd_comparison comparison = RD_COMPARISON_INIT;
	struct rd_error err = RD_ERROR_INIT;
	struct result result = { .is_comparable = false };
	double start = now();
	struct file a, b;

	if (!map_file(a_path, &a) || !map_file(b_path, &b))
		_exit(EXIT_FAILURE);
	if (is_read) {
		result.read_ms = read_both(&a, &b);
	} else {
		if (rd_compare_bytes(a.data, a.len, b.data, b.len, flags, &comparison, &err))
			_exit(EXIT_FAILURE);
		result.differences = comparison.differences.n;
		result.is_comparable = comparison.is_comparable;
		rd_comparison_deinit(&comparison);
		munmap(a.data, a.len);
		munmap(b.data, b.len);
		result.compare_ms = now() - start;
	}
	if (write(out, &result, sizeof(result)) != sizeof(result))
		_exit(EXIT_FAILURE);
	_exit(EXIT_SUCCESS);
}

static bool run_child(const char *a, const char *b, unsigned int flags, bool is_read,
		      struct result *result, long *rss)
{
	struct rusage usage;
	int fds[2], status;
	pid_t pid;
	bool is_good;

	if (pipe(fds))
		return false;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return false;
	if (!pid)
		run(a, b, flags, is_read, fds[1]);
	close(fds[1]);
	is_good = read(fds[0], result, sizeof(*result)) == sizeof(*result);
	close(fds[0]);
	is_good &= wait4(pid, &status, 0, &usage) == pid && WIFEXITED(status) &&
		   !WEXITSTATUS(status);
	*rss = usage.ru_maxrss;
	return is_good;
}

static void bench(const char *name, const char *a, const char *b, unsigned int flags)
{
	struct result best = { .compare_ms = 1e9, .read_ms = 1e9 }, result;
	long rss = 0, unused;

	if (access(a, R_OK) || access(b, R_OK)) {
		printf("%-18s not there\n", name);
		return;
	}
	for (int i = 0; i < RUNS; i++) {
		if (run_child(a, b, flags, true, &result, &unused) && result.read_ms < best.read_ms)
			best.read_ms = result.read_ms;
		if (!run_child(a, b, flags, false, &result, &rss)) {
			printf("%-18s failed\n", name);
			return;
		}
		if (result.compare_ms < best.compare_ms)
			best.compare_ms = result.compare_ms;
		best.differences = result.differences;
		best.is_comparable = result.is_comparable;
	}
	printf("%-18s %7.1f ms, %4.1f times reading both (%.1f ms), %5.1f MB resident, "
	       "%zu differences%s\n",
	       name, best.compare_ms, best.compare_ms / best.read_ms, best.read_ms,
	       (double)rss / 1024, best.differences, best.is_comparable ? "" : " (not comparable)");
}

int main(int argc, char **argv)
{
	const char *lab = getenv("RDNA1_LAB");
	char a[4096], b[4096];

	if (argc < 2 && !lab) {
		puts("RDNA1_LAB is not set: skipped");
		return EXIT_SKIP;
	}
	for (int i = 2; i < argc; i++)
		bench(argv[i], argv[1], argv[i], RD_COMPARE_FORCE);
	for (size_t i = 0; argc < 2 && i < RD_N_ELEMENTS(pairs); i++) {
		snprintf(a, sizeof(a), "%s/%s", lab, pairs[i].a);
		snprintf(b, sizeof(b), "%s/%s", lab, pairs[i].b);
		bench(pairs[i].name, a, b, pairs[i].flags);
	}
	return EXIT_SUCCESS;
}
