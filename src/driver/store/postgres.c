#include "driver/store/postgres.h"
#include "base/hush.h"
#include "driver/store/pg_link.h"
#include "io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define STATEMENTS_MAX \
	256 /* kept per connection: SLOTS is a hash table of their addresses, never more than half full */
#define SLOTS 512

struct postgres_store {
	struct store base;
	struct pg_limits limits;
	struct hush url; /* with its NUL */
};

struct postgres_rows {
	struct store_rows base;
	PGresult *res;
	int at; /* the row at hand; -1 before the first */
};

struct postgres_conn {
	struct store_conn base;
	enum store_mode mode;
	struct pg_link *link; /* NULL: none yet, or none any more */
	bool open;            /* a transaction is */
	bool puts;            /* effects are queued whose answers nobody has seen */
	uint32_t pause_ms;
	uint64_t again_ms; /* not dialled before */
	unsigned kept;
	struct pg_statement *slots[SLOTS];
};

static const struct store_query word_begin = { .sql = "BEGIN" };
static const struct store_query word_commit = { .sql = "COMMIT" };
static const struct store_query word_rollback = { .sql = "ROLLBACK" };
static const struct store_query word_mark = { .sql = "SAVEPOINT mark" };
static const struct store_query word_keep = { .sql = "RELEASE SAVEPOINT mark" };
static const struct store_query word_undo = { .sql = "ROLLBACK TO SAVEPOINT mark" };
/* One writer over all processes; and whether it may write at all. */
static const struct store_query take_turn = {
	.sql = "SELECT pg_advisory_xact_lock($1)::text, current_setting('transaction_read_only')"
};

/* ---- statements ---- */

static struct pg_statement *statement_new(const struct store_query *q, unsigned number)
{
	struct pg_statement *s = calloc(1, sizeof(*s));
	if (s)
		*s = (struct pg_statement){ .query = q, .number = number };
	return s;
}

/* The kept statement of q; else a new one, which is kept when there is a slot for it. *ret_once: the caller frees it. */
static struct pg_statement *statement_of(struct postgres_conn *c, const struct store_query *q, bool *ret_once)
{
	size_t at = ((uintptr_t)q >> 4) * 2654435761u % SLOTS;

	*ret_once = false;
	while (c->slots[at] && c->slots[at]->query != q)
		at = (at + 1) % SLOTS;
	if (c->slots[at])
		return c->slots[at];
	if (c->kept >= STATEMENTS_MAX) {
		*ret_once = true;
		return statement_new(q, 0);
	}
	struct pg_statement *s = statement_new(q, c->kept + 1);
	if (s) {
		c->slots[at] = s;
		c->kept++;
	}
	return s;
}

/* ---- the connection ---- */

static bool lost(const struct postgres_conn *c) { return !c->link || c->link->lost; }

static void hang_up(struct postgres_conn *c)
{
	pg_link_free(take(c->link));
	for (size_t i = 0; i < SLOTS; i++)
		if (c->slots[i])
			c->slots[i]->prepared = false;
}

/* Connects when there is no connection; not oftener than the pause allows, so that a server that comes back is not stormed. */
static enum rc dial(struct postgres_conn *c, struct fault *f)
{
	struct postgres_store *s = (struct postgres_store *)c->base.store;
	uint64_t now = clock_mono_ms();

	if (!lost(c))
		return RC_OK;
	if (now < c->again_ms)
		return fault_set(f, RC_AWAY, "the database cannot be reached; ask again in a moment");
	hang_up(c);
	enum rc rc = pg_link_open((const char *)s->url.p, c->mode, &s->limits, &c->link, f);
	if (rc == RC_OK) {
		c->pause_ms = 0;
		return rc;
	}
	uint32_t pause = c->pause_ms ? c->pause_ms * 2 : POSTGRES_PAUSE_MIN_MS, random;
	clock_random(&random, sizeof(random));
	c->pause_ms = pause < POSTGRES_PAUSE_MAX_MS ? pause : POSTGRES_PAUSE_MAX_MS;
	c->again_ms = clock_mono_ms() + c->pause_ms / 2 + random % (c->pause_ms / 2 + 1);
	return rc;
}

