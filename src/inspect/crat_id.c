/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The RDNA1 ids as compilers write them. All of it is derived from the device table: the ids of one
 * chip share their upper twelve bits, and those of all chips their upper byte, so a range, a mask
 * or a shift in a source shows as one of the bounds below.
 *
 * Numbers between the chips' sixteens match nothing: nobody means them, and stock code may.
 */

#include <stdio.h>

#include "base/cleanup.h"
#include "crat_id.h"
#include "model/data.h"

#define CRAT_VENDOR 0x1002u /* PCI_VENDOR_ID_ATI, include/linux/pci_ids.h */

static bool is_exact(uint16_t value)
{
	size_t n;
	const uint16_t *ids = rd_data_rdna1_ids(&n);

	for (size_t i = 0; i < n; i++) {
		if (ids[i] == value)
			return true;
	}
	return false;
}

/* How close @value comes to the ids, the closest that holds. */
static struct rd_crat_id match_id(uint16_t value)
{
	struct rd_crat_id best = { 0 };
	size_t n;
	const uint16_t *ids = rd_data_rdna1_ids(&n);

	if (is_exact(value))
		return (struct rd_crat_id){ .kind = RD_CRAT_ID_EXACT, .id = value };
	for (size_t i = 0; i < n; i++) {
		unsigned int first = ids[i] & 0xfff0u, last = ids[i] | 0xfu;
		unsigned int prefix = ids[i] & 0xff00u;

		if (value >= first && value <= last)
			return (struct rd_crat_id){ .kind = RD_CRAT_ID_CHIP,
						    .id = (uint16_t)first };
		if (value + 1u == first || value == last + 1)
			best = (struct rd_crat_id){ .kind = RD_CRAT_ID_EDGE,
						    .id = (uint16_t)first };
		else if (!best.kind && (value == prefix || value + 1u == prefix))
			best = (struct rd_crat_id){ .kind = RD_CRAT_ID_PREFIX,
						    .id = (uint16_t)prefix };
	}
	return best;
}

struct rd_crat_id rd_crat_id_match(uint64_t value)
{
	struct rd_crat_id id = { 0 };
	uint32_t lower = value & 0xffff, upper = (value >> 16) & 0xffff;

	if (value <= UINT16_MAX)
		return match_id((uint16_t)value);
	if (value > UINT32_MAX)
		return id;
	if (lower == CRAT_VENDOR)
		id = match_id((uint16_t)upper);
	else if (upper == CRAT_VENDOR)
		id = match_id((uint16_t)lower);
	if (id.kind == RD_CRAT_ID_PREFIX)
		id.kind = RD_CRAT_ID_NONE;
	if (id.kind)
		id.kind = RD_CRAT_ID_WORD;
	return id;
}

struct rd_crat_id rd_crat_id_match_shifted(uint64_t value)
{
	struct rd_crat_id id = { 0 };

	if (value > UINT16_MAX >> 4)
		return id;
	id = match_id((uint16_t)(value << 4));
	if (id.kind != RD_CRAT_ID_EXACT && id.kind != RD_CRAT_ID_CHIP)
		return (struct rd_crat_id){ 0 };
	return (struct rd_crat_id){ .kind = RD_CRAT_ID_CHIP, .id = (uint16_t)(value << 4) };
}

bool rd_crat_id_is_vendor(uint64_t value)
{
	return value == CRAT_VENDOR;
}

bool rd_crat_id_is_packed(uint64_t value, size_t size)
{
	bool is_text = true;

	if (size != sizeof(uint32_t) && size != sizeof(uint64_t))
		return false;
	for (size_t i = 0; i < size / sizeof(uint16_t); i++, value >>= 16) {
		if (!is_exact(value & 0xffff))
			return false;
		is_text &= rd_crat_id_is_text(value & 0xffff);
	}
	return !is_text;
}

bool rd_crat_id_is_text(uint16_t id)
{
	int low = id & 0xff, high = id >> 8;

	return low >= 0x20 && low < 0x7f && high >= 0x20 && high < 0x7f;
}

void rd_crat_id_describe(const struct rd_crat_id *id, char *buffer, size_t size)
{
	static const char *const kinds[] = {
		[RD_CRAT_ID_NONE] = "no device id",
		[RD_CRAT_ID_EXACT] = "RDNA1 device id",
		[RD_CRAT_ID_CHIP] = "RDNA1 device ids from",
		[RD_CRAT_ID_EDGE] = "bound of the RDNA1 device ids from",
		[RD_CRAT_ID_PREFIX] = "all device ids from",
		[RD_CRAT_ID_WORD] = "vendor 1002 with RDNA1 device id",
	};
	const struct rd_device *device = NULL;
	size_t n;
	const uint16_t *ids = rd_data_rdna1_ids(&n);

	for (size_t i = 0; i < n && !device; i++) {
		if ((ids[i] & 0xfff0u) == (id->id & 0xfff0u))
			device = rd_device_find(ids[i], (struct rd_num){ 0 });
	}
	if (id->kind == RD_CRAT_ID_PREFIX)
		snprintf(buffer, size, "%s %04x (RDNA1)", kinds[id->kind], id->id);
	else
		snprintf(buffer, size, "%s %04x (%s)", kinds[id->kind], id->id,
			 device ? device->chip : "RDNA1");
}
