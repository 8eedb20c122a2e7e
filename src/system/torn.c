/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A mapped file that somebody truncates (dkms installs with cp, onto the old inode) answers the
 * next read with SIGBUS. The handler puts anonymous pages in the place of the rest of the map, so
 * that the reader goes on over zeroes, and notes it: the owner of the map asks torn_is() before it
 * believes what was read. The rest and not the page, for a map in many pieces meets the limit of
 * vm.max_map_count. A SIGBUS anywhere else gets its default action back.
 *
 * The handler may only look at lock-free atomics and call mmap(2), which is async-signal-safe on
 * Linux.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "torn.h"

static struct {
	atomic_uintptr_t start; /* 0: free */
	atomic_size_t len;
	atomic_bool is_torn;
} watched[64];

static long page_size;

static bool mend(uintptr_t address)
{
	uintptr_t page = address & ~((uintptr_t)page_size - 1);

	for (size_t i = 0; i < RD_N_ELEMENTS(watched); i++) {
		uintptr_t start = atomic_load(&watched[i].start);
		size_t len = atomic_load(&watched[i].len);

		if (!start || address < start || address - start >= len)
			continue;
		/* Another thread may have given the slot to another map in between. */
		if (atomic_load(&watched[i].start) != start)
			continue;
		atomic_store(&watched[i].is_torn, true);
		return mmap((void *)page, start + len - page, PROT_READ,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
	}
	return false;
}

static void on_sigbus(int number, siginfo_t *info, void *context)
{
	int errnum = errno;

	(void)context;
	if (info->si_code != BUS_ADRERR || !mend((uintptr_t)info->si_addr))
		signal(number, SIG_DFL);
	errno = errnum;
}

static void install(void)
{
	struct sigaction action = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO };

	page_size = sysconf(_SC_PAGESIZE);
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

int torn_watch(const void *start, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, install);
	for (size_t i = 0; i < RD_N_ELEMENTS(watched); i++) {
		uintptr_t expected = 0;

		if (!atomic_compare_exchange_strong(&watched[i].start, &expected, (uintptr_t)start))
			continue;
		atomic_store(&watched[i].is_torn, false);
		atomic_store(&watched[i].len, len);
		return 0;
	}
	return -EMFILE;
}

void torn_unwatch(const void *start)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(watched); i++) {
		if (atomic_load(&watched[i].start) != (uintptr_t)start)
			continue;
		atomic_store(&watched[i].len, 0);
		atomic_store(&watched[i].start, 0);
	}
}

bool torn_is(const void *start)
{
	for (size_t i = 0; i < RD_N_ELEMENTS(watched); i++) {
		if (atomic_load(&watched[i].start) == (uintptr_t)start)
			return atomic_load(&watched[i].is_torn);
	}
	return false;
}
