/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The fault that the order test is there for, linked in with --wrap. */

int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	(void)fd;
	return 0;
}
