/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* All that the probes saw of one machine, and whether they could see it. No judgement here. */

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "model/copy.h"
#include "model/dkms.h"
#include "model/gpu.h"
#include "model/image.h"
#include "model/leftover.h"
#include "model/modprobe.h"
#include "model/package.h"
#include "model/policy.h"
#include "model/presence.h"

struct rd_parameter {
	char *name, *value; /* value NULL: unreadable */
};

struct rd_running {
	enum rd_presence is_loaded; /* a module, or built in */
	bool is_builtin;
	char *kernel; /* proc/sys/kernel/osrelease, NULL if unknown */
	char *build_id; /* NULL if unreadable or built in */
	char *srcversion; /* NULL if the module has none */
	char *version; /* NULL if the module has none */
	char *taint; /* letters, "" for none, NULL if unreadable */
	struct {
		struct rd_parameter *items;
		size_t n, cap;
	} parameters;
	struct {
		char **items;
		size_t n, cap;
	} livepatches; /* names of enabled ones that patch amdgpu */
};

/* One folder below lib/modules. */
struct rd_kernel {
	char *release;
	char *resolved; /* path modprobe would load amdgpu from; NULL if none or unknown */
	char *expected; /* path that depmod would choose if it ran now; NULL if none or unknown */
	enum rd_presence has_amdgpu; /* does modules.dep (or the tree) have one */
	enum rd_presence has_builtin; /* modules.builtin lists amdgpu */
	enum rd_presence has_headers; /* dkms could build for it */
	char *autoinstall; /* "NAME/VERSION" that the next dkms autoinstall puts here; NULL: none */
	bool is_running;
};

struct rd_kernels {
	struct rd_kernel *items;
	size_t n, cap;
};

/* Something a probe wanted and could not read: it may not be called clean or absent. */
struct rd_unread {
	char *path, *reason;
	bool is_permission; /* would be readable as root */
};

struct rd_unreads {
	struct rd_unread *items;
	size_t n, cap;
};

/* What recover has done here. */
struct rd_recoveries {
	enum rd_presence is_known; /* NO: they could not be looked at, mostly for root alone may */
	unsigned int unfinished; /* id of the transaction that was cut off, 0: none */
	bool is_undone; /* it was on its way back */
	unsigned int in_progress; /* id of the one that is being worked on now, 0: none */
	unsigned int pid; /* of who works on it, 0: not known */
	unsigned int armed; /* id of the last one that is done and waits for its boot, 0: none */
	bool is_later_boot; /* this one is another boot than that in which it was armed */
	char *expected; /* build-id that it installed for the running kernel, NULL: not known */
	bool has_unit; /* a unit confirms it at each boot */
};

struct rd_facts {
	char *root; /* as given, "/" for this machine */
	char *only_kernel; /* the one release that was asked for, NULL: all were looked at */
	char *distribution; /* PRETTY_NAME of os-release, NULL if unknown */
	bool is_live; /* this machine, not a picture or a mounted disk */
	bool has_sys; /* the root has a sysfs: GPU and running facts exist */
	struct rd_gpus gpus;
	enum rd_presence gpus_known; /* YES: the list is complete; NO/UNKNOWN: could not be read */
	struct rd_running running;
	struct rd_kernels kernels;
	struct rd_copies copies;
	struct rd_images images;
	struct rd_dkms_packages dkms;
	struct rd_modprobe_lines modprobe;
	struct rd_policy policy;
	struct rd_leftovers leftovers;
	struct rd_packages packages;
	struct rd_recoveries recoveries;
	struct {
		char **items;
		size_t n, cap;
	} unmounted; /* places of images that are file systems of their own, and not mounted */
	struct rd_unreads unreads;
};

#define RD_FACTS_INIT \
	{             \
		0     \
	}

void rd_facts_deinit(struct rd_facts *facts);

/* Records that @path could not be read; 0 or -ENOMEM. */
int rd_facts_add_unread(struct rd_facts *facts, const char *path, const char *reason,
			bool is_permission);

/* " --root PATH" for a command that is about another system than this one, quoted for a shell, else
 * nothing; 0 or -ENOMEM. */
int rd_facts_puts_root(const struct rd_facts *facts, struct rd_text *text);

/* The kernel of that release, or NULL; borrowed. */
const struct rd_kernel *rd_facts_find_kernel(const struct rd_facts *facts, const char *release);

/* The copy with kind "running", or NULL when none is loaded or nothing is known; borrowed. */
const struct rd_copy *rd_facts_running_copy(const struct rd_facts *facts);