/* Inside of a transaction a connection that broke is not replaced: what it held is gone. */
static enum rc reach(struct postgres_conn *c, struct fault *f)
{
	if (!c->open)
		return dial(c, f);
	return lost(c) ? fault_set(f, RC_AWAY, "the connection to the database broke; ask again in a moment")
		       : RC_OK;
}

static enum rc collect(struct postgres_conn *c, PGresult **ret_last, struct fault *f)
{
	c->puts = false;
	return pg_link_collect(c->link, ret_last, f);
}

static enum rc ask(struct postgres_conn *c, const struct store_query *q, struct store_args args, struct fault *f)
{
	bool once;
	struct pg_statement *s = statement_of(c, q, &once);
	enum rc rc = s ? pg_link_ask(c->link, s, args, f) : RC_NOMEM;

	if (!once || !s)
		return rc;
	if (rc == RC_OK)
		rc = collect(c, NULL, f); /* nobody keeps it until its answer comes */
	free(s);
	return rc;
}

/* ---- transactions ---- */

static enum rc rollback(struct postgres_conn *c)
{
	if (!c->open)
		return RC_OK;
	c->open = false;
	if (lost(c))
		return RC_OK;
	enum rc rc = c->link->due_n ? collect(c, NULL, NULL) : RC_OK; /* an error of before is over with it */
	rc = lost(c) ? rc : ask(c, &word_rollback, STORE_NO_ARGS, NULL);
	if (rc == RC_OK)
		rc = collect(c, NULL, NULL);
	return rc;
}

static enum rc begin_once(struct postgres_conn *c, struct fault *f)
{
	PGresult *res = NULL;

	enum rc rc = dial(c, f);
	if (rc == RC_OK)
		rc = ask(c, &word_begin, STORE_NO_ARGS, f);
	if (rc == RC_OK)
		rc = ask(c, &take_turn, STORE_ARGS(store_int(POSTGRES_WRITER_LOCK)), f);
	if (rc != RC_OK)
		return rc;
	rc = collect(c, &res, f);
	c->open = true;
	if (rc == RC_OK && strcmp(PQgetvalue(res, 0, 1), "off") != 0)
		rc = fault_set(f, RC_READ_ONLY, "the database is read-only; ask again when it takes writes");
	PQclear(res);
	if (rc != RC_OK && rollback(c) != RC_OK)
		hang_up(c);
	return rc;
}

/* A connection may have died while nobody used it: then nothing was begun, and it is done again on a new one. */
static enum rc begin(struct postgres_conn *c, struct fault *f)
{
	bool fresh = lost(c);
	enum rc rc = begin_once(c, f);
	return rc == RC_AWAY && !fresh ? begin_once(c, f) : rc;
}

static enum rc commit(struct postgres_conn *c, struct fault *f)
{
	PGresult *res = NULL;

	if (!c->open)
		return fault_set(f, RC_INTERNAL, "there is no transaction to commit");
	enum rc rc = reach(c, f);
	if (rc == RC_OK)
		rc = ask(c, &word_commit, STORE_NO_ARGS, f);
	if (rc != RC_OK)
		return rc;
	rc = collect(c, &res, f);
	if (rc == RC_AWAY)
		return fault_set(f, rc,
			"the connection to the database broke during the commit: it may be done or not; ask again "
			"with the same Idempotency-Key");
	/* A transaction that had failed ends, and says so in its own way. */
	if (rc == RC_OK && strcmp(PQcmdStatus(res), "COMMIT") != 0)
		rc = fault_set(f, RC_INTERNAL, "the transaction had failed before its commit");
	c->open = rc != RC_OK;
	PQclear(res);
	return rc;
}

static enum rc keep(struct postgres_conn *c, struct fault *f)
{
	enum rc rc = reach(c, f);
	if (rc == RC_OK)
		rc = ask(c, &word_keep, STORE_NO_ARGS, f);
	return rc == RC_OK && c->puts ? collect(c, NULL, f) : rc;
}

