/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Kernel logs of real machines, below $RDNA1_CORPUS/logs: in a healthy boot there is no fault, and
 * in a crash are those that a reader finds in it. Mailers have wrapped some of them: a line that
 * does not begin as one of a log goes on from the one before. Without the corpus: skipped.
 */

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/fixture.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "inspect/kernel_log.h"

#define SKIPPED	  77
#define NAMES_MAX 16

/* Faults in any order, and refusals. */
static const struct {
	const char *file;
	const char *names[NAMES_MAX];
} crashes[] = {
	{ "crash-other/amdgfx-rx9060xt-gfx1200-6.19.8-perring-reset-wedged.txt",
	  { "ring-timeout", "ring-reset", "reset" } },
	{ "crash-other/gfx1013-kfd-qcm-wedge-reset.txt",
	  { "ring-timeout", "queue-hang", "evict", "reset", "vm-flush", "test-failed",
	    "resume-failed", "reset-failed" } },
	{ "crash-other/kbz213145-c29-rembrandt680m-5.17-6.0.txt",
	  { "ring-timeout", "reset", "test-failed" } },
	{ "crash-other/navi22-73df-6.15.2.txt", { "page-fault", "ring-timeout" } },
	{ "crash-other/rocm-issue-4562-rx6900xt-gfx1030-kfd-fault.txt", { "page-fault" } },
	{ "crash-other/strixhalo-gfx1151-kfd-fault-queue-evict.txt", { "page-fault" } },
	{ "crash-rdna1/fdo-ringgfx-navi-5.3-sc2.txt", { "ring-timeout" } },
	{ "crash-rdna1/fdo-rx5700-180w-sensors-smu.txt", { "smu" } },
	{ "crash-rdna1/fdo111481-c001-navi-5.3-manjaro-sdma0.txt", { "ring-timeout", "reset" } },
	{ "crash-rdna1/fdo111528-rx5700xt-manjaro-5.3rc6-mmhub-fault.txt",
	  { "smu", "page-fault" } },
	{ "crash-rdna1/kbz-rx5600m-renoir-5.8.0-runbtc-resume.txt", { "smu", "resume-failed" } },
	{ "crash-rdna1/kbz205089-c14-rx5700xt-5.13.4-dota2-newestfirst.txt",
	  { "ring-timeout", "reset", "test-failed" } },
	{ "boot-other/fiji-7300-5.7rc3.txt", { "no-atomics" } },
	{ "boot-other/rocm-issue-polaris-kfd-skipped-atomics.txt", { "no-atomics" } },
};

struct found {
	const struct rd_log_signature *items[NAMES_MAX];
	size_t n;
};

static bool begins_record(const char *line)
{
	const char *p = line + strspn(line, " ");

	return (*p == '[' && strspn(p + 1, " 0123456789.")) || strstr(p, "kernel: ") ||
	       rd_text_has_prefix(p, "amdgpu 0000:") || rd_text_has_prefix(p, "kfd kfd:");
}

static void take(struct found *found, const struct rd_text *line)
{
	const struct rd_log_signature *one =
		rd_kernel_log_match(line->data ? line->data : "", line->len, RD_LOG_KERNEL);

	if (!one || one->kind == RD_LOG_DETAIL)
		return;
	for (size_t i = 0; i < found->n; i++) {
		if (found->items[i] == one)
			return;
	}
	ck_assert_uint_lt(found->n, NAMES_MAX);
	found->items[found->n++] = one;
}

static struct found read_log(const char *file)
{
	RD_CLEANUP(rd_fclosep) FILE *f = NULL;
	RD_CLEANUP(rd_text_deinit) struct rd_text record = RD_TEXT_INIT;
	RD_CLEANUP(rd_freep) char *line = NULL;
	struct found found = { 0 };
	char path[600];
	size_t size = 0;

	snprintf(path, sizeof(path), "%s/logs/%s", getenv("RDNA1_CORPUS"), file);
	f = fopen(path, "re");
	ck_assert_msg(f != NULL, "%s", path);
	while (getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		if (begins_record(line)) {
			take(&found, &record);
			rd_text_deinit(&record);
		}
		ck_assert_int_eq(rd_text_printf(&record, "%s%s", record.len ? " " : "", line), 0);
	}
	take(&found, &record);
	return found;
}

START_TEST(crash)
{
	struct found found = read_log(crashes[_i].file);
	size_t n = 0;

	for (; n < NAMES_MAX && crashes[_i].names[n]; n++) {
		bool has = false;

		for (size_t i = 0; i < found.n; i++)
			has |= !strcmp(found.items[i]->name, crashes[_i].names[n]);
		ck_assert_msg(has, "%s: no %s", crashes[_i].file, crashes[_i].names[n]);
	}
	ck_assert_msg(found.n == n, "%s: something more, at last %s", crashes[_i].file,
		      found.n ? found.items[found.n - 1]->name : "");
}
END_TEST

START_TEST(healthy_boots)
{
	static const char *const folders[] = { "boot-rdna1", "boot-other" };
	size_t n = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++) {
		RD_CLEANUP(rd_closedirp) DIR *dir = NULL;
		const struct dirent *de;
		char path[600];

		snprintf(path, sizeof(path), "%s/logs/%s", getenv("RDNA1_CORPUS"), folders[i]);
		dir = opendir(path);
		ck_assert_ptr_nonnull(dir);
		while ((de = readdir(dir))) {
			struct found found;

			if (*de->d_name == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%.300s", folders[i], de->d_name);
			found = read_log(path);
			for (size_t k = 0; k < found.n; k++)
				ck_assert_msg(found.items[k]->kind == RD_LOG_REFUSAL, "%s: %s",
					      path, found.items[k]->name);
			n++;
		}
	}
	ck_assert_uint_ge(n, 10);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("logs");
	const char *corpus = getenv("RDNA1_CORPUS");

	if (!corpus || !*corpus) {
		puts("RDNA1_CORPUS is not set: skipped");
		return SKIPPED;
	}
	tcase_add_loop_test(tcase, crash, 0, RD_N_ELEMENTS(crashes));
	tcase_add_test(tcase, healthy_boots);
	return fixture_main(tcase, "corpus-log");
}
