/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Is it there? A fact that could not be had is neither yes nor no. */

enum rd_presence {
	RD_PRESENCE_UNKNOWN,
	RD_PRESENCE_NO,
	RD_PRESENCE_YES,
};
