/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Copies of what stands at paths, and the way back: a folder of contents, each under its SHA-256,
 * with a manifest in memory that says what is whose. Private to recovery.
 */

#include <stdbool.h>

#include "recovery/manifest.h"

struct store {
	int rootfd; /* of the machine, borrowed */
	int fd; /* the folder of the contents */
	bool is_list; /* no content is copied: the manifest alone is wanted */
	bool is_dirty; /* a content got its name since the last store_sync() */
	struct rd_manifest manifest;
};

#define STORE_INIT                                                    \
	{                                                             \
		.rootfd = -1, .fd = -1, .manifest = RD_MANIFEST_INIT, \
	}

/* Opens the folder @name of a transaction, made if @may_make; the manifest is empty. */
int store_open(struct store *storep, int rootfd, int txnfd, const char *name, bool may_make,
	       struct rd_error *err);
void store_deinit(struct store *store);

/**
 * store_keep() - copy what is at a path into the store, as a unit of its manifest
 * @from: the path where it is read
 * @path: the path that it stands for
 *
 * Contents are synced, their names are not: store_sync(). Nothing at @from is a node too.
 * Return: 0 or a negative errno (-EINVAL: a device, a socket, a FIFO).
 */
int store_keep(struct store *store, const char *from, const char *path, struct rd_error *err);

/* What store_keep() copied is on the disk when this returns 0. */
int store_sync(struct store *store, struct rd_error *err);

/**
 * store_put() - make its path be what the unit at index @i says, in one step
 *
 * Left alone is what is that way already. Return: 0 or a negative errno, the place being as it was.
 */
int store_put(const struct store *store, size_t i, struct rd_error *err);

enum store_match {
	STORE_CONTENT, /* the same type, content, links, and names in folders */
	STORE_ALL, /* mode, owner, times and extended attributes too */
};

/* Whether the unit at index @i is what is at its path. */
int store_is_there(const struct store *store, size_t i, enum store_match match, bool *yesp,
		   struct rd_error *err);

/* Reads the content of a file's node to its end; false if it is not what the manifest says. */
int store_is_whole(const struct store *store, const struct rd_node *node, bool *yesp,
		   struct rd_error *err);