static enum rc undo(struct postgres_conn *c, struct fault *f)
{
	enum rc rc = reach(c, f);
	/* The server takes nothing after an error until it was told that we know of it. */
	if (rc == RC_OK && c->link->due_n && collect(c, NULL, NULL) != RC_OK)
		rc = reach(c, f);
	if (rc == RC_OK)
		rc = ask(c, &word_undo, STORE_NO_ARGS, f);
	return rc == RC_OK ? ask(c, &word_keep, STORE_NO_ARGS, f) : rc;
}

static enum rc mark(struct postgres_conn *c, struct fault *f)
{
	enum rc rc = c->open ? reach(c, f) : fault_set(f, RC_INTERNAL, "a mark stands in a transaction");
	return rc == RC_OK ? ask(c, &word_mark, STORE_NO_ARGS, f) : rc;
}

static enum rc word(struct store_conn *base, enum store_word word, struct fault *f)
{
	struct postgres_conn *c = (struct postgres_conn *)base;

	switch (word) {
	case STORE_BEGIN:
		return begin(c, f);
	case STORE_COMMIT:
		return commit(c, f);
	case STORE_ROLLBACK:
		return rollback(c);
	case STORE_MARK:
		return mark(c, f);
	case STORE_KEEP:
		return keep(c, f);
	case STORE_UNDO:
		return undo(c, f);
	}
	return RC_INTERNAL;
}

static enum rc control(struct store_conn *base, const char *words, struct fault *f)
{
	struct postgres_conn *c = (struct postgres_conn *)base;

	enum rc rc = reach(c, f);
	if (rc == RC_OK && c->link->due_n)
		rc = collect(c, NULL, f);
	return rc == RC_OK ? pg_link_script(c->link, words, f) : rc;
}

/* ---- queries ---- */

static enum rc run_once(struct postgres_conn *c, const struct store_query *q, struct store_args args,
	PGresult **ret_res, struct fault *f)
{
	bool once;
	enum rc rc = reach(c, f);
	if (rc != RC_OK)
		return rc;
	struct pg_statement *s = statement_of(c, q, &once);
	if (!s)
		return RC_NOMEM;
	rc = pg_link_ask(c->link, s, args, f);
	if (rc == RC_OK)
		rc = collect(c, ret_res, f);
	if (once)
		free(s);
	return rc;
}

static enum rc run(struct store_conn *base, const struct store_query *q, struct store_args args,
	struct store_rows **ret_rows, struct fault *f)
{
	struct postgres_conn *c = (struct postgres_conn *)base;
	struct postgres_rows *r = calloc(1, sizeof(*r));
	bool fresh = lost(c);

	if (!r)
		return RC_NOMEM;
	*r = (struct postgres_rows){ .base = { base->impl }, .at = -1 };
	enum rc rc = run_once(c, q, args, &r->res, f);
	if (rc == RC_AWAY && !fresh && c->mode == STORE_READ) /* a question may be put twice */
		rc = run_once(c, q, args, &r->res, f);
	if (rc != RC_OK) {
		free(r);
		return rc;
	}
	*ret_rows = &r->base;
	return RC_OK;
}

static void close_rows(struct store_rows *base)
{
	struct postgres_rows *r = (struct postgres_rows *)base;
	PQclear(r->res);
	free(r);
}

static enum rc put(struct store_conn *base, const struct store_query *q, struct store_args args, struct fault *f)
{
	struct postgres_conn *c = (struct postgres_conn *)base;
	struct store_rows *r = NULL;

	if (!c->open) {
		enum rc rc = run(base, q, args, &r, f);
		if (rc == RC_OK)
			close_rows(r);
		return rc;
	}
	enum rc rc = reach(c, f);
	if (rc == RC_OK)
		rc = ask(c, q, args, f);
	c->puts |= rc == RC_OK && c->link->due_n;
	return rc;
}

