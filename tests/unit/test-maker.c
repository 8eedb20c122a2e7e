/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Whose image it is, and what its preset says. */

#include "../../recovery/maker.h"
#include "cpio.h"
#include "tree.h"

static struct rd_error err;

static void setup(void)
{
	tree_setup();
}

static void teardown(void)
{
	tree_teardown();
}

/* Members as lsinitramfs(8) and lsinitrd(1) list them in images of those tools. */
static const struct {
	const char *member, *maker;
} images[] = {
	{ "usr/lib/dracut/build-parameter.txt", "dracut" },
	{ "lib/dracut/hooks/cmdline/00-x.sh", "dracut" },
	{ "scripts/functions", "mkinitramfs" },
	{ "conf/initramfs.conf", "mkinitramfs" },
	{ "init_functions", "mkinitcpio" },
	{ "etc/booster.init.yaml", "booster" },
	{ "usr/lib/modules/6.1/amdgpu.ko", NULL },
};

START_TEST(made_by)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text image = RD_TEXT_INIT;
	const char *name = "";

	cpio_file(&image, "usr/bin/kmod", "x");
	cpio_file(&image, images[_i].member, "x");
	cpio_end(&image);
	tree_put("boot/image", image.data, image.len);
	ck_assert_int_eq(maker_of_image(&tree_system, "/boot/image", &name, &err), 0);
	if (images[_i].maker)
		ck_assert_str_eq(name, images[_i].maker);
	else
		ck_assert_ptr_null(name);
}
END_TEST

/* As Arch's package has it, and as people change it. */
static const char preset_text[] = "# mkinitcpio preset file for the 'linux' package\n"
				  "ALL_config=\"/etc/mkinitcpio.conf\"\n"
				  "ALL_kver=\"/boot/vmlinuz-linux\"\n"
				  "PRESETS=('default' 'fallback')\n"
				  "default_config='/etc/mkinitcpio-luks.conf'\n"
				  "default_image=\"/boot/initramfs-linux.img\"\n"
				  "fallback_image=\"/boot/initramfs-linux-fallback.img\"\n"
				  "fallback_options=\"-S autodetect\"\n";

static const struct {
	const char *image, *config, *options;
} presets[] = {
	{ "/boot/initramfs-linux.img", "/etc/mkinitcpio-luks.conf", NULL },
	{ "/boot/initramfs-linux-fallback.img", "/etc/mkinitcpio.conf", "-S autodetect" },
	{ "/boot/initramfs-other.img", NULL, NULL },
};

static void expect(const char *is, const char *should)
{
	if (should)
		ck_assert_str_eq(is, should);
	else
		ck_assert_ptr_null(is);
}

START_TEST(by_its_preset)
{
	struct maker_preset preset = { 0 };

	tree_write("etc/mkinitcpio.d/linux.preset", preset_text);
	tree_write("etc/mkinitcpio.d/other.preset.pacsave",
		   "other_image=/boot/initramfs-other.img\nother_config=/x\n");
	ck_assert_int_eq(maker_preset_find(&tree_system, presets[_i].image, &preset, &err), 0);
	expect(preset.config, presets[_i].config);
	expect(preset.options, presets[_i].options);
	maker_preset_deinit(&preset);
}
END_TEST

START_TEST(a_preset_that_has_to_be_run)
{
	struct maker_preset preset = { 0 };

	tree_write("etc/mkinitcpio.d/linux.preset",
		   "a_image=/boot/initramfs-linux.img\na_config=$(hostname).conf\n");
	ck_assert_int_eq(
		maker_preset_find(&tree_system, "/boot/initramfs-linux.img", &preset, &err),
		-EBADMSG);
	ck_assert_ptr_nonnull(strstr(err.msg, "linux.preset: a_config cannot be told"));
	maker_preset_deinit(&preset);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("maker");
	TCase *tc = tcase_create("maker");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, made_by, 0, (int)RD_N_ELEMENTS(images));
	tcase_add_loop_test(tc, by_its_preset, 0, (int)RD_N_ELEMENTS(presets));
	tcase_add_test(tc, a_preset_that_has_to_be_run);
	suite_add_tcase(suite, tc);
	return tree_run(suite);
}
