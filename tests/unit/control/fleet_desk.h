/*
 * desk: a database of a test's own, migrated, with a transaction open, for use cases that need no more. Each desk_now begins
 * the next one at a moment the test says.
 */
#pragma once

#include "base/id.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/migrate.h"
#include "control/tx.h"
#include "driver/store/sqlite.h"
#include "io/logger.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct desk {
	char path[64];
	struct control_conf conf;
	struct log log;
	struct control control;
	struct arena arena;
	struct fault fault;
	struct tx tx;
};

static inline void desk_ok(struct desk *d, enum rc rc)
{
	if (rc == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", rc_code(rc), d->fault.text);
	exit(1);
}

static inline void desk_now(struct desk *d, int64_t now_ms)
{
	if (d->tx.now_ms)
		desk_ok(d, store_commit(d->tx.db, &d->fault));
	arena_reset(&d->arena);
	d->tx = (struct tx){ .control = &d->control,
		.db = d->tx.db,
		.arena = &d->arena,
		.fault = &d->fault,
		.now_ms = now_ms,
		.actor = "test",
		.peer = "",
		.trace_id = "" };
	desk_ok(d, store_begin(d->tx.db, &d->fault));
}

static inline void desk_open(struct desk *d, int64_t now_ms)
{
	size_t ran = 0;

	*d = (struct desk){ .path = "/tmp/footplate-desk-XXXXXX",
		.conf = { .lease_ms = 6000, .heartbeat_ms = 2000 } };
	int fd = mkstemp(d->path);
	CHECK(fd >= 0 && close(fd) == 0);
	d->log = logger_over(STDERR_FILENO, LOG_LEVEL_ERROR, false);
	d->control.conf = &d->conf;
	d->control.log = &d->log;
	d->control.metrics = metric_new();
	memset(d->control.secrets.kek, 7, sizeof(d->control.secrets.kek));
	memset(d->control.secrets.prints, 8, sizeof(d->control.secrets.prints));
	memset(d->control.secrets.sign_secret, 9, sizeof(d->control.secrets.sign_secret));
	desk_ok(d, sqlite_open(d->path, &d->control.store, &d->fault));
	desk_ok(d, store_connect(d->control.store, STORE_WRITE, &d->tx.db, &d->fault));
	desk_ok(d, migrate_run(d->tx.db, &ran, &d->fault));
	desk_now(d, now_ms);
}

static inline void desk_close(struct desk *d)
{
	char also[96];

	desk_ok(d, store_commit(d->tx.db, &d->fault));
	arena_done(&d->arena);
	store_disconnect(d->tx.db);
	store_free(d->control.store);
	metric_free(d->control.metrics);
	unlink(d->path);
	for (int i = 0; i < 2; i++) {
		snprintf(also, sizeof(also), "%s%s", d->path, i ? "-wal" : "-shm");
		unlink(also);
	}
}

/* A query's address is its own, as the driver keeps statements by it. */
#define DESK_QUERY(text)                                                    \
	({                                                                  \
		static const struct store_query query_ = { .sql = (text) }; \
		&query_;                                                    \
	})
#define DESK_DO(d, text, ...) \
	desk_ok((d), store_do((d)->tx.db, DESK_QUERY(text), STORE_ARGS(__VA_ARGS__), &(d)->fault))

static inline int64_t desk_int_of(struct desk *d, const struct store_query *q, const char *arg)
{
	auto_rows struct store_rows *r = NULL;
	desk_ok(d, store_one(d->tx.db, q, STORE_ARGS(store_text(arg)), &r, &d->fault));
	return store_col_int(r, 0);
}
/* One number, of a query with $1. */
#define DESK_INT(d, text, arg) desk_int_of((d), DESK_QUERY(text), (arg))

static inline const char *desk_text_of(struct desk *d, const struct store_query *q, const char *arg)
{
	auto_rows struct store_rows *r = NULL;
	desk_ok(d, store_one(d->tx.db, q, STORE_ARGS(store_text(arg)), &r, &d->fault));
	const char *s = store_col_text(r, 0);
	return arena_str(&d->arena, s ? s : "(null)");
}
#define DESK_TEXT(d, text, arg) desk_text_of((d), DESK_QUERY(text), (arg))
