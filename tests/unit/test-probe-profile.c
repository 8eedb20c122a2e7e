/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Which code a user's software has, and which node a card is. The libraries are made by
 * stack-fixture.py, with the real bundler where there is one.
 */

#include "inspect/offload.h"
#include "inspect/profile.h"
#include "probe/profile.h"
#include "tree.h"

#define SITE "lib/python3.11/site-packages/torch/lib/libtorch_hip.so"

/* As the linker made it; the caller's. */
static struct rd_text library(const char *name)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	struct rd_text text = RD_TEXT_INIT;
	char path[4096];

	snprintf(path, sizeof(path), "%s/stack/%s.so", getenv("RD_FIXTURES"), name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(rd_text_fill(&text, fd, 1 << 24, NULL), 0);
	return text;
}

static const struct {
	const char *name;
	int r;
	bool has, has_1012;
} libraries[] = {
	{ .name = "wheel" },
	{ .name = "debian", .has = true },
	{ .name = "last", .has = true },
	{ .name = "generic", .has = true, .has_1012 = true },
	{ .name = "alike" },
	{ .name = "defined", .has = true, .has_1012 = true },
	{ .name = "packed-1-0", .has = true },
	{ .name = "packed-1-1", .has = true },
	{ .name = "packed-2-0", .has = true },
	{ .name = "packed-2-1", .has = true },
	{ .name = "packed-3-0", .has = true },
	{ .name = "packed-3-1", .has = true },
	{ .name = "packed-without-1-0" },
	{ .name = "packed-without-1-1" },
	{ .name = "packed-without-2-0" },
	{ .name = "packed-without-2-1" },
	{ .name = "packed-without-3-0" },
	{ .name = "packed-without-3-1" },
	{ .name = "broken", .r = RD_OFFLOAD_UNKNOWN },
	{ .name = "found-before-broken", .has = true },
	{ .name = "torn", .r = RD_OFFLOAD_UNKNOWN },
	{ .name = "bad-packed", .r = RD_OFFLOAD_UNKNOWN },
};

START_TEST(bundles)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = library(libraries[_i].name);
	char *chips[] = { (char *)"gfx1010", (char *)"gfx1012" };
	struct rd_error err = RD_ERROR_INIT;
	bool has = false;

	ck_assert_int_eq(rd_offload_has(text.data, text.len, chips, 1, &has, &err),
			 libraries[_i].r);
	ck_assert_msg(has == libraries[_i].has, "%s", libraries[_i].name);
	if (libraries[_i].r) {
		ck_assert_uint_ne(strlen(err.msg), 0);
		return;
	}
	has = false;
	/* Found before what is broken is enough for one chip, and no answer for two. */
	if (!strcmp(libraries[_i].name, "found-before-broken")) {
		ck_assert_int_eq(rd_offload_has(text.data, text.len, chips, 2, &has, &err),
				 RD_OFFLOAD_UNKNOWN);
		return;
	}
	ck_assert_int_eq(rd_offload_has(text.data, text.len, chips, 2, &has, &err), 0);
	ck_assert_msg(has == libraries[_i].has_1012, "%s", libraries[_i].name);
}
END_TEST

/* Cut anywhere, a library gives an answer or none, and is never read past its end. */
START_TEST(cut_short)
{
	static const char *const names[] = { "debian", "packed-2-1", "packed-3-0", "generic" };

	for (size_t i = 0; i < RD_N_ELEMENTS(names); i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = library(names[i]);
		char *chips[] = { (char *)"gfx1010" };

		for (size_t len = 0; len < text.len; len += len < 400 ? 1 : 997) {
			RD_CLEANUP(rd_freep) char *copy = malloc(len + 1);
			bool has = false;
			int r;

			memcpy(copy, text.data, len);
			r = rd_offload_has(copy, len, chips, 1, &has, NULL);
			ck_assert(r == 0 || r == RD_OFFLOAD_UNKNOWN);
		}
	}
}
END_TEST

static const struct {
	const char *name;
	bool is_named;
} names[] = {
	{ "Kernels.so-000-gfx1010.hsaco", true },
	{ "TensileLibrary_gfx1010.co", true },
	{ "TensileLibrary_Type_HH_Contraction_l_Ailk_Bjlk_Cijk_Dijk_gfx1010.dat", true },
	{ "TensileLibrary_lazy_gfx1010-xnack-.dat", true },
	{ "gfx1010", true },
	{ "Kernels.so-000-gfx1030.hsaco", false },
	{ "TensileLibrary_gfx10103.co", false },
	{ "xgfx1010", false },
	{ "", false },
};

