/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Cards from files. The trees have the shapes that sysfs and bug reports have; ids and names are
 * those of pci.ids and amdgpu.ids.
 */

#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

#define DEVICES "sys/bus/pci/devices/"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_error err;

/* A PCI function as sysfs has it: below sys/devices, with a link from the bus. */
static void add_function(const char *slot, const char *vendor, const char *device,
			 const char *class, const char *revision)
{
	char path[200], target[200];

	snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/vendor", slot);
	tree_write(path, vendor);
	snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/device", slot);
	tree_write(path, device);
	snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/class", slot);
	tree_write(path, class);
	snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/uevent", slot);
	tree_write(path, "PCI_ID=0000:0000\n");
	if (revision) {
		snprintf(path, sizeof(path), "sys/devices/pci0000:00/%s/revision", slot);
		tree_write(path, revision);
	}
	snprintf(path, sizeof(path), DEVICES "%s", slot);
	snprintf(target, sizeof(target), "../../../devices/pci0000:00/%s", slot);
	tree_link(path, target);
}

static void probe(void)
{
	ck_assert_int_eq(rd_probe_gpus(&tree_system, NULL, &facts, &err), 0);
}

static void teardown(void)
{
	rd_facts_deinit(&facts);
	tree_teardown();
}

START_TEST(card_of_sysfs)
{
	const struct rd_gpu *gpu;

	add_function("0000:28:00.0", "0x1002\n", "0x731f\n", "0x030000\n", "0xca\n");
	tree_link("sys/devices/pci0000:00/0000:28:00.0/driver", "../../../bus/pci/drivers/amdgpu");
	tree_write("sys/devices/pci0000:00/0000:28:00.0/current_link_speed", "16.0 GT/s PCIe\n");
	tree_write("sys/devices/pci0000:00/0000:28:00.0/current_link_width", "16\n");
	tree_write("sys/devices/pci0000:00/0000:28:00.0/subsystem_vendor", "0x1da2\n");
	tree_write("sys/devices/pci0000:00/0000:28:00.0/subsystem_device", "0xe411\n");
	tree_folder("sys/devices/pci0000:00/0000:28:00.0/drm/card1");
	tree_folder("sys/devices/pci0000:00/0000:28:00.0/drm/renderD128");
	probe();

	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_YES);
	ck_assert_uint_eq(facts.gpus.n, 1);
	gpu = &facts.gpus.items[0];
	ck_assert_str_eq(gpu->slot, "0000:28:00.0");
	ck_assert_uint_eq(gpu->device, 0x731f);
	ck_assert_int_eq(gpu->chip_class, RD_CHIP_RDNA1);
	ck_assert_str_eq(gpu->name, "Radeon RX 5600 XT");
	ck_assert_str_eq(gpu->chip, "Navi 10");
	ck_assert_str_eq(gpu->gfx, "gfx1010");
	ck_assert_str_eq(gpu->driver, "amdgpu");
	ck_assert(gpu->is_driver_known);
	ck_assert_str_eq(gpu->drm_card, "card1");
	ck_assert_str_eq(gpu->drm_render, "renderD128");
	ck_assert_str_eq(gpu->link_speed, "16.0 GT/s PCIe");
	ck_assert(gpu->link_width.known && gpu->link_width.v == 16);
	ck_assert(gpu->subsystem_vendor.known && gpu->subsystem_vendor.v == 0x1da2);
	ck_assert(gpu->pci_class.known && gpu->pci_class.v == 0x030000);
}
END_TEST

START_TEST(card_of_a_bug_report)
{
	const struct rd_gpu *gpu;

	tree_write("sys/class/drm/card1/device/uevent",
		   "DRIVER=amdgpu\nPCI_CLASS=30000\n"
		   "PCI_ID=1002:731F\nPCI_SUBSYS_ID=1DA2:E409\n"
		   "PCI_SLOT_NAME=0000:28:00.0\n");
	tree_write("sys/class/drm/renderD128/device/uevent",
		   "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:731F\n"
		   "PCI_SLOT_NAME=0000:28:00.0\n");
	tree_write("sys/class/drm/card1-DP-1/status", "connected\n");
	tree_write("sys/class/drm/version", "drm 1.1.0 20060810\n");
	probe();

	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_YES);
	ck_assert_uint_eq(facts.gpus.n, 1);
	gpu = &facts.gpus.items[0];
	ck_assert_str_eq(gpu->slot, "0000:28:00.0");
	ck_assert_int_eq(gpu->chip_class, RD_CHIP_RDNA1);
	ck_assert(!gpu->revision.known);
	ck_assert_str_eq(gpu->name, "Radeon RX 5600 XT / 5700 series");
	ck_assert_str_eq(gpu->driver, "amdgpu");
	ck_assert_str_eq(gpu->drm_card, "card1");
	ck_assert_str_eq(gpu->drm_render, "renderD128");
	ck_assert_uint_eq(gpu->subsystem_device.v, 0xe409);
}
END_TEST

