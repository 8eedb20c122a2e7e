/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Manifests as records (record.c), a line a node:
 *
 *	absent PATH			parent MODE UID GID ATIME MTIME PATH
 *	made PATH			folder MODE UID GID ATIME MTIME PATH
 *	names PATH			link MODE UID GID ATIME MTIME PATH TARGET
 *	xattr NAME HEX			file MODE UID GID ATIME MTIME PATH SIZE SHA256
 *
 * MODE is octal, times are SECONDS.NANOSECONDS, an xattr belongs to the node above it. What comes
 * out of a parse is safe to act on: paths are checked, in a folder come only its own, nothing is
 * there twice.
 */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/name.h"
#include "digest.h"
#include "record.h"
#include "recovery/manifest.h"

#define TIME_LEN 48

static const struct rd_name types[] = {
	{ .name = "absent", .value = RD_NODE_ABSENT }, { .name = "file", .value = RD_NODE_FILE },
	{ .name = "folder", .value = RD_NODE_FOLDER }, { .name = "link", .value = RD_NODE_LINK },
	{ .name = "parent", .value = RD_NODE_PARENT }, { .name = "made", .value = RD_NODE_MADE },
	{ .name = "names", .value = RD_NODE_NAMES },
};

/* How many fields the line of a node has. */
static const size_t n_fields[] = {
	[RD_NODE_ABSENT] = 2, [RD_NODE_FILE] = 9, [RD_NODE_FOLDER] = 7, [RD_NODE_LINK] = 8,
	[RD_NODE_PARENT] = 7, [RD_NODE_MADE] = 2, [RD_NODE_NAMES] = 2,
};

void rd_node_deinit(struct rd_node *node)
{
	free(node->path);
	free(node->sha256);
	free(node->target);
	for (size_t i = 0; i < node->xattrs.n; i++) {
		free(node->xattrs.items[i].name);
		free(node->xattrs.items[i].value);
	}
	free(node->xattrs.items);
	*node = (struct rd_node){ 0 };
}

void rd_manifest_deinit(struct rd_manifest *manifest)
{
	for (size_t i = 0; i < manifest->n; i++)
		rd_node_deinit(&manifest->items[i]);
	free(manifest->items);
	*manifest = (struct rd_manifest)RD_MANIFEST_INIT;
}

int rd_manifest_push(struct rd_manifest *manifest, struct rd_node *node)
{
	int r = rd_array_push(manifest, node);

	if (!r)
		*node = (struct rd_node){ 0 };
	return r;
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && path[len] == '/';
}

size_t rd_manifest_after(const struct rd_manifest *manifest, size_t i)
{
	size_t after = i + 1;

	if (manifest->items[i].type == RD_NODE_FOLDER) {
		while (after < manifest->n &&
		       is_below(manifest->items[after].path, manifest->items[i].path))
			after++;
	}
	return after;
}

static bool is_content(enum rd_node_type type)
{
	return type <= RD_NODE_LINK;
}

const struct rd_node *rd_manifest_find(const struct rd_manifest *manifest, const char *path)
{
	for (size_t i = 0; i < manifest->n; i++) {
		if (is_content(manifest->items[i].type) && !strcmp(manifest->items[i].path, path))
			return &manifest->items[i];
	}
	return NULL;
}

static int format_xattrs(const struct rd_node *node, struct rd_text *text)
{
	int r = 0;

	for (size_t i = 0; !r && i < node->xattrs.n; i++) {
		const struct rd_xattr *xattr = &node->xattrs.items[i];
		RD_CLEANUP(rd_freep) char *hex = rd_text_hex(xattr->value, xattr->len);

		r = hex ? record_line(text, "xattr", xattr->name, hex) : -ENOMEM;
	}
	return r;
}

static int format_node(const struct rd_node *node, struct rd_text *text)
{
	const char *type = rd_name_of(types, RD_N_ELEMENTS(types), (int)node->type);
	char mode[16], uid[16], gid[16], atime[TIME_LEN], mtime[TIME_LEN], size[32];
	bool is_file = node->type == RD_NODE_FILE;
	int r;

	if (n_fields[node->type] == 2)
		return record_line(text, type, node->path);
	snprintf(mode, sizeof(mode), "%04o", node->mode);
	snprintf(uid, sizeof(uid), "%u", node->uid);
	snprintf(gid, sizeof(gid), "%u", node->gid);
	snprintf(atime, sizeof(atime), "%lld.%09ld", (long long)node->atime.tv_sec,
		 node->atime.tv_nsec);
	snprintf(mtime, sizeof(mtime), "%lld.%09ld", (long long)node->mtime.tv_sec,
		 node->mtime.tv_nsec);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)node->size);
	r = record_line(text, type, mode, uid, gid, atime, mtime, node->path,
			is_file ? size : node->target, is_file ? node->sha256 : NULL);
	return r ? r : format_xattrs(node, text);
}

