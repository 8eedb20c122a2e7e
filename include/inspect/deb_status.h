/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Two texts of dpkg's data base. var/lib/dpkg/status: a stanza of "Field: value" lines for each
 * package (deb822(5), dpkg(1) "INFORMATION ABOUT PACKAGES"). var/lib/dpkg/diversions: three lines
 * for each file that is kept under another name (dpkg-divert(1)): its name, the other name, and
 * the package that asked for it, ":" for the administrator.
 */

#include <stdbool.h>
#include <stddef.h>

struct rd_deb_status {
	char *version, *architecture; /* NULL where the stanza has none */
	bool is_unpacked; /* its files are those of @version, all of them */
};

#define RD_DEB_STATUS_INIT \
	{                  \
		0          \
	}

enum {
	_RD_DEB_STATUS_OK,
	RD_DEB_STATUS_ABSENT, /* no stanza of that package */
};

/* A part of a text, without a terminator. */
struct rd_deb_word {
	const char *s;
	size_t len;
};

/* A file of configuration: in the lists of digests there is none, its digest stands here. */
struct rd_deb_conffile {
	struct rd_deb_word package, digest; /* NAME; MD5 in lower-case hex */
};

/**
 * rd_deb_conffile_find() - the digest that the data base has for a file of configuration
 * @path: absolute
 *
 * One that its package gave up ("obsolete") counts as none. Return: whether there is one.
 */
bool rd_deb_conffile_find(const char *text, size_t len, const char *path,
			  struct rd_deb_conffile *conffile);

/**
 * rd_deb_status_find() - what the data base has of a package
 * @package: NAME, or NAME:ARCHITECTURE
 * @statusp: the caller's, to be released by rd_deb_status_deinit()
 *
 * Return: 0, RD_DEB_STATUS_ABSENT, or -ENOMEM.
 */
int rd_deb_status_find(const char *text, size_t len, const char *package,
		       struct rd_deb_status *statusp);
void rd_deb_status_deinit(struct rd_deb_status *status);

struct rd_deb_diversion {
	struct rd_deb_word from, to, package;
};

/* The next diversion: *@posp is where to go on, 0 at first. Return: whether there is one. */
bool rd_deb_diversion_next(const char *text, size_t len, size_t *posp,
			   struct rd_deb_diversion *diversion);
