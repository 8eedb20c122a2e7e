/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The consent of the person at the keyboard, before anything is changed. */

#include "cli.h"

/**
 * cli_consent() - ask a question that is answered by yes or no
 * @question: one line without "[y/N]"; what is asked about has been shown before
 *
 * --yes answers it. Nobody is asked where standard input or error are no terminal. What was printed
 * to standard output is flushed first, so that it stands above the question.
 *
 * Return: 0: go on; CLI_REFUSED with @err filled, for the verb to return.
 */
int cli_consent(const char *question, const struct cli_values *values, struct rd_error *err);
