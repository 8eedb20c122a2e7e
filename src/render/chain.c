/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A copy belongs to the kernel that it names, a member of an image that names none to the image's
 * kernel; a source to every kernel that its registered package was or will be built for.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "chain.h"

void chain_deinit(struct chain *chain)
{
	free(chain->items);
}

void chain_releases_deinit(struct chain_releases *releases)
{
	free(releases->items);
}

bool chain_is_idle(const struct chain_link *link)
{
	return link->stage > CHAIN_RUNNING || link->stage == CHAIN_EMPTY ||
	       (link->copy && link->copy->kind != RD_COPY_RUNNING && !link->copy->is_loadable);
}

static enum chain_stage stage_of(const struct rd_copy *copy)
{
	switch (copy->kind) {
	case RD_COPY_PACKAGE:
		return CHAIN_PACKAGE;
	case RD_COPY_SOURCE:
		return CHAIN_SOURCE;
	case RD_COPY_BUILT:
		return CHAIN_BUILT;
	case RD_COPY_INSTALLED:
		if (copy->is_resolved)
			return CHAIN_RESOLVED;
		return copy->is_loadable ? CHAIN_INSTALLED : CHAIN_SHADOWED;
	case RD_COPY_INITRAMFS:
		return CHAIN_INITRAMFS;
	case RD_COPY_RUNNING:
		return CHAIN_RUNNING;
	case RD_COPY_ORIGINAL:
		return CHAIN_ORIGINAL;
	case RD_COPY_BACKUP:
		return CHAIN_BACKUP;
	case RD_COPY_FILE:
		break;
	}
	return CHAIN_FILE;
}

/* The release that a copy is for, or NULL. */
static const char *release_of(const struct rd_facts *facts, const struct rd_copy *copy)
{
	if (copy->kernel || copy->kind != RD_COPY_INITRAMFS)
		return copy->kernel;
	for (size_t i = 0; i < facts->images.n; i++) {
		const struct rd_image *image = &facts->images.items[i];
		size_t n = strlen(image->path);

		if (!strncmp(copy->path, image->path, n) &&
		    (!copy->path[n] || copy->path[n] == ':'))
			return image->kernel;
	}
	return NULL;
}

static bool is_for(const struct rd_facts *facts, const struct rd_dkms_package *package,
		   const char *release)
{
	const struct rd_kernel *kernel = rd_facts_find_kernel(facts, release);

	return rd_dkms_package_find_build(package, release, NULL) ||
	       (kernel && rd_dkms_package_is(package, kernel->autoinstall));
}

/* Whether that package is built from that source. */
static bool is_from(const struct rd_dkms_package *package, const struct rd_copy *copy)
{
	size_t n = package->source ? strlen(package->source) : 0;

	return n && !strncmp(copy->path, package->source, n) && copy->path[n] == '/';
}

static bool is_source_for(const struct rd_facts *facts, const struct rd_copy *copy,
			  const char *release)
{
	for (size_t i = 0; copy->kind == RD_COPY_SOURCE && i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		if (is_from(package, copy) && is_for(facts, package, release))
			return true;
	}
	return false;
}

static int link_compare(const void *a, const void *b)
{
	const struct chain_link *x = a, *y = b;

	if (x->stage != y->stage)
		return x->stage < y->stage ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int add_link(struct chain *chain, struct chain_link link)
{
	link.order = chain->n;
	return rd_array_push(chain, &link);
}

static int add_copy(struct chain *chain, const struct rd_copy *copy)
{
	return add_link(chain, (struct chain_link){ .stage = stage_of(copy), .copy = copy });
}

static void sort(struct chain *chain)
{
	if (chain->n)
		qsort(chain->items, chain->n, sizeof(*chain->items), link_compare);
}

int chain_of_kernel(const struct rd_facts *facts, const char *release, struct chain *chain)
{
	int r = 0;

	for (size_t i = 0; i < facts->copies.n && !r; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];
		const char *own = release_of(facts, copy);

		if (own ? !strcmp(own, release) : is_source_for(facts, copy, release))
			r = add_copy(chain, copy);
	}
	for (size_t i = 0; i < facts->images.n && !r; i++) {
		const struct rd_image *image = &facts->images.items[i];

		if (image->has_amdgpu == RD_PRESENCE_NO && image->kernel &&
		    !strcmp(image->kernel, release))
			r = add_link(chain,
				     (struct chain_link){ .stage = CHAIN_EMPTY, .image = image });
	}
	for (size_t i = 0; i < facts->dkms.n && !r; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		if (is_for(facts, package, release))
			r = add_link(chain, (struct chain_link){
						    .stage = CHAIN_DKMS,
						    .package = package,
						    .build = rd_dkms_package_find_build(
							    package, release, NULL),
					    });
	}
	sort(chain);
	return r;
}

static bool is_of_some_kernel(const struct rd_facts *facts, const struct rd_copy *copy)
{
	if (release_of(facts, copy))
		return true;
	for (size_t i = 0; i < facts->kernels.n; i++) {
		if (is_source_for(facts, copy, facts->kernels.items[i].release))
			return true;
	}
	return false;
}

int chain_of_none(const struct rd_facts *facts, bool is_source, struct chain *chain)
{
	int r = 0;

	for (size_t i = 0; i < facts->copies.n && !r; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if ((copy->kind == RD_COPY_SOURCE) == is_source && !is_of_some_kernel(facts, copy))
			r = add_copy(chain, copy);
	}
	for (size_t i = 0; i < facts->images.n && !r && !is_source; i++) {
		const struct rd_image *image = &facts->images.items[i];

		if (image->has_amdgpu == RD_PRESENCE_NO && !image->kernel)
			r = add_link(chain,
				     (struct chain_link){ .stage = CHAIN_EMPTY, .image = image });
	}
	sort(chain);
	return r;
}

static int add_release(struct chain_releases *releases, const char *release)
{
	for (size_t i = 0; i < releases->n; i++) {
		if (!strcmp(releases->items[i], release))
			return 0;
	}
	return rd_array_push(releases, &release);
}

/* Numbers in a release count as numbers: 6.1.0-10 is newer than 6.1.0-9. */
static int newest_first(const void *a, const void *b)
{
	return strverscmp(*(const char *const *)b, *(const char *const *)a);
}

static void put_first(struct chain_releases *releases, const char *release)
{
	for (size_t i = 1; i < releases->n; i++) {
		const char *item = releases->items[i];

		if (strcmp(item, release) != 0)
			continue;
		memmove(releases->items + 1, releases->items, i * sizeof(*releases->items));
		releases->items[0] = item;
	}
}

int chain_releases(const struct rd_facts *facts, struct chain_releases *releases)
{
	int r = 0;

	for (size_t i = 0; i < facts->kernels.n && !r; i++)
		r = add_release(releases, facts->kernels.items[i].release);
	for (size_t i = 0; i < facts->copies.n && !r; i++) {
		const char *release = release_of(facts, &facts->copies.items[i]);

		if (release)
			r = add_release(releases, release);
	}
	if (r)
		return r;
	if (releases->n)
		qsort(releases->items, releases->n, sizeof(*releases->items), newest_first);
	if (facts->running.kernel)
		put_first(releases, facts->running.kernel);
	return 0;
}
