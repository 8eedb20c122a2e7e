/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Our reading of depmod.d, modprobe.d and the trees against kmod's own: machines made by chance,
 * always the same ones. depmod(8) is asked which file it chooses (before it ran, we must have said
 * so), modprobe(8) which one it loads, libkmod in a chroot what its configuration says. Without
 * depmod this is skipped, without root's rights the part that wants a chroot.
 */

#include <ctype.h>
#include <fnmatch.h>
#include <libkmod.h>

#include "../unit/fake-inspect.h"
#include "../unit/tree.h"
#include "inspect/modprobe_conf.h"
#include "model/facts.h"
#include "probe/probe.h"

#define MACHINES 150

static unsigned int state;

/* Numerical Recipes' generator: any would do, if it is the same everywhere. */
static unsigned int chance(unsigned int n)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 16) % n;
}

#define PICK(table) ((table)[chance(RD_N_ELEMENTS(table))])

static const char *release;
static struct rd_facts facts = RD_FACTS_INIT;
static struct rd_probe_options options;
static struct rd_error err;

static void teardown(void)
{
	rd_facts_deinit(&facts);
	tree_teardown();
}

static void make_file(void)
{
	static const char *const folders[] = {
		"kernel/drivers/gpu/drm/amd/amdgpu/",
		"updates/",
		"updates/dkms/",
		"extra/",
		"extra/amdgpu/",
		"weak-updates/",
		"ubuntu/",
		"kernel/",
		"old/",
		"",
	};
	static const char *const names[] = { "amdgpu.ko",	 "amdgpu.ko",
					     "amdgpu.ko.xz",	 "amdgpu.ko.zst",
					     "amdgpu.orig.ko",	 "amdgpu.ko.old",
					     "amdgpu.ko.bak.ko", "amdgpu-legacy.ko",
					     "xamdgpu.ko" };
	char path[200];

	const char *folder = PICK(folders);

	snprintf(path, sizeof(path), "lib/modules/%s/%s%s", release, folder, PICK(names));
	if (!access(tree_path(path), F_OK))
		return;
	switch (chance(10)) {
	case 0:
		ck_assert_int_eq(symlink("elsewhere", tree_path(path)), 0);
		snprintf(path, sizeof(path), "lib/modules/%s/%selsewhere", release, folder);
		return tree_write(path, "no-sign");
	case 1:
		return (void)!symlink("nowhere", tree_path(path));
	case 2:
		return (void)!mkfifo(tree_path(path), 0644);
	default:
		tree_write(path, "no-sign");
	}
}

static const char *depmod_line(char *line, size_t size)
{
	static const char *const words[] = { "updates",	 "updates/dkms", "extra",
					     "built-in", "ubuntu",	 "weak-updates",
					     "external", "kernel",	 "extra/" };
	static const char *const patterns[] = { "*",   "6.1.0-28-amd64", "6.1.*",     "^6", "^5",
						"[0-", "(6|5)\\\\.1",	 "[0-9]+[.]", "4",  "*6" };
	static const char *const modules[] = { "amdgpu", "amdgpu", "amdttm", "amdgpu/amdgpu" };
	static const char *const noise[] = {
		"",	      "# search extra", "exclude old", "searchy x",
		"override x", "make_map_files", "exclude dkms"
	};

	switch (chance(4)) {
	case 0:
		snprintf(line, size, "search %s \t%s%s%s", PICK(words), PICK(words),
			 chance(3) ? " " : " \\\n", PICK(words));
		break;
	case 1:
	case 2:
		snprintf(line, size, "override %s\t%s %s", PICK(modules), PICK(patterns),
			 PICK(words));
		break;
	default:
		snprintf(line, size, "%s", PICK(noise));
	}
	return line;
}

static const char *modprobe_line(char *line, size_t size)
{
	static const char *const modules[] = { "amdgpu", "amd-sched", "amd_sched",  "amd*",
					       "radeon", "*gpu",      "amd[a-h]pu", "amd[gpu" };
	static const char *const commands[] = { "blacklist", "install", "options",
						"softdep",   "remove",	" blacklist" };
	static const char *const rests[] = { " /bin/true", " pre: a post: b", " dc=0 runpm=1",
					     "",	   "  x\\y \\\n\tz",  " # x" };
	static const char *const aliases[] = { "amdgpu", "amd*", "gpu", "[a-z]mdgpu", "amd]gpu" };

	if (!chance(4))
		snprintf(line, size, "alias %s %s", PICK(aliases), PICK(modules));
	else
		snprintf(line, size, "%s%s %s%s", chance(8) ? "" : "#", PICK(commands),
			 PICK(modules), PICK(rests));
	return line;
}