/* The same card through both folders is one. */
START_TEST(one_card_by_two_ways)
{
	add_function("0000:28:00.0", "0x1002", "0x731f", "0x030000", "0xc1");
	tree_folder("sys/devices/pci0000:00/0000:28:00.0/drm/card0");
	tree_link("sys/devices/pci0000:00/0000:28:00.0/drm/card0/device", "../../../0000:28:00.0");
	tree_link("sys/class/drm/card0", "../../devices/pci0000:00/0000:28:00.0/drm/card0");
	probe();
	ck_assert_uint_eq(facts.gpus.n, 1);
	ck_assert_str_eq(facts.gpus.items[0].drm_card, "card0");
	ck_assert_str_eq(facts.gpus.items[0].name, "Radeon RX 5700 XT");
	ck_assert_ptr_null(facts.gpus.items[0].driver);
	ck_assert(facts.gpus.items[0].is_driver_known);
}
END_TEST

/* What is called Navi 10 and is no GPU; what is a GPU and not AMD's. */
START_TEST(others_are_no_gpus)
{
	add_function("0000:26:00.0", "0x1002", "0x1478", "0x060400", "0xc1");
	add_function("0000:28:00.1", "0x1002", "0xab38", "0x040300", "0x00");
	add_function("0000:28:00.2", "0x1002", "0x7316", "0x0c0330", "0x00");
	add_function("0000:28:00.3", "0x1002", "0x7314", "0x0c8000", "0x00");
	add_function("0000:00:02.0", "0x8086", "0x9a49", "0x030000", "0x01");
	add_function("0000:01:00.0", "0x10de", "0x731f", "0x030000", "0xca");
	tree_write("sys/class/drm/card7/device/uevent", "DRIVER=simple-framebuffer\n"
							"MODALIAS=platform:simple-framebuffer\n");
	probe();
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_YES);
	ck_assert_uint_eq(facts.gpus.n, 0);
	ck_assert_uint_eq(facts.unreads.n, 0);
}
END_TEST

START_TEST(several_cards_and_drivers)
{
	add_function("0000:0b:00.0", "0x1002", "0x73bf", "0x030000", "0xc1");
	add_function("0000:03:00.0", "0x1002", "0x7340", "0x038000", "0xc5");
	add_function("0000:05:00.0", "0x1002", "0x6818", "0x030000", "0x00");
	add_function("0000:09:00.0", "0x1002", "0x13fe", "0x030000", "0x00");
	tree_link("sys/devices/pci0000:00/0000:03:00.0/driver", "/sys/bus/pci/drivers/vfio-pci");
	tree_link("sys/devices/pci0000:00/0000:05:00.0/driver", "/sys/bus/pci/drivers/radeon");
	tree_write("usr/share/misc/pci.ids", "1001  Kolter Electronic\n\t73bf  Not AMD's\n"
					     "1002  Advanced Micro Devices, Inc. [AMD/ATI]\n"
					     "# a comment\n\t6818  Pitcairn XT\n"
					     "\t\t174b e217  Radeon HD 7870\n"
					     "\t73bf  Navi 21 [Radeon RX 6800]\r\n"
					     "1003  ULSI Systems\n\t13fe  Not AMD's\n");
	probe();

	ck_assert_uint_eq(facts.gpus.n, 4);
	ck_assert_str_eq(facts.gpus.items[0].slot, "0000:03:00.0");
	ck_assert_int_eq(facts.gpus.items[0].chip_class, RD_CHIP_RDNA1);
	ck_assert_str_eq(facts.gpus.items[0].driver, "vfio-pci");
	ck_assert_str_eq(facts.gpus.items[0].name, "Radeon RX 5500 XT");
	ck_assert_str_eq(facts.gpus.items[1].driver, "radeon");
	ck_assert_str_eq(facts.gpus.items[1].name, "Pitcairn XT");
	ck_assert_int_eq(facts.gpus.items[1].chip_class, RD_CHIP_OTHER);
	ck_assert_int_eq(facts.gpus.items[2].chip_class, RD_CHIP_DECLINED);
	ck_assert_ptr_null(facts.gpus.items[2].name);
	ck_assert_str_eq(facts.gpus.items[3].name, "Navi 21 [Radeon RX 6800]");
	ck_assert_ptr_null(facts.gpus.items[3].gfx);
}
END_TEST

