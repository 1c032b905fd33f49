#include "driver/store/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 5000
#define STATEMENTS_MAX \
	256 /* kept per connection: SLOTS is a hash table of their addresses, never more than half full */
#define SLOTS    512
#define ARGS_MAX 64

struct sqlite_store {
	struct store base;
	bool frozen; /* path is a URI of a file that is only read */
	char path[];
};

/* A prepared statement, and which of its own parameters $1, $2, … are: SQLite numbers $n by first appearance. */
struct sqlite_rows {
	struct store_rows base;
	const struct store_query *query;
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int param[ARGS_MAX];
	bool busy, over, once; /* once: not kept, finalized at its close */
};

struct sqlite_conn {
	struct store_conn base;
	sqlite3 *db;
	size_t kept;
	struct sqlite_rows *slots[SLOTS];
};

static enum rc rc_of(int e)
{
	switch (e & 0xFF) {
	case SQLITE_OK:
		return RC_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return RC_OVERLOADED;
	case SQLITE_CONSTRAINT:
		return e == SQLITE_CONSTRAINT_PRIMARYKEY || e == SQLITE_CONSTRAINT_UNIQUE ? RC_EXISTS : RC_CONFLICT;
	case SQLITE_NOMEM:
		return RC_NOMEM;
	case SQLITE_FULL: /* until there is room again */
		return RC_READ_ONLY;
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return RC_IO;
	default:
		return RC_INTERNAL;
	}
}

static enum rc failed(sqlite3 *db, const char *what, struct fault *f)
{
	int e = sqlite3_extended_errcode(db);
	return fault_set(
		f, rc_of(e) == RC_OK ? RC_INTERNAL : rc_of(e), "database: %s: %.100s", sqlite3_errmsg(db), what);
}

static enum rc control(struct store_conn *base, const char *words, struct fault *f)
{
	struct sqlite_conn *c = (struct sqlite_conn *)base;
	int e = sqlite3_exec(c->db, words, NULL, NULL, NULL);
	return e == SQLITE_OK ? RC_OK : failed(c->db, words, f);
}

static void statement_free(struct sqlite_rows *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->stmt);
	free(s);
}

static enum rc prepare(
	struct sqlite_conn *c, const struct store_query *q, struct sqlite_rows **ret, struct fault *f)
{
	struct sqlite_rows *s = calloc(1, sizeof(*s));
	if (!s)
		return RC_NOMEM;
	*s = (struct sqlite_rows){ .base = { c->base.impl }, .query = q, .db = c->db };
	if (sqlite3_prepare_v3(c->db, q->sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL) != SQLITE_OK) {
		statement_free(s);
		return failed(c->db, q->sql, f);
	}
	for (int i = 0; i < ARGS_MAX; i++) {
		char name[8];
		snprintf(name, sizeof(name), "$%d", i + 1);
		s->param[i] = sqlite3_bind_parameter_index(s->stmt, name);
	}
	*ret = s;
	return RC_OK;
}

/* The kept statement of q that is free; else a new one, which is kept when there is a slot for it. */
static enum rc statement_of(
	struct sqlite_conn *c, const struct store_query *q, struct sqlite_rows **ret, struct fault *f)
{
	size_t at = ((uintptr_t)q >> 4) * 2654435761u % SLOTS;

	while (c->slots[at] && c->slots[at]->query != q)
		at = (at + 1) % SLOTS;
	if (c->slots[at] && !c->slots[at]->busy) {
		*ret = c->slots[at];
		return RC_OK;
	}
	struct sqlite_rows *s = NULL;
	enum rc rc = prepare(c, q, &s, f);
	if (rc != RC_OK || !s)
		return rc;
	s->once = c->slots[at] || c->kept >= STATEMENTS_MAX;
	if (!s->once) {
		c->slots[at] = s;
		c->kept++;
	}
	*ret = s;
	return RC_OK;
}

static void close_rows(struct store_rows *base)
{
	struct sqlite_rows *s = (struct sqlite_rows *)base;

	if (s->once) {
		statement_free(s);
		return;
	}
	sqlite3_reset(s->stmt);
	sqlite3_clear_bindings(s->stmt);
	s->busy = false;
}

static int bind_one(struct sqlite_rows *s, int at, const struct store_value *v)
{
	if (v->type == STORE_INT)
		return sqlite3_bind_int64(s->stmt, at, v->i);
	if (v->type == STORE_TEXT)
		return sqlite3_bind_text64(s->stmt, at, v->p, v->n, SQLITE_STATIC, SQLITE_UTF8);
	return sqlite3_bind_null(s->stmt, at);
}

static enum rc run(struct store_conn *base, const struct store_query *q, struct store_args args,
	struct store_rows **ret_rows, struct fault *f)
{
	struct sqlite_conn *c = (struct sqlite_conn *)base;
	struct sqlite_rows *s = NULL;

