/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The tool writes to a path of ours, never over the image in place: update-initramfs moves the old
 * one away before the new one is proven, dracut copies onto its inode. The kernel is always named.
 * What was made is read to its end, and what it holds of amdgpu must be the module that is to load.
 *
 * In a mounted system the tools would look at the rescue machine for what to pack: they are told to
 * take everything.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "initramfs.h"
#include "inspect/image.h"
#include "inspect/inspect.h"
#include "maker.h"
#include "recovery/changes.h"
#include "recovery/write.h"
#include "tool.h"

#define SECONDS	       1800
#define ARGUMENTS_MAX  32
#define CONFIG	       "/etc/initramfs-tools"
#define CONFIG_SECONDS 60

/* One image under way. */
struct job {
	const struct initramfs_order *order;
	const char *image; /* in its place, from the root */
	const char *kernel;
	char out[PATH_MAX]; /* in the stage, as the tool sees it */
	char config[PATH_MAX]; /* of mkinitramfs in a mounted system */
	struct maker_preset preset; /* of mkinitcpio */
};

struct arguments {
	const char *items[ARGUMENTS_MAX];
	size_t n;
};

static void add(struct arguments *arguments, const char *argument)
{
	if (arguments->n < ARGUMENTS_MAX - 1)
		arguments->items[arguments->n++] = argument;
}

static bool is_mounted(const struct job *job)
{
	return !job->order->sys->is_live;
}

/* initramfs-tools: MODULES=dep would ask this machine's /sys what that system needs. */
static int copy_config(struct job *job, struct rd_error *err)
{
	const struct rd_system *sys = job->order->sys;
	static const char line[] = "MODULES=most\n";
	/* Links in it become what they lead to: what is added stays in the copy. */
	const char *arguments[] = { "-rL", "--preserve=mode", "--", CONFIG, job->config, NULL };
	const struct tool tool = {
		.sys = sys,
		.name = "cp",
		.arguments = arguments,
		.seconds = CONFIG_SECONDS,
		.logfd = -1,
	};
	RD_CLEANUP(rd_closep) int folder = -1;
	char path[PATH_MAX + 16];
	int r;

	snprintf(job->config, sizeof(job->config), "/%.3000s/config", job->order->stage);
	r = tool_run(&tool, err);
	if (r)
		return r < 0 ? r : -EIO;
	/* The last file of conf.d has the last word. */
	snprintf(path, sizeof(path), "%s/conf.d", job->config + 1);
	folder = rd_write_folder(sys->rootfd, path, 0755, err);
	return folder < 0
		       ? folder
		       : rd_write_create(folder, "zzz-rdna1-doctor", line, sizeof(line) - 1, err);
}

static int with_mkinitramfs(struct job *job, struct arguments *arguments, struct rd_error *err)
{
	int r;

	if (is_mounted(job)) {
		r = *job->config ? 0 : copy_config(job, err);
		if (r)
			return r;
		add(arguments, "-d");
		add(arguments, job->config);
	}
	add(arguments, "-o");
	add(arguments, job->out);
	add(arguments, job->kernel);
	return 0;
}

static int with_dracut(struct job *job, struct arguments *arguments, struct rd_error *err)
{
	(void)err;
	add(arguments, "--force");
	if (is_mounted(job))
		add(arguments, "--no-hostonly");
	add(arguments, "--kver");
	add(arguments, job->kernel);
	add(arguments, job->out);
	return 0;
}

/* As its preset has it; on another machine for any. */
static int with_mkinitcpio(struct job *job, struct arguments *arguments, struct rd_error *err)
{
	char path[PATH_MAX], *state = NULL;
	int r;

	snprintf(path, sizeof(path), "/%.4000s", job->image);
	maker_preset_deinit(&job->preset);
	r = maker_preset_find(job->order->sys, path, &job->preset, err);
	if (r)
		return r;
	if (job->preset.config) {
		add(arguments, "-c");
		add(arguments, job->preset.config);
	}
	add(arguments, "-k");
	add(arguments, job->kernel);
	for (char *word = job->preset.options ? strtok_r(job->preset.options, " \t", &state) : NULL;
	     word; word = strtok_r(NULL, " \t", &state))
		add(arguments, word);
	if (is_mounted(job)) {
		add(arguments, "-S");
		add(arguments, "autodetect");
	}
	add(arguments, "-g");
	add(arguments, job->out);
	return 0;
}

