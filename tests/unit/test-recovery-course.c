/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * From facts to a course of recovery. A case is a machine in words: what stands where, what there
 * is to work with, and what a person who knows the hazards of the tools would do.
 */

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "recovery/course.h"

#define K      "6.1.0-50-amd64"
#define TREE   "/lib/modules/" K
#define SOURCE "/usr/src/amdgpu-6.16.6"

/* What a machine has; a machine with nothing set has one kernel with a clean module in the tree. */
struct machine {
	bool has_patched_dkms; /* installed by dkms, in updates/dkms, from a patched source */
	bool has_built_only; /* built by dkms and not installed */
	bool has_stray; /* updates/amdgpu.ko that nothing owns */
	bool has_patched_image, has_clean_image, has_foreign_image;
	bool has_patched_intree, has_unproven_intree;
	bool has_registration; /* source patched and registered, nothing built */
	bool patches_itself; /* PATCH[] of dkms.conf */
	bool lacks_headers, lacks_dkms, lacks_compiler;
	bool has_secure_boot; /* and the module of dkms has no signature */
	enum rd_source_way way;
	bool has_backup, has_package;
	enum rd_method asked;
};

struct world {
	struct rd_facts facts;
	struct rd_means means;
};

static void world_deinit(struct world *world)
{
	rd_facts_deinit(&world->facts);
	rd_means_deinit(&world->means);
}

static void add_copy(struct world *world, enum rd_copy_kind kind, const char *kernel,
		     const char *path, enum rd_verdict verdict)
{
	struct rd_copy copy;

	ck_assert_int_eq(rd_copy_init(&copy, kind, kernel, path), 0);
	copy.verdict = verdict;
	copy.is_loadable = true;
	ck_assert_int_eq(rd_array_push(&world->facts.copies, &copy), 0);
}

static void add_image(struct world *world, enum rd_verdict verdict)
{
	struct rd_image image = {
		.path = strdup("/boot/initrd.img-" K),
		.kernel = strdup(K),
		.has_amdgpu = RD_PRESENCE_YES,
	};

	ck_assert_int_eq(rd_array_push(&world->facts.images, &image), 0);
	add_copy(world, RD_COPY_INITRAMFS, K, "/boot/initrd.img-" K ":lib/modules/" K "/amdgpu.ko",
		 verdict);
}

static void add_package(struct world *world, const struct machine *machine)
{
	struct rd_dkms_package package = {
		.name = strdup("amdgpu"),
		.version = strdup("6.16.6"),
		.path = strdup("/var/lib/dkms/amdgpu/6.16.6"),
		.source = strdup(SOURCE),
	};
	struct rd_dkms_build build = {
		.kernel = strdup(K),
		.arch = strdup("x86_64"),
		.state = machine->has_patched_dkms ? RD_DKMS_INSTALLED
			 : machine->has_built_only ? RD_DKMS_BUILT
						   : RD_DKMS_ADDED,
		.is_active = machine->has_patched_dkms,
	};
	struct rd_source_means source = {
		.path = strdup(SOURCE "/amd/amdkfd/kfd_crat.c"),
		.way = machine->way,
		.reason = strdup("another function is patched too"),
		.is_bad = machine->way != RD_SOURCE_WAY_GOOD,
	};

	if (machine->patches_itself)
		ck_assert_int_eq(rd_evidence_add(&package.patched_by, RD_EVIDENCE_SOURCE,
						 "dkms.conf:9", "PATCH[0]"),
				 0);
	ck_assert_int_eq(rd_array_push(&package.builds, &build), 0);
	ck_assert_int_eq(rd_array_push(&world->facts.dkms, &package), 0);
	ck_assert_int_eq(rd_array_push(&world->means.sources, &source), 0);
	add_copy(world, RD_COPY_SOURCE, NULL, SOURCE "/amd/amdkfd/kfd_crat.c", RD_VERDICT_PATCHED);
}

