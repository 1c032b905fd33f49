/*
 * pg_link: one connection to a PostgreSQL server, in libpq's pipeline mode. What is asked is queued; collecting sends it and reads
 * all answers in their order, so a transaction costs a journey to the server for each thing it wants to know, not for each
 * statement. Statements are prepared when they are first asked, and stay prepared while the connection lives.
 *
 * Every wait has an end. A connection that broke, or whose server did not answer in time, is `lost` and stays so: it is freed and
 * another one opened. One thread at a time.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "contract/store.h"
#include "driver/store/pg_limits.h"

#include <libpq-fe.h>
#include <stdbool.h>

#define PG_ARGS_MAX   64
#define PG_QUEUED_MAX 256 /* answers that may be outstanding: more are collected first */

/* A query and what the server has to know of it. Zero it, fill in `query`, and `number` unless it is used once. */
struct pg_statement {
	const struct store_query *query;
	unsigned number;        /* names it at the server; 0: it has no name */
	unsigned turn;          /* how often it was made anew */
	size_t params;          /* the highest $n in its text */
	Oid types[PG_ARGS_MAX]; /* 0: whatever the server makes of it, until the first argument that is not NULL */
	bool counted, prepared;
};

/* An answer that is due: of a statement's preparation, or of its run. */
struct pg_due {
	struct pg_statement *statement;
	bool preparation;
};

struct pg_link {
	PGconn *pg;
	const struct pg_limits *limits;
	struct pg_due due[PG_QUEUED_MAX];
	size_t due_n;
	bool lost;
};

/* Connects and makes the session's settings. RC_AWAY with words that name no address: they may reach a caller of the API. */
must_check enum rc pg_link_open(const char *url, enum store_mode mode, const struct pg_limits *limits,
	struct pg_link **ret_link, struct fault *f);
void pg_link_free(struct pg_link *l);
OWN_DEFINE(pg_link)

/* Queues a run of the statement, and its preparation before it when it needs one. */
must_check enum rc pg_link_ask(struct pg_link *l, struct pg_statement *s, struct store_args args, struct fault *f);

/*
 * Sends what is queued and reads its answers. The rc and words are of the first that failed: the server does not run what was
 * queued after it. *ret_last (may be NULL) is the answer of the last one asked, for PQclear; only when all went well.
 */
must_check enum rc pg_link_collect(struct pg_link *l, PGresult **ret_last, struct fault *f);

/* Runs any statements, parted by semicolons, however long they take; nothing may be queued. */
must_check enum rc pg_link_script(struct pg_link *l, const char *words, struct fault *f);
