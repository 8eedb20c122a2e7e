/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * check --deep: the code of the running amdgpu itself, from /proc/kcore. Where a file has the
 * running build-id, memory is held against it, function by function. Where none has, the functions
 * of kfd_crat.c are looked at for RDNA1 ids, and held against the best file of the same kernel and
 * version; that another build differs says something only if the parser alone does.
 *
 * What cannot be read or told is a limit in the running copy's evidence. It leaves the verdict of
 * the file with the same build-id as it is, and is unread where nothing else judged the code.
 *
 * Sources: Linux Documentation/ABI/testing/sysfs-module (sections), Documentation/trace/kprobes.rst
 * (list).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attribute.h"
#include "base/array.h"
#include "inspect/dyndbg_control.h"
#include "inspect/running_code.h"
#include "inspect/running_scope.h"
#include "judge.h"
#include "kcore.h"
#include "probe/probe.h"
#include "running_file.h"

#define SECTIONS     "/sys/module/amdgpu/sections"
#define KALLSYMS     "/proc/kallsyms"
#define KALLSYMS_MAX ((size_t)64 << 20) /* Debian's 6.12 has 17 MB */
#define PROBES	     "/sys/kernel/debug/kprobes/list"
#define PROBES_MAX   ((size_t)16 << 20)

struct deep {
	const struct rd_system *sys;
	struct rd_facts *facts;
	struct rd_copy *running;
	struct rd_kcore kcore;
};

static void deep_deinit(struct deep *deep)
{
	rd_kcore_deinit(&deep->kcore);
}

/* The code could not be looked at, or not be understood. */
static int say_limit(struct deep *deep, const char *where, const struct rd_error *why,
		     struct rd_error *err)
{
	if (deep->running->verdict == RD_VERDICT_UNKNOWN && rd_text_has_prefix(where, "/proc/") &&
	    rd_attribute_unread(deep->facts, where, why, err))
		return -ENOMEM;
	return rd_evidence_add(&deep->running->evidence, RD_EVIDENCE_LIMIT, where,
			       "the running code was not compared: %s", why->msg)
		       ? rd_error_nomem(err)
		       : 0;
}

