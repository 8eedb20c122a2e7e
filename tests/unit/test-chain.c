/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The chain of each kernel as people see it: which links stand where, in which order, with which
 * words, for machines made by hand. test-render.c has widths, escaping and the rest of the page.
 */

#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "render/render.h"

#define OLD "6.1.0-9-amd64"
#define NEW "6.1.0-10-amd64"
#define SRC "/usr/src/amdgpu-1.0"

static const struct rd_render_options ascii = { .width = 80 };
static const struct rd_render_options utf8 = { .width = 80, .is_utf8 = true };

static struct rd_copy *add_copy(struct rd_facts *facts, enum rd_copy_kind kind, const char *kernel,
				const char *path, enum rd_verdict verdict)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, kernel, path), 0);
	copy.verdict = verdict;
	copy.is_loadable = kind != RD_COPY_BACKUP && kind != RD_COPY_RUNNING;
	ck_assert_int_eq(rd_evidence_add(&copy.evidence, RD_EVIDENCE_COVERAGE, "there",
					 "reason of %s", path),
			 0);
	ck_assert_int_eq(rd_array_push(&facts->copies, &copy), 0);
	return &facts->copies.items[facts->copies.n - 1];
}

static struct rd_kernel *add_kernel(struct rd_facts *facts, const char *release)
{
	struct rd_kernel kernel = { .release = strdup(release), .has_amdgpu = RD_PRESENCE_YES };

	ck_assert_int_eq(rd_array_push(&facts->kernels, &kernel), 0);
	return &facts->kernels.items[facts->kernels.n - 1];
}

static void add_image(struct rd_facts *facts, const char *path, const char *kernel,
		      enum rd_presence has_amdgpu)
{
	struct rd_image image = {
		.path = strdup(path),
		.kernel = kernel ? strdup(kernel) : NULL,
		.has_amdgpu = has_amdgpu,
	};

	ck_assert_int_eq(rd_array_push(&facts->images, &image), 0);
}

static struct rd_dkms_package *add_package(struct rd_facts *facts, const char *kernel,
					   enum rd_dkms_state state)
{
	struct rd_dkms_package package = {
		.name = strdup("amdgpu"),
		.version = strdup("1.0"),
		.path = strdup("/var/lib/dkms/amdgpu/1.0"),
		.source = strdup(SRC),
	};
	struct rd_dkms_build build = {
		.kernel = strdup(kernel),
		.arch = strdup("x86_64"),
		.state = state,
	};

	ck_assert_int_eq(rd_array_push(&package.builds, &build), 0);
	ck_assert_int_eq(rd_array_push(&facts->dkms, &package), 0);
	return &facts->dkms.items[facts->dkms.n - 1];
}

static char *render(const struct rd_facts *facts, const struct rd_render_options *options)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	report.facts = facts;
	report.sentence = strdup("sane.");
	report.next = strdup("nothing");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(rd_renderer_find("text")->check(&report, options, f, NULL), 0);
	ck_assert_int_eq(fclose(f), 0);
	return out;
}

static void assert_has(const char *out, const char *wanted)
{
	ck_assert_msg(strstr(out, wanted) != NULL, "lacks\n%s\n-- in:\n%s", wanted, out);
}

static void assert_lacks(const char *out, const char *unwanted)
{
	ck_assert_msg(strstr(out, unwanted) == NULL, "has\n%s\n-- in:\n%s", unwanted, out);
}

