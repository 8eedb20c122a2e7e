/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * From the findings to the verdict on the machine: the first row that holds. A finding bears on it
 * by what its rule is about (enum rd_about) and its result alone, so that a new rule needs no
 * change here and the verdict never contradicts the findings. "Good disk": no finding about the
 * disk is FAIL or UNKNOWN, which includes that a module was found and all of it could be read.
 *
 *   state            exit  holds when
 *   unsafe           3     a recovery was cut off
 *   unsafe           3     a recovery is in progress, and a finding about the disk is FAIL
 *   undetermined     6     a recovery is in progress
 *   unsafe           3     a finding about the disk is FAIL
 *   unsafe           3     a finding about what runs is FAIL, and the disk is not good
 *   no-gpu           5     the cards are known and none is RDNA1 (whatever else is unknown)
 *   reboot-required  4     good disk, and what runs is FAIL: a reboot takes it away
 *   reboot-required  4     good disk, and what runs is not what the disk has (WARN), either since
 *                          the running kernel's modules are gone (an upgrade) or since they differ
 *   reboot-required  4     good disk, and no sys/: a mounted disk, which only has to be booted
 *   undetermined     6     any finding but advice is UNKNOWN
 *   sane             0     all is proven ("clean")
 *   sane             0     the rest: no sign of a patch, and no proof
 *
 * What "runs" when amdgpu is not loaded (vfio-pci, nomodeset, a blacklist): nothing, so that the
 * disk alone decides. Advice (parameters, taint, leftovers, the bound driver) decides nothing.
 * With --kernel the copies of other kernels are not in the facts; the sentence says so.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "group.h"

#define WAY_IN                                                                              \
	"If the screen stays dark: at the boot menu press e and add nomodeset or "          \
	"modprobe.blacklist=amdgpu to the end of the kernel's line (in GRUB the one that "  \
	"starts with linux; Ctrl-X boots it), then log in on a text console "               \
	"(Ctrl-Alt-F3). amdgpu leaves the card alone then. It holds for that one boot and " \
	"changes nothing on the disk."

static const char *first_id(const struct rd_report *report, enum rd_about about,
			    enum rd_result result)
{
	const struct rd_rule *const *rules;
	size_t n;

	rules = rd_rules_all(&n);
	for (size_t i = 0; i < n; i++) {
		if (rules[i]->about == about && report->findings.items[i].result == result)
			return rules[i]->id;
	}
	return NULL;
}

static bool has(const struct rd_report *report, enum rd_about about, enum rd_result result)
{
	return first_id(report, about, result) != NULL;
}

static bool is_disk_bad(const struct rd_report *report)
{
	return has(report, RD_ABOUT_DISK, RD_RESULT_FAIL);
}

static bool is_recovery_cut_off(const struct rd_report *report)
{
	return report->facts->recoveries.unfinished;
}

static bool is_recovery_at_work(const struct rd_report *report)
{
	return report->facts->recoveries.in_progress;
}

static bool is_recovery_at_work_disk_bad(const struct rd_report *report)
{
	return is_recovery_at_work(report) && is_disk_bad(report);
}

/* What recover puts right: a copy that is bad, or what would bring one back. */
static bool is_for_recover(const struct rd_report *report)
{
	static const struct rd_rule *const rules[] = {
		&rd_rule_driver_patch, &rd_rule_source_patch,	   &rd_rule_dkms_autoinstall,
		&rd_rule_dkms_recipe,  &rd_rule_recovery_finished,
	};

	for (size_t i = 0; i < RD_N_ELEMENTS(rules); i++) {
		const struct rd_finding *finding = rd_report_find(report, rules[i]->id);

		if (finding && finding->result == RD_RESULT_FAIL)
			return true;
	}
	return false;
}

static bool is_disk_good(const struct rd_report *report)
{
	return !is_disk_bad(report) && !has(report, RD_ABOUT_DISK, RD_RESULT_UNKNOWN);
}

static bool is_running_bad(const struct rd_report *report)
{
	return has(report, RD_ABOUT_RUNNING, RD_RESULT_FAIL);
}

static bool is_running_bad_disk_open(const struct rd_report *report)
{
	return is_running_bad(report) && !is_disk_good(report);
}