static void make(struct world *world, const struct machine *machine)
{
	struct rd_backup_means backup = { .kernel = strdup(K), .id = 1 };
	struct rd_packaged_means packaged = { .kernel = strdup(K) };
	struct rd_kernel kernel = {
		.release = strdup(K),
		.has_headers = machine->lacks_headers ? RD_PRESENCE_NO : RD_PRESENCE_YES,
	};

	*world = (struct world){ 0 };
	ck_assert_int_eq(rd_array_push(&world->facts.kernels, &kernel), 0);
	world->means.has_dkms = !machine->lacks_dkms;
	world->means.has_compiler = !machine->lacks_compiler;
	add_copy(world, RD_COPY_INSTALLED, K, TREE "/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko",
		 machine->has_patched_intree	? RD_VERDICT_PATCHED
		 : machine->has_unproven_intree ? RD_VERDICT_NO_SIGN
						: RD_VERDICT_CLEAN);
	if (machine->has_patched_dkms || machine->has_built_only || machine->has_registration)
		add_package(world, machine);
	if (machine->has_patched_dkms) {
		add_copy(world, RD_COPY_INSTALLED, K, TREE "/updates/dkms/amdgpu.ko",
			 RD_VERDICT_PATCHED);
		world->facts.copies.items[world->facts.copies.n - 1].is_resolved = true;
	}
	if (machine->has_secure_boot)
		world->facts.policy.secure_boot = RD_PRESENCE_YES;
	if (machine->has_built_only)
		add_copy(world, RD_COPY_BUILT, K,
			 "/var/lib/dkms/amdgpu/6.16.6/" K "/x86_64/module/amdgpu.ko",
			 RD_VERDICT_PATCHED);
	if (machine->has_stray)
		add_copy(world, RD_COPY_INSTALLED, K, TREE "/updates/amdgpu.ko",
			 RD_VERDICT_MODIFIED);
	if (machine->has_patched_image)
		add_image(world, RD_VERDICT_PATCHED);
	if (machine->has_clean_image)
		add_image(world, RD_VERDICT_CLEAN);
	if (machine->has_foreign_image)
		add_copy(world, RD_COPY_INITRAMFS, "5.15.0-1",
			 "/boot/initrd.img-5.15.0-1:amdgpu.ko", RD_VERDICT_PATCHED);
	if (machine->has_backup)
		ck_assert_int_eq(rd_array_push(&world->means.backups, &backup), 0);
	else
		free(backup.kernel);
	if (machine->has_package)
		ck_assert_int_eq(rd_array_push(&world->means.packaged, &packaged), 0);
	else
		free(packaged.kernel);
}