/* All links of one kernel, put into the facts in another order than they are shown in. */
START_TEST(one_kernel_in_full)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *out = NULL;
	struct rd_copy *copy;

	facts.running.kernel = strdup(NEW);
	add_kernel(&facts, NEW);
	copy = add_copy(&facts, RD_COPY_RUNNING, NEW, "/sys/module/amdgpu", RD_VERDICT_UNKNOWN);
	copy = add_copy(&facts, RD_COPY_INSTALLED, NEW, "/lib/modules/" NEW "/kernel/amdgpu.ko",
			RD_VERDICT_CLEAN);
	copy->is_loadable = false;
	copy = add_copy(&facts, RD_COPY_INSTALLED, NEW,
			"/usr/lib/modules/" NEW "/updates/amdgpu.ko", RD_VERDICT_MODIFIED);
	copy->is_resolved = true;
	add_copy(&facts, RD_COPY_INITRAMFS, NEW,
		 "/boot/img:usr/lib/modules/" NEW "/extra/amdgpu.ko", RD_VERDICT_NO_SIGN);
	add_copy(&facts, RD_COPY_BUILT, NEW, "/var/lib/dkms/amdgpu/1.0/x/amdgpu.ko",
		 RD_VERDICT_NO_SIGN);
	add_copy(&facts, RD_COPY_SOURCE, NULL, SRC "/kfd_crat.c", RD_VERDICT_PATCHED);
	add_image(&facts, "/boot/fallback", NEW, RD_PRESENCE_NO);
	add_package(&facts, NEW, RD_DKMS_INSTALLED);

	out = render(&facts, &utf8);
	assert_has(out, "\nKernel " NEW ", running\n"
			"├─   dkms       installed amdgpu/1.0\n"
			"├─ ✗ source     patched   " SRC "/kfd_crat.c\n"
			"│    there: reason of " SRC "/kfd_crat.c\n"
			"├─ · built      no-sign   /var/lib/dkms/amdgpu/1.0/x/amdgpu.ko\n"
			"│    there: reason of /var/lib/dkms/amdgpu/1.0/x/amdgpu.ko\n"
			"├─ ! installed  modified  updates/amdgpu.ko (modprobe loads this one)\n"
			"│    there: reason of /usr/lib/modules/" NEW "/updates/amdgpu.ko\n"
			"├─ · initramfs  no-sign   /boot/img: extra/amdgpu.ko\n"
			"│    there: reason of /boot/img:usr/lib/modules/" NEW "/extra/amdgpu.ko\n"
			"├─   initramfs  none      /boot/fallback holds no amdgpu\n"
			"├─ ? running    unknown   reason of /sys/module/amdgpu\n"
			"└─ ✓ installed  clean     kernel/amdgpu.ko (shadowed: another is loaded)\n"
			"     there: reason of /lib/modules/" NEW "/kernel/amdgpu.ko\n\n");
}
END_TEST

START_TEST(without_utf8_all_is_ascii)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *out = NULL;

	add_kernel(&facts, NEW);
	for (int verdict = RD_VERDICT_UNKNOWN; verdict <= RD_VERDICT_PATCHED; verdict++)
		add_copy(&facts, RD_COPY_INSTALLED, NEW, "/a", (enum rd_verdict)verdict);
	out = render(&facts, &ascii);
	assert_has(out, "|- ? installed  unknown   /a\n|    there: reason of /a\n");
	assert_has(out, "|- + installed  clean ");
	assert_has(out, "|- . installed  no-sign ");
	assert_has(out, "|- ! installed  modified ");
	assert_has(out, "`- x installed  patched   /a\n     there: reason of /a\n");
	for (const char *s = out; *s; s++)
		ck_assert_int_lt((unsigned char)*s, 0x80);
}
END_TEST

START_TEST(running_kernel_first_then_the_newest)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *out = NULL;
	const char *first, *second, *third, *fourth;

	facts.running.kernel = strdup("5.10.0-1-amd64");
	add_copy(&facts, RD_COPY_RUNNING, "5.10.0-1-amd64", "/sys/module/amdgpu",
		 RD_VERDICT_UNKNOWN);
	add_kernel(&facts, NEW);
	add_kernel(&facts, "6.1.0-8-amd64")->has_amdgpu = RD_PRESENCE_NO;
	add_kernel(&facts, OLD)->has_builtin = RD_PRESENCE_YES;
	out = render(&facts, &ascii);
	first = strstr(out, "\nKernel 5.10.0-1-amd64, running, not among the installed ones\n");
	second = strstr(out, "\nKernel " NEW "\n");
	third = strstr(out, "\nKernel " OLD ", amdgpu is built in\n");
	fourth = strstr(out, "\nKernel 6.1.0-8-amd64, has no amdgpu\n");
	ck_assert_msg(first && first < second && second < third && third < fourth, "%s", out);
}
END_TEST

