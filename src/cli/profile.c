/* SPDX-License-Identifier: GPL-2.0-or-later */

/* profile: the environment that ROCm programs are given, shown, written, compared, taken away. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "probe/profile.h"
#include "profile.h"
#include "progress.h"
#include "rules/rules.h"

void profile_job_deinit(struct profile_job *job)
{
	rd_profile_deinit(&job->profile);
	rd_profile_basis_deinit(&job->basis);
	rd_user_deinit(&job->user);
	rd_facts_deinit(&job->facts);
	rd_system_deinit(&job->sys);
}

void profile_say(FILE *f, const char *fmt, ...)
{
	RD_CLEANUP(rd_freep) char *line = NULL;
	RD_CLEANUP(rd_freep) char *safe = NULL;
	va_list ap;

	va_start(ap, fmt);
	line = rd_text_vformat(fmt, ap);
	va_end(ap);
	safe = line ? rd_text_escape(line) : NULL;
	fprintf(f, "%s\n", safe ? safe : "out of memory");
}

/* Who is meant where nobody was named: the one who asked to be root for this. */
static int find_caller(struct profile_job *job, struct rd_error *err)
{
	static const char *const names[] = { "SUDO_UID", "PKEXEC_UID" };
	const char *doas = getenv("DOAS_USER");
	uint64_t uid;

	for (size_t i = 0; i < RD_N_ELEMENTS(names) && !geteuid(); i++) {
		const char *value = getenv(names[i]);

		if (value && rd_text_parse_u64(value, 10, &uid) && uid < UINT32_MAX)
			return rd_user_find_id(&job->sys, (uid_t)uid, &job->user, err);
	}
	if (doas && !geteuid())
		return rd_user_find(&job->sys, doas, &job->user, err);
	return rd_user_find_id(&job->sys, geteuid(), &job->user, err);
}

static int find_user(struct profile_job *job, struct rd_error *err)
{
	const char *name = job->values->user;
	int r;

	if (!name && !job->sys.is_live)
		return 0;
	r = name ? rd_user_find(&job->sys, name, &job->user, err) : find_caller(job, err);
	if (r == RD_USER_ABSENT && name) {
		RD_CLEANUP(rd_freep) char *safe = rd_text_escape(name);

		rd_error_set(err, ENOENT, "there is no user '%s'%s", safe ? safe : "",
			     job->sys.is_live ? "" : " in etc/passwd of that root");
		return CLI_EXIT_USAGE;
	}
	job->has_user = !r;
	return r < 0 ? r : 0;
}

/* A file for all users is not any one user's. */
static int be_system(struct profile_job *job, struct rd_error *err)
{
	if (job->values->user) {
		rd_error_set(err, EINVAL,
			     "--user and --format %s exclude each other: that file is "
			     "for all users",
			     job->format->name);
		return CLI_EXIT_USAGE;
	}
	job->user = (struct rd_user){
		.name = strdup("root"),
		.home = strdup("/"),
		.uid = geteuid(),
		.gid = getegid(),
	};
	job->has_user = false;
	return job->user.name && job->user.home ? 0 : rd_error_nomem(err);
}

int profile_job_init(struct profile_job *job, const struct cli_values *values, struct rd_error *err)
{
	int r;

	job->values = values;
	job->format =
		rd_profile_format_find(values->profile_format ? values->profile_format : "sh");
	r = rd_system_init(&job->sys, values->root, err);
	if (r)
		return r;
	return job->format->is_system ? be_system(job, err) : find_user(job, err);
}

int profile_job_init_process(struct profile_job *job, const struct cli_values *values,
			     struct rd_error *err)
{
	struct rd_error why = RD_ERROR_INIT;
	int r;

	job->values = values;
	r = rd_system_init(&job->sys, values->root, err);
	/* A command is started for whom no name service knows, too. */
	job->has_user = !r && !rd_user_find_id(&job->sys, geteuid(), &job->user, &why);
	return r;
}

int profile_job_check(struct profile_job *job, struct rd_report *reportp, struct rd_error *err)
{
	struct cli_progress progress;
	const struct rd_probe_options probe = {
		.progress = cli_progress_tell,
		.userdata = &progress,
	};
	int r;

	cli_progress_init(&progress);
	r = rd_probe(&job->sys, &probe, &job->facts, err);
	cli_progress_end(&progress);
	return r ? r : rd_rules_evaluate(&job->facts, reportp, err);
}

int profile_job_choose(struct profile_job *job, struct rd_error *err)
{
	struct cli_progress progress;
	int r;

	cli_progress_init(&progress);
	r = rd_probe_profile(&job->sys, &job->facts, job->has_user ? job->user.home : NULL,
			     cli_progress_tell, &progress, &job->basis, err);
	cli_progress_end(&progress);
	return r ? r : rd_profile_choose(&job->basis, job->values->profile, &job->profile, err);
}

char *profile_job_path(const struct profile_job *job)
{
	const char *root = job->sys.is_live ? "" : job->sys.root;
	const char *base = job->format->is_system ? "" : job->user.home;

	return rd_text_format("%s%s/%s", root, strcmp(base, "/") ? base : "", job->format->path);
}

struct rd_profile_target profile_job_target(const struct profile_job *job)
{
	return (struct rd_profile_target){
		.sys = &job->sys,
		.user = &job->user,
		.format = job->format,
		.is_forced = job->values->is_forced,
		.wants_bashrc = job->values->wants_bashrc,
	};
}

int profile_job_mentions(const struct profile_job *job, struct rd_profile_mentions *mentionsp,
			 struct rd_error *err)
{
	const char *base = job->format->is_system ? "" : job->user.home;
	RD_CLEANUP(rd_freep) char *except = rd_text_format("%s/%s", base, job->format->path);

