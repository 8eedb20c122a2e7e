/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the two ways to find display devices have in common. Private to src/probe. */

#include "model/facts.h"
#include "system/system.h"

#define RD_PCI_DEVICES "/sys/bus/pci/devices"
#define RD_DRM_CLASS   "/sys/class/drm"

/* This machine is asked through libpci and libudev; a picture has nothing but its files. */
struct rd_gpu_backend {
	/* Appends the AMD display devices by rd_gpu_add(), and says whether these are all. */
	int (*scan)(const struct rd_system *sys, struct rd_facts *facts, struct rd_error *err);

	/* Notes drm nodes by rd_gpu_set_node(). */
	int (*find_nodes)(const struct rd_system *sys, struct rd_facts *facts,
			  struct rd_error *err);

	/* The name of AMD's @device in the data base of PCI ids; *@namep stays NULL without. */
	int (*find_name)(const struct rd_system *sys, uint16_t device, char **namep,
			 struct rd_error *err);
};

extern const struct rd_gpu_backend rd_gpu_backend_live, rd_gpu_backend_picture;

/* A PCI function as a backend met it. */
struct rd_pci_function {
	const char *slot; /* borrowed */
	uint16_t vendor, device;
	struct rd_num pci_class; /* 24 bits */
	bool has_drm_node; /* a display device, even when its class is unknown */
};

/* Appends the function if it is an AMD display device that is not yet listed. 0 or -ENOMEM. */
int rd_gpu_add(struct rd_gpus *gpus, const struct rd_pci_function *function);

/* Gives cardN or renderDN to the GPU in that slot, if there is one. Return: 0 or -ENOMEM. */
int rd_gpu_set_node(struct rd_gpus *gpus, const char *slot, const char *node);

/* Whether it is the name of a device node (card1, renderD128) and not of a connector. */
bool rd_gpu_is_node(const char *name);

/* The name of AMD's @device in the data base of the machine that the program runs on. */
int rd_gpu_name_by_libpci(uint16_t device, char **namep, struct rd_error *err);
