#include "control/webhooks/webhook_fill.h"
#include "base/when.h"
#include "control/control.h"
#include "control/events/feed.h"
#include "control/events/slice.h"
#include "control/rows.h"
#include "control/webhooks/webhook_row.h"
#include "control/webhooks/webhook_rules.h"
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>

#define REPLAY_MAX    10000
#define ENDPOINTS_MAX 100 /* that one transaction fills */
#define FIRED         "trigger.fired"

/* What becomes a row. */
struct made {
	const struct webhook_row *w;
	int64_t pos;
	const char *type, *subject, *trace_id, *body;
};

#define INSERT                                                                                                     \
	"INSERT INTO webhook_deliveries (id, webhook_id, pos, type, subject, status, tries, attempts, next_at, "   \
	"trace_id, "                                                                                               \
	"body, last_status, created_at, finished_at) VALUES ($1, $2, $3, $4, $5, CASE WHEN EXISTS (SELECT 1 FROM " \
	"webhook_deliveries o WHERE o.webhook_id = $2 AND o.subject = $5 AND o.finished_at = 0) THEN 'behind' "    \
	"ELSE "                                                                                                    \
	"'due' END, 0, 0, $6, $7, $8, 0, $6, 0)"

static enum rc insert(struct tx *tx, const struct made *m, const char **ret_id)
{
	static const struct store_query add = { .sql = INSERT
						" ON CONFLICT (webhook_id, pos) WHERE pos > 0 DO NOTHING" };
	const char *id = tx_id(tx, "msg");
	struct buf body = { 0 };

	*ret_id = id;
	enum rc rc = id ? webhook_row_say(tx, m->w, m->body, &body) : RC_NOMEM;
	if (rc == RC_OK)
		rc = store_do(tx->db, &add,
			STORE_ARGS(store_text(id), store_text(m->w->id), store_int(m->pos), store_text(m->type),
				store_text(m->subject), store_int(tx->now_ms), store_text(m->trace_id),
				store_text(buf_text(&body))),
			tx->fault);
	buf_done(&body);
	return rc;
}

/* A text of the event's head. A quote within a text is escaped there, so the name cannot be found in one. */
static const char *head_text(struct tx *tx, const char *data, const char *name)
{
	const char *payload = strstr(data, ",\"payload\":"), *at = strstr(data, name);

	if (!at || (payload && at > payload))
		return NULL;
	at += strlen(name);
	return arena_strn(tx->arena, at, strcspn(at, "\""));
}

/* What is to be told in order among itself. */
static const char *subject_of(struct tx *tx, const struct slice_event *e)
{
	const char *of[] = { head_text(tx, e->data, ",\"taskId\":\""), e->job_id,
		head_text(tx, e->data, ",\"resource\":\""), e->account_id, e->region_id };

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++)
		if (of[i])
			return of[i];
	return e->type;
}

/* The event without its payload. */
static enum rc put_thin(struct tx *tx, const struct slice_event *e, struct buf *to)
{
	auto_json json_t *whole = NULL;

	to->n = 0;
	slice_put(to, tx->control->epoch, e);
	enum rc rc = to->bad ? RC_NOMEM : json_read((const char *)to->p, to->n, &whole, tx->fault);
	if (rc != RC_OK)
		return rc;
	json_object_del(whole, "payload");
	if (json_object_set_new(whole, "thin", json_true()) != 0)
		return RC_NOMEM;
	to->n = 0;
	return json_put(to, whole, false);
}

static enum rc add_event(struct tx *tx, const struct webhook_row *w, const struct slice_event *e)
{
	struct buf b = { 0 };
	const char *id;
	enum rc rc = RC_OK;

	slice_put(&b, tx->control->epoch, e);
	if (w->thin || b.n > WEBHOOK_RULES_BODY)
		rc = put_thin(tx, e, &b);
	if (rc == RC_OK && b.bad)
		rc = RC_NOMEM;
	const struct made m = { .w = w,
		.pos = e->pos,
		.type = e->type,
		.subject = subject_of(tx, e),
		.trace_id = head_text(tx, e->data, ",\"traceId\":\""),
		.body = buf_text(&b) };
	if (rc == RC_OK)
		rc = insert(tx, &m, &id);
	buf_done(&b);
	return rc;
}

static void wish_of(const struct webhook_row *w, struct feed_wish *ret)
{
	*ret = (struct feed_wish){ .tenant_id = w->tenant_id,
		.job_id = w->job_id,
		.account_id = w->account_id,
		.region_id = w->region_id };
	const char *const *types = w->types.at;
	for (size_t i = 0; i < w->types.n && i < FEED_TYPES_MAX; i++)
		ret->types[ret->types_n++] = types[i];
}

