/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Trees of dkms: which versions are ours, in which state each build is, what comes next. The states
 * are those that `dkms status` prints for the same tree; tests/real/dkms.py asks dkms itself.
 */

#include "fake-inspect.h"
#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

#define K     "6.1.0-28-amd64"
#define OLD   "6.1.0-25-amd64"
#define NEW   "6.1.0-31-amd64"
#define TREE  "var/lib/dkms/amdgpu/"
#define V1    TREE "1.0/"
#define V2    TREE "2.0/"
#define LIB   "lib/modules/"
#define CONF  "PACKAGE_NAME=amdgpu\nAUTOINSTALL=yes\nBUILT_MODULE_NAME[0]=amdgpu\n"
#define PLACE "DEST_MODULE_LOCATION[0]=/kernel/drivers/gpu\n"
#define KCL   "BUILT_MODULE_NAME[1]=amdkcl\nDEST_MODULE_LOCATION[1]=/kernel/drivers/gpu\n"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_probe_options options;
static struct rd_error err;

static void probe(void)
{
	rd_facts_deinit(&facts);
	inspected = 0;
	ck_assert_int_eq(rd_probe_kernels(&tree_system, &options, &facts, &err), 0);
	ck_assert_int_eq(rd_probe_dkms(&tree_system, &options, &facts, &err), 0);
}

static void tree_remove(const char *path)
{
	ck_assert_int_eq(unlink(tree_path(path)), 0);
}

static void setup(void)
{
	tree_setup();
	tree_write("etc/os-release", "ID=debian\n");
	tree_write(LIB K "/modules.dep", "");
}

static void teardown(void)
{
	rd_facts_deinit(&facts);
	options = (struct rd_probe_options){ 0 };
	tree_teardown();
}

/* A registered version. */
static void add_version(const char *version, const char *conf)
{
	char path[200], target[200];

	snprintf(path, sizeof(path), "usr/src/amdgpu-%s/dkms.conf", version);
	tree_write(path, conf);
	snprintf(path, sizeof(path), TREE "%s/source", version);
	snprintf(target, sizeof(target), "/usr/src/amdgpu-%s", version);
	tree_link(path, target);
}

static void add_installed(void)
{
	add_version("1.0", CONF PLACE);
	tree_write(V1 K "/x86_64/module/amdgpu.ko", "no-sign aa");
	tree_write(LIB K "/updates/dkms/amdgpu.ko", "no-sign aa");
	tree_link(TREE "kernel-" K "-x86_64", "1.0/" K "/x86_64");
}

static const struct rd_dkms_package *package(size_t i)
{
	ck_assert_uint_lt(i, facts.dkms.n);
	return &facts.dkms.items[i];
}

static void expect_state(enum rd_dkms_state state)
{
	ck_assert_uint_eq(package(0)->builds.n, 1);
	ck_assert_str_eq(package(0)->builds.items[0].kernel, K);
	ck_assert_str_eq(package(0)->builds.items[0].arch, "x86_64");
	ck_assert_str_eq(rd_dkms_state_name(package(0)->builds.items[0].state),
			 rd_dkms_state_name(state));
}

/* What is dkms' of the files below lib/modules; NULL: nothing. */
static void expect_file(const char *path)
{
	const struct rd_dkms_build *build = &package(0)->builds.items[0];

	ck_assert(build->is_active);
	ck_assert_uint_eq(build->files.n, path ? 1 : 0);
	if (path)
		ck_assert_str_eq(build->files.items[0], path);
}

static const struct rd_copy *find_copy(enum rd_copy_kind kind)
{
	for (size_t i = 0; i < facts.copies.n; i++) {
		if (facts.copies.items[i].kind == kind)
			return &facts.copies.items[i];
	}
	ck_abort_msg("no copy %s", rd_copy_kind_name(kind));
}