static bool is_without_gpu(const struct rd_report *report)
{
	return has(report, RD_ABOUT_GPU, RD_RESULT_NA);
}

static bool is_without_gpu_running_bad(const struct rd_report *report)
{
	return is_without_gpu(report) && is_running_bad(report);
}

static bool is_good_running_bad(const struct rd_report *report)
{
	return is_disk_good(report) && is_running_bad(report);
}

static bool is_good_kernel_gone(const struct rd_report *report)
{
	const struct rd_finding *kernel = rd_report_find(report, rd_rule_running_kernel.id);

	return is_disk_good(report) && kernel && kernel->result == RD_RESULT_WARN;
}

static bool is_good_running_other(const struct rd_report *report)
{
	return is_disk_good(report) && has(report, RD_ABOUT_RUNNING, RD_RESULT_WARN);
}

static bool is_good_mounted(const struct rd_report *report)
{
	return is_disk_good(report) && !report->facts->has_sys;
}

static bool is_open_question(const struct rd_report *report)
{
	return has(report, RD_ABOUT_GPU, RD_RESULT_UNKNOWN) ||
	       has(report, RD_ABOUT_DISK, RD_RESULT_UNKNOWN) ||
	       has(report, RD_ABOUT_RUNNING, RD_RESULT_UNKNOWN);
}

static bool is_for_root(const struct rd_report *report)
{
	const struct rd_facts *facts = report->facts;

	for (size_t i = 0; i < facts->unreads.n; i++) {
		if (facts->unreads.items[i].is_permission)
			return is_open_question(report);
	}
	return false;
}

static bool is_proven(const struct rd_report *report)
{
	const struct rd_facts *facts = report->facts;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if ((copy->is_loadable || copy->kind == RD_COPY_RUNNING) &&
		    copy->verdict != RD_VERDICT_CLEAN)
			return false;
	}
	return true;
}

static bool is_always(const struct rd_report *report)
{
	(void)report;
	return true;
}

enum next {
	NEXT_NOTHING,
	NEXT_RECOVER, /* if that would help, else as NEXT_EXPLAIN */
	NEXT_EXPLAIN, /* the first finding that the verdict rests on */
	NEXT_REBOOT,
	NEXT_BOOT_DISK,
	NEXT_AS_ROOT,
	NEXT_WAIT,
};

