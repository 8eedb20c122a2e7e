/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * An inhibitor lock of systemd-logind (org.freedesktop.login1(5), Inhibit). It spares a person the
 * half-done recovery, and nothing hangs on it: what a shutdown cuts off the next run finishes.
 */

#include <fcntl.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "inhibit.h"

#define TIMEOUT_US 5000000

int inhibit_shutdown(void)
{
	RD_CLEANUP(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	RD_CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	int fd = -1;

	/* Without systemd there is no logind to be started. */
	if (access("/run/systemd/system", F_OK) < 0 || sd_bus_open_system(&bus) < 0)
		return -1;
	sd_bus_set_method_call_timeout(bus, TIMEOUT_US);
	if (sd_bus_call_method(bus, "org.freedesktop.login1", "/org/freedesktop/login1",
			       "org.freedesktop.login1.Manager", "Inhibit", NULL, &reply, "ssss",
			       "shutdown:sleep", "rdna1-doctor", "the driver is being replaced",
			       "block") < 0 ||
	    sd_bus_message_read(reply, "h", &fd) < 0)
		return -1;
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}
