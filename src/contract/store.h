/*
 * store: an SQL engine, seen through a small vtable. A question is written once, in the SQL that SQLite and PostgreSQL share
 * ($1 … for arguments, RETURNING, ON CONFLICT); where they must differ, the query row carries a second text.
 *
 * A connection belongs to one thread at a time. A write connection has one transaction at a time: begin, run …, commit. The
 * commit returns when the rows are durable (synced); so one commit may cover many requests, each inside a mark that can be
 * undone alone. What a query returns is read row by row; texts are valid until the next row.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>
#include <string.h>

struct store_query {
	const char *sql;
	const char *sql_pg; /* NULL: the same */
};

enum store_type { STORE_NULL, STORE_INT, STORE_TEXT };

struct store_value {
	enum store_type type;
	int64_t i;
	const char *p; /* borrowed until the query is over */
	size_t n;
};

static inline struct store_value store_int(int64_t i) { return (struct store_value){ .type = STORE_INT, .i = i }; }
static inline struct store_value store_text(const char *s)
{
	return s ? (struct store_value){ .type = STORE_TEXT, .p = s, .n = strlen(s) }
		 : (struct store_value){ .type = STORE_NULL };
}

/* The arguments of a query, in the order of $1, $2, … */
struct store_args {
	const struct store_value *at;
	size_t n;
};
#define STORE_ARGS(...)                                                    \
	((struct store_args){ (const struct store_value[]){ __VA_ARGS__ }, \
		sizeof((const struct store_value[]){ __VA_ARGS__ }) / sizeof(struct store_value) })
#define STORE_NO_ARGS ((struct store_args){ NULL, 0 })

enum store_mode { STORE_READ, STORE_WRITE };

enum store_word { STORE_BEGIN, STORE_COMMIT, STORE_ROLLBACK, STORE_MARK, STORE_KEEP, STORE_UNDO };

struct store;
struct store_conn;
struct store_rows;

struct store_impl {
	const char *name;   /* as the configuration spells it */
	const char *serial; /* what `$SERIAL` in a migration becomes: a row number that grows with every insert */
	enum rc (*connect)(struct store *s, enum store_mode mode, struct store_conn **ret_conn, struct fault *f);
	void (*disconnect)(struct store_conn *c);
	enum rc (*control)(
		struct store_conn *c, const char *words, struct fault *f); /* any statements: migrations */
	/* NULL: `control` is given BEGIN IMMEDIATE, COMMIT, SAVEPOINT mark … */
	enum rc (*word)(struct store_conn *c, enum store_word word, struct fault *f);
	enum rc (*run)(struct store_conn *c, const struct store_query *q, struct store_args args,
		struct store_rows **ret_rows, struct fault *f);
	enum rc (*put)(struct store_conn *c, const struct store_query *q, struct store_args args,
		struct fault *f); /* NULL: run to the end */
	enum rc (*next)(struct store_rows *r, bool *ret_row, struct fault *f);
	struct store_value (*column)(struct store_rows *r, size_t i);
	void (*close)(struct store_rows *r);
	/* NULL: it has no file of its own. See store_copy. */
	enum rc (*copy)(struct store_conn *c, const char *path, struct fault *f);
	void (*free)(struct store *s);
};

/* A driver's struct begins with this. */
struct store {
	const struct store_impl *impl;
};
struct store_conn {
	const struct store_impl *impl;
	struct store *store;
};
struct store_rows {
	const struct store_impl *impl;
};

void store_free(struct store *s); /* after its connections */
OWN_DEFINE(store)

must_check enum rc store_connect(
	struct store *s, enum store_mode mode, struct store_conn **ret_conn, struct fault *f);
void store_disconnect(struct store_conn *c); /* rolls back what is open */
static inline void own_store_conn_p(struct store_conn **c) { store_disconnect(*c); }

/*
 * One transaction of a write connection at a time, over all processes that share the database: begin waits for its turn.
 * RC_OVERLOADED: someone else holds the write lock for too long, or the engine is too slow. RC_IO: the disk is read-only
 * or broken. RC_READ_ONLY: the engine takes no writes now, or the disk is full. RC_AWAY: it cannot be reached; a later begin tries again.
 */
must_check enum rc store_begin(struct store_conn *c, struct fault *f);
/* On failure nothing of it has happened; but after RC_AWAY it may have: the connection broke before the answer came. */
must_check enum rc store_commit(struct store_conn *c, struct fault *f);
void store_rollback(struct store_conn *c);

/*
 * Inside a transaction: work that can be undone alone. Marks do not nest. A statement that fails spoils its mark (outside of
 * one, the transaction): after it only undo (rollback) is sure to work.
 */
must_check enum rc store_mark(struct store_conn *c, struct fault *f);
must_check enum rc store_keep(struct store_conn *c, struct fault *f);
void store_undo(struct store_conn *c);

/*
 * Copies the database, as it is at one moment, into a new file (0600), whole and synced, while others read and write. For an
 * engine that is a file; RC_INVALID: this one is not.
 */
must_check enum rc store_copy(struct store_conn *c, const char *path, struct fault *f);

/* Runs a query for its effect. RC_EXISTS when a unique key is taken. */
must_check enum rc store_do(
	struct store_conn *c, const struct store_query *q, struct store_args args, struct fault *f);

/*
 * The same, but what is wrong with it may be told by the next call on the connection, at the latest by keep or commit: an engine
 * behind a network need not be waited for. For what cannot fail by its values, such as a row with a new id.
 */
must_check enum rc store_put(
	struct store_conn *c, const struct store_query *q, struct store_args args, struct fault *f);

/* Opens a query for its rows; closed by store_close. */
must_check enum rc store_run(struct store_conn *c, const struct store_query *q, struct store_args args,
	struct store_rows **ret_rows, struct fault *f);
must_check enum rc store_next(struct store_rows *r, bool *ret_row, struct fault *f);
void store_close(struct store_rows *r);
static inline void own_store_rows_p(struct store_rows **r) { store_close(*r); }
#define auto_rows __attribute__((cleanup(own_store_rows_p)))

int64_t store_col_int(struct store_rows *r, size_t i);      /* 0 for NULL */
const char *store_col_text(struct store_rows *r, size_t i); /* NULL for NULL; valid until the next row */

/* Runs a query that has one row, or RC_MISSING. */
must_check enum rc store_one(struct store_conn *c, const struct store_query *q, struct store_args args,
	struct store_rows **ret_rows, struct fault *f);
