/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "others.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "recovery/backup.h"

#define ASIDE "var/lib/rdna1-doctor/txn/0001/aside"

static const struct {
	const char *path, *content;
} changes[] = {
	{ .path = "boot/initrd.img-6.1.0-1-amd64", .content = "the image of an upgrade" },
	{ .path = "usr/src/amdgpu-1/amd/amdkfd/kfd_crat.c", .content = "edited by hand" },
	{ .path = "lib/modules/6.1.0-2-amd64/modules.dep", .content = "the index of an upgrade" },
	{ .path = "lib/modules/6.1.0-2-amd64/modules.weakdep",
	  .content = "an index not known yet" },
	{ .path = "lib/modules/6.1.0-1-amd64/extra/amdgpu.ko", .content = "put there once more" },
	{ .path = "var/lib/dkms/amdgpu/0/x", .content = "registered again" },
	{ .path = "var/lib/dkms/amdgpu/1/6.1.0-2-amd64/later", .content = "built later" },
};

static void full_path(char path[512], const char *root, const char *name)
{
	snprintf(path, 512, "%s/%s", root, name);
}

void others_change(const char *root)
{
	char path[512];

	full_path(path, root, "var/lib/dkms/amdgpu/0");
	mkdir(path, 0755);
	for (size_t i = 0; i < RD_N_ELEMENTS(changes); i++) {
		RD_CLEANUP(rd_closep) int fd = -1;
		ssize_t len = (ssize_t)strlen(changes[i].content);

		full_path(path, root, changes[i].path);
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, changes[i].content, (size_t)len) != len) {
			perror(path);
			abort();
		}
	}
}

static bool has_content(const char *path, const char *content)
{
	RD_CLEANUP(rd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[64] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0 && !strcmp(text, content);
}

static bool is_aside(const char *root, const char *content)
{
	RD_CLEANUP(rd_closedirp) DIR *dir = NULL;
	const struct dirent *de;
	char path[512];

	full_path(path, root, ASIDE);
	dir = opendir(path);
	while (dir && (de = readdir(dir))) {
		char name[1024];

		snprintf(name, sizeof(name), "%s/%s", path, de->d_name);
		if (has_content(name, content))
			return true;
	}
	return false;
}

bool others_is_somewhere(const char *root)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(changes); i++) {
		char path[512];

		full_path(path, root, changes[i].path);
		if (!has_content(path, changes[i].content) && !is_aside(root, changes[i].content))
			return false;
	}
	return true;
}

bool others_is_kept(const char *root)
{
	RD_CLEANUP(rd_closep) int rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	RD_CLEANUP(rd_state_deinit) struct rd_state state = RD_STATE_INIT;
	RD_CLEANUP(rd_backup_deinit) struct rd_backup backup = RD_BACKUP_INIT;

	if (rd_state_open(&state, rootfd, NULL) || rd_backup_open(&state, 1, &backup, NULL) ||
	    rd_backup_verify(&backup, NULL))
		return false;
	for (size_t i = 0; i < RD_N_ELEMENTS(changes); i++) {
		const struct rd_node *node = rd_manifest_find(&backup.aside, changes[i].path);

		if (!node || node->size != strlen(changes[i].content) ||
		    !is_aside(root, changes[i].content))
			return false;
	}
	return true;
}
