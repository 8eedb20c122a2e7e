/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What stands, or shall stand, at some paths of a machine: files, folders with all that is in them,
 * links, or nothing. The content of files lies beside, under its digest.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/error.h"
#include "base/text.h"

enum rd_node_type {
	RD_NODE_ABSENT, /* nothing is there */
	RD_NODE_FILE,
	RD_NODE_FOLDER,
	RD_NODE_LINK,
	RD_NODE_PARENT, /* a folder in which names change: its times, nothing of what is in it */
	RD_NODE_MADE, /* a folder that is not there, and is made on the way to another path */
	RD_NODE_NAMES, /* path/PREFIX: no name that begins so, but for those that are listed */
};

struct rd_xattr {
	char *name;
	uint8_t *value; /* never NULL */
	size_t len;
};

struct rd_node {
	enum rd_node_type type;
	char *path; /* from the root, without a leading slash */
	uint32_t mode, uid, gid; /* mode: the permission bits */
	struct timespec atime, mtime;
	uint64_t size;
	char *sha256; /* of a file */
	char *target; /* of a link */
	struct {
		struct rd_xattr *items; /* by name */
		size_t n, cap;
	} xattrs;
};

void rd_node_deinit(struct rd_node *node);

/*
 * A folder comes before what is in it. A unit is a node that lies in no folder of the manifest,
 * with all that is below it: the thing that is put in its place in one step.
 */
struct rd_manifest {
	struct rd_node *items;
	size_t n, cap;
};

#define RD_MANIFEST_INIT \
	{                \
		0        \
	}

void rd_manifest_deinit(struct rd_manifest *manifest);

/* Takes what @node owns; 0 or -ENOMEM, and then nothing is taken. */
int rd_manifest_push(struct rd_manifest *manifest, struct rd_node *node);

/* The index after the last node below the one at @i. */
size_t rd_manifest_after(const struct rd_manifest *manifest, size_t i);

/* The node of exactly that path and of a type that stands for content; NULL if there is none. */
const struct rd_node *rd_manifest_find(const struct rd_manifest *manifest, const char *path);

/* The text of a manifest, appended; 0 or a negative errno. */
int rd_manifest_format(const struct rd_manifest *manifest, struct rd_text *text,
		       struct rd_error *err);

/**
 * rd_manifest_parse() - read it back
 * @text: used up
 *
 * Refused is what rd_manifest_format() cannot have written, and any path that rd_path_check()
 * refuses. Return: 0, -EPROTO (a later version), -EBADMSG, or another negative errno; @err names
 * the line.
 */
int rd_manifest_parse(struct rd_text *text, struct rd_manifest *manifestp, struct rd_error *err);

/**
 * rd_path_check() - whether recovery may ever change what is at a path
 *
 * It must be relative, of plain parts (no empty one, no dots, no name of RD_WRITE_*), and so deep
 * below one of the places where drivers, their sources, images and settings stand that it cannot
 * be such a place itself.
 *
 * Return: 0, or -EBADMSG with the reason.
 */
int rd_path_check(const char *path, struct rd_error *err);