static int read_probes(const struct rd_system *sys, struct rd_memory *memory, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = rd_system_read(sys, PROBES, PROBES_MAX, &text, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	for (const char *line = r ? NULL : text.data; line && *line; line = strchr(line, '\n')) {
		uint64_t address;

		line += *line == '\n';
		address = strtoull(line, NULL, 16);
		if (address && rd_array_push(&memory->probes, &address))
			return rd_error_nomem(err);
	}
	return 0;
}

/* Where a section lies; RD_SYSTEM_ABSENT too where the kernel hides that behind a zero. */
static int read_address(const struct rd_system *sys, const char *section, uint64_t *addressp,
			struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	int r;

	if (strchr(section, '/'))
		return RD_SYSTEM_ABSENT;
	r = rd_attribute_read(sys, SECTIONS, section, &line, err);
	if (r)
		return r;
	if (rd_text_parse_u64(line, 16, addressp) && *addressp)
		return 0;
	rd_error_set(err, EPERM, SECTIONS " hides the addresses");
	return RD_SYSTEM_ABSENT;
}

/* A section that cannot be had stays out; without .text the comparison says so. */
static int read_section(const struct deep *deep, const struct rd_elf_section *section,
			struct rd_memory *memory, struct rd_error *err)
{
	struct rd_memory_section read = { .len = section->size };
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = read_address(deep->sys, section->name, &read.address, &why);
	if (!r)
		r = rd_kcore_read(&deep->kcore, read.address, read.len, &read.data, &why);
	if (r)
		return r < 0 ? rd_error_set(err, -r, "%s", why.msg) : 0;
	read.name = strdup(section->name);
	if (read.name && !rd_array_push(memory, &read))
		return 0;
	free(read.name);
	free(read.data);
	return rd_error_nomem(err);
}

static int read_memory(const struct deep *deep, const struct rd_elf *elf, struct rd_memory *memory,
		       struct rd_error *err)
{
	int r = read_probes(deep->sys, memory, err);

	for (size_t i = 1; !r && i < elf->n_sections; i++) {
		if (rd_running_code_wants(&elf->sections[i]))
			r = read_section(deep, &elf->sections[i], memory, err);
	}
	return r;
}

static int say_equal(struct deep *deep, const struct rd_copy *copy,
		     const struct rd_running_code *code)
{
	unsigned int share = (unsigned int)((code->bytes - code->masked) * 1000 / code->bytes);
	int r;

	r = rd_evidence_add(&deep->running->evidence, RD_EVIDENCE_COVERAGE, copy->path,
			    "in memory too: %zu functions and %zu objects, %u.%u%% of the code; "
			    "the rest is what the kernel rewrites",
			    code->functions - code->left_out, code->objects, share / 10,
			    share % 10);
	if (!r && code->left_out)
		r = rd_evidence_add(&deep->running->evidence, RD_EVIDENCE_LIMIT, NULL,
				    "not compared: %zu functions with a probe or a breakpoint "
				    "inside",
				    code->left_out);
	return r;
}

static int compare_file(struct deep *deep, const struct rd_copy *copy, struct rd_error *err)
{
	RD_CLEANUP(rd_running_file_deinit) struct rd_running_file file = RD_RUNNING_FILE_INIT;
	RD_CLEANUP(rd_memory_deinit) struct rd_memory memory = RD_MEMORY_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;
	struct rd_error why = RD_ERROR_INIT;
	struct rd_running_code code;
	int r;

	r = rd_running_file_open(deep->sys, copy, &file, &why);
	if (!r) {
		r = read_memory(deep, &file.elf, &memory, &why);
		if (!r)
			r = rd_running_code_compare(&file.elf, &memory, &found, &code, &why);
	}
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return say_limit(deep, copy->path, &why, err);
	if (found.n ? rd_judge_found(deep->running, RD_VERDICT_MODIFIED, &found)
		    : say_equal(deep, copy, &code))
		return rd_error_nomem(err);
	return 0;
}

/* The functions of kfd_crat.c and what memory has of them. */
static int read_scope(const struct deep *deep, struct rd_text *kallsyms,
		      struct rd_running_scope *scope, struct rd_error *err)
{
	const struct rd_dyndbg none = RD_DYNDBG_INIT;
	int r;

	r = rd_system_read(deep->sys, KALLSYMS, KALLSYMS_MAX, kallsyms, err);
	if (r)
		return r;
	if (rd_running_scope_parse(kallsyms, "amdgpu", &none, scope))
		return rd_error_nomem(err);
	if (!scope->n) {
		rd_error_set(err, ENOENT, KALLSYMS " shows no function of kfd_crat.c");
		return RD_SYSTEM_UNREADABLE;
	}
	for (size_t i = 0; i < scope->n && r >= 0; i++) {
		struct rd_running_function *function = &scope->items[i];

		if (function->size)
			r = rd_kcore_read(&deep->kcore, function->address, function->size,
					  &function->data, err);
	}
	return r < 0 ? r : 0;
}

static bool is_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* A good copy of the same kernel and version: the one that modprobe takes, if it is such. */
static const struct rd_copy *find_reference(const struct rd_facts *facts)
{
	const struct rd_running *running = &facts->running;
	const struct rd_copy *found = NULL;

	for (size_t i = 0; running->kernel && i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_RUNNING || copy->kind == RD_COPY_SOURCE ||
		    !rd_verdict_is_good(copy->verdict) ||
		    !is_equal(copy->kernel, running->kernel) ||
		    !is_equal(copy->id.version, running->version))
			continue;
		if (!found || copy->is_resolved)
			found = copy;
	}
	return found;
}

