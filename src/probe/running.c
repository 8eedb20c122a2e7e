/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What the kernel says of the amdgpu it runs: /sys/module/amdgpu, and live patches for it. The
 * build-id in notes/ is that of the very file that was loaded; srcversion and version are there
 * only if the build gave them. Verdict: probe.c, when the copies on disk are known.
 *
 * Sources: Documentation/ABI/testing/sysfs-module, sysfs-kernel-livepatch; kernel/module/sysfs.c
 * (notes); elf(5) (notes); kernel/module/main.c (a built-in module has no initstate).
 */

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "depmod.h"
#include "probe/probe.h"

#define MODULES	       "/sys/module"
#define MODULE	       MODULES "/amdgpu"
#define BUILD_ID_NOTE  MODULE "/notes/.note.gnu.build-id"
#define LIVEPATCHES    "/sys/kernel/livepatch"
#define NOTE_MAX       4096
#define LIST_MAX       512 /* parameters (amdgpu has about a hundred), live patches */
#define BUILD_ID_BYTES 64 /* SHA-512 is the longest that ld --build-id can be given by name */

/* The GNU build-id among the notes in @data, as hex; NULL without @r if there is none. */
static int parse_build_id(const char *data, size_t len, char **hexp)
{
	Elf64_Nhdr note; /* the same as Elf32_Nhdr */

	while (len >= sizeof(note)) {
		size_t name, desc;

		memcpy(&note, data, sizeof(note));
		data += sizeof(note);
		len -= sizeof(note);
		name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		if (name > len || note.n_descsz > len - name)
			return 0;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    !memcmp(data, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) && note.n_descsz &&
		    note.n_descsz <= BUILD_ID_BYTES) {
			*hexp = rd_text_hex(data + name, note.n_descsz);
			return *hexp ? 0 : -ENOMEM;
		}
		if (desc > len - name)
			return 0;
		data += name + desc;
		len -= name + desc;
	}
	return 0;
}

