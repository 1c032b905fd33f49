/* Results that come packed are checked as others are, kept as they came, and shown as what they say; those of before stay readable. */
#include "control/engine/given.h"
#include "control/engine/moves.h"
#include "control/engine/outcome.h"
#include "wire/base64.h"
#include "wire/packed.h"
#include "wire/tunnel_msg.h"

#include "tests/unit/control/engine_desk.h"

static char task_id[40];

static void running(void)
{
	struct moves_task t = { 0 };
	auto_rows struct store_rows *r = NULL;

	desk_begin(&d);
	CHECK(calls("createJob", NULL, "{\"action\":\"session.ping\",\"targets\":[\"acc_1\"]}", NULL) == RC_OK);
	CHECK(store_one(d.tx.db, DESK_QUERY("SELECT id FROM tasks WHERE status = 'queued' ORDER BY id DESC"),
		      STORE_NO_ARGS, &r, &d.fault) == RC_OK);
	snprintf(task_id, sizeof(task_id), "%s", store_col_text(r, 0));
	store_close(take(r));
	CHECK(moves_load(&d.tx, task_id, &t) == RC_OK && moves_lease(&d.tx, &t, "agt_1") == RC_OK);
	desk_commit(&d);
}

/* The task ends with this result; says how it stands then. */
static const char *ends(const char *result, size_t n)
{
	struct moves_task t = { 0 };
	bool stale = true;

	running();
	desk_begin(&d);
	CHECK(moves_load(&d.tx, task_id, &t) == RC_OK);
	CHECK(outcome_result(&d.tx, "agt_1",
		      &(struct tunnel_msg_result){ .task_id = task_id,
			      .nonce = t.nonce,
			      .attempt = t.attempt,
			      .outcome = TUNNEL_MSG_SUCCEEDED,
			      .result = result,
			      .result_n = n },
		      &stale) == RC_OK &&
		!stale);
	desk_commit(&d);
	desk_begin(&d);
	CHECK(moves_load(&d.tx, task_id, &t) == RC_OK);
	desk_commit(&d);
	return task_words[t.status];
}

static struct buf packed(const void *p, size_t n)
{
	struct buf frames = { 0 }, text = { 0 };
	CHECK(packed_frame(p, n, &frames, NULL) == RC_OK && packed_put(&frames, n, &text, NULL) == RC_OK);
	buf_done(&frames);
	(void)buf_text(&text);
	return text;
}

static struct buf long_json(void)
{
	struct buf b = { 0 };
	buf_str(&b, "{\"rttMs\":7,\"list\":[0");
	for (unsigned i = 1; b.n < PACKED_MIN; i++)
		buf_fmt(&b, ",\"n %u\"", i * i);
	buf_str(&b, "]}");
	return b;
}

static bool row_is(const char *text)
{
	return desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE id = $1 AND result = $2"), task_id,
		       text) == 1;
}

static bool shows(struct buf *json)
{
	struct buf want = { 0 };
	CHECK(desk_begin(&d) && calls("getTask", task_id, NULL, NULL) == RC_OK);
	desk_commit(&d);
	buf_fmt(&want, "\"result\":%s,\"error\":", buf_text(json));
	bool held = strstr(answered, buf_text(&want)) != NULL;
	buf_done(&want);
	return held;
}

static void kept_as_it_came(void)
{
	struct buf json = long_json(), text = packed(json.p, json.n);

	CHECK_STR(ends((const char *)text.p, text.n), "succeeded");
	CHECK(row_is(buf_text(&text)) && shows(&json));
	CHECK_STR(ends(buf_text(&json), json.n), "succeeded"); /* of an agent that packs nothing */
	CHECK(row_is(buf_text(&json)) && shows(&json));
	buf_done(&json);
	buf_done(&text);
}

static bool is_refused(const char *result, size_t n)
{
	return !strcmp(ends(result, n), "failed") &&
	       desk_number(&d,
		       DESK_QUERY("SELECT COUNT(*) FROM tasks WHERE id = $1 AND result IS NULL AND error LIKE "
				  "'%malformed_result%'"),
		       task_id, NULL) == 1;
}

/* Of some MiB: unpacked by a thread of its own while it is read. */
static void read_while_it_is_unpacked(void)
{
	struct packed_parts parts = { 0 };
	struct buf part = { 0 }, whole = { 0 }, text = { 0 };
	char *got_text = NULL;

	buf_u8(&whole, '[');
	for (unsigned i = 0; i < 9; i++) {
		part.n = 0;
		for (unsigned k = 0; part.n < 400000; k++)
			buf_fmt(&part, "{\"n\":%u},", i + k * 7919);
		buf_put(&whole, part.p, part.n);
	}
	buf_str(&whole, "0]");
	for (size_t at = 0; at < whole.n; at += 300001)
		packed_parts_add(&parts, whole.p + at, whole.n - at < 300001 ? whole.n - at : 300001);
	CHECK(packed_parts_end(&parts, &text, NULL) == RC_OK);
	for (int broken = 0; broken < 3; broken++) { /* whole; no JSON early on; cut off */
		struct tunnel_msg_result m = { .result = buf_text(&text), .result_n = text.n };
		enum rc rc = given_read(&m, &got_text, &d.fault);
		CHECK(rc == (broken ? RC_MALFORMED : RC_OK));
		if (rc == RC_OK)
			CHECK_STR(got_text, buf_text(&whole));
		free(take(got_text));
		text.n = broken ? text.n / 12 * 4 : 0;
		if (broken)
			continue;
		whole.p[100] = whole.p[100] == '}' ? '{' : '}';
		for (size_t at = 0; at < whole.n; at += 300001)
			packed_parts_add(&parts, whole.p + at, whole.n - at < 300001 ? whole.n - at : 300001);
		CHECK(packed_parts_end(&parts, &text, NULL) == RC_OK);
	}
	buf_done(&part);
	buf_done(&whole);
	buf_done(&text);
}

static void lies(void)
{
	static const char *const wrong[] = { "zstd:", "zstd:2:", "zstd:2:e30=", "{", "nil" };
	struct buf no_json = packed("{\"a\":1}}", 8), bomb = { 0 }, frames = { 0 };
	uint8_t *zeros = calloc(1, PACKED_MAX);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(is_refused(wrong[i], strlen(wrong[i])));
	CHECK(is_refused((const char *)no_json.p, no_json.n));
	CHECK(packed_frame(zeros, PACKED_MAX, &frames, NULL) == RC_OK);
	buf_fmt(&bomb, "zstd:%u:", PACKED_MAX);
	base64_put(&bomb, frames.p, frames.n);
	CHECK(is_refused(buf_text(&bomb), bomb.n));
	free(zeros);
	buf_done(&no_json);
	buf_done(&frames);
	buf_done(&bomb);
}

int main(void)
{
	desk_open(&d);
	people();
	kept_as_it_came();
	read_while_it_is_unpacked();
	lies();
	desk_close(&d);
	return 0;
}