START_TEST(installed_version)
{
	add_installed();
	tree_write("usr/src/amdgpu-1.0/pre.sh", "make\n");
	tree_write("etc/dkms/amdgpu.conf", "PRE_BUILD=\"pre.sh $kernelver\"\n");
	probe();
	ck_assert_uint_eq(facts.dkms.n, 1);
	ck_assert_str_eq(package(0)->name, "amdgpu");
	ck_assert_str_eq(package(0)->version, "1.0");
	ck_assert_str_eq(package(0)->path, "/var/lib/dkms/amdgpu/1.0");
	ck_assert_str_eq(package(0)->source, "/usr/src/amdgpu-1.0");
	ck_assert_int_eq(package(0)->has_autoinstall, RD_PRESENCE_YES);
	ck_assert_uint_eq(package(0)->modules.n, 1);
	ck_assert_str_eq(package(0)->hooks.items[0], "PRE_BUILD: pre.sh ${kernelver}");
	ck_assert(package(0)->is_newest);
	expect_state(RD_DKMS_INSTALLED);
	expect_file("/" LIB K "/updates/dkms/amdgpu.ko");
	ck_assert(find_copy(RD_COPY_BUILT)->is_loadable);
	ck_assert_int_eq(find_copy(RD_COPY_BUILT)->verdict, RD_VERDICT_NO_SIGN);
	ck_assert_uint_eq(inspected, 1); /* the installed one has the same bytes */
	ck_assert_ptr_null(facts.kernels.items[0].autoinstall);
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(built_version)
{
	add_version("1.0", CONF PLACE);
	tree_write(V1 K "/x86_64/module/amdgpu.ko.xz", "patched aa");
	probe();
	expect_state(RD_DKMS_BUILT);
	ck_assert(find_copy(RD_COPY_BUILT)->is_loadable);
	ck_assert_str_eq(facts.kernels.items[0].autoinstall, "amdgpu/1.0");
}
END_TEST

/* Nobody asks for it: it stays where it is. */
START_TEST(built_version_without_autoinstall)
{
	add_version("1.0", "PACKAGE_NAME=amdgpu\nBUILT_MODULE_NAME=amdgpu\nAUTOINSTALL=\"\"\n");
	tree_write(V1 K "/x86_64/module/amdgpu.ko", "patched aa");
	probe();
	expect_state(RD_DKMS_BUILT);
	ck_assert_int_eq(package(0)->has_autoinstall, RD_PRESENCE_NO);
	ck_assert(!find_copy(RD_COPY_BUILT)->is_loadable);
	ck_assert_ptr_null(facts.kernels.items[0].autoinstall);
}
END_TEST

START_TEST(replaced_by_hand)
{
	add_installed();
	tree_write(LIB K "/updates/dkms/amdgpu.ko", "no-sign bb");
	probe();
	expect_state(RD_DKMS_DIFFERS);
	expect_file("/" LIB K "/updates/dkms/amdgpu.ko");
}
END_TEST

/* The kernel's own module in the place that dkms.conf names is not dkms' doing. */
START_TEST(taken_away_by_hand)
{
	add_installed();
	tree_remove(LIB K "/updates/dkms/amdgpu.ko");
	tree_write(LIB K "/kernel/drivers/gpu/amdgpu.ko", "no-sign bb");
	probe();
	expect_state(RD_DKMS_ABSENT);
	expect_file(NULL);
}
END_TEST

/* Where dkms keeps to dkms.conf, that is its place. */
START_TEST(distribution_without_a_folder)
{
	add_installed();
	tree_write("etc/os-release", "ID=gentoo\n");
	tree_remove(LIB K "/updates/dkms/amdgpu.ko");
	tree_write(LIB K "/kernel/drivers/gpu/amdgpu.ko", "no-sign aa");
	probe();
	expect_state(RD_DKMS_INSTALLED);
	expect_file("/" LIB K "/kernel/drivers/gpu/amdgpu.ko");
	tree_write(LIB K "/kernel/drivers/gpu/amdgpu.ko", "no-sign bb");
	probe();
	expect_state(RD_DKMS_DIFFERS);
	expect_file(NULL);
}
END_TEST

START_TEST(part_of_the_set_is_missing)
{
	add_installed();
	tree_write("usr/src/amdgpu-1.0/dkms.conf", CONF PLACE KCL);
	probe();
	expect_state(RD_DKMS_BROKEN);
	ck_assert(!find_copy(RD_COPY_BUILT)->is_loadable);
	tree_write(V1 K "/x86_64/module/amdkcl.ko", "x");
	probe();
	expect_state(RD_DKMS_ABSENT);
	tree_write(LIB K "/updates/dkms/amdkcl.ko", "x");
	probe();
	expect_state(RD_DKMS_INSTALLED);
}
END_TEST

/* A module that dkms.conf builds on some machines only is not missed. */
START_TEST(conditional_module)
{
	add_installed();
	tree_write("usr/src/amdgpu-1.0/dkms.conf",
		   CONF PLACE "if [ -e /x ]; then\nBUILT_MODULE_NAME[1]=amdkcl\nfi\n");
	probe();
	ck_assert_uint_eq(package(0)->modules.n, 2);
	expect_state(RD_DKMS_INSTALLED);
}
END_TEST

START_TEST(source_is_gone)
{
	add_installed();
	tree_remove("usr/src/amdgpu-1.0/dkms.conf");
	ck_assert_int_eq(rmdir(tree_path("usr/src/amdgpu-1.0")), 0);
	probe();
	ck_assert_uint_eq(facts.dkms.n, 1);
	ck_assert_ptr_null(package(0)->source);
	expect_state(RD_DKMS_BROKEN);
	ck_assert(!find_copy(RD_COPY_BUILT)->is_loadable);
}
END_TEST

START_TEST(original_module)
{
	add_installed();
	tree_write(TREE "original_module/" K "/x86_64/amdgpu.ko.zst", "clean cc");
	tree_write(TREE "original_module/" K "/x86_64/amdgpu.ko.zst.origin",
		   "/lib/modules/" K "/kernel/drivers/gpu/amdgpu.ko.zst\n");
	probe();
	ck_assert_uint_eq(facts.dkms.n, 1);
	ck_assert(package(0)->builds.items[0].has_original);
	ck_assert(!find_copy(RD_COPY_ORIGINAL)->is_loadable);
	ck_assert_int_eq(find_copy(RD_COPY_ORIGINAL)->verdict, RD_VERDICT_CLEAN);
}
END_TEST

START_TEST(failed_build)
{
	add_installed();
	tree_write(LIB NEW "/modules.dep", "");
	tree_write(LIB NEW "/build/Makefile", "");
	tree_write(V1 "build/make.log",
		   "DKMS make.log for amdgpu-1.0 for kernel " NEW " (x86_64)\nnow\n"
		   "a.c:1:1: error: no\n");
	probe();
	ck_assert_uint_eq(package(0)->builds.n, 2);
	ck_assert_str_eq(package(0)->builds.items[1].kernel, NEW);
	ck_assert_int_eq(package(0)->builds.items[1].state, RD_DKMS_ADDED);
	ck_assert_str_eq(package(0)->builds.items[1].log,
			 "/var/lib/dkms/amdgpu/1.0/build/make.log");
	ck_assert_str_eq(package(0)->builds.items[1].error, "a.c:1:1: error: no");
	ck_assert_int_eq(rd_facts_find_kernel(&facts, NEW)->has_headers, RD_PRESENCE_YES);
	ck_assert_str_eq(rd_facts_find_kernel(&facts, NEW)->autoinstall, "amdgpu/1.0");
	ck_assert_int_eq(rd_facts_find_kernel(&facts, K)->has_headers, RD_PRESENCE_NO);
}
END_TEST

/* Left over from before a build that succeeded. */
START_TEST(stale_log)
{
	add_installed();
	tree_write(V1 "build/make.log",
		   "DKMS make.log for amdgpu-1.0 for kernel " K " (x86_64)\na: *** b\n");
	probe();
	expect_state(RD_DKMS_INSTALLED);
	ck_assert_ptr_null(package(0)->builds.items[0].log);
}
END_TEST

START_TEST(newest_is_what_comes)
{
	add_version("1.9", CONF PLACE);
	add_version("1.10", CONF PLACE);
	tree_write(TREE "1.9/" K "/x86_64/module/amdgpu.ko", "patched aa");
	tree_write(TREE "1.10/" K "/x86_64/module/amdgpu.ko", "no-sign bb");
	tree_write(TREE "1.10/" NEW "/x86_64/module/amdgpu.ko", "no-sign bb");
	probe();
	ck_assert_uint_eq(facts.dkms.n, 2);
	ck_assert_str_eq(facts.kernels.items[0].autoinstall, "amdgpu/1.10");
	ck_assert(package(0)->is_newest);
	ck_assert(!package(1)->is_newest);
}
END_TEST

/* BUILD_EXCLUSIVE_ lines against what a kernel with headers would get. */
START_TEST(exclusive)
{
	static const struct {
		const char *line;
		bool comes;
	} cases[] = {
		{ "", true },
		{ "BUILD_EXCLUSIVE_KERNEL=\"^6\\.1\\.\"\n", true },
		{ "BUILD_EXCLUSIVE_KERNEL=\"^5\\.1\\.\"\n", false },
		{ "BUILD_EXCLUSIVE_KERNEL=\"^(5)\\1\"\n", true }, /* not tried, so not ruled out */
		{ "BUILD_EXCLUSIVE_KERNEL=\"^5{1,9}\"\n", true },
		{ "BUILD_EXCLUSIVE_KERNEL=\"^(6.1|6.2)[.]\"\n", true },
		{ "BUILD_EXCLUSIVE_KERNEL=\"^5.\"\n", false },
		{ "BUILD_EXCLUSIVE_KERNEL=\"(\"\n", true },
		{ "BUILD_EXCLUSIVE_KERNEL_MIN=6.2\n", false },
		{ "BUILD_EXCLUSIVE_KERNEL_MIN=6.1\n", true },
		{ "BUILD_EXCLUSIVE_KERNEL_MAX=6.1\n", false },
		{ "BUILD_EXCLUSIVE_KERNEL_MAX=6.2\n", true },
		{ "BUILD_EXCLUSIVE_ARCH=aarch64\n", false },
		{ "BUILD_EXCLUSIVE_ARCH=\"x86_64|aarch64\"\n", true },
		{ "[ $kernelver = x ] && BUILD_EXCLUSIVE_KERNEL=\"^5\"\n", true },
	};
	char conf[400];

	ck_assert_uint_lt((size_t)_i, RD_N_ELEMENTS(cases));
	snprintf(conf, sizeof(conf), "%s%s", CONF PLACE, cases[_i].line);
	add_version("1.0", conf);
	tree_write(V1 OLD "/x86_64/module/amdgpu.ko", "no-sign aa");
	tree_write(LIB K "/build/include/x", "");
	probe();
	if (cases[_i].comes)
		ck_assert_str_eq(facts.kernels.items[0].autoinstall, "amdgpu/1.0");
	else
		ck_assert_ptr_null(facts.kernels.items[0].autoinstall);
}
END_TEST

/* dkms keeps builds of kernels that are gone: nothing can be installed from them. */
START_TEST(kernel_is_gone)
{
	add_version("1.0", CONF PLACE);
	tree_write(V1 OLD "/x86_64/module/amdgpu.ko", "patched aa");
	tree_link(TREE "kernel-" OLD "-x86_64", "1.0/" OLD "/x86_64");
	probe();
	ck_assert_int_eq(package(0)->builds.items[0].state, RD_DKMS_ABSENT);
	ck_assert(!find_copy(RD_COPY_BUILT)->is_loadable);
}
END_TEST

START_TEST(weak_updates)
{
	add_installed();
	tree_write("etc/os-release", "ID=\"rhel\"\nID_LIKE=\"fedora\"\n");
	tree_remove(LIB K "/updates/dkms/amdgpu.ko");
	tree_write(LIB K "/extra/amdgpu.ko", "no-sign aa");
	tree_write(LIB NEW "/modules.dep", "");
	tree_write(LIB NEW "/weak-updates/x", "");
	tree_link(LIB NEW "/weak-updates/amdgpu.ko", "/lib/modules/" K "/extra/amdgpu.ko");
	probe();
	ck_assert_uint_eq(package(0)->builds.n, 2);
	ck_assert_str_eq(package(0)->builds.items[1].kernel, NEW);
	ck_assert_int_eq(package(0)->builds.items[1].state, RD_DKMS_INSTALLED_WEAK);
	ck_assert_ptr_null(rd_facts_find_kernel(&facts, NEW)->autoinstall);
}
END_TEST

/* zfs, nvidia: their state is none of ours, however bad. */
START_TEST(other_packages)
{
	tree_write("usr/src/zfs-2.1/dkms.conf",
		   "PACKAGE_NAME=zfs\nAUTOINSTALL=yes\nBUILT_MODULE_NAME=zfs\n"
		   "PRE_BUILD=$(id)\nPATCH[0]=kfd_crat.c.patch\n");
	tree_link("var/lib/dkms/zfs/2.1/source", "/usr/src/zfs-2.1");
	tree_write("var/lib/dkms/zfs/2.1/" K "/x86_64/module/other.ko", "x");
	tree_link("var/lib/dkms/nvidia/1/source", "/usr/src/gone");
	tree_write("var/lib/dkms/mok.key", "x");
	tree_write("var/lib/dkms/dkms_dbversion", "2.0.0");
	probe();
	ck_assert_uint_eq(facts.dkms.n, 0);
	ck_assert_ptr_null(facts.kernels.items[0].autoinstall);
	ck_assert_uint_eq(facts.copies.n, 0);
}
END_TEST

/* A package of any name that builds, or has built, our module. */
START_TEST(package_of_another_name)
{
	tree_write("usr/src/x-1/dkms.conf", "PACKAGE_NAME=x\nDEST_MODULE_NAME[0]=amdgpu\n"
					    "BUILT_MODULE_NAME[0]=mine\n");
	tree_link("var/lib/dkms/x/1/source", "/usr/src/x-1");
	tree_write("usr/src/y-1/dkms.conf", "BUILT_MODULE_NAME[0]=$(name)\n");
	tree_link("var/lib/dkms/y/1/source", "/usr/src/y-1");
	tree_write("var/lib/dkms/y/1/" K "/x86_64/module/amdgpu.ko.gz", "no-sign aa");
	probe();
	ck_assert_uint_eq(facts.dkms.n, 2);
	ck_assert_str_eq(package(1)->problem,
			 "line 1: BUILT_MODULE_NAME needs the output of a command");
	ck_assert_int_eq(package(1)->has_autoinstall, RD_PRESENCE_UNKNOWN);
}
END_TEST

START_TEST(patches_and_hooks)
{
	add_version("1.0", CONF PLACE "PATCH[0]=rdna1.patch\nPATCH[1]=gone.patch\n"
				      "PRE_BUILD=\"pre.sh $kernelver\"\n");
	tree_write("usr/src/amdgpu-1.0/patches/rdna1.patch",
		   "--- a/amd/amdkfd/kfd_crat.c\n+++ b/amd/amdkfd/kfd_crat.c\n@@ -1 +1 @@\n"
		   "+\tflags |= HSA_MEM_FLAGS_HOT_PLUGGABLE;\n");
	tree_write("usr/src/amdgpu-1.0/pre.sh", "#!/bin/sh\nsed -i s/a/b/ amd/amdkfd/kfd_crat.c\n");
	probe();
	ck_assert_uint_eq(package(0)->patches.n, 2);
	ck_assert_uint_eq(package(0)->patched_by.n, 1);
	ck_assert_str_eq(package(0)->patched_by.items[0].where,
			 "/usr/src/amdgpu-1.0/patches/rdna1.patch:4");
	ck_assert_uint_eq(package(0)->touched_by.n, 1);
	ck_assert_str_eq(package(0)->touched_by.items[0].where, "/usr/src/amdgpu-1.0/pre.sh:2");
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(tree_elsewhere)
{
	tree_write("etc/dkms/framework.conf", "# x\ndkms_tree=\"/srv/dkms\"\n");
	tree_write("usr/src/amdgpu-1.0/dkms.conf", CONF PLACE);
	tree_link("srv/dkms/amdgpu/1.0/source", "/usr/src/amdgpu-1.0");
	probe();
	ck_assert_str_eq(package(0)->path, "/srv/dkms/amdgpu/1.0");
}
END_TEST

/* Links in circles, files in place of folders, a FIFO as dkms.conf, thousands of versions. */
START_TEST(hostile_tree)
{
	add_version("1.0", "");
	tree_remove("usr/src/amdgpu-1.0/dkms.conf");
	ck_assert_int_eq(mkfifo(tree_path("usr/src/amdgpu-1.0/dkms.conf"), 0600), 0);
	tree_link("var/lib/dkms/amdgpu/2.0/source", "../2.0/source");
	tree_write("var/lib/dkms/amdgpu/2.0/" K, "x");
	tree_write("var/lib/dkms/amdgpu/3.0/" K "/x86_64/module", "x");
	tree_write("var/lib/dkms/amdgpu/3.0/build/make.log/x", "x");
	tree_write("var/lib/dkms/amdgpu/4.0", "x");
	for (int i = 0; i < 600; i++) {
		char path[100];

		snprintf(path, sizeof(path), "var/lib/dkms/many/%d/x", i);
		tree_write(path, "");
	}
	probe();
	ck_assert_uint_eq(facts.dkms.n, 2); /* 2.0 and 3.0, whose sources are gone */
	ck_assert_uint_ge(facts.unreads.n, 2);
	ck_assert_uint_eq(facts.copies.n, 0);
}
END_TEST

START_TEST(only_one_kernel_is_asked_for)
{
	add_installed();
	tree_write(V1 OLD "/x86_64/module/amdgpu.ko", "patched cc");
	options.kernel = K;
	probe();
	ck_assert_uint_eq(package(0)->builds.n, 2);
	ck_assert_uint_eq(facts.copies.n, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-dkms");
	TCase *tcase = tcase_create("probe-dkms");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, installed_version);
	tcase_add_test(tcase, built_version);
	tcase_add_test(tcase, built_version_without_autoinstall);
	tcase_add_test(tcase, replaced_by_hand);
	tcase_add_test(tcase, taken_away_by_hand);
	tcase_add_test(tcase, distribution_without_a_folder);
	tcase_add_test(tcase, part_of_the_set_is_missing);
	tcase_add_test(tcase, conditional_module);
	tcase_add_test(tcase, source_is_gone);
	tcase_add_test(tcase, original_module);
	tcase_add_test(tcase, failed_build);
	tcase_add_test(tcase, stale_log);
	tcase_add_test(tcase, newest_is_what_comes);
	tcase_add_loop_test(tcase, exclusive, 0, 15);
	tcase_add_test(tcase, kernel_is_gone);
	tcase_add_test(tcase, weak_updates);
	tcase_add_test(tcase, other_packages);
	tcase_add_test(tcase, package_of_another_name);
	tcase_add_test(tcase, patches_and_hooks);
	tcase_add_test(tcase, tree_elsewhere);
	tcase_add_test(tcase, hostile_tree);
	tcase_add_test(tcase, only_one_kernel_is_asked_for);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
