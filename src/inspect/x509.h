/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Names and numbers of X.509, as they are shown. Private to src/inspect. */

#include <openssl/x509.h>

/* The common name, or the last part of a name that has none, malloc()ed and of bounded length;
 * *@textp stays NULL where there is no part. Return: 0 or -ENOMEM. */
int x509_read_name(const X509_NAME *name, char **textp);

/* Lower-case hex, malloc()ed; *@hexp stays NULL for a number longer than any in use. 0 or -ENOMEM.
 */
int x509_read_serial(const ASN1_INTEGER *serial, char **hexp);
