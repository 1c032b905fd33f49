/*
 * desk: what a test of the control plane's engine needs: a database of its own, migrated, and a transaction whose clock the test
 * moves. desk_again closes the database and opens it again, as after a crash: only what was committed is there.
 * With DESK_DATABASE_URL it is at that PostgreSQL, whose database must be empty, and not in a file.
 */
#pragma once

#include "base/metric.h"
#include "control/control.h"
#include "control/migrate.h"
#include "control/tx.h"
#include "driver/store/postgres.h"
#include "driver/store/sqlite.h"

#include "tests/unit/check.h"

#include <stdio.h>
#include <unistd.h>

struct desk {
	char path[64];
	struct store *store;
	struct control control;
	struct control_conf conf;
	struct arena arena;
	struct fault fault;
	struct tx tx;
	bool open;
};

/* A query's address is its own, as the driver keeps statements by it. */
#define DESK_QUERY(text)                                                    \
	({                                                                  \
		static const struct store_query query_ = { .sql = (text) }; \
		&query_;                                                    \
	})

static inline void desk_connect(struct desk *d)
{
	size_t ran = 0;
	const char *url = getenv("DESK_DATABASE_URL");
	if (url)
		CHECK(postgres_open(url, NULL, &d->store, NULL) == RC_OK);
	else
		CHECK(sqlite_open(d->path, &d->store, NULL) == RC_OK);
	d->control.store = d->store;
	CHECK(store_connect(d->store, STORE_WRITE, &d->tx.db, NULL) == RC_OK);
	if (migrate_run(d->tx.db, &ran, &d->fault) != RC_OK) {
		fprintf(stderr, "%s\n", d->fault.text);
		exit(1);
	}
}

static inline void desk_open(struct desk *d)
{
	*d = (struct desk){ 0 };
	/* What is proven here is not the disk, and it should not wait for one. */
	snprintf(d->path, sizeof(d->path), "%s/footplate-desk-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	int fd = mkstemp(d->path);
	CHECK(fd >= 0 && close(fd) == 0);
	d->conf = (struct control_conf){ .data_dir = "/tmp", .lease_ms = 6000, .heartbeat_ms = 2000 };
	d->control.conf = &d->conf;
	d->control.metrics = metric_new();
	memset(&d->control.secrets, 7, sizeof(d->control.secrets));
	d->control.secrets.ring = NULL;
	d->tx = (struct tx){ .control = &d->control,
		.arena = &d->arena,
		.fault = &d->fault,
		.now_ms = 1700000000000,
		.actor = "system",
		.peer = "",
		.trace_id = "" };
	desk_connect(d);
}

static inline struct tx *desk_begin(struct desk *d)
{
	arena_reset(&d->arena);
	d->fault = (struct fault){ 0 };
	CHECK(store_begin(d->tx.db, &d->fault) == RC_OK);
	d->open = true;
	return &d->tx;
}

static inline void desk_commit(struct desk *d)
{
	CHECK(store_commit(d->tx.db, &d->fault) == RC_OK);
	d->open = false;
}

static inline void desk_again(struct desk *d)
{
	store_disconnect(d->tx.db); /* rolls back what is open */
	store_free(d->store);
	desk_connect(d);
}

/* One number. The query's arguments are texts, at most two. */
static inline int64_t desk_number(struct desk *d, const struct store_query *q, const char *a, const char *b)
{
	auto_rows struct store_rows *r = NULL;
	struct store_value v[2] = { store_text(a), store_text(b) };
	enum rc rc = store_one(d->tx.db, q, (struct store_args){ v, (size_t)(b ? 2 : a ? 1 : 0) }, &r, &d->fault);
	if (rc == RC_OK)
		return store_col_int(r, 0);
	fprintf(stderr, "%s: %s\n", q->sql, d->fault.text);
	exit(1);
}

static inline void desk_close(struct desk *d)
{
	char also[80];
	store_disconnect(d->tx.db);
	store_free(d->store);
	metric_free(d->control.metrics);
	arena_done(&d->arena);
	unlink(d->path);
	snprintf(also, sizeof(also), "%s-wal", d->path);
	unlink(also);
	snprintf(also, sizeof(also), "%s-shm", d->path);
	unlink(also);
}
