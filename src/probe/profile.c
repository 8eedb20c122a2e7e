/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The chips of the RDNA1 cards, other cards of AMD, and the KFD's numbers: by them, and by nothing
 * that other tools print, libhsakmt counts in HSA_OVERRIDE_GFX_VERSION_NODE (topology.c). A node
 * has the place of its card on the bus: location_id is its bus number times 256 and its function's
 * number (pci.h, PCI_DEVID), domain the number before them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "probe/profile.h"
#include "stack.h"

#define NODES	       "/sys/class/kfd/kfd/topology/nodes"
#define PROPERTIES_MAX ((size_t)64 << 10)
#define DEFAULT_CHIP   "gfx1010"

static bool has_chip(const struct rd_profile_basis *basis, const char *chip)
{
	for (size_t i = 0; i < basis->n_chips; i++) {
		if (!strcmp(basis->chips[i], chip))
			return true;
	}
	return false;
}

static int add_chip(struct rd_profile_basis *basis, const char *chip)
{
	if (has_chip(basis, chip) || basis->n_chips >= RD_PROFILE_CHIPS_MAX)
		return 0;
	basis->chips[basis->n_chips] = strdup(chip);
	return basis->chips[basis->n_chips++] ? 0 : -ENOMEM;
}

static int read_cards(const struct rd_facts *facts, struct rd_profile_basis *basis)
{
	int r = 0;

	for (size_t i = 0; i < facts->gpus.n && !r; i++) {
		const struct rd_gpu *gpu = &facts->gpus.items[i];

		if (gpu->chip_class == RD_CHIP_RDNA1) {
			r = gpu->gfx ? add_chip(basis, gpu->gfx) : 0;
		} else if (!basis->other) {
			basis->other = rd_text_escape(gpu->slot);
			r = basis->other ? 0 : -ENOMEM;
		}
	}
	if (!r && !basis->n_chips)
		r = add_chip(basis, DEFAULT_CHIP);
	return r;
}

/* "NAME NUMBER", one a line. */
static struct rd_num property(const char *text, const char *name)
{
	size_t n = strlen(name);

	while (text) {
		if (!strncmp(text, name, n) && text[n] == ' ')
			return RD_NUM(strtoull(text + n, NULL, 10));
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return (struct rd_num){ 0 };
}

static bool is_at(const char *slot, const char *properties)
{
	struct rd_num location = property(properties, "location_id");
	struct rd_num domain = property(properties, "domain");
	unsigned int d, bus, device, function;

	if (!location.known || !location.v ||
	    sscanf(slot, "%x:%x:%x.%x", &d, &bus, &device, &function) != 4)
		return false;
	/* Before Linux 5.6 there is no domain: it is 0 on a machine that has such a card. */
	return location.v == (bus << 8 | device << 3 | function) && domain.v == d;
}

static int read_node(const struct rd_system *sys, const struct rd_facts *facts, const char *name,
		     struct rd_profile_basis *basis, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = rd_text_format(NODES "/%s/properties", name);
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	uint64_t node;
	int r;

	if (!path)
		return rd_error_nomem(err);
	if (!rd_text_parse_u64(name, 10, &node))
		return 0;
	r = rd_system_read(sys, path, PROPERTIES_MAX, &text, err);
	if (r || !text.data)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < facts->gpus.n; i++) {
		const struct rd_gpu *gpu = &facts->gpus.items[i];

		if (gpu->chip_class == RD_CHIP_RDNA1 && is_at(gpu->slot, text.data) &&
		    rd_array_push(&basis->nodes, &node))
			return rd_error_nomem(err);
	}
	return 0;
}

static int read_nodes(const struct rd_system *sys, const struct rd_facts *facts,
		      struct rd_profile_basis *basis, struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r;

	r = rd_system_list(sys, NODES, &entries, err);
	if (r)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < entries.n && !r; i++)
		r = read_node(sys, facts, entries.items[i].name, basis, err);
	return r;
}

int rd_probe_profile(const struct rd_system *sys, const struct rd_facts *facts, const char *home,
		     void (*progress)(void *userdata, const char *path), void *userdata,
		     struct rd_profile_basis *basisp, struct rd_error *err)
{
	RD_CLEANUP(rd_profile_basis_deinit) struct rd_profile_basis basis = RD_PROFILE_BASIS_INIT;
	const struct rd_stack_options options = {
		.home = home,
		.progress = progress,
		.userdata = userdata,
	};
	int r;

	if (read_cards(facts, &basis))
		return rd_error_nomem(err);
	r = read_nodes(sys, facts, &basis, err);
	if (!r)
		r = rd_stack_probe(sys, &options, &basis, err);
	if (r)
		return rd_error_prefix(err, r, "profile");
	*basisp = basis;
	basis = (struct rd_profile_basis)RD_PROFILE_BASIS_INIT;
	return 0;
}
