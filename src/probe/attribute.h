/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* One-line files of sysfs and their like, and how what could not be read becomes a fact. */

#include "model/facts.h"
#include "system/system.h"

/* FOLDER/NAME, malloc()ed; NULL when out of memory. */
char *rd_attribute_path(const char *folder, const char *name);

/**
 * rd_attribute_read() - a one-line attribute
 * @linep: the caller's; stays NULL if there is none
 *
 * Return: as rd_system_read().
 */
int rd_attribute_read(const struct rd_system *sys, const char *folder, const char *name,
		      char **linep, struct rd_error *err);

/* As above where absent, unreadable and empty need not be told apart. Return: 0 or -errno. */
int rd_attribute_get(const struct rd_system *sys, const char *folder, const char *name,
		     char **linep, struct rd_error *err);

/* A hexadecimal attribute; left unknown if there is none. Return: 0 or a negative errno. */
int rd_attribute_get_hex(const struct rd_system *sys, const char *folder, const char *name,
			 struct rd_num *nump, struct rd_error *err);

/* The last part of a link's text: the name of a driver, of a device. Return: as readlink. */
int rd_attribute_link(const struct rd_system *sys, const char *folder, const char *name,
		      char **basep, struct rd_error *err);

/**
 * rd_attribute_assignment() - the value of KEY=value in a text of such lines
 * @text: terminated; uevent, os-release
 * @valuep: malloc()ed, as it stands; stays NULL if the key is not there
 *
 * Return: 0 or -ENOMEM.
 */
int rd_attribute_assignment(const char *text, const char *key, char **valuep);

/* A copy of @from in *@top, which stays as it is if @from is NULL. Return: 0 or -ENOMEM. */
int rd_attribute_copy(char **top, const char *from);

/* Notes that @path could not be read, for the reason in @why. Return: 0 or -ENOMEM. */
int rd_attribute_unread(struct rd_facts *facts, const char *path, const struct rd_error *why,
			struct rd_error *err);
