/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The proof that a restored kfd_crat.c is what it should be. Private to inspect. */

#include <stddef.h>

#include "base/error.h"

enum {
	_CRAT_PROOF_OK,
	CRAT_PROOF_FAILED, /* @err says what is wrong with the file */
};

/* Believes the text for what it is, not for how it was made; 0, CRAT_PROOF_FAILED or -ENOMEM. */
int crat_prove(const char *text, size_t len, struct rd_error *err);
