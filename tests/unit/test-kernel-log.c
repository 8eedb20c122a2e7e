/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Lines as kernels print them (format strings of amdgpu and amdkfd, Linux 5.3 to 6.19), and as
 * rocr-runtime and HIP do; and what only looks like them. Records of /dev/kmsg as
 * Documentation/ABI/testing/dev-kmsg has them.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fixture.h"
#include "inspect/kernel_log.h"

#define DEVICE "amdgpu 0000:0b:00.0: amdgpu: "
#define STAMP  "[  651.971687] "
#define HOST   "Apr 03 19:44:28 host kernel: "

static const struct {
	const char *line;
	const char *name; /* NULL: nothing to us */
	enum rd_log log;
	enum rd_log_kind kind;
} lines[] = {
	{ STAMP DEVICE "[gfxhub] page fault (src_id:0 ring:153 vmid:8 pasid:32771)", "page-fault" },
	{ HOST DEVICE "[gfxhub0] page fault (src_id:0 ring:24 vmid:8 pasid:32, for process python "
		      "pid 7 thread python pid 7)",
	  "page-fault" },
	{ "kernel: amdgpu 0000:0f:00.0: [mmhub] VMC page fault (src_id:0 ring:169 vmid:0 pasid:0)",
	  "page-fault" },
	{ DEVICE "GCVM_L2_PROTECTION_FAULT_STATUS:0x00801030", "page-fault" },
	{ STAMP "[drm:amdgpu_job_timedout [amdgpu]] *ERROR* ring sdma0 timeout, signaled seq=1742, "
		"emitted seq=1743",
	  "ring-timeout" },
	{ STAMP
	  "[drm:radeon_job [radeon]] *ERROR* ring sdma0 timeout, signaled seq=1, emitted seq=2",
	  NULL },
	{ HOST "[drm:qxl_job [qxl]] *ERROR* Waiting for fences timed out", NULL },
	{ "[drm:virtio_gpu_job [virtio_gpu]] *ERROR* Waiting for fences timed out in amdgpu",
	  NULL },
	{ "[drm:drm_crtc_job [drm_kms_helper]] *ERROR* Waiting for fences timed out",
	  "ring-timeout" },
	{ "[drm:drm_crtc_job] *ERROR* Waiting for fences timed out", "ring-timeout" },
	{ "[drm:drm_crtc_job] [amdgpu]] Waiting for fences timed out", "ring-timeout" },
	{ DEVICE "ring gfx_0.1.0 timeout, but soft recovered", "ring-timeout" },
	{ DEVICE "Starting gfx_0.0.0 ring reset", "ring-reset" },
	{ DEVICE "Ring sdma0 reset succeeded", "ring-reset" },
	{ "[143.9] amdgpu: qcm fence wait loop timeout expired", "queue-hang" },
	{ "amdgpu: HIQ MQD's queue_doorbell_id0 is not 0, Queue preemption time out",
	  "queue-hang" },
	{ DEVICE "GPU reset begin!", "reset" },
	{ DEVICE "GPU reset begin!. Source:  4", "reset" },
	{ DEVICE "GPU reset(2) succeeded!", "reset" },
	{ DEVICE "GPU reset(2) failed", "reset-failed" },
	{ DEVICE "GPU reset end with ret = -110", "reset-failed" },
	{ DEVICE "GPU reset end with ret = 0", NULL },
	{ "amdgpu 0000:06:00.0: [drm] device wedged, but recovered through reset", "reset" },
	{ "amdgpu 0000:06:00.0: [drm] device wedged, needs recovery", "reset-failed" },
	{ HOST "[drm] VRAM is lost due to GPU reset!", "reset" },
	{ STAMP "[    T315] [drm] GPU recovery disabled.", "reset" },
	{ DEVICE "device lost from bus!", "bus-lost" },
	{ "amdgpu: Timeout waiting for VM flush hub: 0!", "vm-flush" },
	{ "[drm:gfx_v10_0_priv_inst_irq [amdgpu]] *ERROR* Illegal instruction in command stream",
	  "bad-shader" },
	{ "amdgpu: sq_intr: error, se 0, data 0x0, sa 0, priv 1, wave_id 0, simd_id 0, wgp_id 0, "
	  "err_type 2",
	  "bad-shader" },
	{ "amdgpu: Process 7 (pasid 0x8002) got unhandled exception", "process-killed" },
	{ "amdgpu: Failed to evict process queues", "evict" },
	{ DEVICE "SMU: I'm not done with your previous command: SMN_C2PMSG_66:0x00000006 "
		 "SMN_C2PMSG_82:0x00000000",
	  "smu" },
	{ "amdgpu: [powerplay] failed send message: TransferTableSmu2Dram (18)      param: "
	  "0x00000006 response 0xffffffc2",
	  "smu" },
	{ "kfd kfd: amdgpu: skipped device 1002:731f, PCI rejects atomics 730<0", "no-atomics",
	  .kind = RD_LOG_REFUSAL },
	{ "kfd kfd: amdgpu: device 1002:731f NOT added due to errors", "not-added",
	  .kind = RD_LOG_REFUSAL },
	{ DEVICE " in process python pid 2945597 thread python pid 2945597", "culprit",
	  .kind = RD_LOG_DETAIL },
	{ DEVICE "  in page starting at address 0x00007fad48bfa000 from client 0x1b (UTCL2)",
	  "fault-detail", .kind = RD_LOG_DETAIL },

	/* Healthy, or somebody else's. */
	{ DEVICE "SMU is initialized successfully!", NULL },
	{ DEVICE "SMU driver if version not matched", NULL },
	{ "amdgpu: Topology: Add dGPU node [0x731f:0x1002]", NULL },
	{ "kfd kfd: amdgpu: skipped device 1002:67df, PCI rejects atomics 730<0", "no-atomics",
	  RD_LOG_KERNEL, RD_LOG_REFUSAL },
	{ "kfd kfd: amdgpu: skipped device ?, PCI rejects atomics", "no-atomics", RD_LOG_KERNEL,
	  RD_LOG_REFUSAL },
	{ "kfd kfd: amdgpu: added device 1002:731f", NULL },
	{ DEVICE "MODE2 reset", NULL },
	{ STAMP "i915 0000:00:02.0: [drm] GPU HANG: ecode 12:1:85dffffb", NULL },
	{ STAMP "xe 0000:03:00.0: [drm] device wedged, needs recovery", NULL },
	{ STAMP "usb 1-1: ring gfx timeout, signaled seq=1", NULL },
	{ STAMP "nouveau 0000:01:00.0: fifo: page fault (src_id:0", NULL },
	{ "[drm", NULL },
	{ "[", NULL },
	{ "", NULL },
	{ "amdgpu", NULL },
	{ "amdgpu ring ", NULL },
	{ "amdgpu ring timeout, signaled", NULL }, /* no name between */

	/* Programs. */
	{ "Memory access fault by GPU node-1 (Agent handle: 0x5583) on address 0x7f2a. Reason: Page "
	  "not present or supervisor privilege.",
	  "program-memory-fault", .log = RD_LOG_PROGRAM },
	{ "HW Exception by GPU node-1 (Agent handle: 0x55) reason :GPU Hang",
	  "program-hw-exception", .log = RD_LOG_PROGRAM },
	{ "RuntimeError: HIP error: invalid device function", "program-isa",
	  .log = RD_LOG_PROGRAM },
	{ "rocBLAS error: Cannot read /opt/rocm/lib/library/TensileLibrary.dat: Illegal seek for GPU "
	  "arch : gfx1010",
	  "program-isa", .log = RD_LOG_PROGRAM },
	{ "Memory access fault by GPU node-1", NULL, .log = RD_LOG_KERNEL },
	{ DEVICE "GPU reset begin!", NULL, .log = RD_LOG_PROGRAM },
};