static int with_booster(struct job *job, struct arguments *arguments, struct rd_error *err)
{
	(void)err;
	add(arguments, "build");
	add(arguments, "--force");
	if (is_mounted(job) || strstr(job->image, "fallback"))
		add(arguments, "--universal");
	add(arguments, "--kernel-version");
	add(arguments, job->kernel);
	add(arguments, job->out);
	return 0;
}

/* @prefix: of the images that are this tool's, if several are installed. */
static const struct maker {
	const char *name, *prefix;
	int (*fill)(struct job *job, struct arguments *arguments, struct rd_error *err);
} makers[] = {
	{ .name = "mkinitramfs", .prefix = "initrd.img-", .fill = with_mkinitramfs },
	{ .name = "booster", .prefix = "booster-", .fill = with_booster },
	{ .name = "mkinitcpio", .prefix = "initramfs-linux", .fill = with_mkinitcpio },
	{ .name = "dracut", .prefix = "init", .fill = with_dracut },
};

static const struct maker *find_maker(const char *name, size_t len)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(makers); i++) {
		if (strlen(makers[i].name) == len && !strncmp(makers[i].name, name, len))
			return &makers[i];
	}
	return NULL;
}

/* What made the image must make it again: another tool's may not find the disk. */
static int require_maker(const struct rd_system *sys, const char *image, const char *name,
			 const struct maker **makerp, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *path = NULL;
	int r = tool_find(sys, name, &path, err);

	if (r)
		return r;
	*makerp = path ? find_maker(name, strlen(name)) : NULL;
	if (*makerp)
		return 0;
	rd_error_set(err, ENOENT,
		     "%s holds amdgpu and was made by %s, which is not installed: install "
		     "it, then try again",
		     image, name);
	return INITRAMFS_NO_TOOL;
}

/* The tool whose image it is by its content, else by its name, else the first that is there. */
static int choose_maker(const struct rd_system *sys, const char *image, const struct maker **makerp,
			struct rd_error *err)
{
	const char *name = strrchr(image, '/') + 1, *told = NULL;
	const struct maker *any = NULL;
	int told_r = maker_of_image(sys, image, &told, err);

	if (told_r || told)
		return told_r ? told_r : require_maker(sys, image, told, makerp, err);
	for (size_t i = 0; i < RD_N_ELEMENTS(makers); i++) {
		RD_CLEANUP(rd_freep) char *path = NULL;
		int r = tool_find(sys, makers[i].name, &path, err);

		if (r)
			return r;
		if (path && rd_text_has_prefix(name, makers[i].prefix)) {
			*makerp = &makers[i];
			return 0;
		}
		if (path && !any)
			any = &makers[i];
	}
	*makerp = any;
	if (any)
		return 0;
	rd_error_set(err, ENOENT,
		     "%s holds amdgpu, and none of mkinitramfs, dracut, mkinitcpio and booster is "
		     "installed to make it anew: install the one that made it, then try again",
		     image);
	return INITRAMFS_NO_TOOL;
}

int initramfs_can_make(const struct rd_system *sys, const struct rd_image *image,
		       struct rd_error *err)
{
	const struct maker *maker = NULL;

	return choose_maker(sys, image->path, &maker, err);
}

/* The name of an image in the stage. */
static void stage_name(const char *image, char name[PATH_MAX])
{
	snprintf(name, PATH_MAX, "%s", image);
	for (char *p = name; *p; p++) {
		if (*p == '/')
			*p = '-';
	}
}

int initramfs_plan(const struct rd_system *sys, const struct rd_image *image, struct rd_plan *plan,
		   struct rd_error *err)
{
	const struct maker *maker = NULL;
	RD_CLEANUP(rd_freep) char *key = rd_text_format(RD_NOTE_IMAGE "%s", image->path + 1);
	RD_CLEANUP(rd_freep) char *value = NULL;
	char name[PATH_MAX], source[PATH_MAX + 32];
	int r;

	r = choose_maker(sys, image->path, &maker, err);
	if (r)
		return r;
	stage_name(image->path + 1, name);
	snprintf(source, sizeof(source), "%s/%s", rd_step_name(RD_STEP_INITRAMFS), name);
	value = rd_text_format("%s %s", maker->name, image->kernel);
	if (!key || !value || rd_notes_add(&plan->notes, key, value) ||
	    rd_plan_put(plan, image->path + 1, source))
		return rd_error_nomem(err);
	return 0;
}

static int inspect_member(void *userdata, const uint8_t *data, size_t len, struct rd_copy *copy,
			  struct rd_error *err)
{
	(void)userdata;
	return rd_inspect_bytes(data, len, 0, NULL, copy, err);
}