static const struct decision {
	enum rd_machine_state state;
	bool (*holds)(const struct rd_report *report);
	enum next next;
	const char *sentence;
} decisions[] = {
	{
		.state = RD_STATE_UNSAFE,
		.holds = is_recovery_cut_off,
		.next = NEXT_RECOVER,
		.sentence = "unsafe: a recovery was cut off, so that files of the driver may not "
			    "fit together.",
	},
	{
		.state = RD_STATE_UNSAFE,
		.holds = is_recovery_at_work_disk_bad,
		.next = NEXT_WAIT,
		.sentence =
			"unsafe: a recovery is in progress, and a patched or modified amdgpu can "
			"still be loaded or rebuilt here.",
	},
	{
		.state = RD_STATE_UNDETERMINED,
		.holds = is_recovery_at_work,
		.next = NEXT_WAIT,
		.sentence = "undetermined: a recovery is in progress, so that files of the driver "
			    "change while they are looked at.",
	},
	{
		.state = RD_STATE_UNSAFE,
		.holds = is_disk_bad,
		.next = NEXT_RECOVER,
		.sentence = "unsafe: a patched or modified amdgpu can be loaded or rebuilt here.",
	},
	{
		.state = RD_STATE_UNSAFE,
		.holds = is_running_bad_disk_open,
		.next = NEXT_EXPLAIN,
		.sentence = "unsafe: a patched or modified amdgpu is running, and the copies on "
			    "disk could not all be judged.",
	},
	{
		.state = RD_STATE_NO_GPU,
		.holds = is_without_gpu_running_bad,
		.next = NEXT_REBOOT,
		.sentence = "no RDNA1 card here. The running amdgpu is patched or modified; no "
			    "copy on disk shows it, so a reboot takes it away.",
	},
	{
		.state = RD_STATE_NO_GPU,
		.holds = is_without_gpu,
		.next = NEXT_NOTHING,
		.sentence = "no RDNA1 card here, and no patched copy of amdgpu was found.",
	},
	{
		.state = RD_STATE_REBOOT_REQUIRED,
		.holds = is_good_running_bad,
		.next = NEXT_REBOOT,
		.sentence = "reboot required: no copy on disk shows a patch, but a patched or "
			    "modified amdgpu is still running.",
	},
	{
		.state = RD_STATE_REBOOT_REQUIRED,
		.holds = is_good_kernel_gone,
		.next = NEXT_REBOOT,
		.sentence = "reboot required: the running kernel's amdgpu is no longer on disk, "
			    "as after a kernel upgrade. No copy on disk shows a patch.",
	},
	{
		.state = RD_STATE_REBOOT_REQUIRED,
		.holds = is_good_running_other,
		.next = NEXT_REBOOT,
		.sentence = "reboot required: no copy on disk shows a patch, but another amdgpu "
			    "than the one on disk is running.",
	},
	{
		.state = RD_STATE_REBOOT_REQUIRED,
		.holds = is_good_mounted,
		.next = NEXT_BOOT_DISK,
		.sentence = "reboot required: no copy on this disk shows a patch; it only has to "
			    "be booted.",
	},
	{
		.state = RD_STATE_UNDETERMINED,
		.holds = is_for_root,
		.next = NEXT_AS_ROOT,
		.sentence = "undetermined: not everything that matters could be read without "
			    "root's rights.",
	},
	{
		.state = RD_STATE_UNDETERMINED,
		.holds = is_open_question,
		.next = NEXT_EXPLAIN,
		.sentence = "undetermined: something that matters could not be inspected. No "
			    "sign of a patch was found in the rest.",
	},
	{
		.state = RD_STATE_SANE,
		.holds = is_proven,
		.next = NEXT_NOTHING,
		.sentence = "sane: every copy of amdgpu that was looked at is proven clean.",
	},
	{
		.state = RD_STATE_SANE,
		.holds = is_always,
		.next = NEXT_NOTHING,
		.sentence = "sane, but not proven: no copy of amdgpu that was looked at shows a "
			    "sign of a patch, but not every one of them is proven clean.",
	},
};

/* DESIGN: the exit codes of check. 1 and 2 are the command line's own. */
static const int exit_codes[] = {
	[RD_STATE_SANE] = 0,   [RD_STATE_UNSAFE] = 3,	    [RD_STATE_REBOOT_REQUIRED] = 4,
	[RD_STATE_NO_GPU] = 5, [RD_STATE_UNDETERMINED] = 6,
};

/* The finding that the verdict rests on: FAIL before UNKNOWN, disk before running before cards. */
static const char *deciding_id(const struct rd_report *report)
{
	static const enum rd_result results[] = { RD_RESULT_FAIL, RD_RESULT_UNKNOWN };
	static const enum rd_about abouts[] = { RD_ABOUT_DISK, RD_ABOUT_RUNNING, RD_ABOUT_GPU };
	const char *id = NULL;

	for (size_t i = 0; i < RD_N_ELEMENTS(results); i++) {
		for (size_t k = 0; k < RD_N_ELEMENTS(abouts) && !id; k++)
			id = first_id(report, abouts[k], results[i]);
	}
	return id ? id : "";
}

/* A verb with root's rights, about the system that was looked at. */
static int append_verb_for_root(struct rd_text *text, const char *verb,
				const struct rd_facts *facts)
{
	int r = rd_text_printf(text, "sudo rdna1-doctor %s", verb);

	return r ? r : rd_facts_puts_root(facts, text);
}

/* One that takes --kernel too. */
static int append_verb(struct rd_text *text, const char *verb, const struct rd_facts *facts)
{
	int r = append_verb_for_root(text, verb, facts);

	if (!r && facts->only_kernel) {
		r = rd_text_puts(text, " --kernel ");
		if (!r)
			r = rd_text_puts_quoted(text, facts->only_kernel);
	}
	return r;
}

