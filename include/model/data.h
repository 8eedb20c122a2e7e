/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Access to the knowledge in data/, compiled in by data/compile.py. All static, none owned. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/gpu.h"

/* A string that a known patch leaves in what it touches (data/patches.data). */
struct rd_patch_string {
	const char *patch; /* id of the patch: "kfd-crat-applied" */
	const char *title; /* one line for people */
	const char *text; /* the bytes to look for */
};

/* A module parameter that a recipe sets (data/parameters.data). */
struct rd_recipe_parameter {
	const char *name; /* "noretry" */
	const char *value; /* "0" */
	const char *effect; /* what it really does, one sentence */
	const char *source;
};

#define RD_LEFTOVER_STRINGS_MAX 4

/* What a recipe leaves outside of the driver (data/leftovers.data). */
struct rd_leftover_sign {
	const char *paths; /* patterns for rd_system_glob(), separated by blanks */
	const char *effect; /* one line for people */
	const char *strings[RD_LEFTOVER_STRINGS_MAX]; /* one of them is in it; none: any content */
	bool is_library;
};

/* A stage of the test of convolutions (data/workload.data). */
struct rd_stage {
	const char *name; /* "conv3x3-44" */
	const char *title; /* one line for people */
	bool is_needed; /* without it the later ones cannot run */
	unsigned int seconds; /* its time limit */
};

/* What is ticked when it was seen (data/workload.data). */
struct rd_criterion {
	const char *name; /* "training" */
	const char *title; /* what was seen, one line for people */
	const char *stages; /* names, separated by blanks: those that must have passed */
	bool wants_log; /* and the kernel log shows no fault in any of them */
};

enum rd_log {
	RD_LOG_KERNEL,
	RD_LOG_PROGRAM, /* what a program that uses the card prints */
};

enum rd_log_kind {
	RD_LOG_FAULT, /* the card or its driver failed */
	RD_LOG_REFUSAL, /* the driver will not do compute work with it */
	RD_LOG_DETAIL, /* tells more of a fault before it */
};

#define RD_LOG_TEXTS_MAX 12

/* A line that tells of trouble with the card (data/kernel-log.data). */
struct rd_log_signature {
	const char *name; /* "page-fault" */
	const char *title; /* one line for people */
	enum rd_log log;
	enum rd_log_kind kind;
	const char *source;
	const char *texts[RD_LOG_TEXTS_MAX]; /* any of them is in the line; * is anything */
};

/* The text of one rule (data/findings.data). */
struct rd_finding_text {
	const char *id; /* RD-GPU-001 */
	const char *title; /* what holds when the rule passes */
	const char *problem; /* what is the case when it warns, fails or cannot tell */
	const char *what; /* what the finding means */
	const char *why; /* why it matters */
	const char *how; /* how it is detected */
	const char *remedy; /* what to do, imperative */
	const char *sources; /* where the knowledge comes from */
};

/* An entry of the system's journal (data/messages.data). */
struct rd_message {
	const char *name; /* a verdict on the machine, or what became of a repair */
	const char *id; /* MESSAGE_ID */
	int priority; /* as of syslog(3) */
};

const struct rd_message *rd_data_messages(size_t *np);
const struct rd_device *rd_data_devices(size_t *np);
const struct rd_patch_string *rd_data_patch_strings(size_t *np);
const struct rd_recipe_parameter *rd_data_recipe_parameters(size_t *np);
const struct rd_leftover_sign *rd_data_leftover_signs(size_t *np);
const struct rd_stage *rd_data_stages(size_t *np);
const struct rd_criterion *rd_data_criteria(size_t *np);
const struct rd_log_signature *rd_data_log_signatures(size_t *np);
const struct rd_finding_text *rd_data_findings(size_t *np);

/* PCI device ids of all RDNA1 GPUs, ascending, without revisions. */
const uint16_t *rd_data_rdna1_ids(size_t *np);

/* Function-name stems of kfd_crat.c (data/scope.data). */
const char *const *rd_data_crat_functions(size_t *np);

/* Names of the modules that AMD's DKMS package builds together (data/dkms-set.data). */
const char *const *rd_data_dkms_set(size_t *np);

/* Whether the file NAME.ko, also compressed, is one of them; @file without folders. */
bool rd_data_is_of_dkms_set(const char *file);

/* Text of stock kfd_parse_subtype_mem() (data/kfd_parse_subtype_mem.stock). */
const char *rd_data_stock_parse_subtype_mem(void);

/* Text of what it calls and of what calls it (data/find_subtype_mem.stock and the like). */
const char *rd_data_stock_find_subtype_mem(void);
const char *rd_data_stock_parse_subtype(void);