START_TEST(a_source_is_told_once)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *out = NULL;

	add_kernel(&facts, NEW)->autoinstall = strdup("amdgpu/1.0");
	add_kernel(&facts, OLD);
	add_kernel(&facts, "5.10.0-1-amd64");
	add_copy(&facts, RD_COPY_SOURCE, NULL, SRC "/kfd_crat.c", RD_VERDICT_NO_SIGN);
	add_copy(&facts, RD_COPY_SOURCE, NULL, SRC "-other/kfd_crat.c", RD_VERDICT_NO_SIGN);
	add_copy(&facts, RD_COPY_BACKUP, NULL, SRC "/kfd_crat.c.backup", RD_VERDICT_NO_SIGN);
	add_package(&facts, OLD, RD_DKMS_BROKEN)->builds.items[0].error = strdup("no compiler");

	out = render(&facts, &ascii);
	assert_has(out, "\nKernel " NEW "\n"
			"|-   dkms       next      amdgpu/1.0 (dkms autoinstall will build it)\n"
			"`- . source     no-sign   " SRC "/kfd_crat.c\n"
			"     there: reason of " SRC "/kfd_crat.c\n");
	assert_has(out, "\nKernel " OLD "\n"
			"|-   dkms       broken    amdgpu/1.0\n"
			"|    its build failed: no compiler\n"
			"`- . source     no-sign   " SRC "/kfd_crat.c\n"
			"     see above\n");
	assert_has(out, "\nKernel 5.10.0-1-amd64\n\n");
	assert_has(out, "\nOther driver sources\n"
			"`- . source     no-sign   " SRC "-other/kfd_crat.c\n"
			"     there: reason of " SRC "-other/kfd_crat.c\n");
	assert_has(out,
		   "\nElsewhere\n"
		   "`- . backup     no-sign   " SRC "/kfd_crat.c.backup (nothing loads\n     it)\n"
		   "     there: reason of " SRC "/kfd_crat.c.backup\n");
}
END_TEST

START_TEST(alike_copies_are_told_once)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *out = NULL;

	add_kernel(&facts, NEW);
	for (int i = 0; i < 3; i++) {
		struct rd_copy *copy = add_copy(&facts, i ? RD_COPY_INITRAMFS : RD_COPY_INSTALLED,
						NEW,
						i ? "/boot/initrd:lib/modules/" NEW "/amdgpu.ko"
						  : "/lib/modules/" NEW "/amdgpu.ko",
						RD_VERDICT_NO_SIGN);

		copy->is_resolved = !i;
		copy->id.build_id = strdup(i == 2 ? "bbbb" : "aaaa");
		rd_evidence_deinit(&copy->evidence);
		ck_assert_int_eq(
			rd_evidence_add(&copy->evidence, RD_EVIDENCE_COVERAGE, "", "nothing"), 0);
	}
	out = render(&facts, &ascii);
	assert_has(out, "|- . installed  no-sign   amdgpu.ko\n|    nothing\n"
			"|- . initramfs  no-sign   /boot/initrd\n"
			"|    same build-id, same evidence as the installed copy above\n"
			"`- . initramfs  no-sign   /boot/initrd\n     nothing\n");
}
END_TEST

