/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Copies below lib/modules: which are found, which modprobe would load, what cannot be read. The
 * layouts are those of the distributions; modules are stand-ins (fake-inspect.h).
 */

#include "fake-inspect.h"
#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

#define IN_TREE "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko"
#define K1	"lib/modules/6.1.0-28-amd64/"
#define K2	"lib/modules/6.1.0-31-amd64/"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_probe_options options;
static struct rd_error err;

static void probe(void)
{
	inspected = 0;
	ck_assert_int_eq(rd_probe_kernels(&tree_system, &options, &facts, &err), 0);
}

static void teardown(void)
{
	rd_facts_deinit(&facts);
	tree_teardown();
}

static const struct rd_copy *find_copy(const char *path)
{
	for (size_t i = 0; i < facts.copies.n; i++) {
		if (!strcmp(facts.copies.items[i].path, path))
			return &facts.copies.items[i];
	}
	ck_abort_msg("no copy %s", path);
}

/* @flags: R resolved, L loadable, B a backup. */
static void expect_copy(const char *path, const char *flags, enum rd_verdict verdict)
{
	const struct rd_copy *copy = find_copy(path);

	ck_assert_msg(copy->is_resolved == !!strchr(flags, 'R'), "%s resolved", path);
	ck_assert_msg(copy->is_loadable == !!strchr(flags, 'L'), "%s loadable", path);
	ck_assert_int_eq(copy->kind, strchr(flags, 'B') ? RD_COPY_BACKUP : RD_COPY_INSTALLED);
	ck_assert_int_eq(copy->verdict, verdict);
	ck_assert_ptr_nonnull(copy->kernel);
}

