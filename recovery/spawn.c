/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Between us and the program stands a keeper, a process of our own code. It is there for the one
 * thing that a dead parent cannot do: when we die, the kernel sends it SIGTERM, and it kills the
 * program's process group, waits until all of that is gone, and only then ends, which releases the
 * lock that it inherited. The program itself dies with the keeper.
 *
 * A stop is the same signal, sent by us. The keeper shares our process group, so that it ignores
 * what a terminal sends; the program has a group of its own and gets nothing from there.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "recovery/spawn.h"
#include "recovery/write.h"

#define LINE_BYTES   4096 /* longer ones are cut into pieces */
#define CANNOT_START 126 /* exit code of our own code in other processes */
#define POLL_MS	     100

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2) /* linux/close_range.h, since 5.11 */
#endif

static const char *const fixed_environment[] = {
	"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/root",
	"LC_ALL=C",
	NULL,
};

static volatile sig_atomic_t stop_signal;

static void on_signal(int signal)
{
	stop_signal = signal;
}

void rd_spawn_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGHUP, &action, NULL);
}

bool rd_spawn_is_stopped(void)
{
	return stop_signal != 0;
}

/* All O_CLOEXEC, [0] to read. */
struct pipes {
	int output[2]; /* what the program prints */
	int report[2]; /* why it could not be started: a struct rd_error */
	int ending[2]; /* how it ended: a struct ending */
};

#define PIPES_INIT                                                                \
	{                                                                         \
		.output = { -1, -1 }, .report = { -1, -1 }, .ending = { -1, -1 }, \
	}

static void pipes_close_ends(struct pipes *pipes)
{
	rd_closep(&pipes->output[1]);
	rd_closep(&pipes->report[1]);
	rd_closep(&pipes->ending[1]);
	pipes->output[1] = pipes->report[1] = pipes->ending[1] = -1;
}

static void pipes_deinit(struct pipes *pipes)
{
	pipes_close_ends(pipes);
	rd_closep(&pipes->output[0]);
	rd_closep(&pipes->report[0]);
	rd_closep(&pipes->ending[0]);
}

/* --- The program's process ------------------------------------------------------------------- */

/* Tells why the program did not begin. */
static void RD_PRINTF(3, 4) __attribute__((noreturn))
fail(const struct pipes *pipes, int errnum, const char *fmt, ...)
{
	struct rd_error err = { .errnum = errnum > 0 ? errnum : EIO };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.msg, sizeof(err.msg), fmt, ap);
	va_end(ap);
	_exit(write(pipes->report[1], &err, sizeof(err)) < 0 ? CANNOT_START + 1 : CANNOT_START);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* RD_SPAWN_ABSENT is for the program alone, and not for what else is missing. */
static int not_absent(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR ? EIO : errnum;
}

static void hold_streams(const struct pipes *pipes)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(pipes->output[1], STDOUT_FILENO) < 0 ||
	    dup2(pipes->output[1], STDERR_FILENO) < 0)
		fail(pipes, errno, "standard streams: %s", strerror(errno));
}

static void __attribute__((noreturn))
start_program(const struct rd_spawn *spawn, pid_t keeper, const struct pipes *pipes)
{
	const char *folder = spawn->folder ? spawn->folder : "/";
	struct rd_error err = RD_ERROR_INIT;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(CANNOT_START);
	reset_signals();
	umask(022);
	hold_streams(pipes);
	/* Ours are all O_CLOEXEC; what was handed to us open is not. */
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) < 0 &&
	    errno != ENOSYS && errno != EINVAL)
		fail(pipes, errno, "close_range: %s", strerror(errno));
	if (spawn->prepare && spawn->prepare(spawn->userdata, &err))
		fail(pipes, not_absent(err.errnum), "%s", err.msg);
	if (chdir(folder) < 0)
		fail(pipes, not_absent(errno), "%s: %s", folder, strerror(errno));
	execve(spawn->argv[0], (char *const *)spawn->argv,
	       (char *const *)(spawn->environment ? spawn->environment : fixed_environment));
	fail(pipes, errno, "%s: %s", spawn->argv[0], strerror(errno));
}