static const struct {
	const char *name;
	struct machine machine;
	enum rd_method method, fallback; /* of the kernel */
	const char *reason; /* a part of it */
	size_t kernels, sources, unregistered, rests;
	bool needs_image, is_refused;
} cases[] = {
	{ .name = "healthy" },
	{ .name = "the recipe, as published",
	  .machine = { .has_patched_dkms = true,
		       .has_patched_image = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_SOURCE,
	  .fallback = RD_METHOD_INTREE,
	  .kernels = 1,
	  .sources = 1,
	  .needs_image = true },
	{ .name = "no image with the driver in it",
	  .machine = { .has_patched_dkms = true,
		       .way = RD_SOURCE_WAY_PACKAGE,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_SOURCE,
	  .fallback = RD_METHOD_INTREE,
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "an image that will be old",
	  .machine = { .has_patched_dkms = true,
		       .has_clean_image = true,
		       .way = RD_SOURCE_WAY_GOOD,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_SOURCE,
	  .fallback = RD_METHOD_INTREE,
	  .kernels = 1,
	  .needs_image = true },
	{ .name = "a source that cannot be proven",
	  .machine = { .has_patched_dkms = true, .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_INTREE,
	  .reason = "another function is patched too",
	  .kernels = 1,
	  .unregistered = 1 },
	{ .name = "a package that patches itself",
	  .machine = { .has_patched_dkms = true,
		       .patches_itself = true,
		       .way = RD_SOURCE_WAY_GOOD,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_INTREE,
	  .reason = "patches its source at every build",
	  .kernels = 1,
	  .unregistered = 1 },
	{ .name = "no headers",
	  .machine = { .has_patched_dkms = true,
		       .lacks_headers = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_INTREE,
	  .reason = "headers of " K " are not installed",
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "no compiler",
	  .machine = { .has_patched_dkms = true,
		       .lacks_compiler = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_INTREE,
	  .reason = "no compiler",
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "only source was asked for, and there is no dkms",
	  .machine = { .has_patched_dkms = true,
		       .lacks_dkms = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_SOURCE },
	  .method = RD_METHOD_NONE,
	  .reason = "dkms is not installed",
	  .kernels = 1,
	  .sources = 1,
	  .is_refused = true },
	{ .name = "only source was asked for: nothing else stands behind it",
	  .machine = { .has_patched_dkms = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_SOURCE },
	  .method = RD_METHOD_SOURCE,
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "in-tree module without a proof, nothing to build with",
	  .machine = { .has_patched_dkms = true,
		       .has_unproven_intree = true,
		       .lacks_headers = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_NONE,
	  .reason = "no amdgpu of the distribution that is proven clean",
	  .kernels = 1,
	  .sources = 1,
	  .is_refused = true },
	{ .name = "in-tree module without a proof: a build has nothing behind it",
	  .machine = { .has_patched_dkms = true,
		       .has_unproven_intree = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_SOURCE,
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "in-tree asked for",
	  .machine = { .has_patched_dkms = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_INTREE },
	  .method = RD_METHOD_INTREE,
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "built and not installed: the next autoinstall would",
	  .machine = { .has_built_only = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_UNBUILD,
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "the same, whatever was asked for",
	  .machine = { .has_built_only = true,
		       .lacks_dkms = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_SOURCE },
	  .method = RD_METHOD_UNBUILD,
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "Secure Boot, and nothing of this machine is taken",
	  .machine = { .has_patched_dkms = true,
		       .has_secure_boot = true,
		       .way = RD_SOURCE_WAY_REVERSAL,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_INTREE,
	  .reason = "signing key is enrolled",
	  .kernels = 1,
	  .sources = 1 },
	{ .name = "a file that nothing owns",
	  .machine = { .has_stray = true, .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_INTREE,
	  .reason = "no dkms package builds it",
	  .kernels = 1 },
	{ .name = "the distribution's own file replaced, its package at hand",
	  .machine = { .has_patched_intree = true, .has_package = true, .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_PACKAGE,
	  .kernels = 1 },
	{ .name = "the same, a saved set before the package",
	  .machine = { .has_patched_intree = true,
		       .has_package = true,
		       .has_backup = true,
		       .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_BACKUP,
	  .kernels = 1 },
	{ .name = "the same, nothing at hand",
	  .machine = { .has_patched_intree = true, .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_NONE,
	  .reason = "no package archive",
	  .kernels = 1,
	  .is_refused = true },
	{ .name = "only the image is old",
	  .machine = { .has_patched_image = true, .asked = RD_METHOD_AUTO },
	  .method = RD_METHOD_IMAGE,
	  .kernels = 1,
	  .needs_image = true },
	{ .name = "an image of a kernel that is gone",
	  .machine = { .has_foreign_image = true, .asked = RD_METHOD_AUTO },
	  .rests = 1 },
	{ .name = "a patched source, nothing built yet",
	  .machine = { .has_registration = true,
		       .way = RD_SOURCE_WAY_BACKUP,
		       .asked = RD_METHOD_AUTO },
	  .sources = 1 },
};

START_TEST(decides)
{
	RD_CLEANUP(world_deinit) struct world world = { 0 };
	RD_CLEANUP(rd_course_deinit) struct rd_course course = RD_COURSE_INIT;
	const struct rd_kernel_course *first;

	make(&world, &cases[_i].machine);
	ck_assert_int_eq(rd_course_decide(&world.facts, &world.means, cases[_i].machine.asked,
					  &course, NULL),
			 0);
	ck_assert_msg(course.kernels.n == cases[_i].kernels, "%s", cases[_i].name);
	ck_assert_msg(course.sources.n == cases[_i].sources, "%s", cases[_i].name);
	ck_assert_msg(course.unregistered.n == cases[_i].unregistered, "%s", cases[_i].name);
	ck_assert_msg(course.rests.n == cases[_i].rests, "%s", cases[_i].name);
	ck_assert_msg(course.is_refused == cases[_i].is_refused, "%s", cases[_i].name);
	if (!course.kernels.n)
		return;
	first = &course.kernels.items[0];
	ck_assert_msg(first->method == cases[_i].method, "%s: %s", cases[_i].name,
		      rd_method_name(first->method));
	ck_assert_msg(first->fallback == cases[_i].fallback, "%s: %s", cases[_i].name,
		      rd_method_name(first->fallback));
	ck_assert_msg(first->needs_image == cases[_i].needs_image, "%s", cases[_i].name);
	if (cases[_i].reason)
		ck_assert_msg(strstr(first->reason, cases[_i].reason), "%s: %s", cases[_i].name,
			      first->reason);
}
END_TEST

#define OTHER "6.1.0-51-amd64"

/*
 * A kernel whose modules are links to those of another one, as dkms makes them on RHEL and SUSE
 * (weak-updates): what it gets, and what the owner of the set must not be left to.
 */
static const struct {
	const char *name;
	enum rd_method asked;
	bool has_clean_intree; /* the kernel with the links */
	enum rd_method owner, user; /* NONE of the user: refused, or not in the course */
	bool is_refused;
} weak_cases[] = {
	{ "built anew: both have it", RD_METHOD_AUTO, true, RD_METHOD_SOURCE, RD_METHOD_IMAGE,
	  false },
	{ "so if the other has no driver of its own", RD_METHOD_SOURCE, false, RD_METHOD_SOURCE,
	  RD_METHOD_IMAGE, false },
	{ "in-tree: for both", RD_METHOD_INTREE, true, RD_METHOD_INTREE, RD_METHOD_INTREE, false },
	{ "in-tree: not for one alone", RD_METHOD_INTREE, false, RD_METHOD_NONE, RD_METHOD_NONE,
	  true },
};

static void add_weak_kernel(struct world *world, bool has_clean_intree)
{
	struct rd_kernel kernel = { .release = strdup(OTHER), .has_headers = RD_PRESENCE_YES };
	struct rd_dkms_build build = {
		.kernel = strdup(OTHER),
		.arch = strdup("x86_64"),
		.state = RD_DKMS_INSTALLED_WEAK,
	};

	ck_assert_int_eq(rd_array_push(&world->facts.kernels, &kernel), 0);
	ck_assert_int_eq(rd_array_push(&world->facts.dkms.items[0].builds, &build), 0);
	add_copy(world, RD_COPY_INSTALLED, OTHER,
		 "/lib/modules/" OTHER "/weak-updates/updates/dkms/amdgpu.ko", RD_VERDICT_PATCHED);
	if (has_clean_intree)
		add_copy(world, RD_COPY_INSTALLED, OTHER,
			 "/lib/modules/" OTHER "/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko",
			 RD_VERDICT_CLEAN);
}

START_TEST(links_between_kernels)
{
	const struct machine machine = { .has_patched_dkms = true, .way = RD_SOURCE_WAY_REVERSAL };
	RD_CLEANUP(world_deinit) struct world world = { 0 };
	RD_CLEANUP(rd_course_deinit) struct rd_course course = RD_COURSE_INIT;

	make(&world, &machine);
	add_weak_kernel(&world, weak_cases[_i].has_clean_intree);
	ck_assert_int_eq(
		rd_course_decide(&world.facts, &world.means, weak_cases[_i].asked, &course, NULL),
		0);
	ck_assert_int_eq(course.kernels.n, 2);
	ck_assert_msg(course.kernels.items[0].method == weak_cases[_i].owner, "%s: %s",
		      weak_cases[_i].name, rd_method_name(course.kernels.items[0].method));
	ck_assert_msg(course.kernels.items[1].method == weak_cases[_i].user, "%s: %s",
		      weak_cases[_i].name, rd_method_name(course.kernels.items[1].method));
	ck_assert_int_eq(course.is_refused, weak_cases[_i].is_refused);
	/* A build that failed would leave links behind that lead nowhere. */
	ck_assert_int_eq(course.kernels.items[0].fallback, RD_METHOD_NONE);
}
END_TEST

/* Hooks that do to the source what nobody knows. */
START_TEST(what_is_touched_is_forgotten_unless_a_build_proves_it)
{
	const struct machine machine = { .has_patched_dkms = true, .way = RD_SOURCE_WAY_GOOD };

	for (int is_built = 0; is_built < 2; is_built++) {
		RD_CLEANUP(world_deinit) struct world world = { 0 };
		RD_CLEANUP(rd_course_deinit) struct rd_course course = RD_COURSE_INIT;

		make(&world, &machine);
		ck_assert_int_eq(rd_evidence_add(&world.facts.dkms.items[0].touched_by,
						 RD_EVIDENCE_SOURCE, "dkms.conf:9", "PRE_BUILD"),
				 0);
		ck_assert_int_eq(rd_course_decide(&world.facts, &world.means,
						  is_built ? RD_METHOD_SOURCE : RD_METHOD_INTREE,
						  &course, NULL),
				 0);
		ck_assert_int_eq(course.unregistered.n, is_built ? 0 : 1);
	}
}
END_TEST

START_TEST(methods_have_names)
{
	static const char *const names[] = { "auto", "source", "intree", "package", "backup" };

	for (size_t i = 0; i < RD_N_ELEMENTS(names); i++)
		ck_assert_str_eq(rd_method_name((enum rd_method)rd_method_find(names[i])),
				 names[i]);
	ck_assert_int_eq(rd_method_find("image"), -1);
	ck_assert_int_eq(rd_method_find("none"), -1);
	ck_assert_int_eq(rd_method_find("dkms install"), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("recovery-course");
	TCase *tc = tcase_create("course");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, decides, 0, (int)RD_N_ELEMENTS(cases));
	tcase_add_loop_test(tc, links_between_kernels, 0, (int)RD_N_ELEMENTS(weak_cases));
	tcase_add_test(tc, what_is_touched_is_forgotten_unless_a_build_proves_it);
	tcase_add_test(tc, methods_have_names);
	suite_add_tcase(suite, tc);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
