/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * rpm's tables (lib/backend/sqlite.c of rpm): Packages has the header of each installed package,
 * Basenames says for each file name in which of them it is. Opened through the descriptor, so that
 * the root is not left, and as immutable: no lock, no journal, no file beside it
 * (sqlite.org/uri.html).
 *
 * The file may be anybody's: no schema of it is trusted, its sizes are limited, and a query that
 * goes on and on is ended.
 */

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "package_sqlite.h"

#define HEADER_MAX (64 << 20) /* the largest have some megabytes */
#define STEPS_MAX  10000 /* of 1,000 instructions: the query takes one on a real data base */

static const char query[] =
	"SELECT p.blob FROM Basenames AS b JOIN Packages AS p ON p.hnum = b.hnum"
	" WHERE b.key = ?1";

static void close_p(sqlite3 **dbp)
{
	sqlite3_close(*dbp);
}

static void finalize_p(sqlite3_stmt **statementp)
{
	sqlite3_finalize(*statementp);
}

static int is_enough(void *userdata)
{
	int *left = userdata;

	return --*left < 0;
}

static int failed(sqlite3 *db, int status, struct rd_error *err)
{
	if (status == SQLITE_NOMEM)
		return rd_error_nomem(err);
	rd_error_set(err, EBADMSG, "SQLite: %s", db ? sqlite3_errmsg(db) : sqlite3_errstr(status));
	return PACKAGE_SQLITE_BAD;
}

static int open_db(int fd, sqlite3 **dbp)
{
	char uri[64];
	int status;

	snprintf(uri, sizeof(uri), "file:/proc/self/fd/%d?immutable=1", fd);
	status = sqlite3_open_v2(uri, dbp, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
	if (status)
		return status;
	sqlite3_limit(*dbp, SQLITE_LIMIT_LENGTH, HEADER_MAX);
	sqlite3_db_config(*dbp, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*dbp, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	return 0;
}

int package_sqlite_headers(int fd, const char *name, package_header_fn fn, void *userdata,
			   struct rd_error *err)
{
	RD_CLEANUP(close_p) sqlite3 *db = NULL;
	RD_CLEANUP(finalize_p) sqlite3_stmt *statement = NULL;
	int left = STEPS_MAX, status, r = 0;

	status = open_db(fd, &db);
	if (status)
		return failed(db, status, err);
	sqlite3_progress_handler(db, 1000, is_enough, &left);
	status = sqlite3_prepare_v2(db, query, -1, &statement, NULL);
	if (!status)
		status = sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	if (status)
		return failed(db, status, err);
	while (!r && (status = sqlite3_step(statement)) == SQLITE_ROW) {
		const void *blob = sqlite3_column_blob(statement, 0);

		r = fn(userdata, blob, (size_t)sqlite3_column_bytes(statement, 0), err);
	}
	return r || status == SQLITE_DONE ? r : failed(db, status, err);
}