START_TEST(dkms_shadows_the_kernel_s_own)
{
	tree_write(K1 "modules.dep", IN_TREE ".xz:\n"
					     "kernel/drivers/gpu/drm/radeon/radeon.ko:\n");
	tree_write(K1 IN_TREE ".xz", "no-sign 11");
	tree_write(K2 "modules.dep", "updates/dkms/amdgpu.ko: updates/dkms/amdttm.ko\n");
	tree_write(K2 "updates/dkms/amdgpu.ko", "patched 22");
	tree_write(K2 "updates/dkms/amdttm.ko", "patched 23");
	tree_write(K2 IN_TREE, "no-sign 33");
	facts.running.kernel = strdup("6.1.0-31-amd64");
	probe();

	ck_assert_uint_eq(facts.kernels.n, 2);
	ck_assert_str_eq(facts.kernels.items[0].release, "6.1.0-28-amd64");
	ck_assert_str_eq(facts.kernels.items[1].resolved, "/" K2 "updates/dkms/amdgpu.ko");
	ck_assert(!facts.kernels.items[0].is_running && facts.kernels.items[1].is_running);
	ck_assert_int_eq(facts.kernels.items[0].has_amdgpu, RD_PRESENCE_YES);
	ck_assert_uint_eq(facts.copies.n, 3);
	expect_copy("/" K1 IN_TREE ".xz", "RL", RD_VERDICT_NO_SIGN);
	expect_copy("/" K2 "updates/dkms/amdgpu.ko", "RL", RD_VERDICT_PATCHED);
	expect_copy("/" K2 IN_TREE, "", RD_VERDICT_NO_SIGN);
	ck_assert_str_eq(find_copy("/" K2 IN_TREE)->kernel, "6.1.0-31-amd64");
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(every_name_is_found)
{
	static const char *const modules[] = { "extra/amdgpu.ko.gz", "a/b/c/amdgpu.ko.zst",
					       "amdgpu.ko.xz" };
	static const char *const backups[] = { "extra/amdgpu.ko.backup", "extra/amdgpu.ko.zst.old",
					       "extra/amdgpu.ko.backup.20251101", "amdgpu.ko~" };
	static const char *const others[] = { "build/amdgpu.ko",      "source/amdgpu.ko",
					      "extra/amdgpu_old.ko",  "extra/xamdgpu.ko",
					      "extra/.amdgpu.ko.cmd", "extra/amdgpu" };
	char path[200];

	for (size_t i = 0; i < RD_N_ELEMENTS(others); i++) {
		snprintf(path, sizeof(path), K1 "%s", others[i]);
		tree_write(path, "patched");
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(modules); i++) {
		snprintf(path, sizeof(path), K1 "%s", modules[i]);
		tree_write(path, "no-sign");
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(backups); i++) {
		snprintf(path, sizeof(path), K1 "%s", backups[i]);
		tree_write(path, "modified");
	}
	probe();

	ck_assert_uint_eq(facts.copies.n, RD_N_ELEMENTS(modules) + RD_N_ELEMENTS(backups));
	for (size_t i = 0; i < RD_N_ELEMENTS(modules); i++) {
		snprintf(path, sizeof(path), "/" K1 "%s", modules[i]);
		expect_copy(path, "L", RD_VERDICT_NO_SIGN); /* no index: depmod may take any */
	}
	for (size_t i = 0; i < RD_N_ELEMENTS(backups); i++) {
		snprintf(path, sizeof(path), "/" K1 "%s", backups[i]);
		expect_copy(path, "B", RD_VERDICT_MODIFIED);
	}
	ck_assert_uint_eq(inspected, 2); /* equal bytes once */
}
END_TEST

/* /lib -> usr/lib, a release by two names, weak-updates into another kernel's tree. */
START_TEST(links_do_not_multiply)
{
	tree_folder("usr");
	tree_link("lib", "usr/lib");
	tree_write("usr/" K1 "extra/amdgpu.ko", "no-sign 11");
	tree_write("usr/" K1 "modules.dep", "extra/amdgpu.ko:\n");
	tree_write("usr/" K2 "modules.dep", "weak-updates/amdgpu.ko:\n");
	tree_link("usr/" K2 "weak-updates/amdgpu.ko",
		  "/lib/modules/6.1.0-28-amd64/extra/amdgpu.ko");
	tree_link("usr/lib/modules/current", "6.1.0-31-amd64");
	tree_link("usr/lib/modules/gone", "6.1.0-2-amd64");
	probe();

	ck_assert_uint_eq(facts.kernels.n, 2);
	ck_assert_uint_eq(facts.copies.n, 2);
	expect_copy("/" K1 "extra/amdgpu.ko", "RL", RD_VERDICT_NO_SIGN);
	expect_copy("/" K2 "weak-updates/amdgpu.ko", "RL", RD_VERDICT_NO_SIGN);
	ck_assert_str_eq(find_copy("/" K2 "weak-updates/amdgpu.ko")->id.build_id, "11");
	ck_assert_uint_eq(inspected, 1);
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(lib_without_its_link)
{
	tree_write("usr/" K1 "extra/amdgpu.ko", "no-sign");
	probe();
	expect_copy("/usr/" K1 "extra/amdgpu.ko", "L", RD_VERDICT_NO_SIGN);
}
END_TEST

/* The index names a file that is gone: what depmod would find instead counts. */
START_TEST(stale_index)
{
	tree_write(K1 "modules.dep", "updates/amdgpu.ko:\n");
	tree_write(K1 IN_TREE, "patched");
	probe();
	expect_copy("/" K1 "updates/amdgpu.ko", "RL", RD_VERDICT_UNKNOWN);
	ck_assert_str_eq(rd_copy_reason(find_copy("/" K1 "updates/amdgpu.ko")),
			 "the file is missing");
	expect_copy("/" K1 IN_TREE, "L", RD_VERDICT_PATCHED);
}
END_TEST

static void expect_expected(size_t kernel, const char *path)
{
	ck_assert_pstr_eq(facts.kernels.items[kernel].expected, path);
}

/* depmod was not run since: what it names is loaded now, what it would choose after the next. */
START_TEST(outdated_index)
{
	tree_write(K1 "modules.dep", IN_TREE ":\n");
	tree_write(K1 IN_TREE, "no-sign");
	tree_write(K1 "updates/dkms/amdgpu.ko", "patched");
	tree_write(K2 "modules.dep", "updates/dkms/amdgpu.ko:\n");
	tree_write(K2 IN_TREE, "no-sign");
	tree_write(K2 "updates/dkms/amdgpu.ko", "patched");
	probe();
	expect_copy("/" K1 IN_TREE, "RL", RD_VERDICT_NO_SIGN);
	expect_copy("/" K1 "updates/dkms/amdgpu.ko", "L", RD_VERDICT_PATCHED);
	expect_expected(0, "/" K1 "updates/dkms/amdgpu.ko");
	expect_copy("/" K2 IN_TREE, "", RD_VERDICT_NO_SIGN);
	expect_expected(1, "/" K2 "updates/dkms/amdgpu.ko");
}
END_TEST

START_TEST(depmod_is_configured)
{
	tree_write("etc/depmod.d/a.conf",
		   "search built-in extra\noverride amdgpu * weak-updates\n");
	tree_write("usr/lib/depmod.d/a.conf", "search extra built-in\n");
	tree_write(K1 "modules.dep", IN_TREE ":\n");
	tree_write(K1 IN_TREE, "no-sign");
	tree_write(K1 "extra/amdgpu.ko", "patched");
	tree_write(K2 "modules.dep", IN_TREE ":\n");
	tree_write(K2 IN_TREE, "no-sign");
	tree_link(K2 "weak-updates/amdgpu.ko", "/" K1 "extra/amdgpu.ko");
	probe();
	expect_expected(0, "/" K1 IN_TREE);
	expect_copy("/" K1 "extra/amdgpu.ko", "", RD_VERDICT_PATCHED);
	expect_expected(1, "/" K2 "weak-updates/amdgpu.ko");
	expect_copy("/" K2 "weak-updates/amdgpu.ko", "L", RD_VERDICT_PATCHED);
	ck_assert_uint_eq(facts.modprobe.n, 2);
	ck_assert_str_eq(facts.modprobe.items[1].place, "/etc/depmod.d/a.conf:2");
}
END_TEST

/* Two files that only the order of the folder tells apart: either may load after the next depmod.
 */
START_TEST(luck_decides)
{
	tree_write(K1 "modules.dep", IN_TREE ":\n");
	tree_write(K1 IN_TREE, "no-sign");
	tree_write(K1 "extra/amdgpu.ko", "patched");
	tree_write(K1 "kernel/amdgpu.orig.ko", "modified");
	probe();
	expect_expected(0, "/" K1 IN_TREE);
	expect_copy("/" K1 IN_TREE, "RL", RD_VERDICT_NO_SIGN);
	expect_copy("/" K1 "extra/amdgpu.ko", "L", RD_VERDICT_PATCHED);
	expect_copy("/" K1 "kernel/amdgpu.orig.ko", "L", RD_VERDICT_MODIFIED);
}
END_TEST

START_TEST(modules_outside_the_tree)
{
	tree_write("etc/depmod.d/a.conf", "search external updates built-in\n"
					  "external 6.1.0-28-.* /opt/modules/\n"
					  "external * /opt/absent\n");
	tree_write("opt/modules/amdgpu.ko.xz", "patched");
	tree_write(K1 "modules.dep", "updates/amdgpu.ko:\n");
	tree_write(K1 "updates/amdgpu.ko", "no-sign");
	tree_write(K2 "modules.dep", "updates/amdgpu.ko:\n");
	tree_write(K2 "updates/amdgpu.ko", "no-sign");
	probe();
	expect_expected(0, "/opt/modules/amdgpu.ko.xz");
	expect_copy("/opt/modules/amdgpu.ko.xz", "L", RD_VERDICT_PATCHED);
	expect_expected(1, "/" K2 "updates/amdgpu.ko");
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

/* Not knowing what depmod would choose, all may be chosen only where the index names nothing. */
START_TEST(unknown_configuration)
{
	ck_assert_int_eq(mkfifo(tree_path("etc/depmod.d/a.conf"), 0644), 0);
	tree_write(K1 "modules.dep", "updates/amdgpu.ko:\n");
	tree_write(K1 "updates/amdgpu.ko", "no-sign");
	tree_write(K1 IN_TREE, "patched");
	tree_write(K2 "updates/amdgpu.ko", "no-sign");
	tree_write(K2 IN_TREE, "patched");
	probe();
	expect_expected(0, NULL);
	expect_copy("/" K1 IN_TREE, "", RD_VERDICT_PATCHED);
	expect_copy("/" K2 IN_TREE, "L", RD_VERDICT_PATCHED);
	ck_assert_uint_eq(facts.unreads.n, 1);
}
END_TEST

START_TEST(trap_in_the_configuration)
{
	tree_write("etc/depmod.d/a.conf", "override amdgpu (((a{9,99}){9,99}){9,99}) extra\n");
	tree_write(K1 "updates/amdgpu.ko", "no-sign");
	probe();
	expect_expected(0, NULL);
	ck_assert_uint_eq(facts.unreads.n, 1);
}
END_TEST

START_TEST(absolute_path_in_the_index)
{
	tree_write("opt/amdgpu.ko", "patched");
	tree_write(K1 "modules.dep", "/opt/amdgpu.ko:\n");
	probe();
	expect_copy("/opt/amdgpu.ko", "RL", RD_VERDICT_PATCHED);
}
END_TEST

START_TEST(kernel_without_amdgpu)
{
	tree_write(K1 "modules.dep", "kernel/drivers/net/amdgpu.ko/e1000.ko: a/amdgpu.ko\n");
	tree_write(K1 "modules.builtin", "kernel/fs/ext4/ext4.ko\n");
	tree_write(K2 "modules.builtin", "kernel/fs/ext4/ext4.ko\n" IN_TREE "\n");
	tree_write("lib/modules/README", "not a release");
	probe();
	ck_assert_uint_eq(facts.kernels.n, 2);
	ck_assert_uint_eq(facts.copies.n, 0);
	ck_assert_int_eq(facts.kernels.items[0].has_amdgpu, RD_PRESENCE_NO);
	ck_assert_int_eq(facts.kernels.items[0].has_builtin, RD_PRESENCE_NO);
	ck_assert_int_eq(facts.kernels.items[1].has_builtin, RD_PRESENCE_YES);
}
END_TEST

START_TEST(one_kernel_alone)
{
	tree_write(K1 "updates/amdgpu.ko", "no-sign");
	tree_write(K2 "updates/amdgpu.ko", "patched");
	options.kernel = _i ? "../modules/6.1.0-28-amd64" : "6.1.0-28-amd64";
	probe();
	ck_assert_uint_eq(facts.kernels.n, !_i);
	ck_assert_uint_eq(facts.copies.n, !_i);
	ck_assert_uint_eq(facts.unreads.n, _i);
}
END_TEST

START_TEST(odd_files_are_unknown)
{
	tree_write(K1 "modules.dep", "a/amdgpu.ko:\n");
	ck_assert_int_eq(mkfifo(tree_path(K1 "a/amdgpu.ko"), 0644), 0);
	tree_write(K1 "b/amdgpu.ko/amdgpu.ko", "no-sign"); /* a folder of that name is a folder */
	tree_link(K1 "c/amdgpu.ko", "nowhere");
	tree_link(K1 "d/amdgpu.ko", "amdgpu.ko");
	tree_link(K1 "e/amdgpu.ko", "/proc/1/exe");
	probe();
	ck_assert_uint_eq(facts.copies.n, 5);
	expect_copy("/" K1 "a/amdgpu.ko", "RL", RD_VERDICT_UNKNOWN);
	ck_assert_ptr_nonnull(
		strstr(rd_copy_reason(find_copy("/" K1 "a/amdgpu.ko")), "not a regular file"));
	expect_copy("/" K1 "b/amdgpu.ko/amdgpu.ko", "L", RD_VERDICT_NO_SIGN);
	expect_copy("/" K1 "c/amdgpu.ko", "", RD_VERDICT_UNKNOWN); /* depmod passes over it */
	ck_assert_str_eq(rd_copy_reason(find_copy("/" K1 "c/amdgpu.ko")),
			 "a link that leads nowhere");
	expect_copy("/" K1 "d/amdgpu.ko", "L", RD_VERDICT_UNKNOWN);
	expect_copy("/" K1 "e/amdgpu.ko", "", RD_VERDICT_UNKNOWN);
}
END_TEST

START_TEST(unreadable_is_not_absent)
{
	tree_write(K1 "updates/amdgpu.ko", "no-sign");
	tree_write(K1 "closed/amdgpu.ko", "patched");
	tree_write(K2 "modules.dep", "");
	ck_assert_int_eq(chmod(tree_path(K1 "closed"), 0), 0);
	ck_assert_int_eq(chmod(tree_path(K1 "updates/amdgpu.ko"), 0), 0);
	ck_assert_int_eq(chmod(tree_path(K2), 0), 0);
	if (!tree_become_nobody() && !geteuid())
		return;
	probe();
	tree_become_root_again();

	expect_copy("/" K1 "updates/amdgpu.ko", "L", RD_VERDICT_UNKNOWN);
	ck_assert_uint_eq(facts.kernels.n, 2);
	ck_assert_int_eq(facts.kernels.items[1].has_amdgpu, RD_PRESENCE_UNKNOWN);
	ck_assert_int_eq(facts.kernels.items[1].has_builtin, RD_PRESENCE_UNKNOWN);
	ck_assert_uint_ge(facts.unreads.n, 3);
	for (size_t i = 0; i < facts.unreads.n; i++) {
		ck_assert(facts.unreads.items[i].is_permission);
		ck_assert_str_eq(facts.unreads.items[i].reason, "Permission denied");
	}
}
END_TEST

START_TEST(crowds_have_limits)
{
	char path[200];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), K1 "updates/%d/amdgpu.ko", i);
		tree_write(path, "no-sign");
	}
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "usr/lib/modules/%d/modules.dep", i);
		tree_write(path, "");
	}
	probe();
	ck_assert_uint_eq(facts.copies.n, 64);
	ck_assert_uint_eq(facts.kernels.n, 1);
	ck_assert_uint_eq(facts.unreads.n, 2);
	ck_assert_ptr_nonnull(strstr(facts.unreads.items[0].reason, "more than 64 copies"));
	ck_assert_ptr_nonnull(strstr(facts.unreads.items[1].reason, "300 entries"));
}
END_TEST