/* What differs from another build, and whether it is more than that. */
static int say_difference(struct deep *deep, const struct rd_copy *copy,
			  const struct rd_running_kin *kin, struct rd_evidence *found)
{
	bool is_modified = kin->parsers && kin->parsers == kin->differing;

	if (rd_evidence_add(found, is_modified ? RD_EVIDENCE_FUNCTION : RD_EVIDENCE_LIMIT,
			    copy->path,
			    "of the same kernel and version: %zu of %zu functions of kfd_crat.c "
			    "run otherwise%s",
			    kin->differing, kin->functions,
			    is_modified ? ", the parser alone"
					: ", as those of another compiler or source would"))
		return -ENOMEM;
	return rd_judge_found(deep->running, is_modified ? RD_VERDICT_MODIFIED : RD_VERDICT_UNKNOWN,
			      found);
}

static int compare_reference(struct deep *deep, const struct rd_running_scope *scope,
			     struct rd_error *err)
{
	RD_CLEANUP(rd_running_file_deinit) struct rd_running_file file = RD_RUNNING_FILE_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;
	const struct rd_copy *copy = find_reference(deep->facts);
	struct rd_error why = RD_ERROR_INIT;
	struct rd_running_kin kin;
	int r;

	if (!copy)
		return 0;
	r = rd_running_file_open(deep->sys, copy, &file, &why);
	if (!r)
		r = rd_running_scope_compare(scope, &file.elf, &found, &kin, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return say_limit(deep, copy->path, &why, err);
	if (kin.differing
		    ? say_difference(deep, copy, &kin, &found)
		    : rd_evidence_add(&deep->running->evidence, RD_EVIDENCE_COVERAGE, copy->path,
				      "runs in memory, as far as %zu functions of kfd_crat.c "
				      "tell; the rest was not compared",
				      kin.functions))
		return rd_error_nomem(err);
	return 0;
}

/* No file is that of the running module: what it does tells. */
static int look_at_code(struct deep *deep, struct rd_error *err)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text kallsyms = RD_TEXT_INIT;
	RD_CLEANUP(rd_running_scope_deinit) struct rd_running_scope scope = RD_RUNNING_SCOPE_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;
	struct rd_error why = RD_ERROR_INIT;
	int r;

	r = read_scope(deep, &kallsyms, &scope, &why);
	if (!r)
		r = rd_running_scope_inspect(&scope, &found, &why);
	if (r < 0)
		return rd_error_set(err, -r, "%s", why.msg);
	if (r)
		return say_limit(deep, KALLSYMS, &why, err);
	if (found.n && rd_judge_found(deep->running, RD_VERDICT_PATCHED, &found))
		return rd_error_nomem(err);
	return compare_reference(deep, &scope, err);
}

/* The file that was loaded: a copy with its build-id, an installed one before members of images. */
static const struct rd_copy *find_loaded(const struct rd_facts *facts)
{
	const struct rd_copy *found = NULL;

	for (size_t i = 0; i < facts->copies.n; i++) {
		const struct rd_copy *copy = &facts->copies.items[i];

		if (copy->kind == RD_COPY_RUNNING || !copy->is_same_as_running)
			continue;
		if (copy->kind != RD_COPY_INITRAMFS)
			return copy;
		if (!found)
			found = copy;
	}
	return found;
}

int rd_probe_code(const struct rd_system *sys, const struct rd_probe_options *options,
		  struct rd_facts *facts, struct rd_error *err)
{
	RD_CLEANUP(deep_deinit)
	struct deep deep = {
		.sys = sys,
		.facts = facts,
		.running = (struct rd_copy *)rd_facts_running_copy(facts),
	};
	struct rd_error why = RD_ERROR_INIT;
	const struct rd_copy *copy;
	int r;

	if (!options->is_deep || !sys->is_live || !deep.running || facts->running.is_builtin)
		return 0;
	if (options->progress)
		options->progress(options->userdata, "/proc/kcore");
	r = rd_kcore_open(sys, &deep.kcore, &why);
	if (r < 0)
		return rd_error_set(err, -r, "running code: %s", why.msg);
	if (r)
		return say_limit(&deep, "/proc/kcore", &why, err);
	copy = find_loaded(facts);
	r = copy ? compare_file(&deep, copy, err) : look_at_code(&deep, err);
	return r ? rd_error_prefix(err, r, "running code") : 0;
}
