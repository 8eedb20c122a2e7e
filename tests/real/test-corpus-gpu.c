/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Cards of real machines: each folder of $RDNA1_CORPUS/sysfs is what a bug report held of
 * class/drm/cardN. Expected values are read off the cards' names in facts that others wrote down
 * (pci.ids, the drivers that the reporters used), not off our output. Without the corpus: skipped.
 */

#include "../unit/tree.h"
#include "probe/probe.h"

#define SKIPPED 77

/* Folder, device id (0: no AMD card), class, driver. */
static const struct {
	const char *machine;
	uint16_t device;
	enum rd_chip_class chip_class;
	const char *driver, *slot;
} machines[] = {
	{ "rx5700xt", 0x731f, RD_CHIP_RDNA1, "amdgpu", "0000:28:00.0" },
	{ "rx5500xt", 0x7340, RD_CHIP_RDNA1, "amdgpu", "0000:04:00.0" },
	{ "vega56", 0x687f, RD_CHIP_OTHER, "amdgpu", "0000:0b:00.0" },
	{ "rx6600", 0x73ff, RD_CHIP_OTHER, "amdgpu", "0000:12:00.0" },
	{ "rx7900xtx", 0x744c, RD_CHIP_OTHER, "amdgpu", "0000:03:00.0" },
	{ "vangogh", 0x163f, RD_CHIP_OTHER, "amdgpu", "0000:04:00.0" },
	{ "hd7870", 0x6818, RD_CHIP_OTHER, "radeon", "0000:01:00.0" },
	{ "intel-tigerlake", 0, RD_CHIP_OTHER, NULL, NULL },
};

/* cp(1) because a picture may not point outside itself, and links would. */
START_TEST(machine)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	const struct rd_gpu *gpu;
	struct rd_error err;
	char command[600];

	tree_write("sys/class/drm/version", "drm 1.1.0 20060810\n");
	snprintf(command, sizeof(command), "cp -r %s/sysfs/%s/card* %s/sys/class/drm/",
		 getenv("RDNA1_CORPUS"), machines[_i].machine, tree_root);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(rd_probe_gpus(&tree_system, NULL, &facts, &err), 0);

	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_YES);
	ck_assert_uint_eq(facts.unreads.n, 0);
	ck_assert_uint_eq(facts.gpus.n, machines[_i].device != 0);
	if (!machines[_i].device)
		return;
	gpu = &facts.gpus.items[0];
	ck_assert_uint_eq(gpu->device, machines[_i].device);
	ck_assert_int_eq(gpu->chip_class, machines[_i].chip_class);
	ck_assert_str_eq(gpu->driver, machines[_i].driver);
	ck_assert_str_eq(gpu->slot, machines[_i].slot);
	ck_assert_ptr_nonnull(gpu->drm_card);
	ck_assert(gpu->link_width.known);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("corpus-gpu");
	TCase *tcase = tcase_create("machines");
	const char *corpus = getenv("RDNA1_CORPUS");

	if (!corpus || !*corpus) {
		puts("RDNA1_CORPUS is not set: skipped");
		return SKIPPED;
	}
	tcase_add_checked_fixture(tcase, tree_setup, tree_teardown);
	tcase_add_loop_test(tcase, machine, 0, RD_N_ELEMENTS(machines));
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
