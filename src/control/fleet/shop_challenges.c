#include "control/fleet/shop_challenges.h"
#include "control/fleet/agent_logins.h"
#include "control/fleet/challenges_parts.h"
#include "wire/field_json.h"
#include "wire/json.h"

#include <string.h>

#define TEXT_MAX 512
#define URL_MAX  2048

/* What an agent tells of a login. */
struct login_said {
	const char *store; /* epic, gog */
	int state;
	const char *url, *hint;
};
enum said { WANTED, HELD };
static const char *const said_words[] = { "wanted", "held", NULL };

static const struct field said_fields[] = {
	{ .name = "store",
		.type = FIELD_STR,
		FIELD_AT(struct login_said, store),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = 8,
		.chars = "abcdefghijklmnopqrstuvwxyz" },
	{ .name = "state",
		.type = FIELD_ENUM,
		FIELD_AT(struct login_said, state),
		.flags = FIELD_REQUIRED,
		.words = said_words },
	{ .name = "url",
		.type = FIELD_STR,
		FIELD_AT(struct login_said, url),
		.flags = FIELD_NULLABLE,
		.max = URL_MAX },
	{ .name = "hint",
		.type = FIELD_STR,
		FIELD_AT(struct login_said, hint),
		.flags = FIELD_NULLABLE,
		.max = TEXT_MAX },
	{ 0 },
};

static enum rc find_alive(struct tx *tx, const char *agent_id, const char *store, struct challenge *ret)
{
	static const struct store_query alive = { .sql = "SELECT id FROM challenges WHERE agent_id = $1 AND store "
							 "= $2 AND state IN ('open', 'answered')" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &alive, STORE_ARGS(store_text(agent_id), store_text(store)), &r, tx->fault);

	if (rc != RC_OK)
		return rc;
	const char *id = arena_str(tx->arena, store_col_text(r, 0));
	store_close(take(r));
	return id ? challenges_load(tx, id, ret) : RC_NOMEM;
}

static enum rc insert(struct tx *tx, const char *agent_id, const struct login_said *said)
{
	static const struct store_query add = {
		.sql = "INSERT INTO challenges (id, agent_id, store, url, kind, state, hint, approve, answers, "
		       "answered_at, delivered, expires_at, created_at, updated_at) VALUES ($1, $2, $3, $4, "
		       "'shop_login', 'open', $5, 0, 0, 0, 0, $6, $7, $7)"
	};
	const struct challenge v = { .id = tx_id(tx, "chg"),
		.agent_id = agent_id,
		.store = said->store,
		.url = said->url,
		.kind = CHALLENGES_SHOP_LOGIN,
		.hint = said->hint,
		.expires_at = tx->now_ms + SHOP_CHALLENGES_MS };

	if (!v.id)
		return RC_NOMEM;
	enum rc rc = store_do(tx->db, &add,
		STORE_ARGS(store_text(v.id), store_text(agent_id), store_text(v.store), store_text(v.url),
			store_text(v.hint), store_int(v.expires_at), store_int(tx->now_ms)),
		tx->fault);
	return rc == RC_OK ? challenges_tell_opened(tx, &v) : rc;
}

/* It waits on: where to, and why, may be another by now. What became of an answer stays said. */
static enum rc refresh(struct tx *tx, const struct challenge *v, const struct login_said *said)
{
	static const struct store_query set = {
		.sql = "UPDATE challenges SET url = $2, hint = $3, expires_at = $4, updated_at = $5 WHERE id = $1"
	};
	return store_do(tx->db, &set,
		STORE_ARGS(store_text(v->id), store_text(said->url), store_text(v->answers ? v->hint : said->hint),
			store_int(tx->now_ms + SHOP_CHALLENGES_MS), store_int(tx->now_ms)),
		tx->fault);
}

/* People open it. */
static bool is_page(const char *url)
{
	return url && (!strncmp(url, "https://", 8) || !strncmp(url, "http://", 7));
}

static enum rc take_said(struct tx *tx, const char *agent_id, const struct login_said *said)
{
	struct challenge v = { 0 };

	if ((strcmp(said->store, "epic") != 0 && strcmp(said->store, "gog") != 0) ||
		(said->state == WANTED && !is_page(said->url)))
		return RC_INVALID;
	enum rc rc = said->state == HELD ? agent_logins_hold(tx, agent_id, said->store)
					 : agent_logins_lose(tx, agent_id, said->store);
	if (rc == RC_OK)
		rc = find_alive(tx, agent_id, said->store, &v);
	if (rc == RC_MISSING)
		return said->state == WANTED ? insert(tx, agent_id, said) : RC_OK;
	if (rc != RC_OK)
		return rc;
	if (said->state == HELD)
		return challenges_end(
			tx, &v, v.state == CHALLENGES_ANSWERED ? CHALLENGES_ACCEPTED : CHALLENGES_MOOT);
	/* What became of an answer is told by its task. */
	return v.state == CHALLENGES_OPEN ? refresh(tx, &v, said) : RC_OK;
}

enum rc shop_challenges_take(struct tx *tx, const char *agent_id, const char *payload)
{
	struct field_reader r = { .arena = tx->arena, .lenient = true };
	auto_json struct json_t *j = NULL;
	struct login_said said = { 0 };
	struct fault f = { 0 };

	enum rc rc = json_read(payload, strlen(payload), &j, &f);
	if (rc == RC_OK)
		rc = field_json_decode(said_fields, j, &r, &said, &f);
	return rc == RC_OK ? take_said(tx, agent_id, &said) : RC_INVALID;
}

enum rc shop_challenges_moot(struct tx *tx, const char *agent_id)
{
	static const char *const stores[] = { "epic", "gog" };
	enum rc rc = agent_logins_lose(tx, agent_id, NULL);

	for (size_t i = 0; rc == RC_OK && i < sizeof(stores) / sizeof(*stores); i++) {
		struct challenge v = { 0 };
		rc = find_alive(tx, agent_id, stores[i], &v);
		rc = rc == RC_OK ? challenges_end(tx, &v, CHALLENGES_MOOT) : rc == RC_MISSING ? RC_OK : rc;
	}
	return rc;
}
