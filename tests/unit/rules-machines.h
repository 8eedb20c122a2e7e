/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A healthy machine as facts, and what can be the matter with it. */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/facts.h"

/* Each test takes the machines that it needs. */
#pragma GCC diagnostic ignored "-Wunused-function"

#define KERNEL "6.1.0-28-amd64"
#define OTHER  "6.1.0-31-amd64"
#define RUNS   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ELSE   "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SOURCE "/usr/src/amdgpu-6.16.6/amd/amdkfd/kfd_crat.c"

static struct rd_copy *add_copy(struct rd_facts *facts, enum rd_copy_kind kind, const char *kernel,
				const char *path, const char *build_id)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, kernel, path), 0);
	copy.verdict = RD_VERDICT_NO_SIGN;
	copy.is_loadable = kind == RD_COPY_INSTALLED || kind == RD_COPY_SOURCE;
	if (build_id)
		copy.id.build_id = strdup(build_id);
	ck_assert_int_eq(rd_array_push(&facts->copies, &copy), 0);
	return &facts->copies.items[facts->copies.n - 1];
}

static void add_kernel(struct rd_facts *facts, const char *release, const char *resolved)
{
	struct rd_kernel kernel = {
		.release = strdup(release),
		.resolved = resolved ? strdup(resolved) : NULL,
		.has_amdgpu = resolved ? RD_PRESENCE_YES : RD_PRESENCE_NO,
		.has_builtin = RD_PRESENCE_NO,
	};

	ck_assert_int_eq(rd_array_push(&facts->kernels, &kernel), 0);
}

static void add_gpu(struct rd_facts *facts, uint16_t device, enum rd_chip_class chip_class)
{
	struct rd_gpu gpu = {
		.slot = strdup("0000:28:00.0"),
		.vendor = 0x1002,
		.device = device,
		.chip_class = chip_class,
		.driver = strdup("amdgpu"),
		.is_driver_known = true,
	};

	ck_assert_int_eq(rd_array_push(&facts->gpus, &gpu), 0);
}

static void set(char **field, const char *value)
{
	free(*field);
	*field = value ? strdup(value) : NULL;
}

static struct rd_copy *running(struct rd_facts *facts)
{
	return &facts->copies.items[0];
}

static struct rd_copy *installed(struct rd_facts *facts)
{
	return &facts->copies.items[1];
}

static struct rd_copy *source(struct rd_facts *facts)
{
	return &facts->copies.items[2];
}

/* RX 5600 XT, one kernel, its module running, a dkms source; nothing proven. */
static void make_healthy(struct rd_facts *facts)
{
	set(&facts->root, "/");
	facts->is_live = facts->has_sys = true;
	facts->gpus_known = RD_PRESENCE_YES;
	add_gpu(facts, 0x731f, RD_CHIP_RDNA1);
	facts->running.is_loaded = RD_PRESENCE_YES;
	set(&facts->running.kernel, KERNEL);
	set(&facts->running.build_id, RUNS);
	set(&facts->running.taint, "");
	add_kernel(facts, KERNEL, "/lib/modules/" KERNEL "/updates/dkms/amdgpu.ko");
	facts->kernels.items[0].is_running = true;
	add_copy(facts, RD_COPY_RUNNING, KERNEL, "/sys/module/amdgpu", RUNS);
	add_copy(facts, RD_COPY_INSTALLED, KERNEL, "/lib/modules/" KERNEL "/updates/dkms/amdgpu.ko",
		 RUNS)
		->is_resolved = true;
	add_copy(facts, RD_COPY_SOURCE, NULL, SOURCE, NULL);
}

static void nothing(struct rd_facts *facts)
{
	(void)facts;
}

static void proven(struct rd_facts *facts)
{
	for (size_t i = 0; i < facts->copies.n; i++)
		facts->copies.items[i].verdict = RD_VERDICT_CLEAN;
}

static void patched_installed(struct rd_facts *facts)
{
	installed(facts)->verdict = RD_VERDICT_PATCHED;
	running(facts)->verdict = RD_VERDICT_PATCHED;
}

static void modified_shadowed(struct rd_facts *facts)
{
	add_copy(facts, RD_COPY_INSTALLED, OTHER, "/lib/modules/" OTHER "/extra/amdgpu.ko", ELSE)
		->verdict = RD_VERDICT_MODIFIED;
}

