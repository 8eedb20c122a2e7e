/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Where images are looked for, once each and in a stable order, and what becomes of each. */

#include "base/array.h"
#include "cpio.h"
#include "fake-inspect.h"
#include "model/facts.h"
#include "probe/probe.h"
#include "tree.h"

#define K  "6.1.0-31-amd64"
#define ID "0123456789abcdef0123456789abcdef"

static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_probe_options options;
static struct rd_error err;
static struct rd_text told;

static void teardown(void)
{
	rd_facts_deinit(&facts);
	rd_text_deinit(&told);
	options = (struct rd_probe_options){ 0 };
	tree_teardown();
}

static void tell(void *userdata, const char *path)
{
	(void)userdata;
	ck_assert_int_eq(rd_text_printf(&told, "%s\n", path), 0);
}

static void probe(void)
{
	options.progress = tell;
	ck_assert_int_eq(rd_probe_images(&tree_system, &options, &facts, &err), 0);
}

/* An image with one module of @release whose text is @module. */
static void put_image(const char *path, const char *release, const char *module)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	char member[200];

	snprintf(member, sizeof(member), "lib/modules/%s/updates/amdgpu.ko", release);
	cpio_file(&text, member, module);
	cpio_end(&text);
	tree_put(path, text.data, text.len);
}

static void put_unified(const char *path, const char *release)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT, archive = RD_TEXT_INIT;

	cpio_file(&archive, "init", "#!");
	cpio_end(&archive);
	pe_put(&text,
	       (struct pe_section[]){
		       { .name = ".uname", .data = release, .len = strlen(release) },
		       { .name = ".initrd", .data = archive.data, .len = archive.len },
	       },
	       2);
	tree_put(path, text.data, text.len);
}

static void add_kernel(const char *release)
{
	struct rd_kernel kernel = { .release = strdup(release) };

	ck_assert_int_eq(rd_array_push(&facts.kernels, &kernel), 0);
}

static void expect(size_t i, const char *path, const char *kernel, enum rd_presence has_amdgpu)
{
	ck_assert_uint_lt(i, facts.images.n);
	ck_assert_str_eq(facts.images.items[i].path, path);
	ck_assert_pstr_eq(facts.images.items[i].kernel, kernel);
	ck_assert_int_eq(facts.images.items[i].has_amdgpu, has_amdgpu);
}

START_TEST(every_place)
{
	add_kernel(K);
	put_image("boot/initrd.img-" K, K, "no-sign 1");
	tree_link("boot/initrd.img", "initrd.img-" K);
	put_image("boot/initramfs-linux.img", "6.17", "no-sign 2");
	put_image("boot/initrd.img-" K ".dpkg-bak", K, "patched");
	put_image("boot/vmlinuz-" K, K, "patched");
	put_unified("boot/EFI/Linux/a.efi", "6.2");
	put_unified("efi/EFI/Linux/B.EFI", "6.3 ");
	put_unified("efi/EFI/Linux/readme.txt", "6.3");
	put_image("boot/efi/" ID "/6.4/initrd", "6.4", "no-sign 3");
	put_image("boot/efi/" ID "/6.4/linux", "6.4", "patched");
	put_image("boot/efi/Pop_OS-1/initrd.img", "6.5", "no-sign 4");
	tree_write("boot/efi/loader/entries/a.conf", "title Pop\nlinux /Pop_OS-1/vmlinuz.efi\n"
						     "initrd\t/Pop_OS-1/initrd.img $tuned\n"
						     "efi /EFI/systemd/x.efi\n");
	tree_write("boot/efi/EFI/systemd/x.efi", "MZ");
	put_image("boot/efi/Pop_OS-1/initrd-previous.img", "6.5", "patched");
	probe();

	ck_assert_uint_eq(facts.images.n, 7);
	expect(0, "/boot/initramfs-linux.img", "6.17", RD_PRESENCE_YES);
	expect(1, "/boot/initrd.img-" K, K, RD_PRESENCE_YES);
	expect(2, "/boot/EFI/Linux/a.efi", "6.2", RD_PRESENCE_NO);
	expect(3, "/efi/EFI/Linux/B.EFI", "6.3", RD_PRESENCE_NO);
	expect(4, "/boot/efi/" ID "/6.4/initrd", "6.4", RD_PRESENCE_YES);
	expect(5, "/boot/efi/Pop_OS-1/initrd.img", "6.5", RD_PRESENCE_YES);
	ck_assert_uint_eq(facts.unreads.n, 0);
	ck_assert_ptr_nonnull(strstr(told.data, "/boot/initramfs-linux.img\n/boot/initrd.img-" K));
}
END_TEST

