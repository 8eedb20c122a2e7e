/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The supervisor of seccomp_unotify(2). The filter sends each call that may change a file to the
 * parent, of every process that the watched one starts, and holds it there; so the calls have one
 * order and can be counted, killed before, failed or cut short exactly, on any architecture, and
 * without ptrace(2).
 *
 * The child stops itself with the listener at a fixed number; the parent takes it from there. What
 * goes to standard output and error is let through by the filter.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "watch.h"

#define LISTENER 200
#define CHANGES	 (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

enum argument {
	ARG_NONE,
	ARG_FD, /* a descriptor */
	ARG_NAME, /* a folder's descriptor and a name */
	ARG_NAMES, /* twice that */
	ARG_PATH, /* a path */
	ARG_PATHS,
	ARG_TARGET, /* a text, a folder's descriptor and a name */
	ARG_TARGET_PATH, /* a text and a path */
};

static const struct call {
	int number;
	enum watch_op op;
	enum argument argument;
} calls[] = {
	{ SYS_openat, OP_CREATE, ARG_NAME },	   { SYS_openat2, OP_CREATE, ARG_NAME },
	{ SYS_write, OP_WRITE, ARG_FD },	   { SYS_pwrite64, OP_WRITE, ARG_FD },
	{ SYS_writev, OP_WRITE, ARG_FD },	   { SYS_ftruncate, OP_WRITE, ARG_FD },
	{ SYS_fallocate, OP_WRITE, ARG_FD },	   { SYS_fchmod, OP_WRITE, ARG_FD },
	{ SYS_fchown, OP_WRITE, ARG_FD },	   { SYS_fsetxattr, OP_WRITE, ARG_FD },
	{ SYS_fremovexattr, OP_WRITE, ARG_FD },	   { SYS_utimensat, OP_OTHER, ARG_NAME },
	{ SYS_fchownat, OP_OTHER, ARG_NAME },	   { SYS_fsync, OP_SYNC, ARG_FD },
	{ SYS_fdatasync, OP_SYNC, ARG_FD },	   { SYS_syncfs, OP_SYNC, ARG_FD },
	{ SYS_renameat2, OP_RENAME, ARG_NAMES },   { SYS_renameat, OP_RENAME, ARG_NAMES },
	{ SYS_unlinkat, OP_REMOVE, ARG_NAME },	   { SYS_mkdirat, OP_FOLDER, ARG_NAME },
	{ SYS_symlinkat, OP_LINK, ARG_TARGET },	   { SYS_linkat, OP_LINK, ARG_NAMES },
#ifdef SYS_open /* the older ones, which newer architectures lack */
	{ SYS_open, OP_CREATE, ARG_PATH },	   { SYS_creat, OP_CREATE, ARG_PATH },
	{ SYS_rename, OP_RENAME, ARG_PATHS },	   { SYS_unlink, OP_REMOVE, ARG_PATH },
	{ SYS_rmdir, OP_REMOVE, ARG_PATH },	   { SYS_mkdir, OP_FOLDER, ARG_PATH },
	{ SYS_symlink, OP_LINK, ARG_TARGET_PATH }, { SYS_link, OP_LINK, ARG_PATHS },
	{ SYS_chmod, OP_OTHER, ARG_PATH },
#endif
};

void watch_deinit(struct watch *watch)
{
	for (size_t i = 0; i < watch->trace.n; i++) {
		free(watch->trace.items[i].path);
		free(watch->trace.items[i].to);
	}
	free(watch->trace.items);
	*watch = (struct watch){ 0 };
}

/* Each call of the table goes to the listener, but write() to 0, 1 and 2. */
static int install_filter(void)
{
	struct sock_filter code[2 * RD_N_ELEMENTS(calls) + 8];
	struct sock_fprog program = { .filter = code };
	unsigned short n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 4);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, args[0]));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < RD_N_ELEMENTS(calls); i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned int)calls[i].number, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static _Noreturn void be_watched(int (*fn)(const void *arg), const void *arg, int errfd)
{
	int fd;

	setpgid(0, 0);
	dup2(errfd, STDERR_FILENO);
	fd = install_filter();
	if (fd < 0 || dup2(fd, LISTENER) < 0)
		_exit(125);
	close(fd);
	raise(SIGSTOP);
	close(LISTENER);
	_exit(fn(arg));
}

