/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A file that was written, or got attributes, is dirty until its fsync; a folder in which names
 * changed is too. Three rules then make a journal of names hold over a power cut:
 *
 * - what is renamed into place is not dirty, nor anything in it;
 * - names change in one place at a time: the folder is synced before the next change anywhere (the
 *   contents of a store are no place);
 * - when a step is marked (a file named as one, in a transaction), and at the end, nothing is
 * dirty.
 *
 * Temporary names, stages and the lock may be lost; what tools do follows the last rule alone.
 */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "order.h"
#include "recovery/plan.h"

struct dirty {
	struct item {
		char *path;
		bool is_names; /* the names in a folder, not the thing itself */
	} * items;
	size_t n, cap;
};

static void dirty_deinit(struct dirty *dirty)
{
	for (size_t i = 0; i < dirty->n; i++)
		free(dirty->items[i].path);
	free(dirty->items);
}

static void drop(struct dirty *dirty, size_t i)
{
	free(dirty->items[i].path);
	dirty->items[i] = dirty->items[--dirty->n];
}

static bool is_at_or_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

static void add(struct dirty *dirty, const char *path, bool is_names)
{
	struct item item = { .path = strdup(path), .is_names = is_names };

	for (size_t i = 0; i < dirty->n; i++) {
		if (dirty->items[i].is_names == is_names && !strcmp(dirty->items[i].path, path)) {
			free(item.path);
			return;
		}
	}
	if (rd_array_push(dirty, &item))
		abort();
}

static bool is_temporary(const char *path)
{
	return strstr(strrchr(path, '/'), "/.rdna1-doctor.");
}

/* What a transaction throws away. */
static bool is_discarded(const char *path)
{
	return strstr(path, "/stage/") || rd_text_has_suffix(path, "/stage") ||
	       strstr(path, "/new/") || rd_text_has_suffix(path, "/new");
}

/* Nobody needs what is in it after a crash. */
static bool is_lock(const char *path)
{
	return rd_text_has_suffix(path, "/lock");
}

static bool is_store(const char *folder)
{
	return rd_text_has_suffix(folder, "/old") || rd_text_has_suffix(folder, "/new") ||
	       rd_text_has_suffix(folder, "/aside");
}

/* The name itself changed in its folder. */
static void add_name(struct dirty *dirty, const char *path)
{
	RD_CLEANUP(rd_freep) char *folder = strdup(path);

	*strrchr(folder, '/') = '\0';
	if (!is_temporary(path))
		add(dirty, folder, true);
}

static void synced(struct dirty *dirty, const char *path)
{
	for (size_t i = dirty->n; i-- > 0;) {
		if (!strcmp(dirty->items[i].path, path))
			drop(dirty, i);
	}
}

static void forget(struct dirty *dirty, const char *path)
{
	for (size_t i = dirty->n; i-- > 0;) {
		if (is_at_or_below(dirty->items[i].path, path))
			drop(dirty, i);
	}
}

static void move(struct item *item, const char *from, const char *to)
{
	char *moved;

	if (asprintf(&moved, "%s%s", to, item->path + strlen(from)) < 0)
		abort();
	free(item->path);
	item->path = moved;
}

static void renamed(struct dirty *dirty, const struct watch_call *call)
{
	if (call->op == OP_RENAME)
		forget(dirty, call->to);
	for (size_t i = 0; i < dirty->n; i++) {
		if (is_at_or_below(dirty->items[i].path, call->path))
			move(&dirty->items[i], call->path, call->to);
		else if (is_at_or_below(dirty->items[i].path, call->to))
			move(&dirty->items[i], call->to, call->path);
	}
	add_name(dirty, call->path);
	add_name(dirty, call->to);
}

static bool is_mark(const char *path)
{
	return strstr(path, "/txn/") && rd_step_find(strrchr(path, '/') + 1) >= 0;
}

static char *complain(const struct item *item, const char *at)
{
	char *text;

	if (asprintf(&text, "%s: %s%s was not synced", at, item->is_names ? "the names in " : "",
		     item->path) < 0)
		abort();
	return text;
}

static char *check_clean(const struct dirty *dirty, const char *at)
{
	for (size_t i = 0; i < dirty->n; i++) {
		const char *path = dirty->items[i].path;

		if (!strstr(path, "/stage/") && !strstr(path, "/.rdna1-doctor."))
			return complain(&dirty->items[i], at);
	}
	return NULL;
}

/* Before a name changes in its place: all names that changed before. */
static char *check_names(const struct dirty *dirty, const char *at)
{
	for (size_t i = 0; !is_temporary(at) && i < dirty->n; i++) {
		const struct item *item = &dirty->items[i];

		if (item->is_names && !is_store(item->path) && !strstr(item->path, "/stage/") &&
		    !strstr(item->path, "/.rdna1-doctor."))
			return complain(item, at);
	}
	return NULL;
}

static char *check_rename(const struct dirty *dirty, const struct watch_call *call)
{
	if (is_mark(call->to))
		return check_clean(dirty, call->to);
	for (size_t i = 0; !is_temporary(call->to) && i < dirty->n; i++) {
		if (is_at_or_below(dirty->items[i].path, call->path))
			return complain(&dirty->items[i], call->to);
	}
	return check_names(dirty, call->to);
}

static char *check(const struct dirty *dirty, const struct watch_call *call)
{
	switch (call->op) {
	case OP_RENAME:
	case OP_EXCHANGE:
		return check_rename(dirty, call);
	case OP_REMOVE:
		return is_discarded(call->path) ? NULL : check_names(dirty, call->path);
	case OP_FOLDER:
	case OP_LINK:
		return check_names(dirty, call->path);
	case OP_WRITE:
		return strstr(call->path, "/txn/") ? NULL : check_names(dirty, call->path);
	default:
		return NULL;
	}
}

static void change(struct dirty *dirty, const struct watch_call *call)
{
	switch (call->op) {
	case OP_CREATE:
	case OP_WRITE:
		add(dirty, call->path, false);
		if (call->op == OP_CREATE)
			add_name(dirty, call->path);
		break;
	case OP_SYNC:
		synced(dirty, call->path);
		break;
	case OP_RENAME:
	case OP_EXCHANGE:
		renamed(dirty, call);
		break;
	case OP_REMOVE:
		forget(dirty, call->path);
		if (!is_discarded(call->path))
			add_name(dirty, call->path);
		break;
	case OP_FOLDER:
	case OP_LINK:
		add_name(dirty, call->path);
		break;
	case OP_OTHER:
		break;
	}
}

char *order_check(const struct watch *watch, size_t without)
{
	RD_CLEANUP(dirty_deinit) struct dirty dirty = { 0 };
	char *fault = NULL;

	for (size_t i = 0; !fault && i < watch->trace.n; i++) {
		const struct watch_call *call = &watch->trace.items[i];

		if (i == without || is_lock(call->path))
			continue;
		fault = call->is_child ? NULL : check(&dirty, call);
		change(&dirty, call);
	}
	return fault ? fault : check_clean(&dirty, "the end");
}