START_TEST(file_names)
{
	ck_assert_msg(rd_offload_is_named(names[_i].name, "gfx1010") == names[_i].is_named, "%s",
		      names[_i].name);
}
END_TEST

static void put_library(const char *path, const char *name)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = library(name);

	tree_put(path, text.data, text.len);
}

static struct rd_gpu rdna1 = { .slot = (char *)"0000:28:00.0",
			       .chip_class = RD_CHIP_RDNA1,
			       .gfx = (char *)"gfx1010" };

static struct rd_profile choose(const char *home)
{
	RD_CLEANUP(rd_profile_basis_deinit) struct rd_profile_basis basis = RD_PROFILE_BASIS_INIT;
	struct rd_facts facts = { .gpus = { .items = &rdna1, .n = 1 } };
	struct rd_profile profile = RD_PROFILE_INIT;
	struct rd_error err;

	ck_assert_int_eq(rd_probe_profile(&tree_system, &facts, home, NULL, NULL, &basis, &err), 0);
	ck_assert_int_eq(rd_profile_choose(&basis, "auto", &profile, &err), 0);
	return profile;
}

static void expect(const char *home, const char *kind, const char *reason)
{
	RD_CLEANUP(rd_profile_deinit) struct rd_profile profile = choose(home);

	ck_assert_str_eq(profile.kind->name, kind);
	ck_assert_msg(strstr(profile.reason, reason), "%s", profile.reason);
}

START_TEST(nothing_installed)
{
	expect("/home/user", "gfx1030", "no PyTorch");
	expect(NULL, "gfx1030", "no PyTorch");
}
END_TEST

START_TEST(packaged)
{
	put_library("usr/lib/x86_64-linux-gnu/libtorch_hip.so.2.1", "debian");
	tree_link("usr/lib/x86_64-linux-gnu/libtorch_hip.so", "libtorch_hip.so.2.1");
	expect("/home/user", "native", "/usr/lib/x86_64-linux-gnu/libtorch_hip.so");
	expect(NULL, "native", "has code for gfx1010");
}
END_TEST

static const char *const places[] = {
	"home/user/.local/" SITE,
	"home/user/venv/" SITE,
	"home/user/.venv/" SITE,
	"home/user/project/venv/" SITE,
	"home/user/project/.venv/" SITE,
	"home/user/.virtualenvs/x/" SITE,
	"home/user/.pyenv/versions/3.10.4/" SITE,
	"home/user/miniconda3/envs/torch/" SITE,
	"home/user/.conda/envs/torch/" SITE,
	"opt/conda/" SITE,
	"usr/local/lib/python3.10/dist-packages/torch/lib/libtorch_hip.so",
};

START_TEST(wheels)
{
	/* The system's own would do for native: the user's decides too. */
	put_library("usr/lib/x86_64-linux-gnu/libtorch_hip.so.2.1", "debian");
	put_library(places[_i], "wheel");
	expect("/home/user", "gfx1030", places[_i]);
	expect("/home/user", "gfx1030", "of 2 copies");
}
END_TEST

START_TEST(of_others)
{
	put_library("home/somebody/.local/" SITE, "debian");
	expect("/home/user", "gfx1030", "no PyTorch");
	expect("/home/*", "gfx1030", "no PyTorch");
	expect("/home/[a-z]omebody", "gfx1030", "no PyTorch");
	expect("/home/somebody", "native", "has code");
}
END_TEST

START_TEST(kernels_of_rocblas)
{
	tree_write("opt/rocm-6.0/lib/rocblas/library/TensileLibrary_gfx1030.co", "");
	tree_write("opt/rocm-6.0/lib/rocblas/library/Kernels.so-000-gfx900.hsaco", "");
	tree_link("opt/rocm", "rocm-6.0");
	expect(NULL, "gfx1030", "no code for gfx1010: /opt/rocm");
	tree_write("opt/rocm-6.0/lib/rocblas/library/Kernels.so-000-gfx1010.hsaco", "");
	expect(NULL, "native", "rocBLAS here has code for gfx1010: /opt/rocm/lib");
	tree_write("usr/lib64/rocblas/library/TensileLibrary_gfx1030.co", "");
	expect(NULL, "gfx1030", "of 2 copies of rocBLAS");
	/* PyTorch decides, if there is one. */
	put_library("opt/conda/" SITE, "debian");
	expect(NULL, "native", "PyTorch");
}
END_TEST

