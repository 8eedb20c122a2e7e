/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Scope-bound ownership. Every local that owns something carries RD_CLEANUP and starts empty, so
 * that each return path releases it; RD_TAKE_PTR hands the ownership on.
 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RD_CLEANUP(fn) __attribute__((cleanup(fn)))

/* Defines fn##p, the cleanup function of a pointer whose destructor returns the empty value. */
#define RD_DEFINE_CLEANUP(type, fn)       \
	static inline void fn##p(type *p) \
	{                                 \
		if (*p)                   \
			*p = fn(*p);      \
	}

#define RD_TAKE_PTR(p)                         \
	({                                     \
		__typeof__(p) rd_taken_ = (p); \
		(p) = NULL;                    \
		rd_taken_;                     \
	})

#define RD_TAKE_FD(fd)                \
	({                            \
		int rd_taken_ = (fd); \
		(fd) = -1;            \
		rd_taken_;            \
	})

#define RD_N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static inline void rd_closep(int *fdp)
{
	if (*fdp >= 0)
		close(*fdp);
}

/* For any malloc()ed pointer. */
static inline void rd_freep(void *pp)
{
	free(*(void **)pp);
}

static inline void rd_fclosep(FILE **fp)
{
	if (*fp)
		fclose(*fp);
}

static inline void rd_closedirp(DIR **dp)
{
	if (*dp)
		closedir(*dp);
}
