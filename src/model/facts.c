/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Life of struct rd_facts and the look-ups that rules and renderers share. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/facts.h"

static void running_deinit(struct rd_running *running)
{
	free(running->kernel);
	free(running->build_id);
	free(running->srcversion);
	free(running->version);
	free(running->taint);
	for (size_t i = 0; i < running->parameters.n; i++) {
		free(running->parameters.items[i].name);
		free(running->parameters.items[i].value);
	}
	free(running->parameters.items);
	for (size_t i = 0; i < running->livepatches.n; i++)
		free(running->livepatches.items[i]);
	free(running->livepatches.items);
}

static void kernels_deinit(struct rd_kernels *kernels)
{
	for (size_t i = 0; i < kernels->n; i++) {
		free(kernels->items[i].release);
		free(kernels->items[i].resolved);
		free(kernels->items[i].expected);
		free(kernels->items[i].autoinstall);
	}
	free(kernels->items);
}

void rd_facts_deinit(struct rd_facts *facts)
{
	free(facts->root);
	free(facts->only_kernel);
	free(facts->distribution);
	rd_gpus_deinit(&facts->gpus);
	running_deinit(&facts->running);
	kernels_deinit(&facts->kernels);
	rd_copies_deinit(&facts->copies);
	rd_images_deinit(&facts->images);
	rd_dkms_packages_deinit(&facts->dkms);
	rd_modprobe_lines_deinit(&facts->modprobe);
	rd_policy_deinit(&facts->policy);
	rd_leftovers_deinit(&facts->leftovers);
	rd_packages_deinit(&facts->packages);
	free(facts->recoveries.expected);
	for (size_t i = 0; i < facts->unreads.n; i++) {
		free(facts->unreads.items[i].path);
		free(facts->unreads.items[i].reason);
	}
	free(facts->unreads.items);
	for (size_t i = 0; i < facts->unmounted.n; i++)
		free(facts->unmounted.items[i]);
	free(facts->unmounted.items);
	*facts = (struct rd_facts)RD_FACTS_INIT;
}

int rd_facts_add_unread(struct rd_facts *facts, const char *path, const char *reason,
			bool is_permission)
{
	struct rd_unread unread = {
		.path = strdup(path),
		.reason = strdup(reason),
		.is_permission = is_permission,
	};

	if (unread.path && unread.reason && !rd_array_push(&facts->unreads, &unread))
		return 0;
	free(unread.path);
	free(unread.reason);
	return -ENOMEM;
}

const struct rd_kernel *rd_facts_find_kernel(const struct rd_facts *facts, const char *release)
{
	for (size_t i = 0; i < facts->kernels.n; i++) {
		if (!strcmp(facts->kernels.items[i].release, release))
			return &facts->kernels.items[i];
	}
	return NULL;
}

const struct rd_copy *rd_facts_running_copy(const struct rd_facts *facts)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		if (facts->copies.items[i].kind == RD_COPY_RUNNING)
			return &facts->copies.items[i];
	}
	return NULL;
}

int rd_facts_puts_root(const struct rd_facts *facts, struct rd_text *text)
{
	int r;

	if (!facts->root || !strcmp(facts->root, "/"))
		return 0;
	r = rd_text_puts(text, " --root ");
	return r ? r : rd_text_puts_quoted(text, facts->root);
}