START_TEST(what_cannot_be_told)
{
	tree_write("home/user/.local/" SITE, "no library");
	expect("/home/user", "gfx1030", "could not be told");
	put_library("opt/conda/" SITE, "debian");
	expect("/home/user", "native", "/opt/conda");
}
END_TEST

/* None of these may be waited for, or followed out of the root. */
START_TEST(hostile)
{
	tree_write("home/user/.local/lib/python3.1/site-packages/torch/lib/x", "");
	ck_assert_int_eq(mkfifo(tree_path("home/user/.local/lib/python3.1/site-packages/torch/lib/"
					  "libtorch_hip.so"),
				0666),
			 0);
	tree_link("home/user/a", "a");
	tree_link("home/user/b", "../../..");
	tree_write("home/user/c/lib/python3.1/site-packages/torch/lib/x", "");
	tree_link("home/user/c/lib/python3.1/site-packages/torch/lib/libtorch_hip.so", "/dev/zero");
	expect("/home/user", "gfx1030", "");
}
END_TEST

static void put_node(const char *number, const char *properties)
{
	char path[256];

	snprintf(path, sizeof(path), "sys/class/kfd/kfd/topology/nodes/%s/properties", number);
	tree_write(path, properties);
}

static struct rd_gpu two[] = {
	{ .slot = (char *)"0000:28:00.0", .chip_class = RD_CHIP_RDNA1, .gfx = (char *)"gfx1010" },
	{ .slot = (char *)"0000:0b:00.0", .chip_class = RD_CHIP_OTHER },
	{ .slot = (char *)"0001:28:01.2", .chip_class = RD_CHIP_RDNA1, .gfx = (char *)"gfx1012" },
};

/* location_id is bus << 8 | device << 3 | function: 0x28 << 8 is 10240 (kfd_topology.c). */
START_TEST(nodes)
{
	RD_CLEANUP(rd_profile_basis_deinit) struct rd_profile_basis basis = RD_PROFILE_BASIS_INIT;
	RD_CLEANUP(rd_profile_deinit) struct rd_profile profile = RD_PROFILE_INIT;
	struct rd_facts facts = { .gpus = { .items = two, .n = 3 } };
	struct rd_error err;

	put_node("0", "cpu_cores_count 16\nlocation_id 0\ndomain 0\n");
	put_node("1", "simd_count 64\nlocation_id 2816\ndomain 0\n");
	put_node("2", "simd_count 80\nlocation_id 10240\n");
	put_node("3", "simd_count 40\nlocation_id 10250\ndomain 1\n");
	put_node("4", "simd_count 40\nlocation_id 10250\ndomain 0\n");
	put_node("x", "location_id 10240\n");
	ck_assert_int_eq(rd_probe_profile(&tree_system, &facts, NULL, NULL, NULL, &basis, &err), 0);
	ck_assert_uint_eq(basis.nodes.n, 2);
	ck_assert_uint_eq(basis.nodes.items[0], 2);
	ck_assert_uint_eq(basis.nodes.items[1], 3);
	ck_assert_uint_eq(basis.n_chips, 2);
	ck_assert_str_eq(basis.other, "0000:0b:00.0");
	ck_assert_int_eq(rd_profile_choose(&basis, "gfx1030", &profile, &err), 0);
	ck_assert_ptr_null(rd_profile_find(&profile, "HSA_OVERRIDE_GFX_VERSION")->value);
	ck_assert_str_eq(rd_profile_find(&profile, "HSA_OVERRIDE_GFX_VERSION_2")->value, "10.3.0");
	ck_assert_str_eq(rd_profile_find(&profile, "HSA_OVERRIDE_GFX_VERSION_3")->value, "10.3.0");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-profile");
	TCase *tc = tcase_create("profile");

	tcase_add_checked_fixture(tc, tree_setup, tree_teardown);
	tcase_add_loop_test(tc, bundles, 0, (int)RD_N_ELEMENTS(libraries));
	tcase_add_test(tc, cut_short);
	tcase_add_loop_test(tc, file_names, 0, (int)RD_N_ELEMENTS(names));
	tcase_add_test(tc, nothing_installed);
	tcase_add_test(tc, packaged);
	tcase_add_loop_test(tc, wheels, 0, (int)RD_N_ELEMENTS(places));
	tcase_add_test(tc, of_others);
	tcase_add_test(tc, kernels_of_rocblas);
	tcase_add_test(tc, what_cannot_be_told);
	tcase_add_test(tc, hostile);
	tcase_add_test(tc, nodes);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