	if (args.n > ARGS_MAX)
		return fault_set(f, RC_INTERNAL, "a query has more than %d arguments", ARGS_MAX);
	enum rc rc = statement_of(c, q, &s, f);
	if (rc != RC_OK || !s)
		return rc;
	s->busy = true;
	s->over = false;
	if (args.n < (size_t)sqlite3_bind_parameter_count(s->stmt)) {
		rc = fault_set(f, RC_INTERNAL, "argument %zu is missing: %.150s", args.n + 1, q->sql);
		close_rows(&s->base);
		return rc;
	}
	for (size_t i = 0; i < args.n; i++) {
		if (s->param[i] && bind_one(s, s->param[i], &args.at[i]) == SQLITE_OK)
			continue;
		rc = fault_set(f, RC_INTERNAL, "argument %zu does not fit: %.150s", i + 1, q->sql);
		close_rows(&s->base);
		return rc;
	}
	*ret_rows = &s->base;
	return RC_OK;
}

static enum rc next(struct store_rows *base, bool *ret_row, struct fault *f)
{
	struct sqlite_rows *s = (struct sqlite_rows *)base;
	int e = s->over ? SQLITE_DONE : sqlite3_step(s->stmt); /* another step would begin the query again */

	s->over = e != SQLITE_ROW;
	if (e != SQLITE_ROW && e != SQLITE_DONE)
		return failed(s->db, s->query->sql, f);
	*ret_row = e == SQLITE_ROW;
	return RC_OK;
}

static struct store_value column(struct store_rows *base, size_t i)
{
	sqlite3_stmt *stmt = ((struct sqlite_rows *)base)->stmt;
	int at = (int)i;

	switch (sqlite3_column_type(stmt, at)) {
	case SQLITE_INTEGER:
		return store_int(sqlite3_column_int64(stmt, at));
	case SQLITE_NULL:
		return (struct store_value){ .type = STORE_NULL };
	default:
		return (struct store_value){ .type = STORE_TEXT,
			.p = (const char *)sqlite3_column_text(stmt, at),
			.n = (size_t)sqlite3_column_bytes(stmt, at) };
	}
}

static void disconnect(struct store_conn *base)
{
	struct sqlite_conn *c = (struct sqlite_conn *)base;
	for (size_t i = 0; i < SLOTS; i++)
		statement_free(c->slots[i]);
	sqlite3_close(c->db);
	free(c);
}

/* Writes the log once more, as it is read. After a sync that failed, the system takes its pages for clean, though the disk never got
 * them; a later sync would say that all is well, and the database would be ahead of its log. */
static int write_anew(sqlite3_file *log)
{
	sqlite3_int64 size = 0;
	char page[4096];
	int e = log->pMethods->xFileSize(log, &size);

	for (sqlite3_int64 at = 0; e == SQLITE_OK && at < size; at += (sqlite3_int64)sizeof(page)) {
		int n = size - at < (sqlite3_int64)sizeof(page) ? (int)(size - at) : (int)sizeof(page);
		e = log->pMethods->xRead(log, page, n, at);
		if (e == SQLITE_OK)
			e = log->pMethods->xWrite(log, page, n, at);
	}
	return e == SQLITE_OK && size > 0 ? log->pMethods->xSync(log, SQLITE_SYNC_FULL) : e;
}

/* What a process before this one left in the log. Nobody else writes meanwhile; one who does not let us has seen to it. */
static enum rc trust_log(struct sqlite_conn *c, struct fault *f)
{
	sqlite3_file *log = NULL;
	enum rc rc = control(&c->base, "BEGIN IMMEDIATE", f);

	if (rc != RC_OK)
		return rc == RC_OVERLOADED ? RC_OK : rc;
	int e = sqlite3_file_control(c->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (e == SQLITE_OK && log && log->pMethods)
		e = write_anew(log);
	if (e != SQLITE_OK)
		rc = fault_set(f, RC_IO, "the database's log cannot be written anew: %s", sqlite3_errstr(e));
	enum rc ended = control(&c->base, "ROLLBACK", NULL);
	return rc == RC_OK ? ended : rc;
}

static enum rc set_up(struct sqlite_conn *c, enum store_mode mode, struct fault *f)
{
	sqlite3_busy_timeout(c->db, BUSY_MS);
	sqlite3_extended_result_codes(c->db, 1);
	if (((const struct sqlite_store *)c->base.store)->frozen)
		return control(&c->base, "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY", f);
	enum rc rc = control(&c->base,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA "
		"temp_store=MEMORY",
		f);
	/* What a crashed process wrote and a failed sync left in the system's memory alone is read as committed: before anything
	 * is put behind it, it goes into the database. When others have it open, they have seen to that. */
	if (rc == RC_OK && mode == STORE_WRITE)
		rc = trust_log(c, f);
	if (rc == RC_OK && mode == STORE_WRITE)
		rc = control(&c->base,
			"PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-8000; PRAGMA wal_checkpoint(TRUNCATE)",
			f);
	if (rc == RC_OK && mode == STORE_READ)
		rc = control(&c->base, "PRAGMA query_only=ON; PRAGMA cache_size=-2000", f);
	return rc;
}

static enum rc connect_to(struct store *base, enum store_mode mode, struct store_conn **ret_conn, struct fault *f)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	struct sqlite_conn *c = calloc(1, sizeof(*c));

