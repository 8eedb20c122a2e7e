/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * From an ELF file to a verdict. Each rung adds evidence to one of three lists (signs of a patch,
 * limits, what was covered), and the verdict follows from the lists alone:
 *
 *	a sign		patched, whatever else could not be looked at
 *	no sign		no-sign, if kfd_crat.c was found and read to the end
 *	else		unknown, with the first limit as the reason
 *
 * The list that decides comes first in the copy's evidence. A reference can only sharpen: what is
 * identical to a proven module is clean, what differs from a comparable one is modified.
 */

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/name.h"
#include "base/text.h"
#include "inspect/code.h"
#include "inspect/compare.h"
#include "inspect/crat_code.h"
#include "inspect/dyndbg.h"
#include "inspect/dyndbg_control.h"
#include "inspect/elf.h"
#include "inspect/identity.h"
#include "inspect/scope.h"
#include "module.h"
#include "patch_string.h"

#define MODULE_NAME "amdgpu"

static const struct rd_name module_machines[] = {
	{ .name = "x86-64", .value = EM_X86_64 },	{ .name = "arm64", .value = EM_AARCH64 },
	{ .name = "riscv64", .value = EM_RISCV },	{ .name = "ppc64", .value = EM_PPC64 },
	{ .name = "loongarch", .value = EM_LOONGARCH },
};

/* One inspection. */
struct module_inspection {
	const uint8_t *data;
	size_t len;
	struct rd_elf elf;
	struct rd_dyndbg dyndbg;
	struct rd_scope scope;
	struct rd_copy *copy;
	struct rd_evidence signs, limits, covered;
	bool is_module; /* amdgpu, as far as it says */
	bool is_read; /* kfd_crat.c was read to the end */
};

static void inspection_deinit(struct module_inspection *inspection)
{
	rd_scope_deinit(&inspection->scope);
	rd_dyndbg_deinit(&inspection->dyndbg);
	rd_elf_deinit(&inspection->elf);
	rd_evidence_deinit(&inspection->signs);
	rd_evidence_deinit(&inspection->limits);
	rd_evidence_deinit(&inspection->covered);
}

static int add_limit(struct module_inspection *inspection, const char *detail)
{
	return rd_evidence_add(&inspection->limits, RD_EVIDENCE_LIMIT, NULL, "%s", detail);
}

static int read_identity(struct module_inspection *inspection, struct rd_error *err)
{
	struct rd_identity *id = &inspection->copy->id;
	int r;

	r = rd_identity_read(&inspection->elf, id, err);
	if (r)
		return r;
	r = rd_identity_read_signature(inspection->data, inspection->len, id, err);
	if (r < 0)
		return r;
	if (r == RD_SIGNATURE_ABSENT)
		inspection->copy->signature = RD_SIGNED_NOT;
	if (r == RD_SIGNATURE_BAD && add_limit(inspection, err->msg))
		return rd_error_nomem(err);
	return 0;
}

/* Whether the file is the module that this tool knows; if not, a limit says what it is. */
static int check_name(struct module_inspection *inspection)
{
	const struct rd_elf *elf = &inspection->elf;
	const char *name = inspection->copy->id.name;

	if (!rd_elf_section(elf, ".modinfo") && !rd_elf_section(elf, ".gnu.linkonce.this_module"))
		return add_limit(inspection, "an object file, not a kernel module");
	if (name && strcmp(name, MODULE_NAME))
		return rd_evidence_add(&inspection->limits, RD_EVIDENCE_LIMIT, NULL,
				       "the module calls itself %s, not " MODULE_NAME, name);
	inspection->is_module = true;
	return 0;
}

static int read_names(struct module_inspection *inspection, struct rd_error *err)
{
	int r;

	r = rd_dyndbg_read(&inspection->elf, &inspection->dyndbg, err);
	if (r < 0)
		return r;
	if (r == RD_DYNDBG_BAD && add_limit(inspection, err->msg))
		return rd_error_nomem(err);
	if (r != RD_DYNDBG_BAD)
		inspection->copy->id.sites = rd_dyndbg_sites(&inspection->dyndbg);
	if (rd_patch_string_find(&inspection->elf, &inspection->dyndbg, &inspection->signs))
		return rd_error_nomem(err);
	return 0;
}

static size_t count_sites(const struct rd_dyndbg *dyndbg)
{
	size_t n = 0;

	for (size_t i = 0; i < dyndbg->n; i++)
		n += !strcmp(rd_dyndbg_file_name(&dyndbg->items[i]), RD_SCOPE_FILE);
	return n;
}

