/* downloads_desk: a desk with downloads, whose agents the test plays. Shared by the tests of control/downloads. */
#pragma once

#include "control/downloads/download_end.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_queue.h"
#include "control/downloads/download_slots.h"
#include "control/downloads/downloads.h"
#include "control/engine/moves.h"
#include "control/owners.h"
#include "io/blobs.h"
#include "wire/sheet.h"

#include "tests/unit/control/engine_desk.h"

#include <sys/stat.h>

static char store_dir[64];
static struct artifacts_conf artifacts;

static inline int64_t number(const struct store_query *q, const char *a) { return desk_number(&d, q, a, NULL); }
#define COUNT(state) number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE state = $1"), state)
#define RUNNING()                                                                                             \
	number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE finished_at = 0 AND state NOT IN ('queued', " \
			  "'attached', "                                                                      \
			  "'paused')"),                                                                       \
		NULL)

static inline const char *text(const struct store_query *q, const char *a)
{
	static char ring[8][2048];
	static int at;
	char *to = ring[at++ % 8];
	auto_rows struct store_rows *r = NULL;

	*to = 0;
	if (store_one(d.tx.db, q, (struct store_args){ (struct store_value[]){ store_text(a) }, a ? 1 : 0 }, &r,
		    NULL) == RC_OK &&
		store_col_text(r, 0))
		snprintf(to, sizeof(ring[0]), "%s", store_col_text(r, 0));
	return to;
}
#define STATE(id) text(DESK_QUERY("SELECT state FROM downloads WHERE id = $1"), id)

/* 0: no such limit. */
static inline void key(const char *id, const char *tenant, int concurrent, int daily, int monthly)
{
	static const struct store_query add = {
		.sql = "INSERT INTO api_keys (id, name, hash, prefix, last4, scopes, expires_at, revoked_at, "
		       "created_by, "
		       "created_at, tenant_id, updated_at, max_concurrent, quota_daily_bytes, quota_monthly_bytes) "
		       "VALUES ($1, "
		       "$1, $1, '', '', '[]', 0, 0, 'test', 1, $2, 0, $3, $4, $5)"
	};
	desk_begin(&d);
	CHECK(store_do(d.tx.db, &add,
		      STORE_ARGS(store_text(id), store_text(tenant), store_int(concurrent), store_int(daily),
			      store_int(monthly)),
		      &d.fault) == RC_OK);
	desk_commit(&d);
}

static inline void begin(void)
{
	desk_open(&d);
	d.control.owned = owners_fold;
	d.control.owned_progress = owners_progress;
	artifacts = (struct artifacts_conf){ .dir = store_dir, .high_percent = 100 };
	d.conf.artifacts = &artifacts;
	people();
}

/* A content of one name: a digit, or any character of hexadecimal, 64 times. */
static inline const char *content(char name)
{
	static char id[65];
	char path[BLOBS_PATH_MAX], *slash;
	const struct sheet s = { .kind = "workshop_item", .bytes = 1000, .files = 1, .package_format = "none" };
	struct buf b = { 0 };

	memset(id, name, 64);
	sheet_write(&s, &b);
	blobs_sheet_path(store_dir, id, "none", path);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0700);
		*slash = '/';
	}
	FILE *f = fopen(path, "w");
	CHECK(f && fwrite(b.p, 1, b.n, f) == b.n && fclose(f) == 0);
	buf_done(&b);
	return id;
}

/* Asks for the Workshop item of this number; more are members of the request. Its id. */
static inline const char *ask(int item, const char *more)
{
	static char ring[128][40];
	static int at;
	char body[1024], *to = ring[at++ % 128];

	snprintf(body, sizeof(body), "{\"source\":{\"kind\":\"workshop_item\",\"id\":\"%d\"}%s%s}", item,
		*more ? "," : "", more);
	d.tx.now_ms++;
	if (writes("createDownload", NULL, body) != RC_OK) {
		fprintf(stderr, "%s: %s\n", body, d.fault.text);
		for (size_t i = 0; i < reader.problems_n; i++)
			fprintf(stderr, "%s %s\n", reader.problems[i].pointer, reader.problems[i].detail);
	}
	CHECK(ended == RC_OK);
	snprintf(to, sizeof(ring[0]), "%s", got("id"));
	return to;
}

static inline void task_of(const char *id, struct moves_task *t)
{
	const char *task = text(DESK_QUERY("SELECT task_id FROM downloads WHERE id = $1"), id);
	CHECK(*task && moves_load(&d.tx, task, t) == RC_OK);
}

static inline void starts(const char *id)
{
	struct moves_task t = { 0 };

	desk_begin(&d);
	task_of(id, &t);
	CHECK(moves_lease(&d.tx, &t, "agt_1") == RC_OK && moves_start(&d.tx, &t) == RC_OK);
	desk_commit(&d);
}

static inline void tells(const char *id, const char *state, int total, int done, int network)
{
	struct moves_task t = { 0 };
	char data[256];

	snprintf(data, sizeof(data),
		"{\"state\":\"%s\",\"bytesTotal\":\"%d\",\"bytesDone\":\"%d\",\"bytesNetwork\":\"%d\","
		"\"etaSeconds\":-1}",
		state, total, done, network);
	desk_begin(&d);
	task_of(id, &t);
	CHECK(download_progress_fold(&d.tx, &t, data) == RC_OK);
	desk_commit(&d);
}

static inline void ends_within(const char *id, char what, int network)
{
	struct moves_task t = { 0 };
	char result[256];

	task_of(id, &t);
	if (t.status == TASK_QUEUED)
		CHECK(moves_lease(&d.tx, &t, "agt_1") == RC_OK);
	if (t.status == TASK_LEASED)
		CHECK(moves_start(&d.tx, &t) == RC_OK);
	snprintf(result, sizeof(result),
		"{\"contentId\":\"%s\",\"bytes\":\"1000\",\"files\":\"1\",\"bytesNetwork\":\"%d\"}", content(what),
		network);
	CHECK(moves_succeed(&d.tx, &t, result) == RC_OK);
}

static inline void ends(const char *id, char what, int network)
{
	desk_begin(&d);
	ends_within(id, what, network);
	desk_commit(&d);
}

static inline void fails(const char *id, const char *code)
{
	struct moves_task t = { 0 };

	desk_begin(&d);
	task_of(id, &t);
	if (t.status == TASK_QUEUED)
		CHECK(moves_lease(&d.tx, &t, "agt_1") == RC_OK && moves_start(&d.tx, &t) == RC_OK);
	CHECK(moves_give_up(&d.tx, &t, moves_error(&d.tx, code, "as the test says", false)) == RC_OK);
	desk_commit(&d);
}

/* The agent heard that it is to stop. */
static inline void stops(const char *id)
{
	struct moves_task t = { 0 };

	desk_begin(&d);
	task_of(id, &t);
	CHECK(t.cancel_asked && moves_cancel(&d.tx, &t) == RC_OK);
	desk_commit(&d);
}

static inline void scans(void)
{
	desk_begin(&d);
	enum rc rc = downloads_scan(&d.tx);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", d.fault.text);
	CHECK(rc == RC_OK);
	desk_commit(&d);
}