int rd_manifest_format(const struct rd_manifest *manifest, struct rd_text *text,
		       struct rd_error *err)
{
	int r = record_begin(text, "manifest");

	for (size_t i = 0; !r && i < manifest->n; i++)
		r = format_node(&manifest->items[i], text);
	return r ? rd_error_nomem(err) : record_end(text, err);
}

static bool parse_time(const char *field, struct timespec *timep)
{
	bool is_negative = *field == '-';
	const char *dot = strchr(field, '.');
	char digits[TIME_LEN] = "1";
	unsigned long long seconds, nanoseconds;

	field += is_negative;
	if (!dot || dot - field >= TIME_LEN || strlen(dot + 1) != 9)
		return false;
	/* A one in front keeps the zeros of the fraction. */
	strcpy(digits + 1, dot + 1);
	if (!record_number(digits, 1999999999, &nanoseconds))
		return false;
	snprintf(digits, sizeof(digits), "%.*s", (int)(dot - field), field);
	if (!record_number(digits, INT64_MAX, &seconds))
		return false;
	timep->tv_sec = is_negative ? -(time_t)seconds : (time_t)seconds;
	timep->tv_nsec = (long)(nanoseconds - 1000000000);
	return true;
}

static bool parse_mode(const char *field, uint32_t *modep)
{
	uint64_t mode;

	if (strlen(field) != 4 || strspn(field, "01234567") != 4 ||
	    !rd_text_parse_u64(field, 8, &mode))
		return false;
	*modep = (uint32_t)mode;
	return true;
}

static bool parse_id(const char *field, uint32_t *idp)
{
	unsigned long long id;

	if (!record_number(field, UINT32_MAX, &id))
		return false;
	*idp = (uint32_t)id;
	return true;
}

static bool is_sha256(const char *field)
{
	return strlen(field) == DIGEST_HEX - 1 &&
	       strspn(field, "0123456789abcdef") == DIGEST_HEX - 1;
}

static int parse_content(struct rd_node *node, char **fields, struct rd_error *err)
{
	unsigned long long size = 0;

	if (node->type == RD_NODE_FILE) {
		if (!record_number(fields[7], INT64_MAX, &size) || !is_sha256(fields[8]))
			return rd_error_set(err, EBADMSG, "no size, or no digest");
		node->size = size;
		node->sha256 = strdup(fields[8]);
		return node->sha256 ? 0 : rd_error_nomem(err);
	}
	if (node->type == RD_NODE_LINK) {
		node->target = strdup(fields[7]);
		return node->target ? 0 : rd_error_nomem(err);
	}
	return 0;
}

static int parse_node(struct rd_node *node, char **fields, struct rd_error *err)
{
	bool has_attributes = n_fields[node->type] > 2;
	const char *path = fields[has_attributes ? 6 : 1];

	if (has_attributes &&
	    (!parse_mode(fields[1], &node->mode) || !parse_id(fields[2], &node->uid) ||
	     !parse_id(fields[3], &node->gid) || !parse_time(fields[4], &node->atime) ||
	     !parse_time(fields[5], &node->mtime)))
		return rd_error_set(err, EBADMSG, "no mode, owner or times");
	node->path = strdup(path);
	if (!node->path)
		return rd_error_nomem(err);
	return parse_content(node, fields, err);
}

struct parse {
	struct rd_manifest manifest;
	size_t unit; /* where the last unit begins */
};

/* The order of a walk that sorts each folder: what is in a folder comes right after it. */
static int compare_paths(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (*a == '/' ? 1 : (unsigned char)*a) - (*b == '/' ? 1 : (unsigned char)*b);
}

/* In its place within the last unit, and in a folder. */
static int check_inside(const struct parse *parse, const struct rd_node *node, struct rd_error *err)
{
	const struct rd_node *items = parse->manifest.items;
	size_t len = (size_t)(strrchr(node->path, '/') - node->path);
	size_t i = parse->manifest.n;

	if (compare_paths(items[i - 1].path, node->path) >= 0)
		return rd_error_set(err, EBADMSG, "%s: not in its order", node->path);
	while (i-- > parse->unit) {
		if (!strncmp(items[i].path, node->path, len) && !items[i].path[len])
			break;
	}
	if (i + 1 == parse->unit || items[i].type != RD_NODE_FOLDER)
		return rd_error_set(err, EBADMSG, "%s: in no folder", node->path);
	return 0;
}

