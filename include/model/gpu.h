/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Display devices and the table that says which of them are RDNA1 (data/devices.data). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number that may be unknown: unreadable is not zero. */
struct rd_num {
	bool known;
	uint64_t v;
};

#define RD_NUM(value)          \
	((struct rd_num){      \
		.known = true, \
		.v = (value),  \
	})

enum rd_chip_class {
	RD_CHIP_OTHER, /* some other AMD display device */
	RD_CHIP_RDNA1, /* Navi 10, 12, 14 */
	RD_CHIP_DECLINED, /* named, and declined: looks close, is not (Cyan Skillfish, ...) */
	RD_CHIP_NOT_GPU, /* a function of the card that is no GPU */
};

/* One row of data/devices.data. */
struct rd_device {
	uint16_t device;
	struct rd_num revision; /* not known: any revision */
	enum rd_chip_class chip_class;
	const char *chip; /* "Navi 10" */
	const char *gfx; /* "gfx1010" */
	const char *name; /* "Radeon RX 5600 XT"; NULL if unnamed */
};

struct rd_gpu {
	char *slot; /* 0000:28:00.0 */
	uint16_t vendor, device;
	struct rd_num subsystem_vendor, subsystem_device;
	struct rd_num revision;
	struct rd_num pci_class; /* 24 bits: 0x030000 VGA, 0x038000 display, ... */
	enum rd_chip_class chip_class;
	char *name; /* by table, else by the libpci data base, else NULL */
	char *chip; /* "Navi 10", NULL for others */
	char *gfx; /* "gfx1010", NULL for others */
	char *driver; /* bound driver, NULL if none */
	bool is_driver_known; /* false: could not be read */
	char *drm_card; /* "card1" or NULL */
	char *drm_render; /* "renderD128" or NULL */
	char *link_speed; /* sysfs current_link_speed, or NULL */
	struct rd_num link_width;
};

struct rd_gpus {
	struct rd_gpu *items;
	size_t n, cap;
};

void rd_gpu_deinit(struct rd_gpu *gpu);
void rd_gpus_deinit(struct rd_gpus *gpus);

/**
 * rd_device_find() - the row of the device table for vendor 1002
 * @device: PCI device id
 * @revision: PCI revision, or unknown: then a row is found, but with a name only if all agree
 *
 * Return: the best row (exact revision, else the row for any), or NULL.
 */
const struct rd_device *rd_device_find(uint16_t device, struct rd_num revision);
