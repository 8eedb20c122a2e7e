/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-GPU: which cards there are, and what drives them. A root without sys/ has no GPU facts: that
 * is "unknown", not "none".
 */

#include <errno.h>
#include <string.h>

#include "group.h"

static const char *class_remark(enum rd_chip_class chip_class)
{
	switch (chip_class) {
	case RD_CHIP_RDNA1:
		return "RDNA1";
	case RD_CHIP_DECLINED:
		return "looks close, is another generation";
	case RD_CHIP_NOT_GPU:
		return "a function of a card that is no GPU";
	case RD_CHIP_OTHER:
		break;
	}
	return "another generation";
}

static int add_gpu(struct rd_evidence *ev, const struct rd_gpu *gpu)
{
	return rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, gpu->slot, "%04x:%04x %s: %s", gpu->vendor,
			       gpu->device, gpu->name ? gpu->name : "(no name)",
			       class_remark(gpu->chip_class));
}

static int gpu_present(const struct rd_facts *facts, struct rd_evidence *ev)
{
	bool has_rdna1 = false;
	int r;

	for (size_t i = 0; i < facts->gpus.n; i++) {
		r = add_gpu(ev, &facts->gpus.items[i]);
		if (r)
			return r;
		has_rdna1 |= facts->gpus.items[i].chip_class == RD_CHIP_RDNA1;
	}
	if (has_rdna1)
		return RD_RESULT_PASS;
	if (facts->gpus_known != RD_PRESENCE_YES) {
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, "",
				    facts->has_sys ? "the PCI devices could not be listed"
						   : "this root has no sys/: its machine's cards "
						     "cannot be seen from here");
		return r ? r : RD_RESULT_UNKNOWN;
	}
	if (!facts->gpus.n) {
		r = rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, "", "no AMD display device");
		if (r)
			return r;
	}
	return RD_RESULT_NA;
}

const struct rd_rule rd_rule_gpu_present = {
	.id = "RD-GPU-001",
	.about = RD_ABOUT_GPU,
	.eval = gpu_present,
};

static int judge_driver(const struct rd_gpu *gpu, struct rd_evidence *ev)
{
	int r;

	if (!gpu->is_driver_known) {
		r = rd_evidence_add(ev, RD_EVIDENCE_LIMIT, gpu->slot,
				    "the bound driver could not be read");
		return r ? r : RD_RESULT_UNKNOWN;
	}
	if (gpu->driver && !strcmp(gpu->driver, "amdgpu"))
		return RD_RESULT_PASS;
	r = rd_evidence_add(ev, RD_EVIDENCE_COVERAGE, gpu->slot, "%s",
			    gpu->driver ? gpu->driver : "no driver is bound");
	return r ? r : RD_RESULT_WARN;
}

static int gpu_driver(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->gpus.n; i++) {
		const struct rd_gpu *gpu = &facts->gpus.items[i];
		int r;

		if (gpu->chip_class != RD_CHIP_RDNA1)
			continue;
		r = judge_driver(gpu, ev);
		if (r < 0)
			return r;
		if (r == RD_RESULT_WARN || result == RD_RESULT_NA ||
		    (r == RD_RESULT_UNKNOWN && result == RD_RESULT_PASS))
			result = r;
	}
	if (result == RD_RESULT_WARN && rules_add_lines_in_the_way(ev, facts) < 0)
		return -ENOMEM;
	return result;
}

const struct rd_rule rd_rule_gpu_driver = {
	.id = "RD-GPU-002",
	.about = RD_ABOUT_ADVICE,
	.eval = gpu_driver,
};
