/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Two kernels with an in-tree driver each. The first has a DKMS set of nine modules installed, as
 * built in its tree; the second has headers only, and gets its folder for modules made. There is an
 * older registered version and a leftover to be removed, a link that is new, one that is replaced,
 * /lib is a link, a file has holes, another owner, a mode and an attribute of its own.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "machine.h"

#define MUST(call)                               \
	({                                       \
		__typeof__(call) must_ = (call); \
		if (must_ < 0) {                 \
			perror(#call);           \
			abort();                 \
		}                                \
		must_;                           \
	})

static const char *const modules[] = { "amdgpu",
				       "amdttm",
				       "amdkcl",
				       "amd-sched",
				       "amddrm_buddy",
				       "amddrm_exec",
				       "amddrm_ttm_helper",
				       "amdxcp",
				       "amddrm_suballoc_helper" };
static const char *const kernels[] = { "6.1.0-1-amd64", "6.1.0-2-amd64" };

static char folder[64];

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_all(const char *path)
{
	nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *machine_folder(void)
{
	static const char *const places[] = { "/dev/shm", "/tmp" };

	umask(022);
	for (size_t i = 0; i < RD_N_ELEMENTS(places) && !*folder; i++) {
		snprintf(folder, sizeof(folder), "%s/rdna1-doctor-recovery-XXXXXX", places[i]);
		if (!mkdtemp(folder))
			*folder = '\0';
	}
	if (!*folder) {
		perror("a folder for machines");
		exit(EXIT_FAILURE);
	}
	return folder;
}

void machine_remove_folder(void)
{
	remove_all(folder);
}

/* The path, with the folders above it. */
static const char *make_path(const char *root, const char *fmt, va_list ap)
{
	static char path[4096];
	int n = snprintf(path, sizeof(path), "%s/", root);

	vsnprintf(path + n, sizeof(path) - (size_t)n, fmt, ap);
	for (char *p = path + n; (p = strchr(p, '/')); p++) {
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			MUST(-1);
		*p = '/';
	}
	return path;
}

static void put(const char *path, const char *content)
{
	RD_CLEANUP(rd_closep)
	int fd = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));

	MUST(write(fd, content, strlen(content)));
}

/* RD_PRINTF is for the path, whose content comes first. */
static void file(const char *root, const char *content, const char *fmt, ...) RD_PRINTF(3, 4);
static void file(const char *root, const char *content, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(make_path(root, fmt, ap), content);
	va_end(ap);
}

static void make_link(const char *root, const char *target, const char *fmt, ...) RD_PRINTF(3, 4);
static void make_link(const char *root, const char *target, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	MUST(symlink(target, make_path(root, fmt, ap)));
	va_end(ap);
}

static void make_kernel(const char *root, const char *kernel)
{
	make_link(root, "nowhere", "usr/lib/modules/%s/build", kernel);
	file(root, "in-tree", "usr/lib/modules/%s/kernel/amdgpu.ko", kernel);
	file(root, "order", "usr/lib/modules/%s/modules.order", kernel);
	file(root, "old dep", "usr/lib/modules/%s/modules.dep", kernel);
	file(root, "old alias", "usr/lib/modules/%s/modules.alias", kernel);
	file(root, "old image", "boot/initrd.img-%s", kernel);
}

static void make_set(const char *root, const char *where, const char *content)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(modules); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s %s", content, modules[i]);
		file(root, text, "%s/%s.ko", where, modules[i]);
	}
}

/* What makes a file more than its content. */
static void make_odd(const char *root)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/boot/initrd.img-%s", root, kernels[0]);
	MUST(truncate(path, 1 << 16));
	MUST(chmod(path, 0600));
	snprintf(path, sizeof(path), "%s/usr/lib/modules/%s/updates/dkms/amdgpu.ko", root,
		 kernels[0]);
	if (setxattr(path, "user.note", "kept", 4, 0) < 0 && errno != EOPNOTSUPP)
		MUST(-1);
	if (!geteuid())
		MUST(chown(path, 12, 34));
	MUST(chmod(path, 04750));
}

