/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From the bytes of an initramfs image, or of a unified kernel image around some, to the copies of
 * amdgpu in it and the one that modprobe would load there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "model/copy.h"
#include "model/image.h"

#define RD_IMAGE_MAX ((size_t)1 << 30) /* DESIGN: bytes of one image */

/* How the verdict on one copy is found. Fills id, verdict and evidence of @copy; 0 or -errno. */
struct rd_image_inspector {
	int (*inspect)(void *userdata, const uint8_t *data, size_t len, struct rd_copy *copy,
		       struct rd_error *err);
	void *userdata;
};

struct rd_image_content {
	struct rd_image image; /* @path is the caller's to set; @kernel too, if the name tells it */
	struct rd_copies
		copies; /* PATH:MEMBER each, and PATH as unknown if not all could be read */
	size_t members; /* entries of all its archives */
};

void rd_image_content_deinit(struct rd_image_content *content);

/* Adds the image itself as an unknown copy: what was found stands, but whether more is in there
 * nobody can say. 0 or -ENOMEM. */
int rd_image_content_add_unknown(struct rd_image_content *content, const char *reason);

/* Whether the bytes start as an initramfs or a PE file does. */
bool rd_image_is(const uint8_t *data, size_t len);

/**
 * rd_image_inspect() - look into an image
 * @content: filled. The kernel is what a unified kernel image says of itself; where nothing said
 *           it before, the release that all modules inside are of
 *
 * Of several members with one path the last one counts. Where depmod's index inside names a member
 * that is there, the others of that kernel are not loadable. Hostile input is an unknown copy, with
 * the reason.
 *
 * Return: 0, -ENOMEM, or what the inspector failed with.
 */
int rd_image_inspect(const uint8_t *data, size_t len, const struct rd_image_inspector *inspector,
		     struct rd_image_content *content, struct rd_error *err);

enum {
	_RD_IMAGE_OK,
	RD_IMAGE_LOST, /* no such member, or not to be had: @err says why */
};

/**
 * rd_image_read_member() - the content of one member, once more
 * @member: its path as rd_image_inspect() told it
 * @content: empty; filled
 *
 * Return: 0, RD_IMAGE_LOST, or -ENOMEM.
 */
int rd_image_read_member(const uint8_t *data, size_t len, const char *member,
			 struct rd_text *content, struct rd_error *err);