/* Whether an image is whole, and what it holds of amdgpu is that module. */
static int check_image(const struct rd_system *sys, const char *path, const char *build_id,
		       struct rd_error *err)
{
	RD_CLEANUP(rd_image_content_deinit) struct rd_image_content content = { 0 };
	RD_CLEANUP(rd_map_deinit) struct rd_map map = RD_MAP_INIT;
	const struct rd_image_inspector inspector = { .inspect = inspect_member };
	int r;

	r = rd_system_map(sys, path, RD_IMAGE_MAX, &map, err);
	if (r)
		return r < 0 ? r : -EIO;
	if (!map.len || !rd_image_is(map.data, map.len))
		return rd_error_set(err, EBADMSG, "%s is no initramfs", path);
	content.image.path = strdup(path);
	if (!content.image.path)
		return rd_error_nomem(err);
	r = rd_image_inspect(map.data, map.len, &inspector, &content, err);
	for (size_t i = 0; !r && i < content.copies.n; i++) {
		const struct rd_copy *copy = &content.copies.items[i];
		bool is_it = !build_id || !strcmp(build_id, "none") ||
			     (copy->id.build_id && !strcmp(copy->id.build_id, build_id));

		if (!rd_verdict_is_good(copy->verdict))
			r = rd_error_set(err, EBADMSG, "%s is %s: %s", copy->path,
					 rd_verdict_name(copy->verdict), rd_copy_reason(copy));
		else if (!is_it && copy->is_loadable)
			r = rd_error_set(err, EBADMSG, "%s is not the module that was put in place",
					 copy->path);
	}
	return r;
}

static const char *build_id_of(const struct rd_notes *notes, const char *kernel)
{
	RD_CLEANUP(rd_freep) char *key = rd_text_format(RD_NOTE_BUILD_ID "%s", kernel);

	return key ? rd_notes_get(notes, key) : NULL;
}

static int run_job(struct job *job, const struct maker *maker, struct rd_error *err)
{
	RD_CLEANUP(rd_closep)
	int logfd = tool_open_log(job->order->sys, maker->name, strrchr(job->image, '/') + 1, err);
	struct arguments arguments = { 0 };
	const struct tool tool = {
		.sys = job->order->sys,
		.name = maker->name,
		.arguments = arguments.items,
		.seconds = SECONDS,
		.logfd = logfd,
	};
	int r;

	r = logfd < 0 ? logfd : maker->fill(job, &arguments, err);
	if (!r)
		r = tool_run(&tool, err);
	if (!r)
		r = check_image(job->order->sys, job->out,
				build_id_of(job->order->notes, job->kernel), err);
	return r > 0 ? -EIO : r;
}

/* What a note says of an image; false if it is none. */
static bool read_note(const struct rd_note *note, const char **imagep, const struct maker **makerp,
		      const char **kernelp)
{
	const char *space = strchr(note->value, ' ');

	if (!rd_text_has_prefix(note->key, RD_NOTE_IMAGE) || !space)
		return false;
	*imagep = note->key + strlen(RD_NOTE_IMAGE);
	*makerp = find_maker(note->value, (size_t)(space - note->value));
	*kernelp = space + 1;
	return true;
}

int initramfs_run(const struct initramfs_order *order, struct rd_error *err)
{
	struct job job = { .order = order };
	const struct maker *maker = NULL;
	int r = 0;

	for (size_t i = 0; !r && i < order->notes->n; i++) {
		char name[PATH_MAX];

		if (!read_note(&order->notes->items[i], &job.image, &maker, &job.kernel))
			continue;
		if (!maker)
			return rd_error_set(err, EPROTO,
					    "%s: made by a tool that is not known here", job.image);
		stage_name(job.image, name);
		snprintf(job.out, sizeof(job.out), "/%.2000s/%.2000s", order->stage, name);
		if (order->tell)
			order->tell(order->userdata, job.image);
		r = run_job(&job, maker, err);
		if (r)
			rd_error_prefix(err, r, "initramfs /%s", job.image);
	}
	maker_preset_deinit(&job.preset);
	return r;
}

int initramfs_check(const struct rd_system *sys, const struct rd_notes *notes, struct rd_error *err)
{
	const struct maker *maker = NULL;
	const char *image = NULL, *kernel = NULL;
	int r = 0;

	for (size_t i = 0; !r && i < notes->n; i++) {
		char path[PATH_MAX];

		if (!read_note(&notes->items[i], &image, &maker, &kernel))
			continue;
		snprintf(path, sizeof(path), "/%s", image);
		r = check_image(sys, path, build_id_of(notes, kernel), err);
	}
	return r;
}
