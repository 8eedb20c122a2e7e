/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which profile, and what it looks like here. "auto" is native if all that was found has code for
 * the card itself: one environment is for all programs of a user, and one that has no such code
 * fails under native at once. Where PyTorch is installed it decides, since it is what the profile
 * is for and brings its own kernels; else rocBLAS does. Nothing found, or not to be told: gfx1030,
 * as the recipe has it.
 *
 * The override of the architecture holds for every card of the machine. Beside another AMD card it
 * is therefore given by node, and not at all if the node is not known.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "inspect/profile.h"

#define DEFAULT_KIND "gfx1030"
#define NATIVE_KIND  "native"

struct count {
	size_t n, n_yes;
	const struct rd_stack_part *first; /* that has code, or none of it has */
	const struct rd_stack_part *without; /* the first that has none */
};

static struct count count_parts(const struct rd_profile_basis *basis, enum rd_stack_kind kind)
{
	struct count count = { 0 };

	for (size_t i = 0; i < basis->stack.n; i++) {
		const struct rd_stack_part *part = &basis->stack.items[i];

		if (part->kind != kind || part->has_code == RD_PRESENCE_UNKNOWN)
			continue;
		count.n++;
		if (part->has_code == RD_PRESENCE_YES)
			count.n_yes++;
		else if (!count.without)
			count.without = part;
		if (!count.first)
			count.first = part;
	}
	return count;
}

static char *describe(const struct rd_profile_basis *basis, const char *what,
		      const struct count *count)
{
	const char *chip = basis->n_chips ? basis->chips[0] : "the card";
	size_t more = count->n - 1;

	if (count->n == count->n_yes)
		return rd_text_format("%s here has code for %s: %s%s", what, chip,
				      count->first->path,
				      more ? ", and all others that were found" : "");
	if (!count->n_yes)
		return rd_text_format("%s here has no code for %s: %s%s", what, chip,
				      count->without->path,
				      more ? ", nor has any other that was found" : "");
	return rd_text_format(
		"of %zu copies of %s here, %zu have no code for %s, among them %s; run "
		"the others with --profile native",
		count->n, what, count->n - count->n_yes, chip, count->without->path);
}

/* The kind, and why. */
static const char *decide(const struct rd_profile_basis *basis, char **reasonp)
{
	struct count count = count_parts(basis, RD_STACK_TORCH);
	const char *what = "PyTorch";

	if (!count.n) {
		count = count_parts(basis, RD_STACK_BLAS);
		what = "rocBLAS";
	}
	if (count.n)
		*reasonp = describe(basis, what, &count);
	else
		*reasonp = rd_text_format("%s", basis->stack.n
							? "for which cards the ROCm software here "
							  "has code could not be told"
							: "no PyTorch for ROCm and no rocBLAS was "
							  "found");
	return count.n && count.n == count.n_yes ? NATIVE_KIND : DEFAULT_KIND;
}

/* @name is taken. */
static int push(struct rd_profile *profile, char *name, const char *value,
		const struct rd_profile_variable *variable)
{
	struct rd_profile_setting setting = { .name = name, .value = value, .variable = variable };

	if (name && !rd_array_push(&profile->settings, &setting))
		return 0;
	free(name);
	return -ENOMEM;
}

/* The variable for our cards alone, and not for the other ones. */
static int add_by_node(const struct rd_profile_basis *basis, struct rd_profile *profile,
		       const struct rd_profile_variable *variable, const char *value)
{
	int r = push(profile, strdup(variable->name), NULL, variable);

	for (size_t i = 0; i < basis->nodes.n && !r; i++)
		r = push(profile,
			 rd_text_format("%s_%" PRIu64, variable->name, basis->nodes.items[i]),
			 value, variable);
	if (r)
		return r;
	profile->remark =
		basis->nodes.n
			? rd_text_format("This machine has another AMD card (%s): %s is set for "
					 "the KFD node of the RDNA1 card alone.",
					 basis->other, variable->name)
			: rd_text_format("This machine has another AMD card (%s), and the KFD node "
					 "of the RDNA1 card is not known: %s is left out, since it "
					 "would hold for both. Set %s_NODE=%s by hand; NODE is the "
					 "folder of the card in /sys/class/kfd/kfd/topology/nodes.",
					 basis->other, variable->name, variable->name, value);
	return profile->remark ? 0 : -ENOMEM;
}

static int add(const struct rd_profile_basis *basis, struct rd_profile *profile,
	       const struct rd_profile_variable *variable, size_t kind)
{
	const char *value = variable->values[kind];

	if (value && variable->is_per_node && basis->other)
		return add_by_node(basis, profile, variable, value);
	return push(profile, strdup(variable->name), value, variable);
}

int rd_profile_choose(const struct rd_profile_basis *basis, const char *name,
		      struct rd_profile *profilep, struct rd_error *err)
{
	RD_CLEANUP(rd_profile_deinit) struct rd_profile profile = RD_PROFILE_INIT;
	const struct rd_profile_variable *variables;
	const struct rd_profile_kind *kinds;
	size_t n;

	if (!strcmp(name, "auto")) {
		name = decide(basis, &profile.reason);
		if (!profile.reason)
			return rd_error_nomem(err);
	}
	profile.kind = rd_profile_kind_find(name);
	if (!profile.kind)
		return rd_error_set(err, EINVAL, "no profile is called '%s'", name);

	kinds = rd_data_profiles(&n);
	variables = rd_data_profile_variables(&n);
	for (size_t i = 0; i < n; i++) {
		if (add(basis, &profile, &variables[i], (size_t)(profile.kind - kinds)))
			return rd_error_nomem(err);
	}
	*profilep = profile;
	profile = (struct rd_profile)RD_PROFILE_INIT;
	return 0;
}
