/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The text as the kernel's list; its first half also as the list of a file. */

#include "base/cleanup.h"
#include "base/text.h"
#include "fuzz.h"
#include "inspect/dyndbg_control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	RD_CLEANUP(rd_text_deinit) struct rd_text whole = RD_TEXT_INIT;
	RD_CLEANUP(rd_text_deinit) struct rd_text half = RD_TEXT_INIT;
	RD_CLEANUP(rd_dyndbg_deinit) struct rd_dyndbg running = RD_DYNDBG_INIT;
	RD_CLEANUP(rd_dyndbg_deinit) struct rd_dyndbg file = RD_DYNDBG_INIT;
	RD_CLEANUP(rd_evidence_deinit) struct rd_evidence ev = RD_EVIDENCE_INIT;
	bool is_whole;

	if (rd_text_append(&whole, data, len) || rd_text_append(&half, data, len / 2) ||
	    rd_dyndbg_control_parse(&whole, "amdgpu", &running, &is_whole) ||
	    rd_dyndbg_control_parse(&half, "amdgpu", &file, &is_whole))
		return 0;
	rd_dyndbg_sites(&running);
	rd_dyndbg_difference(&running, &file, &ev);
	rd_dyndbg_find_patches(&running, &ev);
	return 0;
}