START_TEST(revision_from_config_space)
{
	/* linux/pci_regs.h: vendor 0, device 2, command 4, status 6, revision 8. */
	static const unsigned char config[64] = { 0x02, 0x10, 0x1f, 0x73, 0x07,
						  0x04, 0x10, 0x08, 0xc4 };
	static const unsigned char gone[64] = { [0 ... 63] = 0xff };

	add_function("0000:28:00.0", "0x1002", "0x731f", "0x030000", NULL);
	tree_put("sys/devices/pci0000:00/0000:28:00.0/config", _i ? gone : config, sizeof(config));
	probe();
	ck_assert_int_eq(facts.gpus.items[0].revision.known, !_i);
	ck_assert_str_eq(facts.gpus.items[0].name,
			 _i ? "Radeon RX 5600 XT / 5700 series" : "Radeon RX 5700");
}
END_TEST

START_TEST(no_sysfs_is_unknown)
{
	if (_i)
		tree_folder("sys/module");
	probe();
	ck_assert_uint_eq(facts.gpus.n, 0);
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_UNKNOWN);
}
END_TEST

START_TEST(nameless_function_is_not_absent)
{
	tree_folder(DEVICES "0000:28:00.0");
	tree_link(DEVICES "0000:29:00.0", "../../../devices/gone");
	probe();
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_UNKNOWN);
	ck_assert_uint_eq(facts.unreads.n, 2);
	ck_assert_str_eq(facts.unreads.items[0].path, "/" DEVICES "0000:28:00.0");
}
END_TEST

START_TEST(crowds_have_limits)
{
	char path[100];

	for (int i = 0; i < 5000; i++) {
		snprintf(path, sizeof(path), DEVICES "%04x:00:00.0", i);
		tree_write(path, "no folder");
	}
	probe();
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_UNKNOWN);
	ck_assert_uint_eq(facts.unreads.n, 101);
	ck_assert_ptr_nonnull(strstr(facts.unreads.items[0].reason, "5000 devices"));
	ck_assert_ptr_nonnull(strstr(facts.unreads.items[100].reason, "the list ends here"));
}
END_TEST

START_TEST(unreadable_card_is_not_absent)
{
	tree_write("sys/class/drm/card0/device/uevent", "PCI_ID=1002:731F\n");
	ck_assert_int_eq(chmod(tree_path("sys/class/drm/card0/device/uevent"), 0), 0);
	if (!tree_become_nobody() && !geteuid())
		return;
	probe();
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_UNKNOWN);
	ck_assert_uint_eq(facts.unreads.n, 1);
	ck_assert(facts.unreads.items[0].is_permission);
	tree_become_root_again();
}
END_TEST

START_TEST(hostile_attributes)
{
	char *large = malloc(100000);

	memset(large, 'A', 99999);
	large[99999] = '\0';
	tree_write("sys/class/drm/card0/device/uevent", large);
	tree_write("sys/class/drm/card1/device/uevent",
		   "PCI_ID=zz:\nPCI_SLOT_NAME=\n=\n\n=x\nPCI_ID");
	tree_write("sys/class/drm/card2/device/vendor", "0x1002");
	tree_write("sys/class/drm/card2/device/device", "0x731f");
	tree_write("sys/class/drm/card2/device/revision", "-1");
	tree_write("sys/class/drm/card2/device/current_link_width", "255");
	tree_link("sys/class/drm/card3", "card3");
	tree_folder("sys/class/drm/card4/device/uevent");
	ck_assert_int_eq(mkfifo(tree_path("sys/class/drm/card5"), 0644), 0);
	probe();
	free(large);
	ck_assert_uint_eq(facts.gpus.n, 1);
	ck_assert_str_eq(facts.gpus.items[0].slot, "card2");
	ck_assert(!facts.gpus.items[0].revision.known);
	ck_assert(!facts.gpus.items[0].link_width.known);
	ck_assert(!facts.gpus.items[0].is_driver_known);
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_UNKNOWN);
}
END_TEST

/* This machine, whatever it has: no failure, and no word on stderr. */
START_TEST(live_is_quiet)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system live = RD_SYSTEM_INIT;
	RD_CLEANUP(rd_closep) int saved = dup(STDERR_FILENO);
	RD_CLEANUP(rd_closep)
	int fd = open(tree_path("stderr"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	ck_assert_int_eq(rd_system_init(&live, "/", &err), 0);
	dup2(fd, STDERR_FILENO);
	ck_assert_int_eq(rd_probe_gpus(&live, NULL, &facts, &err), 0);
	dup2(saved, STDERR_FILENO);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	if (!access("/sys/bus/pci/devices", R_OK))
		ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_YES);
}
END_TEST