	if (!c)
		return RC_NOMEM;
	c->base = (struct store_conn){ base->impl, base };
	int how = s->frozen ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int e = sqlite3_open_v2(s->path, &c->db, how | SQLITE_OPEN_NOMUTEX, NULL);
	enum rc rc =
		e == SQLITE_OK ? set_up(c, mode, f) : fault_set(f, rc_of(e), "%s: %s", s->path, sqlite3_errstr(e));
	if (rc != RC_OK) {
		disconnect(&c->base);
		return rc;
	}
	*ret_conn = &c->base;
	return RC_OK;
}

/* One step copies all pages inside one read transaction: in WAL mode nobody waits for it, and nothing begins it anew. */
static enum rc copy_pages(sqlite3 *from, sqlite3 *to, const char *path, struct fault *f)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	if (!b)
		return fault_set(f, rc_of(sqlite3_errcode(to)), "%s: %s", path, sqlite3_errmsg(to));
	int e = sqlite3_backup_step(b, -1);
	sqlite3_backup_finish(b);
	if (e != SQLITE_DONE)
		return fault_set(f, rc_of(e), "%s: %s", path, sqlite3_errstr(e));
	/* The copy is one file, without a log beside it; leaving WAL mode syncs it. */
	e = sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	return e == SQLITE_OK ? RC_OK : fault_set(f, rc_of(e), "%s: %s", path, sqlite3_errmsg(to));
}

static enum rc copy_to(struct store_conn *base, const char *path, struct fault *f)
{
	struct sqlite_conn *c = (struct sqlite_conn *)base;
	sqlite3 *to = NULL;

	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_set(f, RC_IO, "%s: cannot be made: %m", path);
	int e = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	enum rc rc = e == SQLITE_OK ? copy_pages(c->db, to, path, f)
				    : fault_set(f, rc_of(e), "%s: %s", path, sqlite3_errstr(e));
	sqlite3_close(to);
	if (rc == RC_OK && fsync(fd) != 0)
		rc = fault_set(f, RC_IO, "%s: %m", path);
	close(fd);
	return rc;
}

static void free_store(struct store *s) { free(s); }

static const struct store_impl impl = {
	.name = "sqlite",
	.serial = "INTEGER PRIMARY KEY",
	.connect = connect_to,
	.disconnect = disconnect,
	.control = control,
	.run = run,
	.next = next,
	.column = column,
	.close = close_rows,
	.copy = copy_to,
	.free = free_store,
};

enum rc sqlite_open(const char *path, struct store **ret_store, struct fault *f)
{
	size_t n = strlen(path) + 1;
	struct sqlite_store *s = calloc(1, sizeof(*s) + n);
	if (!s)
		return RC_NOMEM;
	s->base.impl = &impl;
	memcpy(s->path, path, n);
	/* Its count of what it allocates costs a lock each time, and nobody reads it. Refused once SQLite is in use: then it was set. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

	/* SQLite would make it with the umask's rights; what is in it is for its owner alone. */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		free(s);
		return fault_set(f, RC_IO, "%s: cannot be opened for writing: %m", path);
	}
	close(fd);
	*ret_store = &s->base;
	return RC_OK;
}

/* What means something in a URI is written as %XX. */
static void put_uri(const char *path, char *to)
{
	to += sprintf(to, "file:");
	for (; *path; path++)
		to += strchr("?#%", *path) ? sprintf(to, "%%%02X", (unsigned char)*path) : sprintf(to, "%c", *path);
	sprintf(to, "?immutable=1");
}

enum rc sqlite_open_copy(const char *path, struct store **ret_store, struct fault *f)
{
	struct sqlite_store *s = calloc(1, sizeof(*s) + strlen(path) * 3 + 32);
	if (!s)
		return RC_NOMEM;
	if (access(path, R_OK) != 0) {
		free(s);
		return fault_set(f, RC_IO, "%s: %m", path);
	}
	s->base.impl = &impl;
	s->frozen = true;
	put_uri(path, s->path);
	*ret_store = &s->base;
	return RC_OK;
}