/* Some files of few names, so that they mask each other. */
static void make_conf(const char *kind, const char *(*make)(char *line, size_t size))
{
	static const char *const folders[] = { "etc", "run", "usr/local/lib", "lib" };
	static const char *const names[] = { "a.conf", "b.conf", "z.conf", "c.con", ".h.conf" };

	for (unsigned int i = chance(4); i > 0; i--) {
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		char path[100], line[200];

		snprintf(path, sizeof(path), "%s/%s/%s", PICK(folders), kind, PICK(names));
		if (!access(tree_path(path), F_OK))
			continue;
		for (unsigned int k = chance(5); k > 0; k--)
			rd_text_printf(&text, "%s\n", make(line, sizeof(line)));
		if (chance(8))
			tree_write(path, text.len ? text.data : "");
		else
			tree_link(path, "/dev/null");
	}
}

/* What modprobe would load, as it prints it; NULL if it finds nothing. */
static char *ask_modprobe(void)
{
	RD_CLEANUP(rd_freep) char *command = NULL;
	char line[4096], *last = NULL;
	FILE *pipe;

	ck_assert_int_ge(
		asprintf(&command,
			 "PATH=$PATH:/sbin:/usr/sbin modprobe -C /dev/null -d '%s' -S '%s' "
			 "--show-depends amdgpu 2>/dev/null",
			 tree_root, release),
		0);
	pipe = popen(command, "re");
	ck_assert_ptr_nonnull(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		free(last);
		last = strdup(line);
	}
	pclose(pipe);
	return last;
}

static void run_depmod(void)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text command = RD_TEXT_INIT;
	static const char *const folders[] = { "etc", "run", "usr/local/lib", "lib" };

	rd_text_printf(&command, "PATH=$PATH:/sbin:/usr/sbin timeout 20 depmod -b '%s'", tree_root);
	for (size_t i = 0; i < RD_N_ELEMENTS(folders); i++)
		rd_text_printf(&command, " -C '%s/%s/depmod.d'", tree_root, folders[i]);
	rd_text_printf(&command, " '%s' 2>/dev/null", release);
	ck_assert_int_eq(system(command.data), 0);
}

static void probe(void)
{
	rd_facts_deinit(&facts);
	ck_assert_int_eq(rd_probe_kernels(&tree_system, &options, &facts, &err), 0);
	ck_assert_uint_eq(facts.kernels.n, 1);
}

START_TEST(depmod_s_choice)
{
	static const char *const releases[] = { "6.1.0-28-amd64", "5.14.0-503.el9.x86_64+debug" };
	RD_CLEANUP(rd_freep) char *expected = NULL;
	RD_CLEANUP(rd_freep) char *loaded = NULL;
	const char *resolved;

	state = (unsigned int)_i;
	release = PICK(releases);
	for (unsigned int i = 1 + chance(6); i > 0; i--)
		make_file();
	make_conf("depmod.d", depmod_line);
	probe();
	if (facts.kernels.items[0].expected)
		expected = strdup(facts.kernels.items[0].expected);

	run_depmod();
	probe();
	resolved = facts.kernels.items[0].resolved;
	ck_assert_pstr_eq(expected, resolved);
	ck_assert_pstr_eq(facts.kernels.items[0].expected, resolved);

	loaded = ask_modprobe();
	if (!loaded)
		ck_assert_ptr_null(resolved);
	else
		ck_assert_msg(resolved && strstr(loaded, resolved), "%s, %s", loaded, resolved);
}
END_TEST

static void ctx_unrefp(struct kmod_ctx **ctxp)
{
	kmod_unref(*ctxp);
}

