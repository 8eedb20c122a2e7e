/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* System to facts. libkmod, libpci and libudev stay below this line. */

#include "model/facts.h"
#include "system/system.h"

struct rd_probe_options {
	const char *kernel; /* only this release's files; NULL: all */
	bool want_sha256; /* hash every copy (JSON wants it) */
	bool wants_packages; /* ask the data bases of rpm and pacman too, which takes its time */
	bool is_deep; /* compare the running code itself (root, this machine) */

	/* Told of each file before it is inspected, which may take long; may be NULL. */
	void (*progress)(void *userdata, const char *path);
	void *userdata;
};

/**
 * rd_probe() - look at a machine, or at a picture of one
 * @facts: empty; filled also where parts could not be read (see unreads)
 *
 * Executes no program, writes nothing. Return: 0 or a negative errno.
 */
int rd_probe(const struct rd_system *sys, const struct rd_probe_options *options,
	     struct rd_facts *facts, struct rd_error *err);

/* The parts, in the order in which rd_probe() runs them. Each adds to @facts; all return as it. */
int rd_probe_gpus(const struct rd_system *sys, const struct rd_probe_options *options,
		  struct rd_facts *facts, struct rd_error *err);
int rd_probe_running(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err);
int rd_probe_policy(const struct rd_system *sys, const struct rd_probe_options *options,
		    struct rd_facts *facts, struct rd_error *err);
int rd_probe_kernels(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err);
int rd_probe_modprobe(const struct rd_system *sys, const struct rd_probe_options *options,
		      struct rd_facts *facts, struct rd_error *err);
int rd_probe_sources(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err);
int rd_probe_leftovers(const struct rd_system *sys, const struct rd_probe_options *options,
		       struct rd_facts *facts, struct rd_error *err);
int rd_probe_fstab(const struct rd_system *sys, const struct rd_probe_options *options,
		   struct rd_facts *facts, struct rd_error *err);
int rd_probe_built_here(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err);
int rd_probe_recoveries(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err);
int rd_probe_packages(const struct rd_system *sys, const struct rd_probe_options *options,
		      struct rd_facts *facts, struct rd_error *err);
int rd_probe_dkms(const struct rd_system *sys, const struct rd_probe_options *options,
		  struct rd_facts *facts, struct rd_error *err);
int rd_probe_signatures(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err);
int rd_probe_references(const struct rd_system *sys, const struct rd_probe_options *options,
			struct rd_facts *facts, struct rd_error *err);
int rd_probe_images(const struct rd_system *sys, const struct rd_probe_options *options,
		    struct rd_facts *facts, struct rd_error *err);
int rd_probe_loading(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err);
int rd_probe_judge(const struct rd_system *sys, const struct rd_probe_options *options,
		   struct rd_facts *facts, struct rd_error *err);
int rd_probe_control(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err);
int rd_probe_code(const struct rd_system *sys, const struct rd_probe_options *options,
		  struct rd_facts *facts, struct rd_error *err);