	if (!except)
		return rd_error_nomem(err);
	return rd_probe_mentions(&job->sys, job->has_user ? job->user.home : NULL, except,
				 mentionsp, err);
}

static int print_json(const struct profile_job *job, struct rd_text *text, struct rd_error *err)
{
	RD_CLEANUP(rd_freep) char *made = NULL;
	RD_CLEANUP(rd_fclosep) FILE *f = NULL;
	size_t len;
	int r;

	f = open_memstream(&made, &len);
	if (!f)
		return rd_error_nomem(err);
	r = rd_render_profile_json(&job->profile, &job->basis, RD_PROFILE_SEAL, f, err);
	if (r)
		return r;
	fclose(RD_TAKE_PTR(f));
	return rd_text_append(text, made, len) || rd_profile_seal(text) ? rd_error_nomem(err) : 0;
}

int profile_job_print(const struct profile_job *job, struct rd_text *text, struct rd_error *err)
{
	if (job->format->is_json)
		return print_json(job, text, err);
	return rd_profile_print(&job->profile, job->format, text) ? rd_error_nomem(err) : 0;
}

static int show(struct profile_job *job, struct rd_error *err)
{
	const struct rd_render_options render = cli_render_options(job->values);
	RD_CLEANUP(rd_text_deinit) struct rd_text text = RD_TEXT_INIT;
	const struct rd_probe_options probe = { 0 };
	int r;

	if (job->values->is_json)
		job->format = rd_profile_format_find("json");
	r = rd_probe_gpus(&job->sys, &probe, &job->facts, err);
	if (!r)
		r = profile_job_choose(job, err);
	if (!r && !job->values->profile_format && !job->values->is_json)
		return rd_render_profile(&job->profile, &job->basis, &render, stdout, err);
	if (!r)
		r = profile_job_print(job, &text, err);
	if (r)
		return r;
	if (!job->format->is_json && job->profile.reason)
		profile_say(stderr, "profile %s, because %s", job->profile.kind->name,
			    job->profile.reason);
	fwrite(text.data, 1, text.len, stdout); /* main() sees whether it arrived */
	return 0;
}

static const struct action {
	const char *name;
	int (*run)(struct profile_job *job, struct rd_error *err);
	bool is_changing; /* a file, which must be known */
	bool wants_file;
	bool has_json;
} actions[] = {
	{ .name = "show", .run = show, .has_json = true },
	{ .name = "write", .run = profile_write, .is_changing = true, .wants_file = true },
	{ .name = "diff", .run = profile_diff, .wants_file = true, .has_json = true },
	{ .name = "remove", .run = profile_remove, .is_changing = true, .wants_file = true },
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(actions); i++) {
		if (!strcmp(actions[i].name, name))
			return &actions[i];
	}
	return NULL;
}

/* Options that say nothing to this action are mistakes. */
static int check_options(const struct action *action, const struct cli_values *values,
			 struct rd_error *err)
{
	const char *format = values->profile_format ? values->profile_format : "sh";

	if (values->is_json && !action->has_json)
		rd_error_set(err, EINVAL,
			     "--json is for show and diff; a file in JSON is --format json");
	else if (values->wants_bashrc && !action->is_changing)
		rd_error_set(err, EINVAL, "--bashrc is for write and remove");
	else if (values->wants_bashrc && strcmp(format, "sh") != 0)
		rd_error_set(err, EINVAL, "--bashrc reads the file of --format sh alone");
	else if (values->is_forced && !action->is_changing)
		rd_error_set(err, EINVAL, "--force is for write and remove");
	else if (action->wants_file && strcmp(values->root, "/") != 0 && !values->user &&
		 strcmp(format, "profile.d") != 0)
		rd_error_set(err, EINVAL, "with --root, --user must say whose home is meant");
	else
		return 0;
	return CLI_EXIT_USAGE;
}

static int profile_run(const struct cli_values *values, int argc, char **argv, struct rd_error *err)
{
	RD_CLEANUP(profile_job_deinit) struct profile_job job = PROFILE_JOB_INIT;
	const struct action *action = find_action(argv[0]);
	int r;

	(void)argc;
	if (!action) {
		RD_CLEANUP(rd_freep) char *safe = rd_text_escape(argv[0]);

		rd_error_set(err, EINVAL, "unknown action '%s': show, write, diff or remove",
			     safe ? safe : "");
		return CLI_EXIT_USAGE;
	}
	r = check_options(action, values, err);
	if (!r)
		r = profile_job_init(&job, values, err);
	if (!r && action->wants_file && !job.format->is_system && !job.has_user)
		r = rd_error_set(err, ENOENT, "who runs this has no entry among the users: --user");
	return r ? r : action->run(&job, err);
}

const struct cli_verb cli_profile = {
	.name = "profile",
	.args = "ACTION",
	.actions = "show write diff remove",
	.min = 1,
	.max = 1,
	.options = CLI_ROOT | CLI_PROFILE | CLI_PROFILE_FORMAT | CLI_PROFILE_FILE | CLI_VERBOSE |
		   CLI_COLOR,
	.help = "show, write or remove the environment of ROCm",
	.about =
		"The environment that ROCm programs are given on an RDNA1 card. ACTION is one of\n"
		"show: what it sets, what that really does, and why it is this profile; with\n"
		"  --format the text of its file.\n"
		"write: its file, ~/rocm_rdna1_env.sh unless --format says otherwise. Only on a\n"
		"  machine that check calls sane; an old file is kept beside it.\n"
		"diff: the profile, the file and the environment of this process.\n"
		"remove: the file; one that was changed by hand only with --force, and kept then.\n\n"
		"Exit code: 0, 1 the tool failed, 2 usage, 3 refused; of diff: 3 they differ.",
	.run = profile_run,
};