/* --- The keeper ------------------------------------------------------------------------------ */

/* What it answers through its pipe. */
struct ending {
	enum { ENDED, TIMED_OUT, STOPPED, STUCK } how;
	int status; /* as of waitpid(2), if it ended by itself */
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Kills what is left of the program, and waits for all of it: what it left running in its group
 * would write behind our back. Whether all of it is gone. */
static bool kill_group(pid_t program, unsigned int patience)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000000 };
	long long end = now_ms() + patience * 1000LL;

	kill(-program, SIGKILL);
	/* A daemon that left the group is not waited for. */
	for (;;) {
		pid_t gone = waitpid(-program, NULL, patience ? WNOHANG : 0);

		if (gone < 0 && errno != EINTR)
			return true;
		if (gone == 0 && now_ms() > end)
			return false;
		if (gone == 0)
			nanosleep(&pause, NULL);
	}
}

static struct ending watch_program(pid_t program, const sigset_t *watched,
				   const struct rd_spawn *spawn)
{
	unsigned int seconds = spawn->seconds;
	long long end = now_ms() + seconds * 1000LL;
	struct ending ending = { .how = ENDED };

	while (waitpid(program, &ending.status, WNOHANG) == 0) {
		long long left = seconds ? end - now_ms() : 3600000;
		const struct timespec wait = {
			.tv_sec = left > 0 ? left / 1000 : 0,
			.tv_nsec = left > 0 ? left % 1000 * 1000000 : 0,
		};

		if (left <= 0)
			ending.how = TIMED_OUT;
		else if (sigtimedwait(watched, NULL, &wait) == SIGTERM)
			ending.how = STOPPED;
		if (ending.how != ENDED)
			break;
	}
	if (!kill_group(program, spawn->patience) && ending.how != ENDED)
		ending.how = STUCK;
	return ending;
}

