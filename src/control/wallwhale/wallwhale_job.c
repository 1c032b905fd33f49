#include "control/wallwhale/wallwhale_job.h"
#include "base/buf.h"
#include "control/events/slice.h"
#include "control/rows.h"
#include "wire/field_json.h"

#include <jansson.h>
#include <string.h>

#define ITEM_SHORT 8 /* digits of an item's number within a text */
#define ITEM_LONG  12
#define ITEM_MAX   20 /* of one that stands alone */

#define ROW(name_, type_, member, flags_, doc_)                                                              \
	{                                                                                                    \
		.name = (name_), .type = (type_), FIELD_AT(struct wallwhale_job, member), .flags = (flags_), \
		.doc = (doc_)                                                                                \
	}
const struct field wallwhale_job_fields[] = {
	ROW("id", FIELD_STR, id, 0, "dl_ and a ULID."),
	ROW("pubfileId", FIELD_STR, item, 0, "The Workshop item; empty: it is a download of something else."),
	ROW("status", FIELD_STR, status, 0, "queued, running, success, failed or canceled."),
	ROW("accountName", FIELD_STR, account, 0, "The login of the account; anonymous: nobody's session."),
	ROW("saveRoot", FIELD_STR, root, 0, "Empty: what was fetched is had by /zip."),
	ROW("progress", FIELD_U32, percent, 0, "Percent."),
	ROW("startedAt", FIELD_I64, started_at, FIELD_OMIT, "Milliseconds since 1970."),
	ROW("finishedAt", FIELD_I64, finished_at, FIELD_OMIT, "Milliseconds since 1970."),
	ROW("error", FIELD_STR, error, FIELD_OMIT, "Why it failed."),
	{ 0 },
};

const struct field wallwhale_job_in_fields[] = {
	{ .name = "urlOrId",
		.type = FIELD_STR,
		FIELD_AT(struct wallwhale_job_in, item),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 2048,
		.doc = "A Workshop item: its number, or the address of its page." },
	{ .name = "accountName",
		.type = FIELD_STR,
		FIELD_AT(struct wallwhale_job_in, account),
		.min = 1,
		.max = 64,
		.doc = "The login of an account of the tenant; anonymous: nobody's session; absent: as is "
		       "needed." },
	{ .name = "saveRoot",
		.type = FIELD_STR,
		FIELD_AT(struct wallwhale_job_in, root),
		.max = 4096,
		.doc = "Is refused: what was fetched is had by /zip, and lies in no folder of yours." },
	{ 0 },
};

/* ---- what is asked for ---- */

static const char *digits_at(struct call *c, const char *p, size_t n)
{
	return n > 0 && n <= ITEM_MAX ? arena_strn(c->tx.arena, p, n) : NULL;
}

