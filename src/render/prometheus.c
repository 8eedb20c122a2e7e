/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * For Prometheus, by way of node_exporter's textfile collector. Format: prometheus.io/docs,
 * "Exposition formats", text version 0.0.4: the lines of one metric stand together, and label
 * values escape backslash, quote and line end. All are gauges of what is so now; there are as many
 * series as kernels, kinds and verdicts that occur, and one for each rule.
 */

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "renderers.h"

#define PREFIX "rdna1_doctor_"

static void put_head(FILE *f, const char *name, const char *help)
{
	fprintf(f, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s gauge\n", name, help, name);
}

/* NAME="VALUE", with a comma before all but the first. */
static int put_label(FILE *f, const char *before, const char *name, const char *value)
{
	RD_CLEANUP(rd_freep) char *safe = rd_text_escape(value ? value : "");

	if (!safe)
		return -ENOMEM;
	fprintf(f, "%s%s=\"", before, name);
	for (const char *p = safe; *p; p++) {
		if (*p == '\\' || *p == '"')
			fputc('\\', f);
		fputc(*p, f);
	}
	fputc('"', f);
	return 0;
}

static int put_state(const struct rd_report *report, FILE *f)
{
	static const enum rd_machine_state states[] = { RD_STATE_SANE, RD_STATE_UNSAFE,
							RD_STATE_REBOOT_REQUIRED, RD_STATE_NO_GPU,
							RD_STATE_UNDETERMINED };

	put_head(f, "state", "The verdict on the machine: 1 at the state that it has.");
	for (size_t i = 0; i < RD_N_ELEMENTS(states); i++)
		fprintf(f, PREFIX "state{state=\"%s\"} %d\n", rd_state_name(states[i]),
			report->state == states[i]);
	return 0;
}

static bool is_same_series(const struct rd_copy *a, const struct rd_copy *b)
{
	return a->kind == b->kind && a->verdict == b->verdict &&
	       !strcmp(a->kernel ? a->kernel : "", b->kernel ? b->kernel : "");
}

/* How many copies are of the series of copy @i; 0 if an earlier one is, which stands for it. */
static size_t count_series(const struct rd_copies *copies, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < copies->n; k++) {
		if (!is_same_series(&copies->items[k], &copies->items[i]))
			continue;
		if (k < i)
			return 0;
		n++;
	}
	return n;
}

static int put_copies(const struct rd_report *report, FILE *f)
{
	const struct rd_copies *copies = &report->facts->copies;

	put_head(f, "copies", "Copies of amdgpu by kernel, place and verdict.");
	for (size_t i = 0; i < copies->n; i++) {
		const struct rd_copy *copy = &copies->items[i];
		size_t n = count_series(copies, i);

		if (!n)
			continue;
		fputs(PREFIX "copies{", f);
		if (put_label(f, "", "kernel", copy->kernel))
			return -ENOMEM;
		fprintf(f, ",kind=\"%s\",verdict=\"%s\"} %zu\n", rd_copy_kind_name(copy->kind),
			rd_verdict_name(copy->verdict), n);
	}
	return 0;
}

static int put_findings(const struct rd_report *report, FILE *f)
{
	put_head(f, "finding", "Each rule with its result.");
	for (size_t i = 0; i < report->findings.n; i++)
		fprintf(f, PREFIX "finding{id=\"%s\",result=\"%s\"} 1\n",
			report->findings.items[i].text->id,
			rd_result_name(report->findings.items[i].result));
	return 0;
}

static int put_gpus(const struct rd_report *report, FILE *f)
{
	const struct rd_gpus *gpus = &report->facts->gpus;

	put_head(f, "gpu_info", "Display devices of AMD.");
	for (size_t i = 0; i < gpus->n; i++) {
		const struct rd_gpu *gpu = &gpus->items[i];

		fputs(PREFIX "gpu_info{", f);
		if (put_label(f, "", "slot", gpu->slot) ||
		    put_label(f, ",", "driver", gpu->driver) ||
		    put_label(f, ",", "name", gpu->name))
			return -ENOMEM;
		fprintf(f, ",device=\"%04x:%04x\",is_rdna1=\"%s\"} 1\n", gpu->vendor, gpu->device,
			gpu->chip_class == RD_CHIP_RDNA1 ? "true" : "false");
	}
	return 0;
}

static int put_info(const struct rd_report *report, FILE *f)
{
	put_head(f, "info", "This program.");
	fprintf(f, PREFIX "info{version=\"%s\"} 1\n", RD_VERSION);
	put_head(f, "unread", "Files and folders that matter and could not be read.");
	fprintf(f, PREFIX "unread %zu\n", report->facts->unreads.n);
	return 0;
}

static int prometheus_check(const struct rd_report *report, const struct rd_render_options *options,
			    FILE *f, struct rd_error *err)
{
	static int (*const parts[])(const struct rd_report *report, FILE *f) = {
		put_info, put_state, put_gpus, put_copies, put_findings,
	};

	(void)options;
	for (size_t i = 0; i < RD_N_ELEMENTS(parts); i++) {
		if (parts[i](report, f))
			return rd_error_nomem(err);
	}
	return ferror(f) ? rd_error_set(err, errno ? errno : EIO, "the output could not be written")
			 : 0;
}

const struct rd_renderer rd_renderer_prometheus = {
	.name = "prometheus",
	.check = prometheus_check,
};
