#include "driver/store/pg_link.h"
#include "base/buf.h"
#include "io/clock.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPE_INT8    20 /* pg_type.dat: int8 and text have had these numbers ever since */
#define TYPE_TEXT    25
#define SCRIPT_MS    3600000 /* migrations of a large database take their time */
#define USER_TIME_MS "10000" /* what was sent and is not acknowledged for so long: the network is gone */

static const char *text_of(const struct pg_statement *s)
{
	return s->query->sql_pg ? s->query->sql_pg : s->query->sql;
}

/* ---- what went wrong ---- */

static enum rc rc_of_state(const char *state)
{
	static const struct {
		const char *state; /* its beginning: the first that fits */
		enum rc rc;
	} codes[] = {
		{ "08", RC_AWAY }, /* connection exception */
		{ "21000", RC_INTERNAL },
		{ "22021", RC_INVALID }, /* not the text of the encoding */
		{ "23505", RC_EXISTS },  /* unique_violation */
		{ "23", RC_CONFLICT },
		{ "25006", RC_READ_ONLY }, /* read_only_sql_transaction */
		{ "25P03", RC_AWAY },      /* idle_in_transaction_session_timeout: it has hung up */
		{ "40", RC_OVERLOADED },   /* serialization failure, deadlock */
		{ "53100", RC_IO },        /* disk_full */
		{ "53200", RC_NOMEM },
		{ "53", RC_OVERLOADED },    /* too many connections … */
		{ "55P03", RC_OVERLOADED }, /* lock_not_available: lock_timeout */
		{ "57014", RC_OVERLOADED }, /* query_canceled: statement_timeout */
		{ "57P", RC_AWAY },         /* shutting down, starting up */
		{ "58", RC_IO },            /* system error */
		{ "XX001", RC_IO },         /* corrupted */
		{ "XX002", RC_IO },
	};
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (!strncmp(state, codes[i].state, strlen(codes[i].state)))
			return codes[i].rc;
	return RC_INTERNAL;
}

static enum rc failed(const PGresult *res, const char *sql, struct fault *f)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	return fault_set(f, state ? rc_of_state(state) : RC_AWAY, "database: %.120s: %.100s",
		words ? words : "the connection broke", sql);
}

/* libpq's words name the address; what follows "failed: " is the cause. Its first line is enough. */
static enum rc away(const PGconn *pg, struct fault *f)
{
	const char *words = PQerrorMessage(pg), *cause = strstr(words, "failed: ");

	cause = cause ? cause + 8 : "";
	if (!*cause)
		return fault_set(f, RC_AWAY, "the database cannot be reached; ask again in a moment");
	return fault_set(f, RC_AWAY, "the database cannot be reached: %.*s; ask again in a moment",
		(int)strcspn(cause, "\n") < 120 ? (int)strcspn(cause, "\n") : 120, cause);
}

static enum rc lose(struct pg_link *l, struct fault *f)
{
	l->lost = true;
	l->due_n = 0;
	return fault_set(f, RC_AWAY, "the connection to the database broke; ask again in a moment");
}

/* ---- waiting ---- */

/* Sends what is queued and waits until PQgetResult will not block. */
static bool await(struct pg_link *l, uint64_t until_ms)
{
	for (;;) {
		int left = PQflush(l->pg);
		if (left < 0)
			return false;
		if (!PQisBusy(l->pg) && left == 0)
			return true;
		uint64_t now = clock_mono_ms();
		struct pollfd p = { .fd = PQsocket(l->pg), .events = (short)(POLLIN | (left ? POLLOUT : 0)) };
		int n = now < until_ms ? poll(&p, 1, (int)(until_ms - now)) : 0;
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		if (n > 0 && (p.revents & ~POLLOUT) && !PQconsumeInput(l->pg))
			return false;
	}
}

static uint64_t deadline(const struct pg_link *l)
{
	return clock_mono_ms() + l->limits->statement_ms + l->limits->answer_ms;
}

/* ---- asking ---- */

static size_t count_params(const char *sql)
{
	size_t most = 0;
	bool quoted = false;

	for (; *sql; sql++) {
		quoted ^= *sql == '\'';
		if (quoted || *sql != '$')
			continue;
		size_t n = strtoul(sql + 1, NULL, 10);
		most = n > most ? n : most;
	}
	return most;
}

static void name_of(const struct pg_statement *s, char ret[static 24])
{
	*ret = 0;
	if (s->number)
		snprintf(ret, 24, "s%u_%u", s->number, s->turn);
}

/* The server forgets the statement; its next preparation has another name, for this may come to nothing. */
static enum rc forget(struct pg_link *l, struct pg_statement *s, struct fault *f)
{
	char words[64] = "DEALLOCATE ";

	name_of(s, words + strlen(words));
	if (!PQsendQueryParams(l->pg, words, 0, NULL, NULL, NULL, NULL, 0))
		return lose(l, f);
	l->due[l->due_n++] = (struct pg_due){ NULL, false };
	s->prepared = false;
	s->turn++;
	return RC_OK;
}