static bool in_word(char ch)
{
	return (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z') || ch == '_';
}

/* A number that stands alone; else the first word of 8 to 12 digits. */
static const char *item_of(struct call *c, const char *text)
{
	size_t all = strspn(text, "0123456789");

	if (!text[all])
		return digits_at(c, text, all);
	for (const char *p = text; *p; p++) {
		size_t n = strspn(p, "0123456789");
		bool alone = (p == text || !in_word(p[-1])) && !in_word(p[n]);
		if (alone && n >= ITEM_SHORT && n <= ITEM_LONG)
			return digits_at(c, p, n);
		p += n ? n - 1 : 0;
	}
	return NULL;
}

static enum rc account_of(struct call *c, const char *login, struct download_account *ret)
{
	static const struct store_query find = {
		.sql = "SELECT id FROM accounts WHERE login = $1 AND tenant_id = $2"
	};
	auto_rows struct store_rows *r = NULL;

	ret->mode = !login                        ? DOWNLOAD_BY_AUTO
		    : !strcmp(login, "anonymous") ? DOWNLOAD_BY_ANONYMOUS
						  : DOWNLOAD_BY_ID;
	if (ret->mode != DOWNLOAD_BY_ID)
		return RC_OK;
	enum rc rc = store_one(
		c->tx.db, &find, STORE_ARGS(store_text(login), store_text(tx_tenant(&c->tx))), &r, c->tx.fault);
	if (rc == RC_MISSING)
		return field_json_problem(c->reader, "/accountName", "not_one_of", "there is no such account");
	ret->id = rc == RC_OK ? arena_str(c->tx.arena, store_col_text(r, 0)) : NULL;
	return rc == RC_OK && !ret->id ? RC_NOMEM : rc;
}

enum rc wallwhale_job_request(struct call *c, const struct wallwhale_job_in *in, struct download_request *ret)
{
	static const char start[] = "{\"source\":{\"kind\":\"workshop_item\"},\"package\":{\"format\":\"zip\"}}";
	enum rc rc = download_request_parse(&c->tx, NULL, start, ret, c->tx.fault);

	if (rc != RC_OK)
		return rc;
	if (in->root)
		rc = field_json_problem(c->reader, "/saveRoot", "out_of_range",
			"nothing is saved in a folder of yours; fetch it by /zip");
	ret->source.id = item_of(c, in->item);
	if (!ret->source.id)
		rc = field_json_problem(c->reader, "/urlOrId", "malformed",
			"must be the number of a Workshop item, or the address of its page");
	return rc == RC_OK ? account_of(c, in->account, &ret->account) : rc;
}

/* ---- what is told ---- */

static const char *status_of(enum download_state s)
{
	return s == DOWNLOAD_CANCELED ? download_words[s] : download_phase(s);
}

struct row {
	const char *id, *request, *login, *error, *artifact_id;
	int state;
	uint32_t percent;
	int64_t started_at, finished_at;
};
#define COLUMN(type_, member)                                                                           \
	{                                                                                               \
		.name = #member, .type = (type_), FIELD_AT(struct row, member), .words = download_words \
	}
static const struct field row_fields[] = { COLUMN(FIELD_STR, id), COLUMN(FIELD_STR, request),
	COLUMN(FIELD_STR, login), COLUMN(FIELD_STR, error), COLUMN(FIELD_STR, artifact_id),
	COLUMN(FIELD_ENUM, state), COLUMN(FIELD_U32, percent), COLUMN(FIELD_TIME, started_at),
	COLUMN(FIELD_TIME, finished_at), { 0 } };

static const char *error_of(struct tx *tx, const char *json)
{
	auto_json json_t *j = NULL;
	struct fault f = { 0 };
	const char *text = NULL;

	if (json && json_read(json, strlen(json), &j, &f) == RC_OK)
		text = json_string_value(json_object_get(j, "detail"));
	return text ? arena_str(tx->arena, text) : NULL;
}

/* The one that was asked for, while none is chosen. */
static enum rc name_account(struct tx *tx, const struct download_account *by, const char **login)
{
	static const struct store_query find = { .sql = "SELECT login FROM accounts WHERE id = $1" };
	auto_rows struct store_rows *r = NULL;

	if (*login || by->mode != DOWNLOAD_BY_ID)
		return RC_OK;
	enum rc rc = store_one(tx->db, &find, STORE_ARGS(store_text(by->id)), &r, tx->fault);
	*login = rc == RC_OK ? arena_str(tx->arena, store_col_text(r, 0)) : NULL;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc wallwhale_job_load(struct tx *tx, const char *id, struct wallwhale_job *ret)
{
	static const struct store_query one = {
		.sql = "SELECT d.id, d.request, a.login, d.error, d.artifact_id, d.state, d.percent, d.started_at, "
		       "d.finished_at FROM downloads d LEFT JOIN accounts a ON a.id = d.account_id WHERE d.id = $1"
	};
	struct download_request in = { 0 };
	struct row r = { 0 };
	enum rc rc = rows_one(tx->db, &one, STORE_ARGS(store_text(id)),
		(struct rows_into){ row_fields, tx->arena, &r }, tx->fault);

	if (rc == RC_OK)
		rc = download_request_read(tx, r.request, &in);
	if (rc == RC_OK)
		rc = name_account(tx, &in.account, &r.login);
	if (rc != RC_OK)
		return rc;
	enum download_state is = (enum download_state)r.state;
	*ret = (struct wallwhale_job){ .id = r.id,
		.item = !strcmp(in.source.kind, "workshop_item") ? in.source.id : "",
		.status = status_of(is),
		.account = r.login ? r.login : "anonymous",
		.root = "",
		.percent = r.percent,
		.started_at = r.started_at,
		.finished_at = r.finished_at,
		.error = is == DOWNLOAD_FAILED ? error_of(tx, r.error) : NULL,
		.state = is,
		.artifact_id = r.artifact_id };
	return RC_OK;
}

/* ---- its stream ---- */

#define END "event: end\ndata: Job finished\n\n"

struct line {
	const char *text;
};
static const struct field line_fields[] = { { .name = "text", .type = FIELD_STR, FIELD_AT(struct line, text) },
	{ 0 } };

/* No text of ours has a line's end; what an agent said may. */
static void put_line(struct buf *to, const char *text)
{
	buf_str(to, "data: ");
	for (; *text; text++)
		buf_u8(to, *text == '\n' || *text == '\r' ? ' ' : (uint8_t)*text);
	buf_str(to, "\n\n");
}

enum rc wallwhale_job_log(struct tx *tx, const struct wallwhale_job *j, const char **ret)
{
	static const struct store_query all = {
		.sql = "SELECT text FROM download_log WHERE download_id = $1 ORDER BY n"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list lines = { 0 };
	struct buf b = { 0 };
	enum rc rc = store_run(tx->db, &all, STORE_ARGS(store_text(j->id)), &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ line_fields, tx->arena, NULL }, sizeof(struct line),
			DOWNLOAD_ROW_LOG_MAX, &lines, tx->fault);
	const struct line *l = lines.at;
	for (size_t i = 0; rc == RC_OK && i < lines.n; i++)
		put_line(&b, l[i].text);
	if (download_is_over(j->state))
		buf_str(&b, END);
	*ret = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return rc == RC_OK && !*ret ? RC_NOMEM : rc;
}

static void put_progress(struct buf *to, const json_t *p)
{
	struct buf line = { 0 };

	buf_fmt(&line, "%lld %%, %lld of %lld bytes, %lld bytes/s",
		(long long)json_integer_value(json_object_get(p, "percent")),
		(long long)json_integer_value(json_object_get(p, "bytesDone")),
		(long long)json_integer_value(json_object_get(p, "bytesTotal")),
		(long long)json_integer_value(json_object_get(p, "rateBps")));
	put_line(to, buf_text(&line));
	buf_done(&line);
}

static bool put_state(struct buf *to, const json_t *p)
{
	const char *state = json_string_value(json_object_get(p, "state")),
		   *why = json_string_value(json_object_get(p, "reason"));
	struct buf line = { 0 };
	int s = 0;

	buf_fmt(&line, "%s%s%s", state ? state : "", why ? ": " : "", why ? why : "");
	put_line(to, buf_text(&line));
	buf_done(&line);
	while (state && s < DOWNLOAD_STATES && strcmp(download_words[s], state) != 0)
		s++;
	if (!state || s == DOWNLOAD_STATES || !download_is_over((enum download_state)s))
		return false;
	buf_str(to, END);
	return true;
}

bool wallwhale_job_say(struct buf *to, const struct slice_event *e)
{
	auto_json json_t *j = NULL;
	struct buf text = { 0 };
	struct fault f = { 0 };
	bool ends = false;

	slice_put(&text, "", e);
	if (!text.bad && json_read((const char *)text.p, text.n, &j, &f) == RC_OK) {
		const json_t *p = json_object_get(j, "payload");
		if (!strcmp(e->type, "download.progress"))
			put_progress(to, p);
		else
			ends = put_state(to, p);
	}
	buf_done(&text);
	return ends;
}
