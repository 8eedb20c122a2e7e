/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The .config that distributions put beside the kernel: lines of OPTION=y, and nothing, or a
 * comment, for what is not set. Documentation/kbuild/kconfig.rst.
 */

#include <string.h>

#include "kernel_config.h"

#define CONFIG_MAX ((size_t)2 << 20) /* Debian's has 280 KiB */

static bool has_option(const char *text, const char *option)
{
	size_t n = strlen(option);

	for (const char *at = text; (at = strstr(at, option)); at += n) {
		if ((at == text || at[-1] == '\n') && rd_text_has_prefix(at + n, "=y"))
			return true;
	}
	return false;
}

int rd_kernel_config_has(const struct rd_system *sys, const char *kernel, const char *option,
			 enum rd_presence *presencep, struct rd_error *err)
{
	static const char *const places[][2] = {
		{ "/boot/config-", "" },
		{ "/usr/lib/modules/", "/config" },
		{ "/lib/modules/", "/config" },
	};

	for (size_t i = 0; kernel && i < RD_N_ELEMENTS(places); i++) {
		RD_CLEANUP(rd_text_deinit) struct rd_text path = RD_TEXT_INIT;
		RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
		int r;

		if (rd_text_printf(&path, "%s%s%s", places[i][0], kernel, places[i][1]))
			return rd_error_nomem(err);
		r = rd_system_read(sys, path.data, CONFIG_MAX, &text, err);
		if (r < 0)
			return r;
		if (r || !text.data)
			continue;
		*presencep = has_option(text.data, option) ? RD_PRESENCE_YES : RD_PRESENCE_NO;
		return 0;
	}
	return 0;
}
