/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the groups of rules share: their records, and the questions that several of them ask. */

#include "rules/rules.h"

extern const struct rd_rule rd_rule_gpu_present;
extern const struct rd_rule rd_rule_gpu_driver;

extern const struct rd_rule rd_rule_driver_patch;
extern const struct rd_rule rd_rule_driver_inspected;
extern const struct rd_rule rd_rule_driver_found;
extern const struct rd_rule rd_rule_driver_resolved;
extern const struct rd_rule rd_rule_driver_builtin;
extern const struct rd_rule rd_rule_driver_leftover;
extern const struct rd_rule rd_rule_driver_proof;

extern const struct rd_rule rd_rule_source_patch;
extern const struct rd_rule rd_rule_source_inspected;

extern const struct rd_rule rd_rule_dkms_autoinstall;
extern const struct rd_rule rd_rule_dkms_older;
extern const struct rd_rule rd_rule_dkms_order;
extern const struct rd_rule rd_rule_dkms_failure;
extern const struct rd_rule rd_rule_dkms_recipe;
extern const struct rd_rule rd_rule_dkms_touched;

extern const struct rd_rule rd_rule_image_current;

extern const struct rd_rule rd_rule_depmod_current;
extern const struct rd_rule rd_rule_depmod_loading;
extern const struct rd_rule rd_rule_depmod_present;
extern const struct rd_rule rd_rule_depmod_shadow;

extern const struct rd_rule rd_rule_package_file;
extern const struct rd_rule rd_rule_package_source;
extern const struct rd_rule rd_rule_package_known;

extern const struct rd_rule rd_rule_recovery_finished;

/* Whether a recovery waits that this boot shows to hold, and nobody is going to confirm it unasked.
 * The decision itself is recovery's (recovery/confirm.h). */
bool rules_is_commit_due(const struct rd_facts *facts);

extern const struct rd_rule rd_rule_running_patch;
extern const struct rd_rule rd_rule_running_current;
extern const struct rd_rule rd_rule_running_kernel;
extern const struct rd_rule rd_rule_running_origin;
extern const struct rd_rule rd_rule_running_livepatch;
extern const struct rd_rule rd_rule_running_taint;
extern const struct rd_rule rd_rule_running_parameters;

extern const struct rd_rule rd_rule_leftover_files;
extern const struct rd_rule rd_rule_leftover_libraries;

extern const struct rd_rule rd_rule_signature_accepted;
extern const struct rd_rule rd_rule_signature_valid;

extern const struct rd_rule rd_rule_access_disk;
extern const struct rd_rule rd_rule_access_running;

/* Whether the GPUs are known and none is RDNA1. */
bool rules_no_rdna1(const struct rd_facts *facts);

/* Whether amdgpu is loaded as a module: what the rules of identity need. */
bool rules_is_module_loaded(const struct rd_facts *facts);

/* Whether --kernel left the running kernel's files out: nothing can be compared with them. */
bool rules_is_running_left_out(const struct rd_facts *facts);

/* A module that the next boot could load: neither the running one nor a source. */
bool rules_is_loadable_module(const struct rd_copy *copy);

/* The copy that modprobe would load for that kernel, or NULL; borrowed. */
const struct rd_copy *rules_find_resolved(const struct rd_facts *facts, const char *kernel);

/* A copy in an initramfs of that kernel, with that build-id unless NULL; or NULL; borrowed. */
const struct rd_copy *rules_find_in_image(const struct rd_facts *facts, const char *kernel,
					  const char *build_id);

/* A copy on disk with that build-id, preferring @kernel's; NULL if there is none; borrowed. */
const struct rd_copy *rules_find_build_id(const struct rd_facts *facts, const char *build_id,
					  const char *kernel);

/* Appends "VERDICT: its deciding evidence" of a copy, at its path; 0 or -ENOMEM. */
int rules_add_copy(struct rd_evidence *ev, const struct rd_copy *copy);

/**
 * rules_add_copies() - append all copies that a question picks
 *
 * Return: how many there were, or -ENOMEM.
 */
int rules_add_copies(struct rd_evidence *ev, const struct rd_facts *facts,
		     bool (*is_meant)(const struct rd_copy *copy));

/* Appends the lines of configuration that keep amdgpu from loading; how many, or -ENOMEM. */
int rules_add_lines_in_the_way(struct rd_evidence *ev, const struct rd_facts *facts);

/* Of two results the one that says more: a fault, then doubt, then a pass, then nothing. */
int rules_worse(int a, int b);

/* Decides, once all findings are in. 0 or -ENOMEM. */
int rules_decide(struct rd_report *report);