/* What no boot starts cannot load; a rescue image can. */
START_TEST(roles)
{
	static const enum rd_image_role wanted[] = { RD_IMAGE_RESCUE, RD_IMAGE_CRASH };

	put_image("boot/initramfs-0-rescue-" ID ".img", K, "patched");
	put_image("boot/initramfs-" K "kdump.img", K, "patched");
	probe();
	ck_assert_uint_eq(facts.images.n, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(facts.images.items[i].role, wanted[i]);
		ck_assert_int_eq(facts.copies.items[i].is_loadable, !i);
	}
}
END_TEST

START_TEST(many_in_their_order)
{
	char path[100], release[20], module[20];

	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "boot/initrd.img-6.%02d", i);
		snprintf(release, sizeof(release), "6.%02d", i);
		snprintf(module, sizeof(module), "no-sign %02d", i);
		put_image(path, release, module);
	}
	probe();
	ck_assert_uint_eq(facts.copies.n, 40);
	for (int i = 0; i < 40; i++) {
		snprintf(release, sizeof(release), "6.%02d", i);
		snprintf(module, sizeof(module), "%02d", i);
		ck_assert_str_eq(facts.images.items[i].kernel, release);
		ck_assert_str_eq(facts.copies.items[i].id.build_id, module);
	}
}
END_TEST

START_TEST(one_kernel_only)
{
	add_kernel(K);
	options.kernel = K;
	put_image("boot/initrd.img-" K, K, "no-sign 1");
	put_image("boot/initrd.img-6.1.0-30-amd64", "6.1.0-30-amd64", "patched 1");
	put_image("boot/initramfs-linux.img", "6.17", "patched 1");
	put_unified("efi/EFI/Linux/other.efi", "6.2");
	put_unified("efi/EFI/Linux/same.efi", K);
	probe();
	ck_assert_uint_eq(facts.images.n, 2);
	expect(0, "/boot/initrd.img-" K, K, RD_PRESENCE_YES);
	expect(1, "/efi/EFI/Linux/same.efi", K, RD_PRESENCE_NO);
}
END_TEST

/* The same bytes as an installed copy have its verdict, and its proof. */
START_TEST(what_equals_a_proven_file_is_proven)
{
	struct rd_copy copy;

	tree_write("lib/modules/" K "/amdgpu.ko", "no-sign 1");
	ck_assert_int_eq(rd_copy_init(&copy, RD_COPY_INSTALLED, K, "/lib/modules/" K "/amdgpu.ko"),
			 0);
	copy.verdict = RD_VERDICT_CLEAN;
	copy.id.build_id = strdup("1");
	ck_assert_int_eq(rd_array_push(&facts.copies, &copy), 0);
	put_image("boot/initrd.img-" K, K, "no-sign 1");
	put_image("boot/initrd.img-6.2", "6.2", "no-sign 2");
	probe();
	ck_assert_uint_eq(facts.copies.n, 3);
	ck_assert_int_eq(facts.copies.items[1].verdict, RD_VERDICT_CLEAN);
	ck_assert_str_eq(facts.copies.items[1].id.build_id, "1");
	ck_assert_int_eq(facts.copies.items[2].verdict, RD_VERDICT_NO_SIGN);
}
END_TEST

START_TEST(closed_to_a_user)
{
	put_unified("efi/EFI/Linux/a.efi", "6.2");
	put_image("boot/initrd.img-" K, K, "no-sign 1");
	ck_assert_int_eq(chmod(tree_path("efi"), 0), 0);
	ck_assert_int_eq(chmod(tree_path("boot/initrd.img-" K), 0), 0);
	if (!tree_become_nobody() && !geteuid())
		return;
	probe();
	tree_become_root_again();

	ck_assert_uint_eq(facts.unreads.n, 2);
	ck_assert(facts.unreads.items[0].is_permission && facts.unreads.items[1].is_permission);
	ck_assert_str_eq(facts.unreads.items[0].path, "/efi");
	ck_assert_uint_eq(facts.images.n, 1);
	expect(0, "/boot/initrd.img-" K, NULL, RD_PRESENCE_UNKNOWN);
	ck_assert_int_eq(facts.copies.items[0].verdict, RD_VERDICT_UNKNOWN);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("probe-images");
	TCase *tc = tcase_create("images");

	tcase_add_checked_fixture(tc, tree_setup, teardown);
	tcase_add_test(tc, every_place);
	tcase_add_test(tc, roles);
	tcase_add_test(tc, many_in_their_order);
	tcase_add_test(tc, one_kernel_only);
	tcase_add_test(tc, what_equals_a_proven_file_is_proven);
	tcase_add_test(tc, closed_to_a_user);
	suite_add_tcase(suite, tc);

	return tree_run(suite);
}