START_TEST(line)
{
	size_t len = strlen(lines[_i].line);
	RD_CLEANUP(rd_freep) char *exact = malloc(len + !len);
	const struct rd_log_signature *found;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, lines[_i].line, len);
	found = rd_kernel_log_match(exact, len, lines[_i].log);
	if (!lines[_i].name) {
		ck_assert_msg(!found, "%s: %s", lines[_i].line, found ? found->name : "");
		return;
	}
	ck_assert_msg(found != NULL, "%s", lines[_i].line);
	ck_assert_str_eq(found->name, lines[_i].name);
	ck_assert_int_eq(found->kind, lines[_i].kind);
}
END_TEST

static const struct {
	const char *record;
	const char *text; /* NULL: it is none */
	bool is_kernel;
	uint64_t sequence;
} records[] = {
	{ "7,160,424069,-;pci_root PNP0A03:00: host bridge window [io  0x0000-0x0cf7] (ignored)\n "
	  "SUBSYSTEM=acpi\n DEVICE=+acpi:PNP0A03:00\n",
	  "pci_root PNP0A03:00: host bridge window [io  0x0000-0x0cf7] (ignored)", true, 160 },
	{ "6,339,5140900,-;NET: Registered protocol family 10\n",
	  "NET: Registered protocol family 10", true, 339 },
	{ "30,340,5690716,-;udevd[80]: starting version 181\n", "udevd[80]: starting version 181",
	  false, 340 },
	{ "4,341,1,c,caller=T315,more=x;text;with;more\n", "text;with;more", true, 341 },
	{ "4,342,1,-;", "", true, 342 },
	{ "4,343,1,-;no end", "no end", true, 343 },
	{ "4,18446744073709551615,1,-;x\n", "x", true, UINT64_MAX },
	{ "4,18446744073709551616,1,-;x\n", NULL },
	{ "4,344,1,-\n", NULL },
	{ ",344,1,-;x\n", NULL },
	{ "x,344,1,-;x\n", NULL },
	{ "4", NULL },
	{ "4,", NULL },
	{ "", NULL },
	{ " SUBSYSTEM=acpi\n", NULL },
};

