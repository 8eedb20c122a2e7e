/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * RD-INI: the copies inside initramfs images, held against lib/modules. A patched one is found by
 * RD-DRV-001 like any module that can load; here it is about the two drifting apart, since `dkms
 * install` and a copied file leave the image as it was, and the image's copy loads first.
 */

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "group.h"

/* Not a member that the index in the image shadows, nor one in an image that no boot starts. */
static bool is_in_image(const struct rd_copy *copy)
{
	return copy->kind == RD_COPY_INITRAMFS && copy->is_loadable && copy->kernel &&
	       copy->id.build_id;
}

/* The image that a copy is a member of, or NULL; borrowed. */
static const struct rd_image *find_image(const struct rd_facts *facts, const struct rd_copy *copy)
{
	for (size_t i = 0; i < facts->images.n; i++) {
		const struct rd_image *image = &facts->images.items[i];

		if (rd_text_has_prefix(copy->path, image->path) &&
		    copy->path[strlen(image->path)] == ':')
			return image;
	}
	return NULL;
}

/* A rescue image is as old as the installation, by intent. */
static bool is_rescue(const struct rd_facts *facts, const struct rd_copy *copy)
{
	const struct rd_image *image = find_image(facts, copy);

	return image && image->role == RD_IMAGE_RESCUE;
}

const struct rd_copy *rules_find_in_image(const struct rd_facts *facts, const char *kernel,
					  const char *build_id)
{
	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (is_in_image(copy) && !is_rescue(facts, copy) && !strcmp(copy->kernel, kernel) &&
		    (!build_id || !strcmp(copy->id.build_id, build_id)))
			return copy;
	}
	return NULL;
}

static int image_current(const struct rd_facts *facts, struct rd_evidence *ev)
{
	int result = RD_RESULT_NA;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];
		const struct rd_copy *resolved;

		if (!is_in_image(copy) || is_rescue(facts, copy))
			continue;
		resolved = rules_find_resolved(facts, copy->kernel);
		if (!resolved || !resolved->id.build_id)
			continue;
		if (!strcmp(copy->id.build_id, resolved->id.build_id)) {
			if (result == RD_RESULT_NA)
				result = RD_RESULT_PASS;
			continue;
		}
		if (rd_evidence_add(ev, RD_EVIDENCE_BUILD_ID, copy->path,
				    "build-id %s; installed: build-id %s", copy->id.build_id,
				    resolved->id.build_id))
			return -ENOMEM;
		result = RD_RESULT_WARN;
	}
	return result;
}

const struct rd_rule rd_rule_image_current = {
	.id = "RD-INI-001",
	.about = RD_ABOUT_ADVICE,
	.eval = image_current,
};