static void watch_signals(sigset_t *watched)
{
	sigemptyset(watched);
	sigaddset(watched, SIGTERM);
	sigaddset(watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, watched, NULL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void __attribute__((noreturn))
keep(const struct rd_spawn *spawn, pid_t parent, const struct pipes *pipes)
{
	struct ending ending;
	sigset_t watched;
	pid_t program, self = getpid();

	watch_signals(&watched);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(CANNOT_START);
	program = fork();
	if (program < 0)
		_exit(CANNOT_START);
	if (!program)
		start_program(spawn, self, pipes);
	setpgid(program, program);
	close(pipes->output[1]);
	close(pipes->report[1]);
	ending = watch_program(program, &watched, spawn);
	_exit(write(pipes->ending[1], &ending, sizeof(ending)) == sizeof(ending) ? 0
										 : CANNOT_START);
}

/* --- This process ---------------------------------------------------------------------------- */

struct output {
	const struct rd_spawn *spawn;
	char line[LINE_BYTES];
	size_t len;
};

static void end_line(struct output *output)
{
	output->line[output->len] = '\0';
	if (output->len && output->spawn->line)
		output->spawn->line(output->spawn->userdata, output->line);
	output->len = 0;
}

static void take_output(struct output *output, const char *data, size_t n)
{
	/* A log that cannot be written is no reason to stop. */
	if (output->spawn->logfd >= 0)
		rd_write_all(output->spawn->logfd, data, n, NULL);
	for (size_t i = 0; i < n; i++) {
		bool is_end = data[i] == '\n' || data[i] == '\r';

		if (is_end || output->len == sizeof(output->line) - 1)
			end_line(output);
		if (!is_end)
			output->line[output->len++] = data[i];
	}
}

/* Reads what the program prints until the keeper has answered; false if it ended without. */
static bool follow(const struct rd_spawn *spawn, pid_t keeper, const struct pipes *pipes,
		   struct ending *ending)
{
	struct output output = { .spawn = spawn };
	struct pollfd fds[] = {
		{ .fd = pipes->output[0], .events = POLLIN },
		{ .fd = pipes->ending[0], .events = POLLIN },
	};
	bool is_told = false;
	char buffer[8192];
	ssize_t n = 0;

	/* The ending counts only once all that was printed before it has been read. */
	for (;;) {
		if (rd_spawn_is_stopped() && !is_told)
			is_told = !kill(keeper, SIGTERM);
		if (spawn->tick)
			spawn->tick(spawn->userdata);
		if (poll(fds, RD_N_ELEMENTS(fds), POLL_MS) < 0) {
			if (errno != EINTR)
				break;
			continue;
		}
		if (fds[0].revents) {
			n = read(pipes->output[0], buffer, sizeof(buffer));
			if (n > 0)
				take_output(&output, buffer, (size_t)n);
			else if (n == 0 || errno != EINTR)
				fds[0].fd = -1;
		} else if (fds[1].revents) {
			break;
		}
	}
	end_line(&output);
	do
		n = read(pipes->ending[0], ending, sizeof(*ending));
	while (n < 0 && errno == EINTR);
	return n == sizeof(*ending);
}

static int judge(const struct rd_spawn *spawn, const struct ending *ending, int *statusp,
		 struct rd_error *err)
{
	const char *name = spawn->argv[0];
	int status = ending->status;

	switch (ending->how) {
	case TIMED_OUT:
		rd_error_set(err, ETIMEDOUT, "%s: killed after %u s", name, spawn->seconds);
		return RD_SPAWN_TIMEOUT;
	case STOPPED:
		rd_error_set(err, EINTR, "%s: stopped", name);
		return RD_SPAWN_STOPPED;
	case STUCK:
		rd_error_set(err, EBUSY, "%s: killed, and not gone after %u s", name,
			     spawn->patience);
		return RD_SPAWN_STUCK;
	case ENDED:
		break;
	}
	if (statusp)
		*statusp = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	if (!status)
		return 0;
	if (WIFSIGNALED(status))
		rd_error_set(err, EIO, "%s: died of signal %d", name, WTERMSIG(status));
	else
		rd_error_set(err, EIO, "%s: answered %d", name, WEXITSTATUS(status));
	return RD_SPAWN_FAILED;
}

/* What fail() told of the program's process; 0 if it told nothing. */
static int read_report(int fd, struct rd_error *err)
{
	struct rd_error said;
	ssize_t n;

	do
		n = read(fd, &said, sizeof(said));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(said))
		return 0;
	rd_error_set(err, said.errnum, "%.*s", (int)sizeof(said.msg) - 1, said.msg);
	return said.errnum == ENOENT || said.errnum == ENOTDIR ? RD_SPAWN_ABSENT : -said.errnum;
}

int rd_spawn_run(const struct rd_spawn *spawn, int *statusp, struct rd_error *err)
{
	RD_CLEANUP(pipes_deinit) struct pipes pipes = PIPES_INIT;
	struct ending ending = { 0 };
	pid_t keeper, self = getpid();
	bool has_ending;
	int r;

	if (rd_spawn_is_stopped()) {
		rd_error_set(err, EINTR, "%s: stopped before it began", spawn->argv[0]);
		return RD_SPAWN_STOPPED;
	}
	if (pipe2(pipes.output, O_CLOEXEC) < 0 || pipe2(pipes.report, O_CLOEXEC) < 0 ||
	    pipe2(pipes.ending, O_CLOEXEC) < 0)
		return rd_error_set(err, errno, "pipe: %s", strerror(errno));
	keeper = fork();
	if (keeper < 0)
		return rd_error_set(err, errno, "fork: %s", strerror(errno));
	if (!keeper)
		keep(spawn, self, &pipes);
	pipes_close_ends(&pipes);
	has_ending = follow(spawn, keeper, &pipes, &ending);
	while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
		;
	r = read_report(pipes.report[0], err);
	if (r)
		return r;
	if (!has_ending)
		return rd_error_set(err, EIO, "%s: its keeper died", spawn->argv[0]);
	return judge(spawn, &ending, statusp, err);
}