/* The end of a download that was to be told to this endpoint, whatever types it asks for. No text has such quotes. */
static bool is_called_back(const struct webhook_row *w, const struct slice_event *e)
{
	static const char name[] = ",\"callbackWebhookId\":\"";
	const char *at = !strcmp(e->type, "download.state_changed") && !strcmp(e->tenant_id, w->tenant_id)
				 ? strstr(e->data, name)
				 : NULL;
	size_t n = strlen(w->id);

	at = at ? at + sizeof(name) - 1 : "";
	return strncmp(at, w->id, n) == 0 && at[n] == '"';
}

/* The log has lost what the endpoint had not yet got: it is told so, as a stream is. */
static enum rc add_gap(struct tx *tx, const struct webhook_row *w, int64_t oldest)
{
	const char *epoch = tx->control->epoch, *id;
	const struct made m = { .w = w,
		.pos = oldest - 1,
		.type = "stream.gap",
		.subject = "stream.gap",
		.body = arena_fmt(tx->arena,
			"{\"id\":\"%s-%" PRId64 "\",\"type\":\"stream.gap\",\"from\":%" PRId64 ",\"to\":%" PRId64
			",\"reason\":\"the log does not reach back so far\"}",
			epoch, oldest - 1, w->pos + 1, oldest - 1) };
	return m.body ? insert(tx, &m, &id) : RC_NOMEM;
}

static enum rc move_to(struct tx *tx, const struct webhook_row *w, int64_t pos)
{
	static const struct store_query set = { .sql = "UPDATE webhooks SET pos = $2 WHERE id = $1" };
	return store_do(tx->db, &set, STORE_ARGS(store_text(w->id), store_int(pos)), tx->fault);
}

/* A walk along the log. */
struct walk {
	const struct webhook_row *w;
	int64_t at, until; /* positions: done up to here, and not past there */
	int64_t n;         /* deliveries that were wanted */
	int64_t oldest;    /* of the log, as the last page saw it */
	bool more;         /* the last page was full */
};

static enum rc add_page(struct tx *tx, struct walk *k)
{
	const struct slice_ask ask = { .after = k->at, .limit = WEBHOOK_FILL_PAGE };
	struct feed_wish wish;
	struct slice s;
	enum rc rc = slice_fetch(tx, &ask, &s);

	wish_of(k->w, &wish);
	for (size_t i = 0; rc == RC_OK && i < s.n && s.events[i].pos <= k->until; i++) {
		k->at = s.events[i].pos;
		if (!feed_wants(&wish, &s.events[i]) && !is_called_back(k->w, &s.events[i]))
			continue;
		rc = add_event(tx, k->w, &s.events[i]);
		k->n++;
	}
	if (rc == RC_OK) {
		k->oldest = s.oldest;
		k->more = s.n == WEBHOOK_FILL_PAGE && k->at < k->until;
	}
	return rc;
}

/* Each page has an arena of its own: many endpoints and large events do not add up. */
static enum rc take_page(struct tx *tx, struct walk *k)
{
	struct arena arena = { 0 };
	struct tx own = *tx;

	own.arena = &arena;
	enum rc rc = add_page(&own, k);
	arena_done(&arena);
	return rc;
}

static enum rc fill_one(struct tx *tx, const struct webhook_row *w, bool *more)
{
	struct walk k = { .w = w, .at = w->pos, .until = INT64_MAX };

	if (w->pending >= WEBHOOK_RULES_BACKLOG)
		return RC_OK; /* the log keeps them */
	enum rc rc = take_page(tx, &k);
	if (rc == RC_OK && k.oldest > w->pos + 1)
		rc = add_gap(tx, w, k.oldest);
	*more |= rc == RC_OK && k.more;
	return rc == RC_OK && k.at > w->pos ? move_to(tx, w, k.at) : rc;
}

enum rc webhook_fill(struct tx *tx, bool *ret_more)
{
	static const struct store_query behind = {
		.sql = WEBHOOK_ROW_SELECT
		"WHERE w.enabled = 1 AND w.pos < (SELECT MAX(pos) FROM events) ORDER BY w.pos, w.id LIMIT $1"
	};
	const struct rows_into each = { webhook_row_fields, tx->arena, NULL };
	auto_rows struct store_rows *r = NULL;
	struct field_list all = { 0 };

	enum rc rc = store_run(tx->db, &behind, STORE_ARGS(store_int(ENDPOINTS_MAX)), &r, tx->fault);
	if (rc == RC_OK)
		rc = rows_list(r, &each, sizeof(struct webhook_row), ENDPOINTS_MAX, &all, tx->fault);
	store_close(take(r));
	*ret_more = all.n == ENDPOINTS_MAX;
	const struct webhook_row *w = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		rc = fill_one(tx, &w[i], ret_more);
	return rc;
}

