/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Packages that are not at hand, downloaded by the system's own apt-get: the one thing that recover
 * gets from elsewhere, and only if it was told to. */

#include "recovery/work.h"

#define RD_STATE_FETCHED RD_STATE_WORK "/packages"

enum {
	_RD_FETCH_OK,
	RD_FETCH_NOTHING, /* nothing that is missing would change the course */
	RD_FETCH_FAILED, /* one of them; @err says why */
};

/* Whether rd_fetch_missing() would fetch it. */
bool rd_fetch_is_needed(const struct rd_course *course, enum rd_method asked,
			const struct rd_missing_means *missing);

/**
 * rd_fetch_missing() - download the packages without which a course is refused or loses a source
 * @order: its means are what is missing in
 * @asked: the method; what it cannot use is not fetched
 *
 * Archives of the installed versions come into RD_STATE_FETCHED, where rd_means_gather() looks; apt
 * proves where they are from, and what is taken out of them is held against the digests of the
 * installed package as ever. Nothing is installed. They go with rd_work_remove().
 *
 * Return: 0, a positive code above, -EINTR (stopped), or another negative errno.
 */
int rd_fetch_missing(const struct rd_work_order *order, const struct rd_course *course,
		     enum rd_method asked, struct rd_error *err);