/* An image that could not be read is known by its path alone; nobody knows this kernel's. */
START_TEST(images_that_name_no_kernel)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *out = NULL;

	add_kernel(&facts, NEW);
	add_copy(&facts, RD_COPY_INITRAMFS, NULL, "/boot/one", RD_VERDICT_UNKNOWN);
	add_copy(&facts, RD_COPY_INITRAMFS, NULL, "/boot/one-more", RD_VERDICT_UNKNOWN);
	add_image(&facts, "/boot/one", NEW, RD_PRESENCE_UNKNOWN);
	add_image(&facts, "/boot/one-more", NULL, RD_PRESENCE_UNKNOWN);
	add_image(&facts, "/boot/empty", NULL, RD_PRESENCE_NO);
	out = render(&facts, &ascii);
	assert_has(out, "\nKernel " NEW "\n`- ? initramfs  unknown   /boot/one\n");
	assert_has(out, "\nElsewhere\n|- ? initramfs  unknown   /boot/one-more\n");
	assert_has(out, "`-   initramfs  none      /boot/empty holds no amdgpu\n");
}
END_TEST

START_TEST(what_is_known_beside_the_copies)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *nothing = render(&facts, &ascii);
	RD_CLEANUP(rd_freep) char *out = NULL;
	struct rd_modprobe_line line = {
		.kind = RD_MODPROBE_BLACKLIST,
		.place = strdup("/etc/modprobe.d/x.conf:3"),
		.text = strdup("blacklist amdgpu"),
	};
	struct rd_kernel *kernel;
	struct rd_copy *copy;

	assert_lacks(nothing, "Secure Boot");
	assert_lacks(nothing, "Configuration");
	assert_has(nothing, "\nCopies of amdgpu\nnone found\n");

	kernel = add_kernel(&facts, NEW);
	kernel->resolved = strdup("/lib/modules/" NEW "/kernel/amdgpu.ko");
	kernel->expected = strdup("/lib/modules/" NEW "/updates/amdgpu.ko");
	copy = add_copy(&facts, RD_COPY_INSTALLED, NEW, kernel->resolved, RD_VERDICT_NO_SIGN);
	copy->is_resolved = true;
	copy->would_load = RD_PRESENCE_NO;
	copy->load_reason = strdup("no key fits");
	facts.policy.secure_boot = RD_PRESENCE_YES;
	facts.policy.enforces_signatures = RD_PRESENCE_YES;
	facts.policy.lockdown = strdup("integrity");
	ck_assert_int_eq(rd_array_push(&facts.modprobe, &line), 0);
	out = render(&facts, &ascii);
	assert_has(out, "Secure Boot on, lockdown integrity, only modules signed with a known");
	assert_has(out, "The next depmod will choose updates/amdgpu.ko.\n");
	assert_has(out, "     would not load here: no key fits\n");
	assert_has(out, "  /etc/modprobe.d/x.conf:3: blacklist amdgpu\n");
}
END_TEST

/* A place that does not fit beside the words gets a line of its own, unbroken, without spaces. */
START_TEST(long_places_are_not_broken)
{
	static const char path[] = "/usr/src/a-source-with-a-very-long-version-number-1.2.3-456789/"
				   "kfd_crat.c";
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_freep) char *out = NULL;

	add_copy(&facts, RD_COPY_SOURCE, NULL, path, RD_VERDICT_CLEAN);
	out = render(&facts, &utf8);
	assert_has(out, "└─ ✓ source     clean\n     /usr/src/a-source-with");
	assert_has(out, path);
	assert_lacks(out, " \n");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chain");
	TCase *tcase = tcase_create("chain");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_test(tcase, one_kernel_in_full);
	tcase_add_test(tcase, without_utf8_all_is_ascii);
	tcase_add_test(tcase, running_kernel_first_then_the_newest);
	tcase_add_test(tcase, a_source_is_told_once);
	tcase_add_test(tcase, alike_copies_are_told_once);
	tcase_add_test(tcase, images_that_name_no_kernel);
	tcase_add_test(tcase, what_is_known_beside_the_copies);
	tcase_add_test(tcase, long_places_are_not_broken);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