static void silent(void *data, int priority, const char *file, int line, const char *fn,
		   const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

/* Appends with single blanks, none at the ends, and without quotes, which libkmod moves about. */
static void put_squeezed(struct rd_text *text, const char *s)
{
	size_t start = text->len;

	for (; *s; s++) {
		if (*s == '"')
			continue;
		if (!isspace((unsigned char)*s))
			ck_assert_int_eq(rd_text_append(text, s, 1), 0);
		else if (text->len > start && text->data[text->len - 1] != ' ')
			ck_assert_int_eq(rd_text_puts(text, " "), 0);
	}
	rd_text_rstrip(text);
	ck_assert_int_eq(rd_text_puts(text, "\n"), 0);
}

/* The kinds that are compared, and what libkmod says of them. */
static const struct {
	enum rd_modprobe_kind kind;
	struct kmod_config_iter *(*get)(const struct kmod_ctx *ctx);
	bool is_pattern, has_value;
} kinds[] = {
	{ RD_MODPROBE_BLACKLIST, kmod_config_get_blacklists, false, false },
	{ RD_MODPROBE_OPTIONS, kmod_config_get_options, false, true },
	{ RD_MODPROBE_INSTALL, kmod_config_get_install_commands, true, true },
	{ RD_MODPROBE_SOFTDEP, kmod_config_get_softdeps, true, false },
	{ RD_MODPROBE_ALIAS, kmod_config_get_aliases, true, true },
};

/* What kmod's own look-ups compare (libkmod-module.c). */
static bool is_about(size_t i, const char *key, const char *value)
{
	if (kinds[i].kind == RD_MODPROBE_ALIAS && !strcmp(value, "amdgpu"))
		return true;
	return kinds[i].is_pattern ? !fnmatch(key, "amdgpu", 0) : !strcmp(key, "amdgpu");
}

static void ask_libkmod(struct rd_text *text)
{
	RD_CLEANUP(ctx_unrefp) struct kmod_ctx *ctx = kmod_new("/lib/modules/none", NULL);

	ck_assert_ptr_nonnull(ctx);
	kmod_set_log_fn(ctx, silent, NULL);
	for (size_t i = 0; i < RD_N_ELEMENTS(kinds); i++) {
		struct kmod_config_iter *iter = kinds[i].get(ctx);

		while (kmod_config_iter_next(iter)) {
			const char *key = kmod_config_iter_get_key(iter);
			const char *value = kmod_config_iter_get_value(iter);

			if (!is_about(i, key, value))
				continue;
			rd_text_printf(text, "%s ", rd_modprobe_kind_name(kinds[i].kind));
			put_squeezed(text, kinds[i].has_value ? value : "");
		}
		kmod_config_iter_free_iter(iter);
	}
}

/* The part of our line that libkmod would give as value. */
static const char *value_of(const struct rd_modprobe_line *line)
{
	const char *text = line->text;

	if (!strcmp(line->place, RD_MODPROBE_CMDLINE))
		return strchr(text, '.') + 1;
	if (line->kind == RD_MODPROBE_ALIAS)
		return line->module;
	for (int words = 0; words < 2; words++) {
		text += strcspn(text, " \t");
		text += strspn(text, " \t");
	}
	return text;
}

/* These are the kernel's and dracut's, not modprobe's. */
static bool is_foreign(const struct rd_modprobe_line *line)
{
	return rd_text_has_prefix(line->text, "module_blacklist") ||
	       rd_text_has_prefix(line->text, "rd.driver") || !strcmp(line->text, "nomodeset");
}

static void describe(struct rd_text *text)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(kinds); i++) {
		for (size_t k = 0; k < facts.modprobe.n; k++) {
			const struct rd_modprobe_line *line = &facts.modprobe.items[k];

			if (line->kind != kinds[i].kind || is_foreign(line))
				continue;
			rd_text_printf(text, "%s ", rd_modprobe_kind_name(line->kind));
			put_squeezed(text, kinds[i].has_value ? value_of(line) : "");
		}
	}
}

static void make_cmdline(void)
{
	static const char *const words[] = { "quiet",
					     "amdgpu.dc=0",
					     "amdgpu.runpm",
					     "amd-gpu.x=1",
					     "\"amdgpu.v=a b\"",
					     "amdgpu.w=\"a b\"",
					     "amdgpu.a.b=1",
					     "x=\"amdgpu.dc=1 y\"",
					     "amd\"gpu.dc=2\"",
					     "modprobe.blacklist=amdgpu",
					     "modprobe.blacklist=radeon,amdgpu,nouveau",
					     "modprobe.blacklist=amdgpux",
					     "module_blacklist=amdgpu",
					     "rd.driver.blacklist=amdgpu",
					     "nomodeset",
					     "amdgpu.dc" };
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;

	for (unsigned int i = chance(5); i > 0; i--)
		rd_text_printf(&text, "%s%s", PICK(words), chance(5) ? " " : "\t ");
	tree_write("proc/cmdline", text.len ? text.data : "");
}

START_TEST(modprobe_s_configuration)
{
	RD_CLEANUP(rd_closep) int outside = open("/", O_PATH | O_CLOEXEC);
	RD_CLEANUP(rd_text_deinit) struct rd_text ours = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text theirs = RD_TEXT_INIT;

	if (geteuid())
		return;
	state = (unsigned int)_i;
	make_conf("modprobe.d", modprobe_line);
	make_cmdline();
	mknod(tree_path("dev/null"), S_IFCHR | 0666, (dev_t)0x103); /* 1:3, mem(4) */
	ck_assert_int_eq(rd_probe_modprobe(&tree_system, &options, &facts, &err), 0);
	ck_assert_int_eq(rd_text_puts(&ours, "") || rd_text_puts(&theirs, ""), 0);
	describe(&ours);

	ck_assert_int_eq(chroot(tree_root), 0);
	ask_libkmod(&theirs);
	ck_assert_int_eq(fchdir(outside) || chroot("."), 0); /* the sanitizers want /proc at exit */
	ck_assert_str_eq(ours.data, theirs.data);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kmod");
	TCase *tcase = tcase_create("kmod");

	if (system("PATH=$PATH:/sbin:/usr/sbin command -v depmod modprobe >/dev/null")) {
		puts("depmod is missing: skipped");
		return 77;
	}
	tcase_add_checked_fixture(tcase, tree_setup, teardown);
	tcase_add_loop_test(tcase, depmod_s_choice, 0, MACHINES);
	tcase_add_loop_test(tcase, modprobe_s_configuration, 0, MACHINES);
	tcase_set_timeout(tcase, 60);
	suite_add_tcase(suite, tcase);
	return tree_run(suite);
}
