#include "control/fleet/reports.h"
#include "base/log.h"
#include "base/metric.h"
#include "base/when.h"
#include "control/control.h"
#include "control/events/events.h"
#include "control/fleet/account_secrets.h"
#include "control/fleet/bots.h"
#include "control/fleet/challenges.h"
#include "control/fleet/shop_challenges.h"
#include "control/fleet/states.h"
#include "wire/field_json.h"
#include "wire/seal.h"
#include "wire/tunnel_auth.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define CODE_MAX       64 /* bytes of a reason */
#define CONDITIONS_MAX 32
#define SEALED_MAX     ((size_t)16384) /* hexadecimal digits */

struct report {
	struct tx *tx;
	struct states_account *account;
	const char *payload;
};

static enum rc drop(struct tx *tx, const char *why)
{
	metric_add(tx->control->metrics, METRIC_STALE_REPORTS, why, 1);
	return RC_OK;
}

static enum rc read_into(const struct report *p, const struct field *t, void *to)
{
	struct field_reader r = { .arena = p->tx->arena, .lenient = true };
	auto_json struct json_t *j = NULL;
	struct fault f = { 0 };

	enum rc rc = json_read(p->payload, strlen(p->payload), &j, &f);
	return rc == RC_OK ? field_json_decode(t, j, &r, to, &f) : rc;
}

struct state_said {
	int state;
	const char *reason, *steam_id;
	uint32_t eresult;
	int64_t epoch, generation, until;
};
static const struct field state_fields[] = {
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct state_said, state),
		.flags = FIELD_REQUIRED,
		.words = account_state_words },
	{ .name = "reason",
		.type = FIELD_STR,
		FIELD_AT(struct state_said, reason),
		.flags = FIELD_NULLABLE,
		.max = CODE_MAX },
	{ .name = "steamId",
		.type = FIELD_STR,
		FIELD_AT(struct state_said, steam_id),
		.flags = FIELD_NULLABLE,
		.max = 20,
		.chars = "0123456789" },
	{ .name = "eresult", .type = FIELD_U32, FIELD_AT(struct state_said, eresult) },
	{ .name = "epoch", .type = FIELD_I64, FIELD_AT(struct state_said, epoch) },
	{ .name = "generation", .type = FIELD_I64, FIELD_AT(struct state_said, generation) },
	{ .name = "until", .type = FIELD_TIME, FIELD_AT(struct state_said, until), .flags = FIELD_NULLABLE },
	{ 0 },
};

static enum rc note_seen(struct tx *tx, const char *account_id, const struct state_said *s)
{
	static const struct store_query seen = {
		.sql = "UPDATE accounts SET observed_generation = CASE WHEN $2 > observed_generation AND $2 <= "
		       "generation "
		       "THEN $2 ELSE observed_generation END, steam_id = COALESCE($3, steam_id) WHERE id = $1"
	};
	const char *steam_id = s->steam_id && *s->steam_id && strcmp(s->steam_id, "0") != 0 ? s->steam_id : NULL;
	return store_do(tx->db, &seen,
		STORE_ARGS(store_text(account_id), store_int(s->generation), store_text(steam_id)), tx->fault);
}

static enum rc take_state(const struct report *p)
{
	struct states_account *a = p->account;
	struct state_said s = { 0 };

	if (read_into(p, state_fields, &s) != RC_OK)
		return drop(p->tx, "malformed");
	/* Draining for the sake of `enabled` ends in disabled, whatever the agent knows of it (24). */
	if (!a->enabled && s.state == ACCOUNT_OFFLINE)
		s.state = ACCOUNT_DISABLED;
	/* Disabled is what people make of an account; no agent says so. */
	bool by_people = a->enabled && s.state == ACCOUNT_DISABLED;
	bool lawful = s.state == a->state ||
		      (!by_people && account_may_follow((enum account_state)a->state, (enum account_state)s.state));
	if (!lawful) {
		log_warn(p->tx->control->log, "unlawful report dropped account=%s from=%s to=%s", a->id,
			account_state_words[a->state], account_state_words[s.state]);
		return drop(p->tx, "unlawful");
	}
	const struct states_why why = { s.reason, s.eresult, s.until };
	enum rc rc = note_seen(p->tx, a->id, &s);
	if (rc == RC_OK)
		rc = states_move(p->tx, a, (enum account_state)s.state, &why);
	return rc == RC_OK ? bots_restarted(p->tx, a, s.generation) : rc;
}

