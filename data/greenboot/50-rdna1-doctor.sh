#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For greenboot: one of the checks that are wanted, and not required: if it fails, a boot is called
# unhealthy at the login and in the journal, and is not rolled back. It fails if the machine is unsafe,
# and not for a machine without a card, or one that should be rebooted.

code=0
rdna1-doctor check --format nagios || code=$?
[ $code -ne 2 ]