/* An argument's type is what its first value that is not NULL has. */
static enum rc learn(struct pg_statement *s, size_t i, enum store_type type, bool *ret_new, struct fault *f)
{
	Oid is = type == STORE_INT ? TYPE_INT8 : type == STORE_TEXT ? TYPE_TEXT : 0;

	if (!is || s->types[i] == is)
		return RC_OK;
	if (s->types[i])
		return fault_set(f, RC_INTERNAL, "argument %zu has changed its type: %.150s", i + 1, text_of(s));
	s->types[i] = is;
	*ret_new = true;
	return RC_OK;
}

static enum rc fit(struct pg_link *l, struct pg_statement *s, struct store_args args, struct fault *f)
{
	bool anew = false;
	enum rc rc = RC_OK;

	if (!s->counted) {
		s->params = count_params(text_of(s));
		s->counted = true;
	}
	if (args.n > PG_ARGS_MAX || s->params > PG_ARGS_MAX)
		return fault_set(f, RC_INTERNAL, "a query has more than %d arguments", PG_ARGS_MAX);
	if (args.n < s->params)
		return fault_set(f, RC_INTERNAL, "argument %zu is missing: %.150s", args.n + 1, text_of(s));
	if (args.n > s->params)
		return fault_set(f, RC_INTERNAL, "argument %zu does not fit: %.150s", s->params + 1, text_of(s));
	for (size_t i = 0; rc == RC_OK && i < args.n; i++)
		rc = learn(s, i, args.at[i].type, &anew, f);
	return rc == RC_OK && anew && s->prepared ? forget(l, s, f) : rc;
}

static int send_run(struct pg_link *l, const struct pg_statement *s, struct store_args args)
{
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX], formats[PG_ARGS_MAX];
	uint64_t wide[PG_ARGS_MAX];
	char name[24];

	name_of(s, name);
	for (size_t i = 0; i < args.n; i++) {
		const struct store_value *v = &args.at[i];
		wide[i] = htobe64((uint64_t)v->i);
		values[i] = v->type == STORE_INT ? (const char *)&wide[i] : v->type == STORE_TEXT ? v->p : NULL;
		lengths[i] = v->type == STORE_INT ? 8 : (int)v->n;
		formats[i] = 1; /* of both: the bytes as they are */
	}
	return PQsendQueryPrepared(l->pg, name, (int)args.n, values, lengths, formats, 0);
}

enum rc pg_link_ask(struct pg_link *l, struct pg_statement *s, struct store_args args, struct fault *f)
{
	if (l->lost)
		return lose(l, f);
	if (l->due_n + 3 > PG_QUEUED_MAX) {
		enum rc rc = pg_link_collect(l, NULL, f);
		if (rc != RC_OK)
			return rc;
	}
	enum rc rc = fit(l, s, args, f);
	if (rc != RC_OK)
		return rc;
	if (!s->prepared) {
		char name[24];
		name_of(s, name);
		if (!PQsendPrepare(l->pg, name, text_of(s), (int)s->params, s->types))
			return lose(l, f);
		l->due[l->due_n++] = (struct pg_due){ s, true };
		s->prepared = s->number != 0; /* until the server says no */
	}
	if (!send_run(l, s, args))
		return lose(l, f);
	l->due[l->due_n++] = (struct pg_due){ s, false };
	return RC_OK;
}

/* ---- answers ---- */

/* The next answer, whole; NULL when the connection is lost. */
static PGresult *answer(struct pg_link *l, uint64_t until_ms)
{
	PGresult *first = NULL;

	for (;;) {
		if (!await(l, until_ms)) {
			l->lost = true; /* what it said last is the cause */
			return first;
		}
		PGresult *res = PQgetResult(l->pg);
		if (!res)
			return first;
		if (first)
			PQclear(res);
		else
			first = res;
	}
}

static enum rc judge(const struct pg_due *due, const PGresult *res, struct fault *f)
{
	const char *sql = due->statement ? text_of(due->statement) : "";
	ExecStatusType status = PQresultStatus(res);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return RC_OK;
	if (due->preparation && due->statement)
		due->statement->prepared = false;
	if (status == PGRES_PIPELINE_ABORTED)
		return fault_set(f, RC_INTERNAL, "not run, one before it failed: %.100s", sql);
	return failed(res, sql, f);
}

enum rc pg_link_collect(struct pg_link *l, PGresult **ret_last, struct fault *f)
{
	uint64_t until = deadline(l);
	enum rc rc = RC_OK;

