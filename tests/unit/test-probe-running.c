/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The running driver, and whether it is one of the copies on disk. The note is as elf(5) has it:
 * two lengths, a type, a padded name, the build-id.
 */

#include "fake-inspect.h"
#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

#define MODULE	 "sys/module/amdgpu/"
#define NOTE	 MODULE "notes/.note.gnu.build-id"
#define RELEASE	 "6.1.0-28-amd64"
#define K1	 "lib/modules/" RELEASE "/"
#define BUILD_ID "0123456789abcdef0123456789abcdef01234567"

static const unsigned char note[] = { 4,    0,	  0,	0,    20,   0,	  0,	0,    3,
				      0,    0,	  0,	'G',  'N',  'U',  0,	0x01, 0x23,
				      0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45,
				      0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67 };

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_probe_options options;
static struct rd_error err;

static void teardown(void)
{
	rd_facts_deinit(&facts);
	tree_teardown();
}

static void load(void)
{
	tree_write("proc/sys/kernel/osrelease", RELEASE "\n");
	tree_write(MODULE "initstate", "live\n");
	tree_write(MODULE "taint", "OE\n");
	tree_put(NOTE, note, sizeof(note));
}

static const struct rd_copy *probe(void)
{
	ck_assert_int_eq(rd_probe(&tree_system, &options, &facts, &err), 0);
	return rd_facts_running_copy(&facts);
}

START_TEST(all_that_the_kernel_says)
{
	const struct rd_running *running = &facts.running;
	const struct rd_copy *copy;

	load();
	tree_write(MODULE "srcversion", "533BB7E5866E52F63B9ACCB\n");
	tree_write(MODULE "version", "6.16.6\n");
	tree_write(MODULE "parameters/noretry", "0\n");
	tree_write(MODULE "parameters/dc", "-1\n");
	tree_write("etc/os-release", "NAME=x\nPRETTY_NAME=\"Debian \\\"GNU\\\" 12\"\n");
	copy = probe();

	ck_assert(facts.has_sys && !facts.is_live);
	ck_assert_str_eq(facts.distribution, "Debian \"GNU\" 12");
	ck_assert_int_eq(running->is_loaded, RD_PRESENCE_YES);
	ck_assert(!running->is_builtin);
	ck_assert_str_eq(running->kernel, RELEASE);
	ck_assert_str_eq(running->build_id, BUILD_ID);
	ck_assert_str_eq(running->srcversion, "533BB7E5866E52F63B9ACCB");
	ck_assert_str_eq(running->version, "6.16.6");
	ck_assert_str_eq(running->taint, "OE");
	ck_assert_uint_eq(running->parameters.n, 2);
	ck_assert_str_eq(running->parameters.items[1].name, "noretry");
	ck_assert_str_eq(running->parameters.items[1].value, "0");
	ck_assert_str_eq(copy->path, "/sys/module/amdgpu");
	ck_assert_str_eq(copy->kernel, RELEASE);
	ck_assert_str_eq(copy->id.build_id, BUILD_ID);
	ck_assert_int_eq(copy->verdict, RD_VERDICT_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(rd_copy_reason(copy), "no copy that was inspected"));
}
END_TEST

START_TEST(equal_build_id_is_the_same_driver)
{
	const struct rd_copy *copy;

	load();
	tree_write(K1 "updates/amdgpu.ko", "patched " BUILD_ID);
	tree_write(K1 "kernel/amdgpu.ko", "no-sign 99");
	tree_write(K1 "modules.dep", "updates/amdgpu.ko:\n");
	copy = probe();
	ck_assert_int_eq(copy->verdict, RD_VERDICT_PATCHED);
	ck_assert_str_eq(rd_copy_reason(copy), "identical build-id with /" K1 "updates/amdgpu.ko");
	ck_assert_uint_eq(facts.copies.n, 3);
	ck_assert(facts.copies.items[1].is_same_as_running);
	ck_assert(!facts.copies.items[2].is_same_as_running);
}
END_TEST

/* An edited file keeps its build-id: which of the two runs is not known. */
START_TEST(worst_of_equals)
{
	static const struct {
		const char *a, *b;
		enum rd_verdict verdict;
	} cases[] = {
		{ "no-sign", "modified", RD_VERDICT_MODIFIED },
		{ "patched", "clean", RD_VERDICT_PATCHED },
		{ "clean", "unknown", RD_VERDICT_UNKNOWN },
		{ "clean", "no-sign", RD_VERDICT_NO_SIGN },
	};
	char text[100];

	load();
	snprintf(text, sizeof(text), "%s " BUILD_ID, cases[_i].a);
	tree_write(K1 "a/amdgpu.ko", text);
	snprintf(text, sizeof(text), "%s " BUILD_ID, cases[_i].b);
	tree_write(K1 "b/amdgpu.ko", text);
	ck_assert_int_eq(probe()->verdict, cases[_i].verdict);
}
END_TEST