static int append_next(struct rd_text *text, const struct rd_report *report, enum next next)
{
	int r;

	switch (next) {
	case NEXT_RECOVER:
		if (is_for_recover(report))
			return append_verb(text, "recover", report->facts);
		/* fallthrough */
	case NEXT_EXPLAIN:
		return rd_text_printf(text, "rdna1-doctor explain %s", deciding_id(report));
	case NEXT_REBOOT:
		return rd_text_puts(text, "sudo reboot");
	case NEXT_BOOT_DISK:
		return rd_text_puts(text, "boot from that disk, then: sudo rdna1-doctor check");
	case NEXT_AS_ROOT:
		return append_verb(text, "check", report->facts);
	case NEXT_WAIT:
		r = rd_text_puts(text, "wait until the recovery ends, then: ");
		return r ? r : append_verb(text, "check", report->facts);
	case NEXT_NOTHING:
		break;
	}
	return rd_text_puts(text, "nothing to do");
}

/* A recovery that this boot confirms comes first: after the next one it may be another kernel. */
static int append_commit(struct rd_text *text, const struct rd_report *report, enum next next)
{
	int r = append_verb_for_root(text, "boot-report", report->facts);

	if (!r)
		r = rd_text_puts(text, " --commit");
	if (!r && next != NEXT_NOTHING) {
		r = rd_text_puts(text, ", then: ");
		return r ? r : append_next(text, report, next);
	}
	return r;
}

/* Whether a module is there for that kernel to load, and nothing that it could load is in doubt. */
static bool is_good_kernel(const struct rd_facts *facts, const struct rd_kernel *kernel)
{
	bool has_module = false;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (!rules_is_loadable_module(copy) ||
		    (copy->kernel && strcmp(copy->kernel, kernel->release) != 0))
			continue;
		/* An image that nobody could read may be this kernel's. */
		if (!rd_verdict_is_good(copy->verdict) || copy->would_load == RD_PRESENCE_NO)
			return false;
		has_module |= copy->kind == RD_COPY_INSTALLED;
	}
	return has_module;
}

/* The running kernel, if what runs is good too; else the newest that is good. */
static const char *find_good_kernel(const struct rd_facts *facts)
{
	const struct rd_copy *running = rd_facts_running_copy(facts);
	const char *best = NULL;

	for (size_t i = 0; i < facts->kernels.n; i++) {
		const struct rd_kernel *kernel = &facts->kernels.items[i];

		if (!is_good_kernel(facts, kernel))
			continue;
		if (kernel->is_running && (!running || rd_verdict_is_good(running->verdict)))
			return kernel->release;
		if (!best || strverscmp(kernel->release, best) > 0)
			best = kernel->release;
	}
	return best;
}

static const struct decision *find_decision(const struct rd_report *report)
{
	const struct decision *d = decisions;

	while (!d->holds(report))
		d++;
	return d;
}

static bool is_commit_due(const struct rd_report *report, const struct decision *d)
{
	return (d->state == RD_STATE_SANE || d->state == RD_STATE_REBOOT_REQUIRED) &&
	       rules_is_commit_due(report->facts);
}

int rules_decide(struct rd_report *report)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text sentence = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text next = RD_TEXT_INIT;
	const struct decision *d = find_decision(report);
	int r;

	r = rd_text_puts(&sentence, d->sentence);
	if (!r && report->facts->only_kernel)
		r = rd_text_printf(&sentence, " Only kernel %s was looked at.",
				   report->facts->only_kernel);
	if (!r && is_commit_due(report, d))
		r = rd_text_printf(&sentence, " Recovery %04u waits to be confirmed.",
				   report->facts->recoveries.armed);
	if (!r)
		r = is_commit_due(report, d) ? append_commit(&next, report, d->next)
					     : append_next(&next, report, d->next);
	if (r)
		return r;

	report->sentence = rd_text_take_string(&sentence);
	report->next = rd_text_take_string(&next);
	if (!report->sentence || !report->next)
		return -ENOMEM;
	report->state = d->state;
	report->exit_code = exit_codes[d->state];
	if (d->state == RD_STATE_UNSAFE) {
		report->good_kernel = find_good_kernel(report->facts);
		report->way_in = WAY_IN;
	}
	return 0;
}
