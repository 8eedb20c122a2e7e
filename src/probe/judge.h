/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the running code itself shows, on top of what its file showed. Private to src/probe. */

#include "model/copy.h"

/**
 * rd_judge_found() - add what was found in the running code
 * @verdict: what it means; the running copy keeps a verdict that is worse
 *
 * What decides stands first: @found, if it makes the verdict worse, else what stood there.
 * Return: 0 or -ENOMEM.
 */
int rd_judge_found(struct rd_copy *running, enum rd_verdict verdict,
		   const struct rd_evidence *found);