START_TEST(srcversion_alone_proves_nothing)
{
	const struct rd_copy *copy;

	tree_write("proc/sys/kernel/osrelease", RELEASE "\n");
	tree_write(MODULE "srcversion", "AAAA\n");
	tree_write(MODULE "initstate", "live\n");
	tree_write(K1 "a/amdgpu.ko", "no-sign");
	copy = probe();
	ck_assert_int_eq(copy->verdict, RD_VERDICT_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(rd_copy_reason(copy), "no build-id"));
}
END_TEST

/* Livepatch: Documentation/ABI/testing/sysfs-kernel-livepatch. */
START_TEST(live_patches)
{
	const struct rd_copy *copy;

	load();
	tree_write(K1 "a/amdgpu.ko", _i ? "patched " BUILD_ID : "no-sign " BUILD_ID);
	tree_write("sys/kernel/livepatch/fix/enabled", "1\n");
	tree_write("sys/kernel/livepatch/fix/amdgpu/patched", "1\n");
	tree_write("sys/kernel/livepatch/off/enabled", "0\n");
	tree_folder("sys/kernel/livepatch/off/amdgpu");
	tree_write("sys/kernel/livepatch/net/enabled", "1\n");
	tree_folder("sys/kernel/livepatch/net/e1000");
	copy = probe();
	ck_assert_uint_eq(facts.running.livepatches.n, 1);
	ck_assert_str_eq(facts.running.livepatches.items[0], "fix");
	ck_assert_int_eq(copy->verdict, _i ? RD_VERDICT_PATCHED : RD_VERDICT_UNKNOWN);
}
END_TEST

START_TEST(built_in)
{
	const struct rd_copy *copy;

	tree_write("proc/sys/kernel/osrelease", RELEASE "\n");
	if (_i) /* no parameter is visible: no folder */
		tree_write(K1 "modules.builtin", "kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko\n");
	else
		tree_write(MODULE "parameters/dc", "-1\n");
	tree_folder("sys/module/kernel");
	copy = probe();
	ck_assert_int_eq(facts.running.is_loaded, RD_PRESENCE_YES);
	ck_assert(facts.running.is_builtin);
	ck_assert_int_eq(copy->verdict, RD_VERDICT_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(rd_copy_reason(copy), "built into the kernel image"));
}
END_TEST

START_TEST(not_loaded_and_not_known)
{
	if (_i)
		tree_folder("sys/module/kernel");
	else
		tree_folder("sys"); /* the mount point of a mounted disk */
	tree_write("proc/sys/kernel/osrelease", "../../etc\n");
	ck_assert_ptr_null(probe());
	ck_assert_int_eq(facts.has_sys, _i);
	ck_assert_int_eq(facts.running.is_loaded, _i ? RD_PRESENCE_NO : RD_PRESENCE_UNKNOWN);
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_UNKNOWN);
}
END_TEST

/* Every truncation, lengths that leave the note, an empty one, a long one, a foreign one first. */
START_TEST(broken_notes)
{
	static unsigned char broken[20 + sizeof(note)];
	size_t len = (size_t)_i;

	load();
	memcpy(broken, note, sizeof(note));
	if (_i == sizeof(note))
		memset(broken, 0xff, 12); /* lengths near 4 GiB */
	else if (_i == sizeof(note) + 1)
		broken[4] = 0;
	else if (_i == sizeof(note) + 2)
		broken[12] = 'g';
	if (len > sizeof(note))
		len = sizeof(note);
	tree_put(NOTE, broken, len);
	ck_assert_int_eq(probe()->verdict, RD_VERDICT_UNKNOWN);
	ck_assert_ptr_null(facts.running.build_id);
	ck_assert_uint_eq(facts.unreads.n, 1);
	ck_assert_str_eq(facts.unreads.items[0].path, "/" NOTE);
}
END_TEST

START_TEST(second_of_two_notes)
{
	static const unsigned char first[] = { 6,   0,	 0,   0,   1,	0, 0, 0, 0, 1, 0, 0,
					       'L', 'i', 'n', 'u', 'x', 0, 0, 0, 7, 0, 0, 0 };
	unsigned char both[sizeof(first) + sizeof(note)];

	load();
	memcpy(both, first, sizeof(first));
	memcpy(both + sizeof(first), note, sizeof(note));
	tree_put(NOTE, both, sizeof(both));
	probe();
	ck_assert_str_eq(facts.running.build_id, BUILD_ID);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-running");
	TCase *tcase = tcase_create("running");

	tcase_add_checked_fixture(tcase, tree_setup, teardown);
	tcase_add_test(tcase, all_that_the_kernel_says);
	tcase_add_test(tcase, equal_build_id_is_the_same_driver);
	tcase_add_loop_test(tcase, worst_of_equals, 0, 4);
	tcase_add_test(tcase, srcversion_alone_proves_nothing);
	tcase_add_loop_test(tcase, live_patches, 0, 2);
	tcase_add_loop_test(tcase, built_in, 0, 2);
	tcase_add_loop_test(tcase, not_loaded_and_not_known, 0, 2);
	tcase_add_loop_test(tcase, broken_notes, 0, sizeof(note) + 3);
	tcase_add_test(tcase, second_of_two_notes);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