/* A unit of its own must not touch another one. */
static int check_unit(struct parse *parse, const struct rd_node *node, struct rd_error *err)
{
	const struct rd_manifest *manifest = &parse->manifest;

	for (size_t i = 0; i < manifest->n; i = rd_manifest_after(manifest, i)) {
		const struct rd_node *other = &manifest->items[i];

		if (is_content(other->type) &&
		    (!strcmp(other->path, node->path) || is_below(node->path, other->path) ||
		     is_below(other->path, node->path)))
			return rd_error_set(err, EBADMSG, "%s and %s: one lies in the other",
					    other->path, node->path);
	}
	parse->unit = manifest->n;
	return rd_path_check(node->path, err);
}

/* A folder above a place that may be changed is known by what may be in it. */
static int check_above(const struct rd_node *node, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *child = NULL;

	if (asprintf(&child, "%s/a/b/c", node->path) < 0) {
		child = NULL;
		return rd_error_nomem(err);
	}
	return rd_path_check(child, err);
}

static int check_place(struct parse *parse, const struct rd_node *node, struct rd_error *err)
{
	const struct rd_manifest *manifest = &parse->manifest;

	if (node->type == RD_NODE_PARENT || node->type == RD_NODE_MADE)
		return check_above(node, err);
	if (node->type == RD_NODE_NAMES)
		return rd_path_check(node->path, err);
	if (manifest->n && is_content(manifest->items[manifest->n - 1].type) &&
	    is_below(node->path, manifest->items[parse->unit].path))
		return check_inside(parse, node, err);
	return check_unit(parse, node, err);
}

static int hex_value(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10;
}

static int parse_xattr(struct rd_manifest *manifest, char **fields, size_t n, struct rd_error *err)
{
	struct rd_node *node = manifest->n ? &manifest->items[manifest->n - 1] : NULL;
	size_t len = n == 3 ? strlen(fields[2]) : 1;
	struct rd_xattr xattr = { 0 };

	if (!node || len % 2 || strspn(fields[2], "0123456789abcdef") != len || !*fields[1])
		return rd_error_set(err, EBADMSG, "no xattr, or nothing that could have one");
	xattr.len = len / 2;
	xattr.name = strdup(fields[1]);
	xattr.value = malloc(xattr.len + 1);
	if (!xattr.name || !xattr.value || rd_array_push(&node->xattrs, &xattr)) {
		free(xattr.name);
		free(xattr.value);
		return rd_error_nomem(err);
	}
	for (size_t i = 0; i < xattr.len; i++)
		xattr.value[i] = (uint8_t)(hex_value(fields[2][2 * i]) << 4 |
					   hex_value(fields[2][2 * i + 1]));
	return 0;
}

static int parse_line(void *userdata, char **fields, size_t n, struct rd_error *err)
{
	struct parse *parse = userdata;
	RD_CLEANUP(rd_node_deinit) struct rd_node node = { 0 };
	int type = rd_name_find(types, RD_N_ELEMENTS(types), fields[0]);
	int r;

	if (!strcmp(fields[0], "xattr"))
		return parse_xattr(&parse->manifest, fields, n, err);
	if (type < 0 || n != n_fields[type])
		return rd_error_set(err, EBADMSG, "%.40s: no such line", fields[0]);
	node.type = (enum rd_node_type)type;
	r = parse_node(&node, fields, err);
	if (!r)
		r = check_place(parse, &node, err);
	if (!r && rd_manifest_push(&parse->manifest, &node))
		return rd_error_nomem(err);
	return r;
}

static void parse_deinit(struct parse *parse)
{
	rd_manifest_deinit(&parse->manifest);
}

int rd_manifest_parse(struct rd_text *text, struct rd_manifest *manifestp, struct rd_error *err)
{
	RD_CLEANUP(parse_deinit) struct parse parse = { .manifest = RD_MANIFEST_INIT };
	int r;

	r = record_parse(text, "manifest", parse_line, &parse, err);
	if (r)
		return r;
	*manifestp = parse.manifest;
	parse.manifest = (struct rd_manifest)RD_MANIFEST_INIT;
	return 0;
}
