/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The lines of modprobe.d and of the kernel's command line that touch amdgpu or a module that dkms
 * builds with it. What an initramfs was made with is another copy of the same folders and may
 * differ; it is not read here.
 *
 * A card's modalias: Linux drivers/pci/pci-sysfs.c, modalias_show().
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "conf.h"
#include "inspect/modprobe_conf.h"
#include "probe/probe.h"

/* COMMAND_LINE_SIZE is 2,048 on x86 and 64 KiB at most. */
#define CMDLINE_MAX ((size_t)64 << 10)

struct names {
	char **items;
	size_t n, cap;
};

static void names_deinit(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->items[i]);
	free(names->items);
}

/* Takes @name, which may be NULL for lack of memory. */
static int take_name(struct names *names, char *name)
{
	if (name && !rd_array_push(names, &name))
		return 0;
	free(name);
	return -ENOMEM;
}

static int add_modules(const struct rd_facts *facts, struct names *modules)
{
	if (take_name(modules, strdup("amdgpu")))
		return -ENOMEM;
	for (size_t i = 0; i < facts->dkms.n; i++) {
		const struct rd_dkms_package *package = &facts->dkms.items[i];

		for (size_t k = 0; k < package->modules.n; k++) {
			const char *module = package->modules.items[k].name;
			char *name = strdup(module ? module : "");

			for (char *p = name; p && (p = strchr(p, '-')); p++)
				*p = '_';
			if (take_name(modules, name))
				return -ENOMEM;
		}
	}
	return 0;
}

static char *modalias_of(const struct rd_gpu *gpu)
{
	uint64_t pci_class = gpu->pci_class.v;
	char *modalias;

	return asprintf(&modalias,
			"pci:v%08Xd%08Xsv%08" PRIX64 "sd%08" PRIX64 "bc%02" PRIX64 "sc%02" PRIX64
			"i%02" PRIX64,
			gpu->vendor, gpu->device, gpu->subsystem_vendor.v, gpu->subsystem_device.v,
			pci_class >> 16 & 0xff, pci_class >> 8 & 0xff, pci_class & 0xff) < 0
		       ? NULL
		       : modalias;
}

static int add_modaliases(const struct rd_facts *facts, struct names *modaliases)
{
	for (size_t i = 0; i < facts->gpus.n; i++) {
		const struct rd_gpu *gpu = &facts->gpus.items[i];

		if (gpu->chip_class != RD_CHIP_RDNA1 || !gpu->pci_class.known ||
		    !gpu->subsystem_vendor.known || !gpu->subsystem_device.known)
			continue;
		if (take_name(modaliases, modalias_of(gpu)))
			return -ENOMEM;
	}
	return 0;
}

struct reader {
	const struct rd_modprobe_subject *subject;
	struct rd_facts *facts;
};

static int read_file(void *userdata, const char *path, const struct rd_text *text)
{
	const struct reader *reader = userdata;
	int r;

	r = rd_modprobe_conf_read(text->data, text->len, path, reader->subject,
				  &reader->facts->modprobe);
	if (r <= 0)
		return r;
	if (rd_facts_add_unread(reader->facts, path, "more lines about amdgpu than any machine has",
				false))
		return -ENOMEM;
	return r;
}

static int read_cmdline(const struct rd_system *sys, const struct rd_modprobe_subject *subject,
			struct rd_facts *facts, struct rd_error *err)
{
	static const char path[] = "/proc/cmdline";
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_read(sys, path, CMDLINE_MAX, &text, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(facts, path, &why, err);
	if (r || !text.data)
		return 0;
	r = rd_modprobe_cmdline_read(text.data, text.len, subject, &facts->modprobe);
	return r < 0 ? rd_error_nomem(err) : 0;
}

int rd_probe_modprobe(const struct rd_system *sys, const struct rd_probe_options *options,
		      struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(names_deinit) struct names modules = { 0 };
	RD_CLEANUP(names_deinit) struct names modaliases = { 0 };
	struct rd_modprobe_subject subject;
	struct reader reader = { .subject = &subject, .facts = facts };
	bool is_complete;
	int r;

	(void)options;
	if (add_modules(facts, &modules) || add_modaliases(facts, &modaliases))
		return rd_error_nomem(err);
	subject = (struct rd_modprobe_subject){
		.modules = (const char *const *)modules.items,
		.n_modules = modules.n,
		.modaliases = (const char *const *)modaliases.items,
		.n_modaliases = modaliases.n,
	};
	r = rd_conf_read(sys, "modprobe.d", read_file, &reader, facts, &is_complete, err);
	return r < 0 ? r : read_cmdline(sys, &subject, facts, err);
}