static enum rc next(struct store_rows *base, bool *ret_row, struct fault *f)
{
	struct postgres_rows *r = (struct postgres_rows *)base;
	(void)f;
	r->at += r->at < PQntuples(r->res);
	*ret_row = r->at < PQntuples(r->res);
	return RC_OK;
}

static struct store_value column(struct store_rows *base, size_t i)
{
	const struct postgres_rows *r = (const struct postgres_rows *)base;
	int at = (int)i;
	const char *text = PQgetvalue(r->res, r->at, at);

	if (!text || PQgetisnull(r->res, r->at, at))
		return (struct store_value){ .type = STORE_NULL };
	switch (PQftype(r->res, at)) {
	case 16: /* bool */
		return store_int(*text == 't');
	case 20: /* int8, int2, int4, and numeric, which is what a sum of them is */
	case 21:
	case 23:
	case 1700:
		return store_int(strtoll(text, NULL, 10));
	default:
		return (struct store_value){
			.type = STORE_TEXT, .p = text, .n = (size_t)PQgetlength(r->res, r->at, at)
		};
	}
}

/* ---- the beginning and the end ---- */

static void disconnect(struct store_conn *base)
{
	struct postgres_conn *c = (struct postgres_conn *)base;

	pg_link_free(c->link);
	for (size_t i = 0; i < SLOTS; i++)
		free(c->slots[i]);
	free(c);
}

static enum rc connect_to(struct store *base, enum store_mode mode, struct store_conn **ret_conn, struct fault *f)
{
	struct postgres_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return RC_NOMEM;
	c->base = (struct store_conn){ base->impl, base };
	c->mode = mode;
	enum rc rc = dial(c, f);
	if (rc != RC_OK) {
		disconnect(&c->base);
		return rc;
	}
	*ret_conn = &c->base;
	return RC_OK;
}

static void free_store(struct store *base)
{
	struct postgres_store *s = (struct postgres_store *)base;
	hush_done(&s->url);
	free(s);
}

static const struct store_impl impl = {
	.name = "postgresql",
	.serial = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY",
	.connect = connect_to,
	.disconnect = disconnect,
	.control = control,
	.word = word,
	.run = run,
	.put = put,
	.next = next,
	.column = column,
	.close = close_rows,
	.free = free_store,
};

bool postgres_is_url(const char *url)
{
	return !strncmp(url, "postgresql://", 13) || !strncmp(url, "postgres://", 11);
}

static const char *part(const PQconninfoOption *all, const char *name, const char *otherwise)
{
	for (; all && all->keyword; all++)
		if (!strcmp(all->keyword, name) && all->val)
			return all->val;
	return otherwise;
}

void postgres_place(const char *url, char *to, size_t n)
{
	PQconninfoOption *all = PQconninfoParse(url, NULL);

	snprintf(to, n, "postgresql://%s:%s/%s", part(all, "host", part(all, "hostaddr", "")),
		part(all, "port", "5432"), part(all, "dbname", ""));
	PQconninfoFree(all);
}

enum rc postgres_open(const char *url, const struct pg_limits *limits, struct store **ret_store, struct fault *f)
{
	/* libpq's words about it would quote from it, the password perhaps. */
	PQconninfoOption *all = postgres_is_url(url) ? PQconninfoParse(url, NULL) : NULL;
	if (!all)
		return fault_set(f, RC_INVALID,
			"the database's address is not like postgresql://USER:PASSWORD@HOST:PORT/DATABASE; "
			"characters "
			"such as @ and / in a password are written %%40 and %%2F");
	PQconninfoFree(all);
	struct postgres_store *s = calloc(1, sizeof(*s));
	if (!s)
		return RC_NOMEM;
	s->base.impl = &impl;
	s->limits = limits ? *limits : PG_LIMITS;
	enum rc rc = hush_set(&s->url, url, strlen(url) + 1);
	if (rc != RC_OK) {
		free(s);
		return rc;
	}
	*ret_store = &s->base;
	return RC_OK;
}
