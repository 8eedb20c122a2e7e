/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The environment that ROCm programs are given on an RDNA1 card: the profiles of
 * data/profiles.data, what a choice between them depends on, and one of them made out for a
 * machine.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/presence.h"

#define RD_PROFILES_MAX 4

/* One profile (data/profiles.data). */
struct rd_profile_kind {
	const char *name; /* "gfx1030" */
	const char *title; /* what it does, no sentence */
	const char *purpose; /* for which programs it is */
};

/* One variable, with its value in each profile in the order of the profiles. */
struct rd_profile_variable {
	const char *name;
	const char *values[RD_PROFILES_MAX]; /* NULL: must not be set */
	const char *does; /* what it really does */
	const char *note; /* what is to be known of it */
	const char *source;
	bool is_per_node; /* NAME_NODE is for one card alone, and wins over NAME */
};

enum rd_stack_kind {
	RD_STACK_TORCH, /* PyTorch's library of kernels */
	RD_STACK_BLAS, /* a folder of rocBLAS kernels */
};

/* Where such a thing may lie (data/stacks.data). */
struct rd_stack_place {
	enum rd_stack_kind kind;
	const char *paths; /* patterns for rd_system_glob(), separated by blanks; ~: the home */
};

const struct rd_profile_kind *rd_data_profiles(size_t *np);
const struct rd_profile_variable *rd_data_profile_variables(size_t *np);
const struct rd_stack_place *rd_data_stack_places(size_t *np);

/* Patterns of the files in which variables are set too (data/settings.data); as above. */
const char *const *rd_data_setting_places(size_t *np);

/* What was found of a user's ROCm software. */
struct rd_stack_part {
	enum rd_stack_kind kind;
	char *path;
	enum rd_presence has_code; /* for every RDNA1 card of the machine */
	char *detail; /* unknown: why; else NULL */
};

/* The chips of RDNA1 that have a name: gfx1010, gfx1011, gfx1012. */
#define RD_PROFILE_CHIPS_MAX 3

/* All that the choice of a profile and its form depend on. */
struct rd_profile_basis {
	char *chips[RD_PROFILE_CHIPS_MAX]; /* of the RDNA1 cards, "gfx1010"; each once */
	size_t n_chips;
	char *other; /* a card of AMD that is no RDNA1: the override must spare it; else NULL */
	struct {
		uint64_t *items;
		size_t n, cap;
	} nodes; /* the KFD's numbers of the RDNA1 cards; empty: not known */
	struct {
		struct rd_stack_part *items;
		size_t n, cap;
	} stack;
	bool is_cut; /* there was more to look into than is looked into */
};

#define RD_PROFILE_BASIS_INIT \
	{                     \
		0             \
	}

void rd_profile_basis_deinit(struct rd_profile_basis *basis);

struct rd_profile_setting {
	char *name;
	const char *value; /* NULL: must not be set; static */
	const struct rd_profile_variable *variable; /* static */
};

/* A profile as it is for one machine. */
struct rd_profile {
	const struct rd_profile_kind *kind; /* static */
	char *reason; /* why it was chosen; NULL: it was asked for */
	char *remark; /* what is special about this machine, a sentence; else NULL */
	struct {
		struct rd_profile_setting *items;
		size_t n, cap;
	} settings;
};

#define RD_PROFILE_INIT \
	{               \
		0       \
	}

void rd_profile_deinit(struct rd_profile *profile);

/* The setting of that name, or NULL; borrowed. */
const struct rd_profile_setting *rd_profile_find(const struct rd_profile *profile,
						 const char *name);

/* The profile of that name, or NULL. */
const struct rd_profile_kind *rd_profile_kind_find(const char *name);

/* One variable in three places; NULL: not set there. */
struct rd_profile_row {
	char *name;
	char *wanted, *in_file, *in_environment;
	bool is_open; /* the file sets it to what only running it tells */
	bool is_equal;
};

/* A profile, its file and the environment of this process. */
struct rd_profile_rows {
	struct rd_profile_row *items;
	size_t n, cap;
};

/* A line of another file that sets one of the variables. */
struct rd_profile_mention {
	char *path;
	unsigned int line; /* from 1 */
	char *text;
};

struct rd_profile_mentions {
	struct rd_profile_mention *items;
	size_t n, cap;
};

void rd_profile_mentions_deinit(struct rd_profile_mentions *mentions);

void rd_profile_rows_deinit(struct rd_profile_rows *rows);
