/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Any text as modprobe.d, depmod.d and command line. */

#include <stdlib.h>

#include "base/cleanup.h"
#include "fuzz.h"
#include "inspect/depmod_conf.h"
#include "inspect/modprobe_conf.h"

#define FOLDER "/lib/modules/6.1.0-28-amd64"

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static const char *const paths[] = {
	FOLDER "/kernel/drivers/gpu/drm/amd/amdgpu/amdgpu.ko",
	FOLDER "/updates/dkms/amdgpu.ko.xz",
	FOLDER "/weak-updates/amdgpu/amdgpu.ko",
	"/opt/modules/amdgpu.ko",
	"/opt/modules",
};

static void choose(const struct rd_depmod_conf *conf)
{
	RD_CLEANUP(rd_depmod_order_deinit) struct rd_depmod_order order = RD_DEPMOD_ORDER_INIT;

	if (rd_depmod_order_init(&order, conf, FOLDER))
		return;
	for (size_t i = 0; i < RD_N_ELEMENTS(paths); i++) {
		rd_depmod_order_sees(&order, paths[i]);
		for (size_t k = 0; k < RD_N_ELEMENTS(paths); k++)
			rd_depmod_order_replaces(&order, paths[i], paths[k]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const modules[] = { "amdgpu", "amd_sched" };
	static const char *const modaliases[] = {
		"pci:v00001002d0000731Fsv00001002sd00000B36bc03sc00i00",
	};
	static const struct rd_modprobe_subject subject = {
		.modules = modules,
		.n_modules = RD_N_ELEMENTS(modules),
		.modaliases = modaliases,
		.n_modaliases = RD_N_ELEMENTS(modaliases),
	};
	RD_CLEANUP(rd_modprobe_lines_deinit) struct rd_modprobe_lines lines = { 0 };
	RD_CLEANUP(rd_depmod_conf_deinit) struct rd_depmod_conf conf = RD_DEPMOD_CONF_INIT;
	const char *text = (const char *)data;

	rd_modprobe_conf_read(text, len, "/f", &subject, &lines);
	rd_modprobe_cmdline_read(text, len, &subject, &lines);
	if (!rd_depmod_conf_read(&conf, text, len, "/f", "amdgpu", &lines))
		choose(&conf);
	expect(lines.n <= RD_MODPROBE_LINES_MAX);
	for (size_t i = 0; i < lines.n; i++)
		expect(lines.items[i].place && lines.items[i].text);
	return 0;
}