struct begun_said {
	int64_t generation;
};
static const struct field begun_fields[] = {
	{ .name = "generation", .type = FIELD_I64, FIELD_AT(struct begun_said, generation) },
	{ 0 },
};

static enum rc take_begun(const struct report *p)
{
	struct begun_said s = { 0 };
	if (read_into(p, begun_fields, &s) != RC_OK)
		return drop(p->tx, "malformed");
	return bots_begun(p->tx, p->account, s.generation);
}

struct condition_said {
	const char *type, *reason;
	bool status;
};
static const struct field condition_fields[] = {
	{ .name = "type",
		.type = FIELD_STR,
		FIELD_AT(struct condition_said, type),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = CODE_MAX,
		.chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_" },
	{ .name = "reason",
		.type = FIELD_STR,
		FIELD_AT(struct condition_said, reason),
		.flags = FIELD_NULLABLE,
		.max = CODE_MAX },
	{ .name = "status", .type = FIELD_BOOL, FIELD_AT(struct condition_said, status), .flags = FIELD_REQUIRED },
	{ 0 },
};

/* Puts it in the place of the one of its type; false: there are too many, or no memory. */
static bool put_condition(json_t *list, const struct condition_said *s, int64_t now_ms)
{
	char when[WHEN_MAX];
	size_t at = 0;

	when_text(when, now_ms);
	while (at < json_array_size(list)) {
		const char *type = json_string_value(json_object_get(json_array_get(list, at), "type"));
		if (type && !strcmp(type, s->type))
			break;
		at++;
	}
	if (at == CONDITIONS_MAX)
		return false;
	json_t *one = json_pack("{s:s, s:b, s:s, s:s}", "type", s->type, "status", (int)s->status, "reason",
		s->reason ? s->reason : "", "observedAt", when);
	return one && (at < json_array_size(list) ? json_array_set_new(list, at, one)
						  : json_array_append_new(list, one)) == 0;
}

static enum rc take_condition(const struct report *p)
{
	static const struct store_query get = { .sql = "SELECT conditions FROM accounts WHERE id = $1" };
	static const struct store_query set = { .sql = "UPDATE accounts SET conditions = $2 WHERE id = $1" };
	struct tx *tx = p->tx;
	struct condition_said s = { 0 };
	auto_rows struct store_rows *r = NULL;
	auto_json struct json_t *list = NULL;
	struct buf text = { 0 };

	if (read_into(p, condition_fields, &s) != RC_OK)
		return drop(tx, "malformed");
	enum rc rc = store_one(tx->db, &get, STORE_ARGS(store_text(p->account->id)), &r, tx->fault);
	if (rc == RC_OK)
		rc = json_read(store_col_text(r, 0), strlen(store_col_text(r, 0)), &list, tx->fault);
	store_close(take(r));
	if (rc != RC_OK)
		return rc;
	if (!put_condition(list, &s, tx->now_ms))
		return drop(tx, "too_many");
	rc = json_put(&text, list, false);
	if (rc == RC_OK)
		rc = store_do(tx->db, &set, STORE_ARGS(store_text(p->account->id), store_text(buf_text(&text))),
			tx->fault);
	text.n = 0;
	buf_fmt(&text, "{\"type\":\"%s\",\"status\":%s,\"reason\":", s.type, s.status ? "true" : "false");
	json_put_str(&text, s.reason ? s.reason : "");
	buf_u8(&text, '}');
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "account.condition_changed",
					    .account_id = p->account->id,
					    .payload = buf_text(&text) });
	buf_done(&text);
	return rc;
}