/* The listener of the stopped child; -1 if it could not install a filter. */
static int take_listener(pid_t pid)
{
	RD_CLEANUP(rd_closep) int pidfd = -1;
	int status, fd;

	if (waitpid(pid, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
		return -1;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, LISTENER, 0);
	kill(pid, fd < 0 ? SIGKILL : SIGCONT);
	return fd;
}

static const struct call *find_call(int number)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(calls); i++) {
		if (calls[i].number == number)
			return &calls[i];
	}
	return NULL;
}

static bool read_memory(pid_t pid, uint64_t address, void *to, size_t len)
{
	struct iovec local = { .iov_base = to, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}

/* Opening changes something only with the right flags. */
static bool is_change(const struct seccomp_notif *call)
{
	const __u64 *args = call->data.args;
	struct open_how how;

	if (call->data.nr == SYS_openat)
		return args[2] & CHANGES;
#ifdef SYS_open
	if (call->data.nr == SYS_open)
		return args[1] & CHANGES;
#endif
	if (call->data.nr == SYS_openat2)
		return read_memory((pid_t)call->pid, args[2], &how, sizeof(how)) &&
		       (how.flags & CHANGES);
	return true;
}

/* Byte by byte at the end: the text may stand at the end of a mapping. */
static void read_string(pid_t pid, uint64_t address, char *to, size_t max)
{
	size_t n = 0;

	while (n + 1 < max && read_memory(pid, address + n, to + n, 1) && to[n])
		n++;
	to[n] = '\0';
}

static void name_fd(pid_t pid, int fd, char path[4096])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/%s", pid, "cwd");
	if (fd != AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	n = readlink(link, path, 4095);
	path[n < 0 ? 0 : n] = '\0';
}

/* The path of a name in a folder, or of the folder itself if there is no name. */
static char *name_path(pid_t pid, uint64_t dirfd, uint64_t address)
{
	char name[4096] = "", folder[4096] = "", *path = NULL;

	if (address)
		read_string(pid, address, name, sizeof(name));
	if (*name != '/')
		name_fd(pid, (int)dirfd, folder);
	if (asprintf(&path, "%s%s%s", folder, *name && *name != '/' ? "/" : "", name) < 0)
		abort();
	return path;
}

static void record(struct watch *watch, const struct call *call, pid_t group,
		   const struct seccomp_notif *is)
{
	struct watch_call entry = { .op = call->op, .is_child = (pid_t)is->pid != group };
	const __u64 *args = is->data.args, cwd = (uint64_t)AT_FDCWD;
	pid_t pid = (pid_t)is->pid;

	switch (call->argument) {
	case ARG_FD:
		entry.path = name_path(pid, args[0], 0);
		break;
	case ARG_PATH:
	case ARG_PATHS:
		entry.path = name_path(pid, cwd, args[0]);
		entry.to = call->argument == ARG_PATHS ? name_path(pid, cwd, args[1]) : NULL;
		break;
	case ARG_TARGET:
		entry.path = name_path(pid, args[1], args[2]);
		break;
	case ARG_TARGET_PATH:
		entry.path = name_path(pid, cwd, args[1]);
		break;
	default:
		entry.path = name_path(pid, args[0], args[1]);
		entry.to = call->argument == ARG_NAMES ? name_path(pid, args[2], args[3]) : NULL;
	}
	if (call->number == SYS_utimensat && !args[1])
		entry.op = OP_WRITE;
	if (call->number == SYS_renameat2 && args[4])
		entry.op = OP_EXCHANGE;
	if (rd_array_push(&watch->trace, &entry))
		abort();
}

/* Whether the call can fail in that way at all. */
static bool can_fail(const struct call *call, const struct watch_fault *fault)
{
	bool is_write = call->number == SYS_write || call->number == SYS_pwrite64;

	if (fault->kind == WATCH_SHORT)
		return is_write;
	if (fault->kind == WATCH_FAIL && fault->errnum == EMFILE)
		return call->op == OP_CREATE;
	if (fault->kind == WATCH_FAIL && fault->errnum == EINTR)
		return is_write || call->op == OP_CREATE || call->op == OP_SYNC;
	/* A full disk keeps no name from going, or from becoming another. */
	if (fault->kind == WATCH_FAIL && fault->errnum == ENOSPC)
		return call->op != OP_REMOVE && call->op != OP_SYNC && call->op != OP_RENAME;
	return true;
}

/* Does half of a write in the child's place; the file and its position are shared. */
static int64_t write_half(const struct seccomp_notif *call)
{
	RD_CLEANUP(rd_closep) int pidfd = -1;
	RD_CLEANUP(rd_closep) int fd = -1;
	size_t len = (size_t)(call->data.args[2] + 1) / 2;
	RD_CLEANUP(rd_freep) char *data = malloc(len + 1);

	pidfd = (int)syscall(SYS_pidfd_open, call->pid, 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)call->data.args[0], 0);
	if (!data || fd < 0 || !read_memory((pid_t)call->pid, call->data.args[1], data, len))
		abort();
	return call->data.nr == SYS_write ? write(fd, data, len)
					  : pwrite(fd, data, len, (off_t)call->data.args[3]);
}

