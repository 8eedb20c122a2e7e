/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Model to stream. One renderer per format; none of them judges. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "model/boot.h"
#include "model/comparison.h"
#include "model/data.h"
#include "model/profile.h"
#include "model/repair.h"
#include "model/report.h"
#include "model/saved.h"
#include "model/trial.h"

struct rd_render_options {
	bool use_color;
	bool is_verbose;
	bool is_utf8; /* the terminal shows more than ASCII */
	int width; /* columns of the terminal, 80 where there is none */
};

struct rd_renderer {
	const char *name; /* of --format */
	/* Each returns 0, -ENOMEM, or -EIO when the stream failed. NULL: not for that verb. */
	int (*check)(const struct rd_report *report, const struct rd_render_options *options,
		     FILE *f, struct rd_error *err);
	int (*boot)(const struct rd_report *report, const struct rd_boot *boot,
		    const struct rd_render_options *options, FILE *f, struct rd_error *err);
	int (*inspect)(const struct rd_copies *copies, const struct rd_render_options *options,
		       FILE *f, struct rd_error *err);
	int (*compare)(const char *name_a, const char *name_b,
		       const struct rd_comparison *comparison,
		       const struct rd_render_options *options, FILE *f, struct rd_error *err);
	int (*recover)(const struct rd_repair *repair, const struct rd_render_options *options,
		       FILE *f, struct rd_error *err);

	/* A rollback that is planned, or what came of it. */
	int (*rollback)(const struct rd_rollback *rollback, const struct rd_render_options *options,
			FILE *f, struct rd_error *err);
	int (*backups)(const struct rd_saved_list *list, const struct rd_render_options *options,
		       FILE *f, struct rd_error *err);
	int (*test)(const struct rd_trial *trial, const struct rd_render_options *options, FILE *f,
		    struct rd_error *err);

	/* For a reader with exit codes of its own, else NULL: its code for one of ours, and what it
	 * is told when the tool failed. */
	int (*exit_code)(int code);
	int (*fail)(const char *message, FILE *f);
};

/* The renderer of that name ("text", "json", "nagios", "prometheus"), or NULL. */
const struct rd_renderer *rd_renderer_find(const char *name);

/* The texts of the findings for people: a list of titles, or one in full. As the renderers'. */
int rd_render_titles(const struct rd_finding_text *texts, size_t n,
		     const struct rd_render_options *options, FILE *f, struct rd_error *err);
int rd_render_finding_text(const struct rd_finding_text *text,
			   const struct rd_render_options *options, FILE *f, struct rd_error *err);

/**
 * rd_render_profile() - what a profile sets, what that really does, and why it is this one
 * @basis: what the choice went by; NULL: left out, and the sources too
 *
 * Return: as the renderers'.
 */
int rd_render_profile(const struct rd_profile *profile, const struct rd_profile_basis *basis,
		      const struct rd_render_options *options, FILE *f, struct rd_error *err);

/* The same for programs: also the file of format json, with @seal to be put in. */
int rd_render_profile_json(const struct rd_profile *profile, const struct rd_profile_basis *basis,
			   const char *seal, FILE *f, struct rd_error *err);

/* A profile held against its file and the environment. */
struct rd_profile_comparison {
	const struct rd_profile *profile;
	const char *path; /* of the file; NULL: there is none */
	const struct rd_profile_rows *rows;
	const struct rd_profile_mentions *mentions; /* in other files */
};

int rd_render_profile_comparison(const struct rd_profile_comparison *comparison,
				 const struct rd_render_options *options, FILE *f,
				 struct rd_error *err);
int rd_render_profile_comparison_json(const struct rd_profile_comparison *comparison, FILE *f,
				      struct rd_error *err);

/* What a login shows: nothing if there is nothing to say. As the renderers'. */
int rd_render_motd(const struct rd_report *report, const struct rd_boot *boot, FILE *f,
		   struct rd_error *err);