static int read_build_id(const struct rd_system *sys, struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text note = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_read(sys, BUILD_ID_NOTE, NOTE_MAX, &note, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(facts, BUILD_ID_NOTE, &why, err);
	if (!r && parse_build_id(note.data, note.len, &facts->running.build_id))
		return rd_error_nomem(err);
	if (!r && !facts->running.build_id) {
		rd_error_set(&why, EINVAL, "holds no build-id note");
		return rd_attribute_unread(facts, BUILD_ID_NOTE, &why, err);
	}
	return 0;
}

/* Letters, "" for none, NULL where it cannot be read. */
static int read_taint(const struct rd_system *sys, struct rd_running *running, struct rd_error *err)
{
	int r = rd_attribute_read(sys, MODULE, "taint", &running->taint, err);

	return r < 0 ? r : 0;
}

static int add_parameter(const struct rd_system *sys, const char *name, struct rd_running *running,
			 struct rd_error *err)
{
	struct rd_parameter parameter = { .name = strdup(name) };
	int r;

	if (!parameter.name)
		return rd_error_nomem(err);
	r = rd_attribute_read(sys, MODULE "/parameters", name, &parameter.value, err);
	if (r >= 0 && !rd_array_push(&running->parameters, &parameter))
		return 0;
	free(parameter.name);
	free(parameter.value);
	return r < 0 ? r : rd_error_nomem(err);
}

static int read_parameters(const struct rd_system *sys, struct rd_running *running,
			   struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	int r;

	r = rd_system_list(sys, MODULE "/parameters", &entries, err);
	for (size_t i = 0; !r && i < entries.n && i < LIST_MAX; i++)
		r = add_parameter(sys, entries.items[i].name, running, err);
	return r < 0 ? r : 0;
}

/* Whether the live patch @name is enabled and has amdgpu among its objects. */
static int patches_amdgpu(const struct rd_system *sys, const char *name, bool *yesp,
			  struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *folder = rd_attribute_path(LIVEPATCHES, name);
	RD_CLEANUP(rd_freep) char *object = folder ? rd_attribute_path(folder, "amdgpu") : NULL;
	RD_CLEANUP(rd_freep) char *enabled = NULL;
	struct stat st;
	int r;

	if (!object)
		return rd_error_nomem(err);
	r = rd_system_stat(sys, object, &st, err);
	if (!r)
		r = rd_attribute_get(sys, folder, "enabled", &enabled, err);
	if (r)
		return r < 0 ? r : 0;
	*yesp = !enabled || strcmp(enabled, "0");
	return 0;
}

static int read_livepatches(const struct rd_system *sys, struct rd_facts *facts,
			    struct rd_error *err)
{
	RD_CLEANUP(rd_entries_deinit) struct rd_entries entries = { 0 };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_list(sys, LIVEPATCHES, &entries, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(facts, LIVEPATCHES, &why, err);
	for (size_t i = 0; i < entries.n && i < LIST_MAX; i++) {
		RD_CLEANUP(rd_freep) char *name = NULL;
		bool yes = false;

		r = patches_amdgpu(sys, entries.items[i].name, &yes, err);
		if (r)
			return r;
		if (!yes)
			continue;
		name = strdup(entries.items[i].name);
		if (!name || rd_array_push(&facts->running.livepatches, &name))
			return rd_error_nomem(err);
		name = NULL;
	}
	return 0;
}

/* Any of these makes a folder of /sys/module that of a loaded module, not of built-in code. */
static int has_module_files(const struct rd_system *sys, bool *yesp, struct rd_error *err)
{
	static const char *const files[] = { MODULE "/initstate", MODULE "/refcnt", MODULE "/notes",
					     MODULE "/srcversion", MODULE "/taint" };
	struct stat st;
	int r = 0;

	for (size_t i = 0; i < RD_N_ELEMENTS(files) && !*yesp && r >= 0; i++) {
		r = rd_system_stat(sys, files[i], &st, err);
		*yesp = r == 0 || r == RD_SYSTEM_UNREADABLE;
	}
	return r < 0 ? r : 0;
}

/* A built-in amdgpu shows no folder of its own when none of its parameters is visible. */
static int find_builtin(const struct rd_system *sys, struct rd_running *running,
			struct rd_error *err)
{
	enum rd_presence presence = RD_PRESENCE_UNKNOWN;

	if (!running->kernel || strchr(running->kernel, '/'))
		return 0;
	for (size_t i = 0; i < RD_N_ELEMENTS(rd_depmod_folders); i++) {
		RD_CLEANUP(rd_freep)
		char *folder = rd_attribute_path(rd_depmod_folders[i], running->kernel);
		int r;

		if (!folder)
			return rd_error_nomem(err);
		r = rd_depmod_has_builtin(sys, folder, &presence, err);
		if (r)
			return r;
		running->is_builtin |= presence == RD_PRESENCE_YES;
	}
	return 0;
}

/* Sets is_loaded and is_builtin. */
static int find_module(const struct rd_system *sys, struct rd_facts *facts, struct rd_error *err)
{
	struct rd_running *running = &facts->running;
	struct rd_error why = RD_ERROR_INIT;
	bool is_module = false;
	struct stat st;
	int r;

	r = rd_system_stat(sys, MODULES, &st, &why);
	if (!r)
		r = rd_system_stat(sys, MODULE, &st, &why);
	else if (r == RD_SYSTEM_ABSENT)
		return 0; /* no sysfs, or a picture without this part */
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r == RD_SYSTEM_UNREADABLE)
		return rd_attribute_unread(facts, MODULE, &why, err);

	if (!r) {
		running->is_loaded = RD_PRESENCE_YES;
		r = has_module_files(sys, &is_module, err);
		running->is_builtin = !r && !is_module;
		return r;
	}
	r = find_builtin(sys, running, err);
	running->is_loaded = running->is_builtin ? RD_PRESENCE_YES : RD_PRESENCE_NO;
	return r;
}

/* The running driver as a copy among the others. */
static int add_copy(struct rd_facts *facts, struct rd_error *err)
{
	const struct rd_running *running = &facts->running;
	struct rd_copy copy;

	if (rd_copy_init(&copy, RD_COPY_RUNNING, running->kernel, MODULE))
		return rd_error_nomem(err);
	copy.is_same_as_running = true;
	if (rd_attribute_copy(&copy.id.name, "amdgpu") ||
	    rd_attribute_copy(&copy.id.build_id, running->build_id) ||
	    rd_attribute_copy(&copy.id.srcversion, running->srcversion) ||
	    rd_attribute_copy(&copy.id.version, running->version) ||
	    rd_array_push(&facts->copies, &copy)) {
		rd_copy_deinit(&copy);
		return rd_error_nomem(err);
	}
	return 0;
}

int rd_probe_running(const struct rd_system *sys, const struct rd_probe_options *options,
		     struct rd_facts *facts, struct rd_error *err)
{
	struct rd_running *running = &facts->running;
	int r;

	(void)options;
	r = rd_attribute_get(sys, "/proc/sys/kernel", "osrelease", &running->kernel, err);
	if (!r)
		r = find_module(sys, facts, err);
	if (!r && running->is_loaded == RD_PRESENCE_YES && !running->is_builtin) {
		r = read_build_id(sys, facts, err);
		if (!r)
			r = rd_attribute_get(sys, MODULE, "srcversion", &running->srcversion, err);
		if (!r)
			r = rd_attribute_get(sys, MODULE, "version", &running->version, err);
		if (!r)
			r = read_taint(sys, running, err);
	}
	if (!r && running->is_loaded == RD_PRESENCE_YES) {
		r = read_parameters(sys, running, err);
		if (!r)
			r = read_livepatches(sys, facts, err);
		if (!r)
			r = add_copy(facts, err);
	}
	return r ? rd_error_prefix(err, r, "running driver") : 0;
}