static void no_gpu(struct rd_facts *facts)
{
	facts->gpus.items[0].device = 0x73df;
	facts->gpus.items[0].chip_class = RD_CHIP_OTHER;
}

static void patched_without_gpu(struct rd_facts *facts)
{
	no_gpu(facts);
	patched_installed(facts);
}

static void patched_source(struct rd_facts *facts)
{
	source(facts)->verdict = RD_VERDICT_PATCHED;
}

static void modified_source(struct rd_facts *facts)
{
	source(facts)->verdict = RD_VERDICT_MODIFIED;
}

static void patched_linux_source(struct rd_facts *facts)
{
	patched_source(facts);
	source(facts)->is_loadable = false;
}

static void patched_backup(struct rd_facts *facts)
{
	add_copy(facts, RD_COPY_BACKUP, KERNEL,
		 "/lib/modules/" KERNEL "/updates/dkms/amdgpu.ko.backup", ELSE)
		->verdict = RD_VERDICT_PATCHED;
}

static void unknown_backup(struct rd_facts *facts)
{
	patched_backup(facts);
	facts->copies.items[3].verdict = RD_VERDICT_UNKNOWN;
}

static void run_backup(struct rd_facts *facts)
{
	patched_backup(facts);
	set(&facts->running.build_id, ELSE);
	running(facts)->verdict = RD_VERDICT_PATCHED;
}