	if (l->lost || !PQpipelineSync(l->pg))
		return lose(l, f);
	for (size_t i = 0; i < l->due_n; i++) {
		PGresult *res = answer(l, until);
		if (!res)
			return rc == RC_OK ? lose(l, f) : rc;
		struct fault why;
		enum rc one = judge(&l->due[i], res, &why);
		if (one != RC_OK && rc == RC_OK) {
			rc = fault_set(f, one, "%s", why.text);
			l->lost |= PQstatus(l->pg) == CONNECTION_BAD;
		}
		if (ret_last && i + 1 == l->due_n && rc == RC_OK)
			*ret_last = res;
		else
			PQclear(res);
	}
	l->due_n = 0;
	PGresult *end = await(l, until) ? PQgetResult(l->pg) : NULL;
	bool whole = PQresultStatus(end) == PGRES_PIPELINE_SYNC;
	PQclear(end);
	if (whole)
		return rc;
	if (rc == RC_OK && ret_last)
		PQclear(take(*ret_last));
	l->lost = true;
	return rc == RC_OK ? lose(l, f) : rc;
}

/* Outside of the pipeline. */
static enum rc simple(struct pg_link *l, const char *words, uint64_t until_ms, struct fault *f)
{
	enum rc rc = RC_OK;

	if (!PQsendQuery(l->pg, words))
		return lose(l, f);
	for (;;) {
		PGresult *res = await(l, until_ms) ? PQgetResult(l->pg) : NULL;
		if (!res)
			break;
		ExecStatusType status = PQresultStatus(res);
		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY &&
			rc == RC_OK)
			rc = failed(res, words, f);
		PQclear(res);
	}
	if (PQstatus(l->pg) == CONNECTION_BAD || PQtransactionStatus(l->pg) == PQTRANS_ACTIVE) {
		l->lost = true;
		return rc == RC_OK ? lose(l, f) : rc;
	}
	return rc;
}

enum rc pg_link_script(struct pg_link *l, const char *words, struct fault *f)
{
	char back[80];

	if (l->lost || !PQexitPipelineMode(l->pg))
		return lose(l, f);
	snprintf(back, sizeof(back), "SET statement_timeout = %" PRIu32, l->limits->statement_ms);
	enum rc rc = simple(l, "SET statement_timeout = 0", deadline(l), f);
	if (rc == RC_OK)
		rc = simple(l, words, clock_mono_ms() + SCRIPT_MS, f);
	enum rc undone = l->lost ? RC_OK : simple(l, back, deadline(l), rc == RC_OK ? f : NULL);
	rc = rc == RC_OK ? undone : rc; /* in a transaction that failed, its end sets it back */
	return !PQenterPipelineMode(l->pg) && rc == RC_OK ? lose(l, f) : rc;
}

/* ---- the beginning and the end ---- */

static void say_nothing(void *ctx, const char *words)
{
	(void)ctx;
	(void)words;
}

/* A session never waits for ever, and never answers before its rows are safe. */
static enum rc set_up(struct pg_link *l, enum store_mode mode, struct fault *f)
{
	char words[600];

	snprintf(words, sizeof(words),
		"SET statement_timeout = %" PRIu32 "; SET lock_timeout = %" PRIu32
		"; SET idle_in_transaction_session_timeout = %" PRIu32
		"; SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on%s"
		"; SELECT set_config('synchronous_commit', 'on', false) WHERE "
		"current_setting('synchronous_commit') = 'off'",
		l->limits->statement_ms, l->limits->lock_ms, l->limits->idle_ms,
		mode == STORE_READ ? "; SET default_transaction_read_only = on" : "");
	return simple(l, words, deadline(l), f);
}

static PGconn *dial(const char *url, const struct pg_limits *limits)
{
	char connect[16];
	/* What the URL says itself comes after, and wins; but for the encoding. */
	const char *const names[] = { "application_name", "connect_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "tcp_user_timeout", "dbname", "client_encoding", NULL };
	const char *const values[] = { "footplate", connect, "10", "5", "3", USER_TIME_MS, url, "UTF8", NULL };

	snprintf(connect, sizeof(connect), "%" PRIu32, limits->connect_s);
	return PQconnectdbParams(names, values, 1);
}

enum rc pg_link_open(const char *url, enum store_mode mode, const struct pg_limits *limits,
	struct pg_link **ret_link, struct fault *f)
{
	auto_of(pg_link) struct pg_link *l = calloc(1, sizeof(*l));

	if (!l)
		return RC_NOMEM;
	l->limits = limits;
	l->pg = dial(url, limits);
	if (!l->pg)
		return RC_NOMEM;
	if (PQstatus(l->pg) != CONNECTION_OK)
		return away(l->pg, f);
	PQsetNoticeProcessor(l->pg, say_nothing, NULL);
	if (PQserverVersion(l->pg) < 140000)
		return fault_set(f, RC_INVALID, "the database is PostgreSQL %d; 14 or newer is needed",
			PQserverVersion(l->pg) / 10000);
	PQsetnonblocking(l->pg, 1);
	enum rc rc = set_up(l, mode, f);
	if (rc == RC_OK && !PQenterPipelineMode(l->pg))
		rc = lose(l, f);
	if (rc == RC_OK)
		*ret_link = take(l);
	return rc;
}

void pg_link_free(struct pg_link *l)
{
	if (!l)
		return;
	PQfinish(l->pg);
	free(l);
}