/* Says how far the scope may be trusted. */
static int judge_scope(struct module_inspection *inspection, const struct rd_crat_code *code)
{
	const struct rd_scope *scope = &inspection->scope;
	int r = 0;

	if (!scope->has_parser)
		r = add_limit(
			inspection,
			"no kfd_parse_crat_table among its symbols: the code of " RD_SCOPE_FILE
			" cannot be found");
	if (!r && scope->is_by_names)
		r = add_limit(inspection,
			      "reduced coverage: link-time optimisation scattered " RD_SCOPE_FILE
			      ", its functions were found by name only");
	if (!r && scope->has_parser && scope->is_reduced)
		r = add_limit(inspection, "reduced coverage: no symbols of local functions "
					  "(strip --strip-unneeded)");
	if (!r)
		r = rd_evidence_add(&inspection->covered, RD_EVIDENCE_COVERAGE, NULL,
				    "%zu functions of " RD_SCOPE_FILE
				    ", %zu instructions, %zu data objects, %zu pr_debug sites: "
				    "no RDNA1 id, no known string",
				    code->functions, code->instructions, code->tables,
				    count_sites(&inspection->dyndbg));
	inspection->is_read = scope->has_parser && code->is_complete;
	return r;
}

/* Puts the instructions and tables before the names that were found, and the rest to the limits. */
static int sort_code_evidence(struct module_inspection *inspection, const struct rd_evidence *found)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence names = inspection->signs;
	int r = 0;

	inspection->signs = (struct rd_evidence)RD_EVIDENCE_INIT;
	for (size_t i = 0; i < found->n && !r; i++) {
		const struct rd_evidence_item *item = &found->items[i];

		r = rd_evidence_add(item->kind == RD_EVIDENCE_LIMIT ? &inspection->limits
								    : &inspection->signs,
				    item->kind, item->where, "%s", item->detail);
	}
	return r ? r : rd_evidence_copy(&inspection->signs, &names);
}

static int read_code(struct module_inspection *inspection, struct rd_error *err)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence found = RD_EVIDENCE_INIT;
	RD_CLEANUP(rd_code_freep) struct rd_code *code = NULL;
	struct rd_crat_code result;
	int r;

	r = rd_code_new(&code, err);
	if (r == -ENOTSUP)
		return add_limit(inspection, err->msg);
	if (r)
		return r;
	r = rd_scope_find(&inspection->elf, code, &inspection->dyndbg, &inspection->scope, err);
	if (r == RD_SCOPE_BAD)
		return add_limit(inspection, err->msg);
	if (r)
		return r;
	r = rd_crat_code_inspect(&inspection->elf, code, &inspection->scope, &found, &result, err);
	if (r)
		return r;
	r = judge_scope(inspection, &result);
	return r ? r : sort_code_evidence(inspection, &found);
}

static int check_code(struct module_inspection *inspection, struct rd_error *err)
{
	uint16_t machine = inspection->elf.machine;

	if (!inspection->elf.n_symbols)
		return add_limit(inspection, "no symbol table: stripped");
	if (machine != EM_X86_64)
		return rd_evidence_add(
			&inspection->limits, RD_EVIDENCE_LIMIT, NULL,
			"its machine code is for %s (ELF machine %u), and the rule "
			"that looks for RDNA1 ids reads x86-64 only",
			rd_name_of(module_machines, RD_N_ELEMENTS(module_machines), machine),
			machine);
	return read_code(inspection, err);
}

static int apply_difference(struct module_inspection *inspection,
			    const struct rd_inspect_reference *ref,
			    const struct rd_comparison *comparison)
{
	struct rd_copy *copy = inspection->copy;

	for (size_t i = 0; i < comparison->differences.n; i++) {
		const struct rd_difference *d = &comparison->differences.items[i];
		int r;

		r = rd_evidence_add(
			&inspection->signs, RD_EVIDENCE_FUNCTION, d->name, "%s %s (against %s)%s%s",
			d->is_function ? "function" : "object", rd_difference_kind_name(d->kind),
			ref->name, d->detail && *d->detail ? ": " : "", d->detail ? d->detail : "");
		if (r)
			return r;
	}
	if (copy->verdict != RD_VERDICT_PATCHED)
		copy->verdict = RD_VERDICT_MODIFIED;
	return 0;
}