static void run_patched_disk_unknown(struct rd_facts *facts)
{
	run_backup(facts);
	installed(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void run_patched_disk_unread(struct rd_facts *facts)
{
	run_backup(facts);
	rd_facts_add_unread(facts, "/usr/src/amdgpu-6.8", "Permission denied", true);
}

static void run_patched_without_gpu(struct rd_facts *facts)
{
	run_backup(facts);
	no_gpu(facts);
}

static void replaced_in_place(struct rd_facts *facts)
{
	set(&installed(facts)->id.build_id, ELSE);
	running(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void replaced_by_other_source(struct rd_facts *facts)
{
	set(&facts->running.build_id, NULL);
	set(&facts->running.srcversion, "0123456789ABCDEF0123456");
	set(&installed(facts)->id.srcversion, "FEDCBA9876543210FEDCBA9");
	running(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void upgraded_kernel(struct rd_facts *facts)
{
	set(&facts->kernels.items[0].release, OTHER);
	facts->kernels.items[0].is_running = false;
	set(&installed(facts)->kernel, OTHER);
	set(&installed(facts)->id.build_id, ELSE);
	running(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void upgraded_kernel_folder_left(struct rd_facts *facts)
{
	upgraded_kernel(facts);
	add_kernel(facts, KERNEL, NULL);
}

static void upgraded_kernel_truncated(struct rd_facts *facts)
{
	upgraded_kernel(facts);
	installed(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void newer_kernel_too(struct rd_facts *facts)
{
	add_kernel(facts, OTHER, "/lib/modules/" OTHER "/kernel/amdgpu.ko");
	add_copy(facts, RD_COPY_INSTALLED, OTHER, "/lib/modules/" OTHER "/kernel/amdgpu.ko", ELSE)
		->is_resolved = true;
}

static void cloud_kernel_too(struct rd_facts *facts)
{
	add_kernel(facts, OTHER, NULL);
}

/* A disk at a mount point: no sys, and the probe knows nothing of what runs. */
static void mounted(struct rd_facts *facts)
{
	set(&facts->root, "/mnt/my disk");
	facts->is_live = facts->has_sys = false;
	facts->gpus_known = RD_PRESENCE_UNKNOWN;
	rd_gpus_deinit(&facts->gpus);
	facts->running.is_loaded = RD_PRESENCE_UNKNOWN;
	set(&facts->running.kernel, NULL);
	set(&facts->running.build_id, NULL);
	set(&facts->running.taint, NULL);
	rd_copy_deinit(running(facts));
	facts->copies.n--;
	memmove(facts->copies.items, facts->copies.items + 1,
		facts->copies.n * sizeof(*facts->copies.items));
}

static void mounted_patched(struct rd_facts *facts)
{
	mounted(facts);
	facts->copies.items[0].verdict = RD_VERDICT_PATCHED;
}

static void recovery_cut_off(struct rd_facts *facts)
{
	facts->recoveries.is_known = RD_PRESENCE_YES;
	facts->recoveries.unfinished = 2;
}

static void recovery_at_work(struct rd_facts *facts)
{
	facts->recoveries.is_known = RD_PRESENCE_YES;
	facts->recoveries.in_progress = 2;
	facts->recoveries.pid = 4711;
}

static void recovery_at_work_patched(struct rd_facts *facts)
{
	recovery_at_work(facts);
	facts->copies.items[0].verdict = RD_VERDICT_PATCHED;
	facts->copies.items[1].verdict = RD_VERDICT_PATCHED;
}

static void recovery_armed(struct rd_facts *facts)
{
	facts->recoveries.is_known = RD_PRESENCE_YES;
	facts->recoveries.armed = 1;
}

/* Armed in an earlier boot, and what it installed is what runs. */
static void recovery_to_commit(struct rd_facts *facts)
{
	recovery_armed(facts);
	facts->recoveries.is_later_boot = true;
	facts->recoveries.expected = strdup(RUNS);
}

static void recovery_to_commit_later_kernel(struct rd_facts *facts)
{
	recovery_to_commit(facts);
	set(&facts->recoveries.expected, NULL);
	set(&facts->root, "/mnt/picture");
}

static void recovery_to_commit_by_unit(struct rd_facts *facts)
{
	recovery_to_commit(facts);
	facts->recoveries.has_unit = true;
}

static void recovery_other_runs(struct rd_facts *facts)
{
	recovery_to_commit(facts);
	set(&facts->recoveries.expected, ELSE);
}

static void recovery_to_commit_patched(struct rd_facts *facts)
{
	recovery_to_commit(facts);
	facts->copies.items[0].verdict = RD_VERDICT_PATCHED;
}

static void recovery_unseen(struct rd_facts *facts)
{
	facts->recoveries.is_known = RD_PRESENCE_NO;
	ck_assert_int_eq(
		rd_facts_add_unread(facts, "/var/lib/rdna1-doctor/txn", "Permission denied", true),
		0);
}

static void mounted_truncated(struct rd_facts *facts)
{
	mounted(facts);
	facts->copies.items[0].verdict = RD_VERDICT_UNKNOWN;
}

static void mounted_empty(struct rd_facts *facts)
{
	mounted(facts);
	rd_copies_deinit(&facts->copies);
}

static void truncated(struct rd_facts *facts)
{
	installed(facts)->verdict = RD_VERDICT_UNKNOWN;
	running(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void unknown_source(struct rd_facts *facts)
{
	source(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void unread_as_user(struct rd_facts *facts)
{
	set(&facts->root, "/mnt/it's");
	rd_facts_add_unread(facts, "/usr/src/amdgpu-6.8", "Permission denied", true);
}

static void unread_sysfs(struct rd_facts *facts)
{
	rd_facts_add_unread(facts, "/sys/module/amdgpu/taint", "Input/output error", false);
}

static void gpus_unknown(struct rd_facts *facts)
{
	rd_gpus_deinit(&facts->gpus);
	facts->gpus_known = RD_PRESENCE_UNKNOWN;
}

static void no_copies(struct rd_facts *facts)
{
	facts->running.is_loaded = RD_PRESENCE_NO;
	rd_copies_deinit(&facts->copies);
	free(facts->kernels.items[0].release);
	free(facts->kernels.items[0].resolved);
	facts->kernels.n = 0;
}

static void no_copies_no_gpu(struct rd_facts *facts)
{
	no_copies(facts);
	no_gpu(facts);
}

static void dangling_modules_dep(struct rd_facts *facts)
{
	add_kernel(facts, OTHER, "/lib/modules/" OTHER "/kernel/amdgpu.ko");
}

static void built_in(struct rd_facts *facts)
{
	facts->running.is_builtin = true;
	facts->kernels.items[0].has_builtin = RD_PRESENCE_YES;
	set(&facts->kernels.items[0].resolved, NULL);
	set(&facts->running.build_id, NULL);
	running(facts)->verdict = RD_VERDICT_UNKNOWN;
	rd_copy_deinit(source(facts));
	rd_copy_deinit(installed(facts));
	facts->copies.n = 1;
}

static void no_build_id(struct rd_facts *facts)
{
	set(&facts->running.build_id, NULL);
	running(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void not_loaded(struct rd_facts *facts)
{
	facts->running.is_loaded = RD_PRESENCE_NO;
	set(&facts->running.build_id, NULL);
	set(&facts->gpus.items[0].driver, "vfio-pci");
	rd_copy_deinit(running(facts));
	facts->copies.n--;
	memmove(facts->copies.items, facts->copies.items + 1,
		facts->copies.n * sizeof(*facts->copies.items));
}

static void loaded_unknown(struct rd_facts *facts)
{
	not_loaded(facts);
	facts->running.is_loaded = RD_PRESENCE_UNKNOWN;
}

static void livepatched(struct rd_facts *facts)
{
	char *name = strdup("kpatch_drm");

	ck_assert_int_eq(rd_array_push(&facts->running.livepatches, &name), 0);
}

static void dkms_taint(struct rd_facts *facts)
{
	set(&facts->running.taint, "OE");
}

static void forced(struct rd_facts *facts)
{
	set(&facts->running.taint, "OFE");
}

static void add_parameter(struct rd_facts *facts, const char *name, const char *value)
{
	struct rd_parameter parameter = { .name = strdup(name), .value = NULL };

	set(&parameter.value, value);
	ck_assert_int_eq(rd_array_push(&facts->running.parameters, &parameter), 0);
}

static void recipe_parameters(struct rd_facts *facts)
{
	add_parameter(facts, "noretry", "0");
	add_parameter(facts, "vm_fragment_size", "9");
}

static void stock_parameters(struct rd_facts *facts)
{
	add_parameter(facts, "noretry", "-1");
	add_parameter(facts, "mtype_local", "0");
	add_parameter(facts, "vm_fragment_size", NULL);
}

static void recipe_parameters_no_gpu(struct rd_facts *facts)
{
	recipe_parameters(facts);
	no_gpu(facts);
}

static void driver_unreadable(struct rd_facts *facts)
{
	facts->gpus.items[0].is_driver_known = false;
}

static void driver_none(struct rd_facts *facts)
{
	set(&facts->gpus.items[0].driver, NULL);
}

static void only_other_kernel(struct rd_facts *facts)
{
	newer_kernel_too(facts);
	set(&facts->only_kernel, OTHER);
	rd_copy_deinit(installed(facts));
	facts->copies.n--;
	memmove(facts->copies.items + 1, facts->copies.items + 2,
		(facts->copies.n - 1) * sizeof(*facts->copies.items));
	set(&facts->kernels.items[0].resolved, NULL);
	running(facts)->verdict = RD_VERDICT_UNKNOWN;
}

static void only_absent_kernel(struct rd_facts *facts)
{
	no_copies(facts);
	set(&facts->only_kernel, "1.2.3");
}

#define IMAGE "/boot/initrd.img-" KERNEL ":usr/lib/modules/" KERNEL "/amdgpu.ko"

static struct rd_copy *add_image(struct rd_facts *facts, const char *build_id)
{
	struct rd_copy *copy = add_copy(facts, RD_COPY_INITRAMFS, KERNEL, IMAGE, build_id);

	copy->is_loadable = true;
	return copy;
}

static void image_current(struct rd_facts *facts)
{
	add_image(facts, RUNS);
}

static void image_patched(struct rd_facts *facts)
{
	add_image(facts, ELSE)->verdict = RD_VERDICT_PATCHED;
}

static void image_unknown(struct rd_facts *facts)
{
	add_image(facts, NULL)->verdict = RD_VERDICT_UNKNOWN;
}

/* The installed module was replaced; the image still has, and boots, the one that runs. */
static void image_stale(struct rd_facts *facts)
{
	set(&installed(facts)->id.build_id, ELSE);
	add_image(facts, RUNS);
}

/* Loaded by hand from the disk; at boot the image's comes first. */
static void image_other(struct rd_facts *facts)
{
	add_image(facts, ELSE);
}

static void image_alone(struct rd_facts *facts)
{
	mounted(facts);
	rd_copies_deinit(&facts->copies);
	free(facts->kernels.items[0].release);
	free(facts->kernels.items[0].resolved);
	facts->kernels.n = 0;
	add_image(facts, RUNS);
}