/* As root the tree can be this machine: what libpci and libudev make of it. */
static bool probe_live(void)
{
	RD_CLEANUP(rd_system_deinit) struct rd_system live = RD_SYSTEM_INIT;
	RD_CLEANUP(rd_closep) int outside = open("/", O_PATH | O_CLOEXEC);

	if (geteuid() || chroot(tree_root) || chdir("/"))
		return false;
	setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", 1); /* newer libudevs ask for a real sysfs */
	ck_assert_int_eq(rd_system_init(&live, "/", &err), 0);
	ck_assert(live.is_live);
	ck_assert_int_eq(rd_probe_gpus(&live, NULL, &facts, &err), 0);
	ck_assert_int_eq(fchdir(outside) || chroot("."), 0); /* the sanitizers want /proc at exit */
	return true;
}

START_TEST(live_backend)
{
	static const char gpu[] = "sys/devices/pci0000:00/0000:28:00.0/";
	char path[200];

	add_function("0000:28:00.0", "0x1002\n", "0x731f\n", "0x030000\n", "0xca\n");
	add_function("0000:28:00.1", "0x1002\n", "0xab38\n", "0x040300\n", "0x00\n");
	add_function("0000:03:00.0", "0x1002\n", "0x73bf\n", "0x030000\n", "0xc1\n");
	snprintf(path, sizeof(path), "%ssubsystem", gpu);
	tree_link(path, "../../../bus/pci");
	snprintf(path, sizeof(path), "%sdriver", gpu);
	tree_link(path, "../../../bus/pci/drivers/amdgpu");
	for (int i = 0; i < 2; i++) {
		const char *node = i ? "card1" : "renderD128";

		snprintf(path, sizeof(path), "%sdrm/%s/uevent", gpu, node);
		tree_write(path, "DEVTYPE=drm_minor\n");
		snprintf(path, sizeof(path), "%sdrm/%s/subsystem", gpu, node);
		tree_link(path, "../../../../../class/drm");
		snprintf(path, sizeof(path), "%sdrm/%s/device", gpu, node);
		tree_link(path, "../../../0000:28:00.0");
	}
	tree_link("sys/class/drm/card1", "../../devices/pci0000:00/0000:28:00.0/drm/card1");
	tree_link("sys/class/drm/renderD128",
		  "../../devices/pci0000:00/0000:28:00.0/drm/renderD128");
	tree_write("usr/share/misc/pci.ids", "1002  AMD\n\t73bf  Navi 21 [Radeon RX 6800]\n");
	if (!probe_live())
		return;

	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_YES);
	ck_assert_uint_eq(facts.gpus.n, 2);
	ck_assert_str_eq(facts.gpus.items[0].slot, "0000:03:00.0");
	ck_assert_int_eq(facts.gpus.items[0].chip_class, RD_CHIP_OTHER);
	ck_assert_str_eq(facts.gpus.items[1].name, "Radeon RX 5600 XT");
	ck_assert_str_eq(facts.gpus.items[1].driver, "amdgpu");
	ck_assert_str_eq(facts.gpus.items[1].drm_card, "card1");
	ck_assert_str_eq(facts.gpus.items[1].drm_render, "renderD128");
}
END_TEST

/* libpci ends the process on a missing attribute, if it is let. */
START_TEST(live_backend_survives_libpci)
{
	tree_folder("sys");
	tree_folder("sys/bus");
	tree_write(DEVICES "0000:28:00.0/class", "0x030000\n");
	if (!probe_live())
		return;
	ck_assert_int_eq(facts.gpus_known, RD_PRESENCE_UNKNOWN);
	ck_assert_uint_eq(facts.unreads.n, 1);
	ck_assert_ptr_nonnull(strstr(facts.unreads.items[0].reason, "libpci: "));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-gpu");
	TCase *tcase = tcase_create("gpu");

	tcase_add_checked_fixture(tcase, tree_setup, teardown);
	tcase_add_test(tcase, card_of_sysfs);
	tcase_add_test(tcase, card_of_a_bug_report);
	tcase_add_test(tcase, one_card_by_two_ways);
	tcase_add_test(tcase, others_are_no_gpus);
	tcase_add_test(tcase, several_cards_and_drivers);
	tcase_add_loop_test(tcase, revision_from_config_space, 0, 2);
	tcase_add_loop_test(tcase, no_sysfs_is_unknown, 0, 2);
	tcase_add_test(tcase, nameless_function_is_not_absent);
	tcase_add_test(tcase, crowds_have_limits);
	tcase_add_test(tcase, unreadable_card_is_not_absent);
	tcase_add_test(tcase, hostile_attributes);
	tcase_add_test(tcase, live_is_quiet);
	tcase_add_test(tcase, live_backend);
	tcase_add_test(tcase, live_backend_survives_libpci);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