static int apply_identity(struct module_inspection *inspection,
			  const struct rd_inspect_reference *ref,
			  const struct rd_comparison *comparison)
{
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence rest = inspection->covered;
	struct rd_copy *copy = inspection->copy;
	int r;

	inspection->covered = (struct rd_evidence)RD_EVIDENCE_INIT;
	r = rd_evidence_add(&inspection->covered,
			    ref->is_proven ? RD_EVIDENCE_PROVENANCE : RD_EVIDENCE_COVERAGE, NULL,
			    "%zu functions and %zu data objects are identical to %s%s",
			    comparison->functions, comparison->objects, ref->name,
			    ref->is_proven ? ", which is proven" : ", which is not proven");
	if (ref->is_proven && copy->verdict != RD_VERDICT_PATCHED)
		copy->verdict = RD_VERDICT_CLEAN;
	return r ? r : rd_evidence_copy(&inspection->covered, &rest);
}

static int compare_reference(struct module_inspection *inspection,
			     const struct rd_inspect_reference *ref, struct rd_error *err)
{
	RD_CLEANUP(rd_comparison_deinit) struct rd_comparison comparison = RD_COMPARISON_INIT;
	int r;

	r = rd_compare_bytes(ref->data, ref->len, inspection->data, inspection->len, 0, &comparison,
			     err);
	if (r)
		return r;
	if (!comparison.is_comparable)
		r = rd_evidence_add(&inspection->limits, RD_EVIDENCE_LIMIT, NULL,
				    "not compared with %s: %s", ref->name,
				    comparison.reason ? comparison.reason : "");
	else if (comparison.differences.n)
		r = apply_difference(inspection, ref, &comparison);
	else
		r = apply_identity(inspection, ref, &comparison);
	return r ? rd_error_nomem(err) : 0;
}

/* The verdict before any reference. */
static enum rd_verdict judge(const struct module_inspection *inspection)
{
	if (inspection->signs.n)
		return RD_VERDICT_PATCHED;
	return inspection->is_module && inspection->is_read ? RD_VERDICT_NO_SIGN
							    : RD_VERDICT_UNKNOWN;
}

/* The deciding list first; what was covered says "nothing found" and is silent when something was.
 */
static int give_evidence(const struct module_inspection *inspection)
{
	struct rd_copy *copy = inspection->copy;
	bool is_good = rd_verdict_is_good(copy->verdict);
	int r;

	r = rd_evidence_copy(&copy->evidence, &inspection->signs);
	if (!r && is_good)
		r = rd_evidence_copy(&copy->evidence, &inspection->covered);
	if (!r)
		r = rd_evidence_copy(&copy->evidence, &inspection->limits);
	return r;
}

/* Of a file that cannot be read as ELF here: a string still is a sign, all else is unknown. */
static int inspect_unreadable(const struct module_inspection *inspection, int why,
			      struct rd_error *err)
{
	struct rd_copy *copy = inspection->copy;

	if (why == RD_ELF_UNSUPPORTED &&
	    rd_patch_string_find_raw(inspection->data, inspection->len, &copy->evidence))
		return rd_error_nomem(err);
	copy->verdict = copy->evidence.n ? RD_VERDICT_PATCHED : RD_VERDICT_UNKNOWN;
	if (rd_evidence_add(&copy->evidence, RD_EVIDENCE_LIMIT, NULL, "%s", err->msg))
		return rd_error_nomem(err);
	return 0;
}

int rd_module_inspect(const uint8_t *data, size_t len, const struct rd_inspect_reference *ref,
		      struct rd_copy *copy, struct rd_error *err)
{
	RD_CLEANUP(inspection_deinit)
	struct module_inspection inspection = {
		.data = data,
		.len = len,
		.copy = copy,
	};
	int r;

	r = rd_elf_index(&inspection.elf, data, len, err);
	if (r > 0)
		return inspect_unreadable(&inspection, r, err);
	if (!r)
		r = read_identity(&inspection, err);
	if (!r)
		r = check_name(&inspection);
	if (!r)
		r = read_names(&inspection, err);
	if (!r)
		r = check_code(&inspection, err);
	if (r)
		return r == -ENOMEM ? rd_error_nomem(err) : r;

	copy->verdict = judge(&inspection);
	if (ref && inspection.is_module)
		r = compare_reference(&inspection, ref, err);
	if (!r && give_evidence(&inspection))
		r = rd_error_nomem(err);
	return r;
}