/* What libkmod finds in an index that depmod made: as root, with the tree as this machine. */
START_TEST(live_asks_libkmod)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system live = RD_SYSTEM_INIT;
	RD_CLEANUP(rd_closep) int outside = open("/", O_PATH | O_CLOEXEC);
	char command[200];

	tree_write(K1 "updates/amdgpu.ko", "no-sign");
	tree_write(K1 IN_TREE, "patched");
	tree_write(K1 "modules.order", "");
	tree_write(K1 "modules.builtin", "");
	snprintf(command, sizeof(command), "PATH=$PATH:/sbin:/usr/sbin depmod -b %s %s 2>/dev/null",
		 tree_root, "6.1.0-28-amd64");
	if (geteuid() || system(command) || access(tree_path(K1 "modules.dep.bin"), R_OK))
		return;
	ck_assert_int_eq(unlink(tree_path(K1 "modules.dep")), 0);
	ck_assert_int_eq(chroot(tree_root), 0);
	ck_assert_int_eq(rd_system_init(&live, "/", &err), 0);
	ck_assert_int_eq(rd_probe_kernels(&live, &options, &facts, &err), 0);
	ck_assert_int_eq(fchdir(outside) || chroot("."), 0); /* the sanitizers want /proc at exit */
	expect_copy("/" K1 "updates/amdgpu.ko", "RL", RD_VERDICT_NO_SIGN);
	expect_copy("/" K1 IN_TREE, "", RD_VERDICT_PATCHED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-kernels");
	TCase *tcase = tcase_create("kernels");

	tcase_add_checked_fixture(tcase, tree_setup, teardown);
	tcase_add_test(tcase, dkms_shadows_the_kernel_s_own);
	tcase_add_test(tcase, every_name_is_found);
	tcase_add_test(tcase, links_do_not_multiply);
	tcase_add_test(tcase, lib_without_its_link);
	tcase_add_test(tcase, stale_index);
	tcase_add_test(tcase, outdated_index);
	tcase_add_test(tcase, depmod_is_configured);
	tcase_add_test(tcase, luck_decides);
	tcase_add_test(tcase, modules_outside_the_tree);
	tcase_add_test(tcase, unknown_configuration);
	tcase_add_test(tcase, trap_in_the_configuration);
	tcase_add_test(tcase, absolute_path_in_the_index);
	tcase_add_test(tcase, kernel_without_amdgpu);
	tcase_add_loop_test(tcase, one_kernel_alone, 0, 2);
	tcase_add_test(tcase, odd_files_are_unknown);
	tcase_add_test(tcase, unreadable_is_not_absent);
	tcase_add_test(tcase, crowds_have_limits);
	tcase_add_test(tcase, live_asks_libkmod);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
