/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * For Nagios, Icinga and what else runs plugins: one line with the state, numbers behind a bar,
 * then the findings. Format and exit codes: monitoring-plugins.org, "Monitoring Plugins Development
 * Guidelines". A host that has this check is one with a card: that none is seen is no all-clear.
 */

#include <errno.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "renderers.h"

#define SERVICE "RDNA1"

enum { OK, WARNING, CRITICAL, UNKNOWN };

static const char *const words[] = {
	[OK] = "OK",
	[WARNING] = "WARNING",
	[CRITICAL] = "CRITICAL",
	[UNKNOWN] = "UNKNOWN",
};

static int nagios_exit_code(int code)
{
	static const int codes[] = { [0] = OK, [3] = CRITICAL, [4] = WARNING };

	if (code && (code >= (int)RD_N_ELEMENTS(codes) || !codes[code]))
		return UNKNOWN;
	return codes[code];
}

/* Text from outside, in which a bar would start the numbers. */
static int put_safe(FILE *f, const char *s)
{
	RD_CLEANUP(rd_freep) char *safe = rd_text_escape(s);

	if (!safe)
		return -ENOMEM;
	for (char *p = safe; *p; p++)
		fputc(*p == '|' ? '/' : *p, f);
	return 0;
}

static size_t count_copies(const struct rd_facts *facts, enum rd_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < facts->copies.n; i++)
		n += facts->copies.items[i].verdict == verdict;
	return n;
}

static void put_numbers(const struct rd_facts *facts, FILE *f)
{
	static const enum rd_verdict verdicts[] = { RD_VERDICT_CLEAN, RD_VERDICT_NO_SIGN,
						    RD_VERDICT_MODIFIED, RD_VERDICT_PATCHED,
						    RD_VERDICT_UNKNOWN };

	fprintf(f, " |");
	for (size_t i = 0; i < RD_N_ELEMENTS(verdicts); i++)
		fprintf(f, " '%s'=%zu;;;0", rd_verdict_name(verdicts[i]),
			count_copies(facts, verdicts[i]));
	fputc('\n', f);
}

static int put_finding(const struct rd_finding *finding, FILE *f)
{
	if (finding->result == RD_RESULT_PASS || finding->result == RD_RESULT_NA)
		return 0;
	fprintf(f, "%s %s: %s", rd_result_name(finding->result), finding->text->id,
		rd_finding_title(finding));
	if (finding->evidence.n && *finding->evidence.items[0].where) {
		fputs(": ", f);
		if (put_safe(f, finding->evidence.items[0].where))
			return -ENOMEM;
	}
	fputc('\n', f);
	return 0;
}

static int nagios_check(const struct rd_report *report, const struct rd_render_options *options,
			FILE *f, struct rd_error *err)
{
	(void)options;
	fprintf(f, SERVICE " %s - ", words[nagios_exit_code(report->exit_code)]);
	if (put_safe(f, report->sentence))
		return rd_error_nomem(err);
	put_numbers(report->facts, f);
	for (size_t i = 0; i < report->findings.n; i++) {
		if (put_finding(&report->findings.items[i], f))
			return rd_error_nomem(err);
	}
	return ferror(f) ? rd_error_set(err, errno ? errno : EIO, "the output could not be written")
			 : 0;
}

static int nagios_fail(const char *message, FILE *f)
{
	fprintf(f, SERVICE " %s - ", words[UNKNOWN]);
	put_safe(f, message);
	fputc('\n', f);
	return UNKNOWN;
}

const struct rd_renderer rd_renderer_nagios = {
	.name = "nagios",
	.check = nagios_check,
	.exit_code = nagios_exit_code,
	.fail = nagios_fail,
};
