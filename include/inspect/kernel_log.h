/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the lines of a log say of trouble with a card, by data/kernel-log.data.
 *
 * Format of a record of /dev/kmsg: Documentation/ABI/testing/dev-kmsg in the kernel's source:
 * "PRIORITY,SEQUENCE,MICROSECONDS,FLAGS[,...];TEXT\n", then lines that begin with a blank.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/data.h"

/**
 * rd_kernel_log_match() - the signature of a line
 * @line: @len bytes, with any prefix: time stamp, host, device
 * @log: whose line it is; one of the kernel must name amdgpu, kfd or, with nothing but a time stamp
 *       before it, drm: other drivers use the same words, and "[drm:FUNCTION [MODULE]]" tells them
 *
 * Return: the first that fits, static, or NULL.
 */
const struct rd_log_signature *rd_kernel_log_match(const char *line, size_t len, enum rd_log log);

/* Whether a line is about a card that is no RDNA1 one: KFD refuses each card by itself, and tells
 * most of them by their ids. */
bool rd_kernel_log_is_of_other_card(const char *line, size_t len);

/* Whether a line of the kernel says that an RDNA1 card does compute work: no refusal was its own.
 */
bool rd_kernel_log_is_accepted(const char *line, size_t len);

struct rd_log_record {
	bool is_kernel; /* facility 0: no program can write that */
	uint64_t sequence;
	const char *text; /* borrowed, not terminated */
	size_t len;
};

/* A record of /dev/kmsg; whether it is one. */
bool rd_kernel_log_record(const char *record, size_t len, struct rd_log_record *recordp);
