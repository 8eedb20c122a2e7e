/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* From what a test did to what it showed. Pure. */

#include "base/error.h"
#include "model/trial.h"

/**
 * rd_rules_judge_trial() - fill the marks and the exit code of a test
 *
 * A criterion is seen if its stages passed in every run that was asked for, on a card. What was
 * done on the processor shows nothing of a card, and neither does a log that was not watched.
 *
 * Exit code: 0 all passed, 3 a stage failed, 6 nothing could be tried.
 * Return: 0 or -ENOMEM.
 */
int rd_rules_judge_trial(struct rd_trial *trial, struct rd_error *err);