static void answer(struct watch *watch, const struct watch_fault *fault, pid_t group,
		   const struct seccomp_notif *is, struct seccomp_notif_resp *response)
{
	const struct call *call = find_call(is->data.nr);
	bool is_now;

	response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if (!is_change(is) || !can_fail(call, fault))
		return;
	watch->n_calls++;
	is_now = watch->n_calls == fault->at || (fault->is_lasting && watch->n_calls > fault->at);
	if (!is_now || fault->kind == WATCH_ONLY)
		return;
	watch->is_hit = true;
	if (fault->kind == WATCH_KILL) {
		kill(-group, SIGKILL);
		return;
	}
	response->flags = 0;
	if (fault->kind == WATCH_FAIL)
		response->error = -fault->errnum;
	else
		response->val = write_half(is);
}

static void serve(struct watch *watch, const struct watch_fault *fault, pid_t group, int listener,
		  bool has_trace)
{
	struct pollfd wait = { .fd = listener, .events = POLLIN };

	/* POLLHUP: nobody is left who has the filter. */
	while (poll(&wait, 1, -1) > 0 && !(wait.revents & POLLHUP)) {
		struct seccomp_notif_resp response = { 0 };
		struct seccomp_notif is = { 0 };

		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &is) < 0)
			continue;
		response.id = is.id;
		if (fault->meanwhile && is_change(&is))
			fault->meanwhile();
		answer(watch, fault, group, &is, &response);
		if (has_trace && is_change(&is))
			record(watch, find_call(is.data.nr), group, &is);
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
}

void watch_run(struct watch *watch, int (*fn)(const void *arg), const void *arg,
	       const struct watch_fault *fault, bool has_trace)
{
	RD_CLEANUP(rd_closep) int listener = -1;
	int said[2];
	ssize_t n;
	pid_t pid;

	watch_deinit(watch);
	fflush(stdout);
	if (pipe2(said, O_CLOEXEC) < 0)
		abort();
	pid = fork();
	if (!pid)
		be_watched(fn, arg, said[1]);
	close(said[1]);
	listener = take_listener(pid);
	if (listener >= 0)
		serve(watch, fault, pid, listener, has_trace);
	waitpid(pid, &watch->status, 0);
	n = read(said[0], watch->said, sizeof(watch->said) - 1);
	watch->said[n < 0 ? 0 : n] = '\0';
	close(said[0]);
}

static int do_nothing(const void *arg)
{
	(void)arg;
	return 42;
}

bool watch_is_possible(void)
{
	const struct watch_fault none = { .kind = WATCH_ONLY };
	RD_CLEANUP(watch_deinit) struct watch watch = { 0 };

	watch_run(&watch, do_nothing, NULL, &none, false);
	return WIFEXITED(watch.status) && WEXITSTATUS(watch.status) == 42;
}

void watch_each_failure(bool is_lasting, void (*fn)(struct watch_fault fault))
{
	static const int errnums[] = { ENOSPC, EIO, EACCES, EROFS, EMFILE, EINTR };

	for (size_t i = 0; i < RD_N_ELEMENTS(errnums); i++) {
		/* A signal that interrupts every call for ever is none. */
		if (errnums[i] != EINTR || !is_lasting)
			fn((struct watch_fault){ .kind = WATCH_FAIL,
						 .errnum = errnums[i],
						 .is_lasting = is_lasting });
	}
	fn((struct watch_fault){ .kind = WATCH_SHORT, .is_lasting = is_lasting });
}