enum rc webhook_fill_again(struct tx *tx, const char *webhook_id, const char *id)
{
	static const struct store_query reset = {
		.sql = "UPDATE webhook_deliveries SET tries = 0, next_at = $3, finished_at = 0, status = CASE WHEN "
		       "EXISTS "
		       "(SELECT 1 FROM webhook_deliveries o WHERE o.webhook_id = webhook_deliveries.webhook_id AND "
		       "o.subject = "
		       "webhook_deliveries.subject AND o.finished_at = 0 AND o.id <> webhook_deliveries.id AND "
		       "(o.status <> "
		       "'behind' OR o.pos < webhook_deliveries.pos)) THEN 'behind' ELSE 'due' END WHERE webhook_id "
		       "= $1 AND id = $2 "
		       "AND status <> 'sending' RETURNING id"
	};
	auto_rows struct store_rows *r = NULL;
	return store_one(tx->db, &reset, STORE_ARGS(store_text(webhook_id), store_text(id), store_int(tx->now_ms)),
		&r, tx->fault);
}

/* The deliveries that there are begin anew, one by one: each looks at those before it. */
static enum rc again_within(struct tx *tx, const struct webhook_row *w, int64_t from, int64_t to)
{
	static const struct store_query over = { .sql = "SELECT id FROM webhook_deliveries WHERE webhook_id = $1 "
							"AND pos >= $2 AND pos <= $3 AND finished_at > 0 "
							"ORDER BY pos" };
	auto_rows struct store_rows *r = NULL;
	const char **ids = arena_take(tx->arena, REPLAY_MAX * sizeof(*ids));
	size_t n = 0;
	bool row = false;

	enum rc rc = ids ? store_run(tx->db, &over, STORE_ARGS(store_text(w->id), store_int(from), store_int(to)),
				   &r, tx->fault)
			 : RC_NOMEM;
	while (rc == RC_OK && n < REPLAY_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		ids[n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = ids[n++] ? RC_OK : RC_NOMEM;
	}
	store_close(take(r));
	for (size_t i = 0; rc == RC_OK && i < n; i++) {
		rc = webhook_fill_again(tx, w->id, ids[i]);
		rc = rc == RC_MISSING ? RC_OK : rc;
	}
	return rc;
}

enum rc webhook_fill_replay(struct tx *tx, const struct webhook_row *w, int64_t from, int64_t to, int64_t *ret_n)
{
	struct walk k = { .w = w, .at = from - 1, .until = to, .more = true };

	if (to - from >= REPLAY_MAX)
		return fault_set(
			tx->fault, RC_INVALID, "at most %d events at once; ask for a part of them", REPLAY_MAX);
	enum rc rc = again_within(tx, w, from, to);
	while (rc == RC_OK && k.more && k.at < to)
		rc = take_page(tx, &k);
	*ret_n = k.n;
	return rc;
}

enum rc webhook_fill_ping(struct tx *tx, const struct webhook_row *w, const char **ret_id)
{
	const char *subject = tx_id(tx, "png");
	char ts[WHEN_MAX];

	when_text(ts, tx->now_ms);
	const struct made m = { .w = w,
		.type = WEBHOOK_PING,
		.subject = subject,
		.trace_id = *tx->trace_id ? tx->trace_id : NULL,
		.body = arena_fmt(tx->arena,
			"{\"id\":\"%s\",\"type\":\"" WEBHOOK_PING "\",\"schema\":\"" WEBHOOK_PING
			"/1\",\"ts\":\"%s\",\"resource\":\"%s\",\"actor\":\"%s\",\"payload\":{}}",
			subject, ts, w->id, tx->actor) };
	return subject && m.body ? insert(tx, &m, ret_id) : RC_NOMEM;
}

enum rc webhook_fill_fired(
	struct tx *tx, const struct webhook_row *w, const char *subject, const char *payload, const char **ret_id)
{
	char ts[WHEN_MAX];

	when_text(ts, tx->now_ms);
	const struct made m = { .w = w,
		.type = FIRED,
		.subject = subject,
		.trace_id = *tx->trace_id ? tx->trace_id : NULL,
		.body = arena_fmt(tx->arena,
			"{\"id\":\"%s\",\"type\":\"" FIRED "\",\"schema\":\"" FIRED
			"/1\",\"ts\":\"%s\",\"resource\":\"%s\",\"payload\":%s}",
			subject, ts, w->id, payload) };
	return m.body ? insert(tx, &m, ret_id) : RC_NOMEM;
}
