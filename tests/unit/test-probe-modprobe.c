/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The folders of modprobe.d: which files count, in which order; the modules and cards asked for. */

#include "base/array.h"
#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_probe_options options;
static struct rd_error err;

static void teardown(void)
{
	rd_facts_deinit(&facts);
	tree_teardown();
}

/* Places and texts of all lines, in their order. */
static void expect(const char *wanted)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert_int_eq(rd_probe_modprobe(&tree_system, &options, &facts, &err), 0);
	ck_assert_int_eq(rd_text_puts(&text, ""), 0);
	for (size_t i = 0; i < facts.modprobe.n; i++)
		rd_text_printf(&text, "%s %s\n", facts.modprobe.items[i].place,
			       facts.modprobe.items[i].text);
	ck_assert_str_eq(text.data, wanted);
}

START_TEST(files_of_one_name)
{
	tree_write("etc/modprobe.d/b.conf", "options amdgpu b=1\n");
	tree_write("run/modprobe.d/c.conf", "options amdgpu c=2\n");
	tree_write("usr/local/lib/modprobe.d/a.conf", "options amdgpu a=3\n");
	tree_write("usr/lib/modprobe.d/a.conf", "options amdgpu a=4\n");
	tree_write("lib/modprobe.d/b.conf", "options amdgpu b=5\n");
	tree_write("lib/modprobe.d/d.conf", "options amdgpu d=6\n");
	expect("/usr/local/lib/modprobe.d/a.conf:1 options amdgpu a=3\n"
	       "/etc/modprobe.d/b.conf:1 options amdgpu b=1\n"
	       "/run/modprobe.d/c.conf:1 options amdgpu c=2\n"
	       "/lib/modprobe.d/d.conf:1 options amdgpu d=6\n");
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

/* As systemd and kmod mask a file of a package; also where the picture has no /dev. */
START_TEST(masked_files)
{
	tree_link("etc/modprobe.d/a.conf", "/dev/null");
	tree_link("etc/modprobe.d/b.conf", "../../dev/null");
	tree_link("etc/modprobe.d/c.conf", "nowhere"); /* kmod cannot stat it, and goes on */
	tree_write("etc/modprobe.d/d.conf", "");
	tree_write("usr/lib/modprobe.d/a.conf", "blacklist amdgpu\n");
	tree_write("usr/lib/modprobe.d/b.conf", "blacklist amdgpu\n");
	tree_write("usr/lib/modprobe.d/c.conf", "blacklist amdgpu # c\n");
	tree_write("usr/lib/modprobe.d/d.conf", "blacklist amdgpu\n");
	expect("/usr/lib/modprobe.d/c.conf:1 blacklist amdgpu # c\n");
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(what_is_no_file_of_it)
{
	tree_write("etc/modprobe.d/.hidden.conf", "blacklist amdgpu\n");
	tree_write("etc/modprobe.d/README", "blacklist amdgpu\n");
	tree_write("etc/modprobe.d/amdgpu.conf.dpkg-old", "blacklist amdgpu\n");
	tree_write("etc/modprobe.d/folder.conf/x.conf", "blacklist amdgpu\n");
	tree_write("lib/modprobe.d/folder.conf", "options amdgpu dc=0\n");
	tree_write("etc/modprobe.conf", "blacklist amdgpu\n");
	expect("/lib/modprobe.d/folder.conf:1 options amdgpu dc=0\n");
}
END_TEST

START_TEST(one_folder_by_two_names)
{
	tree_write("usr/lib/modprobe.d/a.conf", "options amdgpu dc=0\n");
	tree_link("lib", "usr/lib");
	expect("/usr/lib/modprobe.d/a.conf:1 options amdgpu dc=0\n");
}
END_TEST

START_TEST(modules_of_dkms_and_cards)
{
	struct rd_dkms_package package = { .name = strdup("amdgpu") };
	struct rd_dkms_module module = { .name = strdup("amd-sched") };
	struct rd_gpu gpu = {
		.slot = strdup("0000:03:00.0"),
		.vendor = 0x1002,
		.device = 0x731f,
		.subsystem_vendor = RD_NUM(0x1002),
		.subsystem_device = RD_NUM(0xb36),
		.pci_class = RD_NUM(0x030000),
		.chip_class = RD_CHIP_RDNA1,
	};

	ck_assert_int_eq(rd_array_push(&package.modules, &module), 0);
	ck_assert_int_eq(rd_array_push(&facts.dkms, &package), 0);
	ck_assert_int_eq(rd_array_push(&facts.gpus, &gpu), 0);
	tree_write("etc/modprobe.d/a.conf",
		   "install amd_sched /bin/false\n"
		   "install amdttm /bin/false\n"
		   "alias pci:v00001002d0000731Fsv00001002sd00000B36bc03sc00i00 vfio-pci\n");
	expect("/etc/modprobe.d/a.conf:1 install amd_sched /bin/false\n"
	       "/etc/modprobe.d/a.conf:3 alias "
	       "pci:v00001002d0000731Fsv00001002sd00000B36bc03sc00i00 vfio-pci\n");
	ck_assert_str_eq(facts.modprobe.items[0].module, "amd_sched");
	ck_assert_str_eq(facts.modprobe.items[1].module, "vfio_pci");
}
END_TEST

START_TEST(command_line)
{
	tree_write("proc/cmdline", "root=/dev/sda2 nomodeset modprobe.blacklist=amdgpu\n");
	expect("the kernel's command line nomodeset\n"
	       "the kernel's command line modprobe.blacklist=amdgpu\n");
}
END_TEST

START_TEST(unreadable_is_noted)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	ck_assert_int_eq(mkfifo(tree_path("etc/modprobe.d/a.conf"), 0644), 0);
	for (int i = 0; i < 300; i++)
		ck_assert_int_eq(rd_text_puts(&text, "blacklist amdgpu\n"), 0);
	tree_write("etc/modprobe.d/b.conf", text.data);
	ck_assert_int_eq(rd_probe_modprobe(&tree_system, &options, &facts, &err), 0);
	ck_assert_uint_eq(facts.modprobe.n, RD_MODPROBE_LINES_MAX);
	ck_assert_uint_eq(facts.unreads.n, 2);
	ck_assert_str_eq(facts.unreads.items[0].path, "/etc/modprobe.d/a.conf");
	ck_assert_str_eq(facts.unreads.items[1].path, "/etc/modprobe.d/b.conf");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-modprobe");
	TCase *tcase = tcase_create("modprobe");

	tcase_add_checked_fixture(tcase, tree_setup, teardown);
	tcase_add_test(tcase, files_of_one_name);
	tcase_add_test(tcase, masked_files);
	tcase_add_test(tcase, what_is_no_file_of_it);
	tcase_add_test(tcase, one_folder_by_two_names);
	tcase_add_test(tcase, modules_of_dkms_and_cards);
	tcase_add_test(tcase, command_line);
	tcase_add_test(tcase, unreadable_is_noted);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
