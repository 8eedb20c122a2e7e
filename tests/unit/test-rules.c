/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Facts to verdict: every row of the decision table in src/rules/verdict.c, and every rule with
 * each of its results. A case is a healthy machine and what is changed on it.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "rules/rules.h"

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

static const struct {
	const char *name;
	void (*change)(struct rd_facts *facts);
	enum rd_state state;
	const char *next;
	struct {
		const char *id;
		enum rd_result result;
	} results[4];
} cases[] = {
	{ "healthy",
	  nothing,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-001", RD_RESULT_PASS },
	    { "RD-DRV-007", RD_RESULT_PASS },
	    { "RD-RUN-002", RD_RESULT_PASS },
	    { "RD-RUN-004", RD_RESULT_PASS } } },
	{ "proven", proven, RD_STATE_SANE, "nothing to do", { { "RD-DRV-001", RD_RESULT_PASS } } },
	{ "patched installed",
	  patched_installed,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-DRV-001",
	  { { "RD-DRV-001", RD_RESULT_FAIL }, { "RD-RUN-001", RD_RESULT_FAIL } } },
	{ "modified, shadowed",
	  modified_shadowed,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-DRV-001",
	  { { "RD-DRV-001", RD_RESULT_FAIL } } },
	{ "patched, other card",
	  patched_without_gpu,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-DRV-001",
	  { { "RD-GPU-001", RD_RESULT_NA } } },
	{ "patched source",
	  patched_source,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-SRC-001",
	  { { "RD-SRC-001", RD_RESULT_FAIL }, { "RD-DRV-001", RD_RESULT_PASS } } },
	{ "modified source",
	  modified_source,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-SRC-001",
	  { { "RD-SRC-001", RD_RESULT_FAIL } } },
	{ "patched source that dkms does not build",
	  patched_linux_source,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-SRC-001", RD_RESULT_NA }, { "RD-DRV-006", RD_RESULT_WARN } } },
	{ "patched backup",
	  patched_backup,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-DRV-006", RD_RESULT_WARN } } },
	{ "unknown backup",
	  unknown_backup,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-DRV-006", RD_RESULT_PASS } } },
	{ "runs patched, disk good",
	  run_backup,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_FAIL },
	    { "RD-RUN-002", RD_RESULT_WARN },
	    { "RD-RUN-004", RD_RESULT_PASS } } },
	{ "runs patched, disk unknown",
	  run_patched_disk_unknown,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-DRV-002", RD_RESULT_UNKNOWN } } },
	{ "runs patched, disk unread",
	  run_patched_disk_unread,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-SYS-001", RD_RESULT_UNKNOWN } } },
	{ "runs patched, other card",
	  run_patched_without_gpu,
	  RD_STATE_NO_GPU,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_FAIL } } },
	{ "other card",
	  no_gpu,
	  RD_STATE_NO_GPU,
	  "nothing to do",
	  { { "RD-GPU-001", RD_RESULT_NA }, { "RD-GPU-002", RD_RESULT_NA } } },
	{ "replaced in place",
	  replaced_in_place,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-RUN-002", RD_RESULT_WARN },
	    { "RD-RUN-003", RD_RESULT_PASS },
	    { "RD-RUN-004", RD_RESULT_UNKNOWN } } },
	{ "replaced, no build-id",
	  replaced_by_other_source,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-002", RD_RESULT_WARN }, { "RD-RUN-001", RD_RESULT_UNKNOWN } } },
	{ "upgraded, folder gone",
	  upgraded_kernel,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-RUN-002", RD_RESULT_NA },
	    { "RD-RUN-003", RD_RESULT_WARN },
	    { "RD-RUN-004", RD_RESULT_NA } } },
	{ "upgraded, folder left",
	  upgraded_kernel_folder_left,
	  RD_STATE_REBOOT_REQUIRED,
	  "sudo reboot",
	  { { "RD-RUN-003", RD_RESULT_WARN } } },
	{ "newer kernel installed too",
	  newer_kernel_too,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-002", RD_RESULT_PASS }, { "RD-DRV-004", RD_RESULT_PASS } } },
	{ "kernel without amdgpu too",
	  cloud_kernel_too,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-DRV-004", RD_RESULT_PASS } } },
	{ "mounted disk",
	  mounted,
	  RD_STATE_REBOOT_REQUIRED,
	  "boot from that disk, then: sudo rdna1-doctor check",
	  { { "RD-GPU-001", RD_RESULT_UNKNOWN },
	    { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-SYS-002", RD_RESULT_NA } } },
	{ "mounted disk, patched",
	  mounted_patched,
	  RD_STATE_UNSAFE,
	  "rdna1-doctor explain RD-DRV-001",
	  { { "RD-DRV-001", RD_RESULT_FAIL } } },
	{ "mounted disk, truncated",
	  mounted_truncated,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-002",
	  { { "RD-DRV-002", RD_RESULT_UNKNOWN } } },
	{ "mounted disk, empty",
	  mounted_empty,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-003",
	  { { "RD-DRV-003", RD_RESULT_UNKNOWN } } },
	{ "truncated",
	  truncated,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-002",
	  { { "RD-DRV-001", RD_RESULT_PASS },
	    { "RD-DRV-002", RD_RESULT_UNKNOWN },
	    { "RD-RUN-001", RD_RESULT_UNKNOWN } } },
	{ "unknown source",
	  unknown_source,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-SRC-002",
	  { { "RD-SRC-002", RD_RESULT_UNKNOWN } } },
	{ "unread as user",
	  unread_as_user,
	  RD_STATE_UNDETERMINED,
	  "sudo rdna1-doctor check --root '/mnt/it'\\''s'",
	  { { "RD-SYS-001", RD_RESULT_UNKNOWN }, { "RD-SYS-002", RD_RESULT_PASS } } },
	{ "unread sysfs",
	  unread_sysfs,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-SYS-002",
	  { { "RD-SYS-001", RD_RESULT_PASS }, { "RD-SYS-002", RD_RESULT_UNKNOWN } } },
	{ "cards unknown",
	  gpus_unknown,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-GPU-001",
	  { { "RD-GPU-001", RD_RESULT_UNKNOWN } } },
	{ "card without copies",
	  no_copies,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-003",
	  { { "RD-DRV-003", RD_RESULT_UNKNOWN }, { "RD-DRV-001", RD_RESULT_NA } } },
	{ "neither card nor copies",
	  no_copies_no_gpu,
	  RD_STATE_NO_GPU,
	  "nothing to do",
	  { { "RD-DRV-003", RD_RESULT_NA } } },
	{ "modules.dep dangles",
	  dangling_modules_dep,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-004",
	  { { "RD-DRV-004", RD_RESULT_UNKNOWN } } },
	{ "built in",
	  built_in,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-005",
	  { { "RD-DRV-005", RD_RESULT_UNKNOWN },
	    { "RD-RUN-001", RD_RESULT_UNKNOWN },
	    { "RD-RUN-002", RD_RESULT_NA } } },
	{ "no build-id",
	  no_build_id,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-RUN-002", RD_RESULT_UNKNOWN }, { "RD-RUN-004", RD_RESULT_UNKNOWN } } },
	{ "not loaded",
	  not_loaded,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-002", RD_RESULT_WARN }, { "RD-RUN-001", RD_RESULT_NA } } },
	{ "unknown whether loaded",
	  loaded_unknown,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-RUN-001",
	  { { "RD-RUN-001", RD_RESULT_UNKNOWN } } },
	{ "livepatch",
	  livepatched,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-RUN-005",
	  { { "RD-RUN-005", RD_RESULT_UNKNOWN } } },
	{ "dkms taint",
	  dkms_taint,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-006", RD_RESULT_PASS } } },
	{ "forced", forced, RD_STATE_SANE, "nothing to do", { { "RD-RUN-006", RD_RESULT_WARN } } },
	{ "recipe's parameters",
	  recipe_parameters,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-007", RD_RESULT_WARN } } },
	{ "stock parameters",
	  stock_parameters,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-007", RD_RESULT_PASS } } },
	{ "recipe's parameters, other card",
	  recipe_parameters_no_gpu,
	  RD_STATE_NO_GPU,
	  "nothing to do",
	  { { "RD-RUN-007", RD_RESULT_NA } } },
	{ "driver unreadable",
	  driver_unreadable,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-002", RD_RESULT_UNKNOWN } } },
	{ "no driver",
	  driver_none,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-GPU-002", RD_RESULT_WARN } } },
	{ "--kernel of another kernel",
	  only_other_kernel,
	  RD_STATE_SANE,
	  "nothing to do",
	  { { "RD-RUN-001", RD_RESULT_NA },
	    { "RD-RUN-002", RD_RESULT_NA },
	    { "RD-RUN-003", RD_RESULT_NA },
	    { "RD-RUN-004", RD_RESULT_NA } } },
	{ "--kernel of none",
	  only_absent_kernel,
	  RD_STATE_UNDETERMINED,
	  "rdna1-doctor explain RD-DRV-003",
	  { { "RD-DRV-003", RD_RESULT_UNKNOWN } } },
};

/* DESIGN: exit codes of check. */
static int exit_code_of(enum rd_state state)
{
	switch (state) {
	case RD_STATE_SANE:
		return 0;
	case RD_STATE_UNSAFE:
		return 3;
	case RD_STATE_REBOOT_REQUIRED:
		return 4;
	case RD_STATE_NO_GPU:
		return 5;
	case RD_STATE_UNDETERMINED:
		break;
	}
	return 6;
}

START_TEST(decision_table)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	struct rd_error err = RD_ERROR_INIT;

	make_healthy(&facts);
	cases[_i].change(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, &err), 0);

	ck_assert_msg(report.state == cases[_i].state, "%s: %s", cases[_i].name,
		      rd_state_name(report.state));
	ck_assert_msg(!strcmp(report.next, cases[_i].next), "%s: %s", cases[_i].name, report.next);
	ck_assert_int_eq(report.exit_code, exit_code_of(report.state));
	ck_assert_int_eq(report.way_in != NULL, report.state == RD_STATE_UNSAFE);
	for (size_t i = 0; i < 4 && cases[_i].results[i].id; i++) {
		const struct rd_finding *finding = rd_report_find(&report, cases[_i].results[i].id);

		ck_assert_ptr_nonnull(finding);
		ck_assert_msg(finding->result == cases[_i].results[i].result, "%s: %s is %s",
			      cases[_i].name, finding->text->id, rd_result_name(finding->result));
	}
}
END_TEST

/* Whatever asks for attention says what it saw. */
START_TEST(findings_have_evidence)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;

	make_healthy(&facts);
	cases[_i].change(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	for (size_t i = 0; i < report.findings.n; i++) {
		const struct rd_finding *finding = &report.findings.items[i];

		if (finding->result == RD_RESULT_PASS || finding->result == RD_RESULT_NA)
			continue;
		ck_assert_msg(finding->evidence.n > 0, "%s: %s", cases[_i].name, finding->text->id);
	}
}
END_TEST

START_TEST(sentences_of_sane_differ)
{
	RD_CLEANUP(rd_facts_deinit) struct rd_facts facts = RD_FACTS_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report plain = RD_REPORT_INIT;
	RD_CLEANUP(rd_report_deinit) struct rd_report best = RD_REPORT_INIT;

	make_healthy(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &plain, NULL), 0);
	ck_assert_ptr_nonnull(strstr(plain.sentence, "not proven"));
	proven(&facts);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &best, NULL), 0);
	ck_assert_ptr_null(strstr(best.sentence, "not proven"));

	/* One copy without proof is enough for the weaker sentence. */
	running(&facts)->verdict = RD_VERDICT_NO_SIGN;
	rd_report_deinit(&best);
	ck_assert_int_eq(rd_rules_evaluate(&facts, &best, NULL), 0);
	ck_assert_str_eq(best.sentence, plain.sentence);
}
END_TEST

START_TEST(rules_and_texts_agree)
{
	const struct rd_rule *const *rules;
	const struct rd_finding_text *texts;
	size_t n, m;

	rules = rd_rules_all(&n);
	texts = rd_data_findings(&m);
	ck_assert_uint_eq(n, m);
	for (size_t i = 0; i < n; i++)
		ck_assert_str_eq(rules[i]->id, texts[i].id);
}
END_TEST

/* A machine of which nothing is known is undetermined, never sane. */
START_TEST(empty_facts)
{
	RD_CLEANUP(rd_report_deinit) struct rd_report report = RD_REPORT_INIT;
	const struct rd_facts facts = RD_FACTS_INIT;

	ck_assert_int_eq(rd_rules_evaluate(&facts, &report, NULL), 0);
	ck_assert_int_eq(report.state, RD_STATE_UNDETERMINED);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rules");
	TCase *tcase = tcase_create("rules");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, decision_table, 0, RD_N_ELEMENTS(cases));
	tcase_add_loop_test(tcase, findings_have_evidence, 0, RD_N_ELEMENTS(cases));
	tcase_add_test(tcase, sentences_of_sane_differ);
	tcase_add_test(tcase, rules_and_texts_agree);
	tcase_add_test(tcase, empty_facts);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