struct secret_said {
	const char *name, *sealed;
};
static const struct field secret_fields[] = {
	{ .name = "name",
		.type = FIELD_STR,
		FIELD_AT(struct secret_said, name),
		.flags = FIELD_REQUIRED,
		.max = CODE_MAX },
	{ .name = "sealed",
		.type = FIELD_STR,
		FIELD_AT(struct secret_said, sealed),
		.flags = FIELD_NULLABLE,
		.max = SEALED_MAX },
	{ 0 },
};

static enum rc open_sealed(struct tx *tx, const char *hex, struct hush *ret)
{
	size_t n = strlen(hex) / 2;
	uint8_t *bytes = arena_take(tx->arena, n + 1);

	if (!bytes)
		return RC_NOMEM;
	if (!tunnel_auth_of_hex(hex, bytes, n))
		return RC_INVALID;
	return seal_open(tx->control->secrets.sign_secret, bytes, n, ret);
}

static enum rc take_secret(const struct report *p)
{
	struct secret_said s = { 0 };
	struct hush value = { 0 };

	if (read_into(p, secret_fields, &s) != RC_OK)
		return drop(p->tx, "malformed");
	if (s.sealed && open_sealed(p->tx, s.sealed, &value) != RC_OK) {
		hush_done(&value);
		return drop(p->tx, "malformed");
	}
	enum rc rc = account_secrets_learn(p->tx, p->account->id, s.name, &value);
	hush_done(&value);
	return rc;
}

static enum rc take_opened(const struct report *p)
{
	struct challenges_opened s = { 0 };
	if (read_into(p, challenges_opened_fields, &s) != RC_OK)
		return drop(p->tx, "malformed");
	enum rc rc = challenges_open(p->tx, p->account, &s);
	return rc == RC_INVALID ? drop(p->tx, "malformed") : rc;
}

static enum rc take_closed(const struct report *p)
{
	struct challenges_closed s = { 0 };
	if (read_into(p, challenges_closed_fields, &s) != RC_OK)
		return drop(p->tx, "malformed");
	return challenges_close(p->tx, p->account, &s);
}

/* Of the agent itself. */
static enum rc take_shop_login(const struct report *p, const char *agent_id)
{
	enum rc rc = shop_challenges_take(p->tx, agent_id, p->payload);
	return rc == RC_INVALID ? drop(p->tx, "malformed") : rc;
}

static const struct {
	const char *type;
	enum rc (*run)(const struct report *p);
} kinds[] = {
	{ "account.begun", take_begun },
	{ "account.condition_changed", take_condition },
	{ "account.secret_changed", take_secret },
	{ "account.state_changed", take_state },
	{ "challenge.closed", take_closed },
	{ "challenge.opened", take_opened },
};

/* The epoch that every report names. */
struct any_said {
	int64_t epoch;
};
static const struct field any_fields[] = {
	{ .name = "epoch", .type = FIELD_I64, FIELD_AT(struct any_said, epoch) },
	{ 0 },
};

enum rc reports_take(struct tx *tx, const char *agent_id, const struct tunnel_msg_event *m)
{
	struct states_account a = { 0 };
	struct any_said any = { 0 };
	struct report p = { tx, &a, m->payload };
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(*kinds) && (!m->type || strcmp(kinds[i].type, m->type) != 0))
		i++;
	if (m->type && m->payload && !strcmp(m->type, "shop.login"))
		return take_shop_login(&p, agent_id);
	if (i == sizeof(kinds) / sizeof(*kinds) || !m->account_id || !m->payload)
		return RC_OK; /* of a newer agent; it is acknowledged and dropped */
	enum rc rc = states_load(tx, m->account_id, &a);
	if (rc == RC_MISSING)
		return drop(tx, "gone");
	if (rc != RC_OK)
		return rc;
	if (read_into(&p, any_fields, &any) != RC_OK)
		return drop(tx, "malformed");
	if (!a.held || strcmp(a.agent_id, agent_id) != 0 || a.epoch != any.epoch)
		return drop(tx, "stale");
	return kinds[i].run(&p);
}