static int set_time(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const struct timespec times[] = { { .tv_sec = 1600000000 },
					  { .tv_sec = 1700000000 + (long)strlen(path),
					    .tv_nsec = 123456789 } };

	(void)st;
	(void)type;
	(void)ftw;
	return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

void machine_make(const char *root)
{
	remove_all(root);
	MUST(mkdir(root, 0755));
	make_link(root, "usr/lib", "lib");
	for (size_t i = 0; i < RD_N_ELEMENTS(kernels); i++)
		make_kernel(root, kernels[i]);
	make_set(root, "usr/lib/modules/6.1.0-1-amd64/updates/dkms", "old");
	file(root, "leftover", "usr/lib/modules/%s/extra/amdgpu.ko", kernels[0]);
	file(root, "conf", "usr/src/amdgpu-1/dkms.conf");
	file(root, "patched", "usr/src/amdgpu-1/amd/amdkfd/kfd_crat.c");
	make_set(root, "var/lib/dkms/amdgpu/1/6.1.0-1-amd64/x86_64/module", "old");
	file(root, "log", "var/lib/dkms/amdgpu/1/%s/x86_64/log/make.log", kernels[0]);
	make_link(root, "1/6.1.0-1-amd64/x86_64", "var/lib/dkms/amdgpu/kernel-%s-x86_64",
		  kernels[0]);
	file(root, "older", "var/lib/dkms/amdgpu/0/%s/x86_64/module/amdgpu.ko", kernels[0]);
	make_link(root, "/usr/src/amdgpu-1", "var/lib/dkms/amdgpu/1/source");
	file(root, "", "var/lib/rdna1-doctor/.keep");
	make_odd(root);
	nftw(root, set_time, 16, FTW_DEPTH | FTW_PHYS);
}

static bool has_text(const char *root, const char *kernel, const char *name,
		     const char *const texts[])
{
	RD_CLEANUP(rd_closep) int fd = -1;
	char path[4096], text[64] = "";

	snprintf(path, sizeof(path), "%s/usr/lib/modules/%s/%s", root, kernel, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return false;
	for (; *texts; texts++) {
		if (!strcmp(text, *texts))
			return true;
	}
	return false;
}

bool machine_has_drivers(const char *root)
{
	static const char updates[] = "updates/dkms/amdgpu.ko";
	static const char *const first[] = { "old amdgpu", "new amdgpu 6.1.0-1-amd64", NULL };
	static const char *const second[] = { "new amdgpu 6.1.0-2-amd64", NULL };
	static const char *const intree[] = { "in-tree", NULL };

	/* The second kernel has the in-tree one alone, at first. */
	return has_text(root, kernels[0], updates, first) &&
	       (has_text(root, kernels[1], updates, second) ||
		has_text(root, kernels[1], "kernel/amdgpu.ko", intree));
}

static int plan_kernel(struct rd_plan *plan, const char *kernel)
{
	char path[256], source[256];
	int r = 0;

	for (size_t i = 0; !r && i < RD_N_ELEMENTS(modules); i++) {
		snprintf(path, sizeof(path), "lib/modules/%s/updates/dkms/%s.ko", kernel,
			 modules[i]);
		snprintf(source, sizeof(source), "30-built/%s/x86_64/module/%s.ko", kernel,
			 modules[i]);
		r = rd_plan_put(plan, path, source);
	}
	snprintf(path, sizeof(path), "var/lib/dkms/amdgpu/1/%s", kernel);
	snprintf(source, sizeof(source), "30-built/%s", kernel);
	r = r ? r : rd_plan_put(plan, path, source);
	snprintf(path, sizeof(path), "var/lib/dkms/amdgpu/kernel-%s-x86_64", kernel);
	snprintf(source, sizeof(source), "30-built/link-%s", kernel);
	return r ? r : rd_plan_put(plan, path, source);
}

static int plan_tools(struct rd_plan *plan)
{
	char path[256], source[256];
	int r;

	r = rd_plan_add_phase(plan, RD_STEP_DEPMOD, true);
	for (size_t i = 0; !r && i < RD_N_ELEMENTS(kernels); i++) {
		snprintf(path, sizeof(path), "lib/modules/%s/modules.", kernels[i]);
		r = rd_plan_writes(plan, path);
	}
	r = r ? r : rd_plan_add_phase(plan, RD_STEP_INITRAMFS, true);
	for (size_t i = 0; !r && i < RD_N_ELEMENTS(kernels); i++) {
		snprintf(path, sizeof(path), "boot/initrd.img-%s", kernels[i]);
		snprintf(source, sizeof(source), "60-initramfs/%s", kernels[i]);
		r = rd_plan_put(plan, path, source);
	}
	return r;
}

int machine_plan(struct rd_plan *planp)
{
	RD_CLEANUP(rd_plan_deinit) struct rd_plan plan = RD_PLAN_INIT;

	if (rd_notes_add(&plan.notes, "method", "source") ||
	    rd_plan_add_phase(&plan, RD_STEP_SOURCE, true) ||
	    rd_plan_put(&plan, "usr/src/amdgpu-1/amd/amdkfd/kfd_crat.c", "20-source/kfd_crat.c") ||
	    rd_plan_add_phase(&plan, RD_STEP_BUILT, true) ||
	    rd_plan_add_phase(&plan, RD_STEP_INSTALLED, false) || plan_kernel(&plan, kernels[0]) ||
	    plan_kernel(&plan, kernels[1]) || plan_tools(&plan) ||
	    rd_plan_add_phase(&plan, RD_STEP_REMOVED, false) ||
	    rd_plan_remove(&plan, "var/lib/dkms/amdgpu/0") ||
	    rd_plan_remove(&plan, "lib/modules/6.1.0-1-amd64/extra/amdgpu.ko"))
		return -ENOMEM;
	*planp = plan;
	plan = (struct rd_plan)RD_PLAN_INIT;
	return 0;
}

/* A file of a tool: each call may fail, as on a real machine, and the tool then says so. */
static int tool_put(const char *path, const char *content)
{
	RD_CLEANUP(rd_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ssize_t len = (ssize_t)strlen(content);

	return fd < 0 || write(fd, content, (size_t)len) != len ? -1 : 0;
}

static int tool_build(const char *stage)
{
	char path[4096], content[64];
	int r = 0;

	for (size_t k = 0; !r && k < RD_N_ELEMENTS(kernels); k++) {
		static const char *const folders[] = { "", "/x86_64", "/x86_64/module" };

		for (size_t i = 0; !r && i < RD_N_ELEMENTS(folders); i++) {
			snprintf(path, sizeof(path), "%s/%s%s", stage, kernels[k], folders[i]);
			r = mkdir(path, 0755);
		}
		for (size_t i = 0; !r && i < RD_N_ELEMENTS(modules); i++) {
			snprintf(path, sizeof(path), "%s/%s/x86_64/module/%s.ko", stage, kernels[k],
				 modules[i]);
			snprintf(content, sizeof(content), "new %s %s", modules[i], kernels[k]);
			r = tool_put(path, content);
		}
		snprintf(content, sizeof(content), "1/%s/x86_64", kernels[k]);
		snprintf(path, sizeof(path), "%s/link-%s", stage, kernels[k]);
		r = r ? r : symlink(content, path);
	}
	return r;
}

/* As depmod does it, given a folder that looks like the system's: a new file, renamed over the old
 * one, nothing synced. */
static int tool_depmod(const char *stage)
{
	static const char *const names[] = { "dep", "alias", "order", "symbols" };
	static const char *const folders[] = { "lib", "lib/modules" };
	char path[4096], temporary[4096 + 8];
	int r = 0;

	for (size_t i = 0; !r && i < RD_N_ELEMENTS(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", stage, folders[i]);
		r = mkdir(path, 0755);
	}
	for (size_t k = 0; !r && k < RD_N_ELEMENTS(kernels); k++) {
		snprintf(path, sizeof(path), "%s/lib/modules/%s", stage, kernels[k]);
		r = mkdir(path, 0755);
		for (size_t i = 0; !r && i < RD_N_ELEMENTS(names); i++) {
			snprintf(path, sizeof(path), "%s/lib/modules/%s/modules.%s", stage,
				 kernels[k], names[i]);
			snprintf(temporary, sizeof(temporary), "%s.tmp", path);
			r = tool_put(temporary, "new index");
			r = r ? r : rename(temporary, path);
		}
	}
	return r;
}

static int tool_initramfs(const char *stage)
{
	char path[4096];
	int r = 0;

	for (size_t k = 0; !r && k < RD_N_ELEMENTS(kernels); k++) {
		snprintf(path, sizeof(path), "%s/%s", stage, kernels[k]);
		r = tool_put(path, "new image");
	}
	return r;
}

static int run_step(enum rd_step step, const char *stage)
{
	char path[4096];

	switch (step) {
	case RD_STEP_SOURCE:
		snprintf(path, sizeof(path), "%s/kfd_crat.c", stage);
		return tool_put(path, "stock");
	case RD_STEP_BUILT:
		return tool_build(stage);
	case RD_STEP_DEPMOD:
		return tool_depmod(stage);
	default:
		return tool_initramfs(stage);
	}
}

static int run_tool(void *userdata, enum rd_step step, const char *stage, struct rd_error *err)
{
	const char *root = *(const char **)userdata;
	char full[1024];
	int status = 0;
	pid_t pid;

	snprintf(full, sizeof(full), "%s/%s", root, stage);
	pid = fork();
	if (!pid)
		_exit(run_step(step, full) ? 1 : 0);
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		return rd_error_set(err, EIO, "the tool failed");
	return 0;
}

/* What the tools leave at their work is looked at, as a real check would. */
static int check_step(void *userdata, enum rd_step step, struct rd_error *err)
{
	RD_CLEANUP(rd_closep) int fd = -1;
	const char *root = *(const char **)userdata;
	char path[4096], text[16] = "";

	if (step != RD_STEP_DEPMOD)
		return 0;
	snprintf(path, sizeof(path), "%s/lib/modules/%s/modules.dep", root, kernels[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0 || strcmp(text, "new index") != 0)
		return rd_error_set(err, EIO, "modules.dep is not new");
	return 0;
}

static int arm(void *userdata, struct rd_notes *notes, struct rd_error *err)
{
	(void)userdata;
	return rd_notes_add(notes, "boot-id", "1") ? rd_error_nomem(err) : 0;
}

const struct rd_tools machine_tools = { .run = run_tool, .check = check_step, .arm = arm };