START_TEST(record)
{
	size_t len = strlen(records[_i].record);
	RD_CLEANUP(rd_freep) char *exact = malloc(len + !len);
	struct rd_log_record found = { 0 };

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, records[_i].record, len);
	ck_assert_int_eq(rd_kernel_log_record(exact, len, &found), records[_i].text != NULL);
	if (!records[_i].text)
		return;
	ck_assert_uint_eq(found.len, strlen(records[_i].text));
	ck_assert_int_eq(memcmp(found.text, records[_i].text, found.len), 0);
	ck_assert_int_eq(found.is_kernel, records[_i].is_kernel);
	ck_assert_uint_eq(found.sequence, records[_i].sequence);
}
END_TEST

START_TEST(a_refusal_of_another_card_is_told_apart)
{
	static const struct {
		const char *line;
		bool is_other;
	} cases[] = {
		{ "kfd kfd: amdgpu: skipped device 1002:67df, PCI rejects atomics 730<0", true },
		{ "kfd kfd: skipped device 1002:7300, PCI rejects atomics", true },
		{ "kfd kfd: amdgpu: skipped device 1002:731f, PCI rejects atomics 730<0", false },
		{ "kfd kfd: amdgpu: skipped device ?, PCI rejects atomics", false },
		{ "kfd kfd: amdgpu: TOPAZ  not supported in kfd", false },
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(cases); i++)
		ck_assert_int_eq(
			rd_kernel_log_is_of_other_card(cases[i].line, strlen(cases[i].line)),
			cases[i].is_other);
}
END_TEST

START_TEST(an_added_card_is_accepted)
{
	static const struct {
		const char *line;
		bool is_accepted;
	} cases[] = {
		{ "kfd kfd: amdgpu: added device 1002:731f", true },
		{ STAMP "kfd kfd: added device 1002:7340", true },
		{ "kfd kfd: amdgpu: added device 1002:67df", false },
		{ "kfd kfd: amdgpu: added device 1002:73", false },
		{ "kfd kfd: amdgpu: skipped device 1002:731f, PCI rejects atomics", false },
		{ "other: added device 1002:731f", false },
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(cases); i++)
		ck_assert_int_eq(rd_kernel_log_is_accepted(cases[i].line, strlen(cases[i].line)),
				 cases[i].is_accepted);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("kernel-log");

	tcase_add_loop_test(tcase, line, 0, RD_N_ELEMENTS(lines));
	tcase_add_test(tcase, a_refusal_of_another_card_is_told_apart);
	tcase_add_test(tcase, an_added_card_is_accepted);
	tcase_add_loop_test(tcase, record, 0, RD_N_ELEMENTS(records));
	return fixture_main(tcase, "kernel-log");
}
