#include "control/hub/push.h"
#include "base/log.h"
#include "control/access/vault.h"
#include "control/fleet/bots.h"
#include "control/fleet/challenges.h"
#include "control/fleet/states.h"
#include "control/hub/peer.h"
#include "control/reader.h"
#include "control/rows.h"
#include "control/writer.h"
#include "io/clock.h"
#include "wire/json.h"
#include "wire/seal.h"

#include <string.h>

#define AT_ONCE 200 /* messages of a kind that are made in one go */

/* One message, with whom it is for and what is noted when it was sent. */
struct parcel {
	const char *agent_id, *account_id, *challenge_id;
	int64_t version; /* BOT: of what the agent knows by then; BOT_GONE: the epoch */
	struct tunnel_msg msg;
	bool sent;
};

struct push {
	struct read read;
	struct write write;
	struct hub *hub;
	struct arena arena; /* all texts; the secrets among them are sealed */
	struct parcel *parcels;
	size_t n;
	bool ok, more;
};

static void push_free(struct push *p)
{
	arena_done(&p->arena);
	free(p);
}

/* An account as its agent is told of it. */
struct bot_row {
	struct states_account a;
	const char *login;
	bool anonymous;
	struct field_list apps;
	const char *game;
	uint32_t persona;
	int64_t cool_until, version;
	const char *key; /* the agent's, hexadecimal */
	struct tunnel_msg_egress egress;
	const char *challenge;
};
static const struct field bot_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct bot_row, a.id) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct bot_row, a.agent_id) },
	{ .name = "enabled", .type = FIELD_BOOL, FIELD_AT(struct bot_row, a.enabled) },
	{ .name = "moving", .type = FIELD_BOOL, FIELD_AT(struct bot_row, a.moving) },
	{ .name = "quarantined", .type = FIELD_BOOL, FIELD_AT(struct bot_row, a.quarantined) },
	{ .name = "state", .type = FIELD_ENUM, FIELD_AT(struct bot_row, a.state), .words = account_state_words },
	{ .name = "mode", .type = FIELD_ENUM, FIELD_AT(struct bot_row, a.mode), .words = account_mode_words },
	{ .name = "epoch", .type = FIELD_I64, FIELD_AT(struct bot_row, a.epoch) },
	{ .name = "generation", .type = FIELD_I64, FIELD_AT(struct bot_row, a.generation) },
	{ .name = "until", .type = FIELD_I64, FIELD_AT(struct bot_row, a.want_until) },
	{ .name = "login", .type = FIELD_STR, FIELD_AT(struct bot_row, login) },
	{ .name = "anonymous", .type = FIELD_BOOL, FIELD_AT(struct bot_row, anonymous) },
	{ .name = "apps", .type = FIELD_LIST, FIELD_AT(struct bot_row, apps), .item = FIELD_U32 },
	{ .name = "game", .type = FIELD_STR, FIELD_AT(struct bot_row, game) },
	{ .name = "persona", .type = FIELD_U32, FIELD_AT(struct bot_row, persona) },
	{ .name = "cool_until", .type = FIELD_I64, FIELD_AT(struct bot_row, cool_until) },
	{ .name = "version", .type = FIELD_I64, FIELD_AT(struct bot_row, version) },
	{ .name = "key", .type = FIELD_STR, FIELD_AT(struct bot_row, key) },
	{ .name = "egress_id", .type = FIELD_STR, FIELD_AT(struct bot_row, egress.id) },
	{ .name = "egress_kind", .type = FIELD_STR, FIELD_AT(struct bot_row, egress.kind) },
	{ .name = "egress_address", .type = FIELD_STR, FIELD_AT(struct bot_row, egress.address) },
	{ .name = "challenge", .type = FIELD_STR, FIELD_AT(struct bot_row, challenge) },
	{ 0 },
};

/* Seals to an agent; the text is in the arena. */
static enum rc seal_for(struct arena *a, const char *key, const void *p, size_t n, const char **ret)
{
	uint8_t public[TUNNEL_AUTH_KEY], seed[32];
	struct buf box = { 0 };
	char *hex = arena_take(a, 2 * (n + SEAL_EXTRA) + 1);

	if (!hex)
		return RC_NOMEM;
	if (!tunnel_auth_of_hex(key, public, sizeof(public)))
		return RC_INVALID;
	clock_random(seed, sizeof(seed));
	enum rc rc = seal_to(public, seed, p, n, &box);
	hush_wipe(seed, sizeof(seed));
	if (rc == RC_OK && (box.bad || box.n > n + SEAL_EXTRA))
		rc = RC_NOMEM;
	if (rc == RC_OK) {
		tunnel_auth_hex(box.p, box.n, hex);
		*ret = hex;
	}
	buf_done(&box);
	return rc;
}

/* Room for all of an account's secrets is taken beforehand: a buffer that grows would leave copies behind. */
#define PLAIN_MAX 65536

static enum rc put_one(
	struct tx *tx, const struct vault_at *at, int64_t version, const char *sealed, struct buf *plain)
{
	struct hush value = { 0 };
	enum rc rc = vault_open(&tx->control->secrets, at, version, sealed, &value, tx->fault);

	if (rc == RC_OK && plain->n + 6 * value.n + 64 < PLAIN_MAX) {
		buf_str(plain, plain->n > 1 ? "," : "");
		json_put_str(plain, at->name);
		buf_u8(plain, ':');
		json_put_strn(plain, (const char *)value.p, value.n);
	}
	hush_done(&value);
	return rc;
}

static enum rc put_secrets(struct tx *tx, const struct bot_row *b, struct buf *plain)
{
	static const struct store_query all = {
		.sql = "SELECT name, version, sealed, kind, owner FROM secrets WHERE sealed IS NOT NULL AND ((kind "
		       "= 'account' "
		       "AND owner = $1 AND name <> 'email_code_source') OR (kind = 'egress' AND owner = $2))"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc =
		store_run(tx->db, &all, STORE_ARGS(store_text(b->a.id), store_text(b->egress.id)), &r, tx->fault);

	while (rc == RC_OK && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		const struct vault_at at = { store_col_text(r, 3), store_col_text(r, 4), store_col_text(r, 0) };
		rc = put_one(tx, &at, store_col_int(r, 1), store_col_text(r, 2), plain);
		if (rc == RC_DENIED) { /* the account goes without it, and its logon will say so */
			log_error(tx->control->log, "%s", tx->fault->text);
			rc = RC_OK;
		}
	}
	return rc;
}

static enum rc seal_secrets(struct push *p, struct tx *tx, const struct bot_row *b, const char **ret)
{
	struct buf plain = { 0 };

	if (!buf_room(&plain, PLAIN_MAX))
		return RC_NOMEM;
	buf_u8(&plain, '{');
	enum rc rc = put_secrets(tx, b, &plain);
	buf_u8(&plain, '}');
	if (rc == RC_OK && plain.n > 2)
		rc = seal_for(&p->arena, b->key, plain.p, plain.n, ret);
	hush_wipe(plain.p, plain.n);
	buf_done(&plain);
	return rc;
}

static enum rc add_bot(struct push *p, struct tx *tx, const struct bot_row *b)
{
	struct parcel *to = &p->parcels[p->n];
	const char *sealed = NULL;

	enum rc rc = seal_secrets(p, tx, b, &sealed);
	if (rc != RC_OK)
		return rc;
	*to = (struct parcel){ .agent_id = b->a.agent_id, .account_id = b->a.id, .version = b->version };
	to->msg.type = TUNNEL_MSG_BOT;
	to->msg.bot = (struct tunnel_msg_bot){
		.account_id = b->a.id,
		.login = b->login,
		.epoch = b->a.epoch,
		.generation = b->a.generation,
		.mode = account_mode_words[bots_mode(&b->a, tx->now_ms)],
		.apps = b->apps,
		.game = b->game,
		.persona = b->persona,
		.anonymous = b->anonymous,
		.egress = b->egress,
		.sealed = sealed,
		.challenge = b->challenge,
		.not_before_ms = b->cool_until,
		.lease_ms = tx->control->conf->lease_ms,
	};
	p->n++;
	return RC_OK;
}

static enum rc find_bots(struct push *p, struct tx *tx)
{
	static const struct store_query untold = {
		.sql = "SELECT a.id, a.agent_id, a.enabled, a.moving, a.quarantined, a.state, a.want_mode, "
		       "a.epoch, a.generation, "
		       "a.want_until, a.login, a.anonymous, a.want_apps, a.want_game, a.want_persona, "
		       "a.cool_until, "
		       "a.bot_version, g.public_key, COALESCE(e.id, g.id), COALESCE(e.kind, 'direct'), e.address, "
		       "(SELECT "
		       "MAX(c.id) FROM challenges c WHERE c.account_id = a.id AND c.state IN ('open', 'answered') "
		       "AND "
		       "c.expires_at > $1) FROM accounts a JOIN agents g ON g.id = a.agent_id LEFT JOIN egresses e "
		       "ON e.id = "
		       "a.egress_id WHERE a.held = 1 AND a.bot_sent < a.bot_version AND g.state = 'connected' "
		       "AND g.instance_id = $3 LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list list = { 0 };
	enum rc rc = store_run(tx->db, &untold,
		STORE_ARGS(store_int(tx->now_ms), store_int(AT_ONCE), store_text(tx->control->instance_id)), &r,
		tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ bot_fields, &p->arena, NULL }, sizeof(struct bot_row),
			AT_ONCE, &list, tx->fault);
	const struct bot_row *b = list.at;
	for (size_t i = 0; rc == RC_OK && i < list.n; i++)
		rc = add_bot(p, tx, &b[i]);
	p->more |= list.n == AT_ONCE;
	return rc;
}

static enum rc find_gone(struct push *p, struct tx *tx)
{
	static const struct store_query gone = {
		.sql = "SELECT b.agent_id, b.account_id, b.epoch, b.reason FROM "
		       "bots_gone b JOIN agents g ON g.id = b.agent_id "
		       "WHERE g.state = 'connected' AND g.instance_id = $2 LIMIT $1"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	enum rc rc = store_run(
		tx->db, &gone, STORE_ARGS(store_int(AT_ONCE), store_text(tx->control->instance_id)), &r, tx->fault);

	for (; rc == RC_OK && n < AT_ONCE && (rc = store_next(r, &row, tx->fault)) == RC_OK && row; n++) {
		struct parcel *to = &p->parcels[p->n++];
		*to = (struct parcel){ .agent_id = arena_str(&p->arena, store_col_text(r, 0)),
			.account_id = arena_str(&p->arena, store_col_text(r, 1)),
			.version = store_col_int(r, 2) };
		to->msg.type = TUNNEL_MSG_BOT_GONE;
		to->msg.bot_gone = (struct tunnel_msg_bot_gone){ to->account_id, to->version,
			arena_str(&p->arena, store_col_text(r, 3)) };
		rc = to->agent_id && to->account_id ? RC_OK : RC_NOMEM;
	}
	p->more |= n == AT_ONCE;
	return rc;
}

struct answer_row {
	const char *id, *account_id, *agent_id, *key;
	int64_t epoch;
	bool approve;
};
static const struct field answer_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct answer_row, id) },
	{ .name = "account_id", .type = FIELD_STR, FIELD_AT(struct answer_row, account_id) },
	{ .name = "agent_id", .type = FIELD_STR, FIELD_AT(struct answer_row, agent_id) },
	{ .name = "key", .type = FIELD_STR, FIELD_AT(struct answer_row, key) },
	{ .name = "epoch", .type = FIELD_I64, FIELD_AT(struct answer_row, epoch) },
	{ .name = "approve", .type = FIELD_BOOL, FIELD_AT(struct answer_row, approve) },
	{ 0 },
};

static enum rc add_answer(struct push *p, struct tx *tx, const struct answer_row *a)
{
	const struct vault_at at = { "challenge", a->id, "code" };
	struct parcel *to = &p->parcels[p->n];
	const char *sealed = NULL;
	struct hush code = { 0 };

	enum rc rc = vault_get(tx, &at, &code);
	if (rc == RC_OK)
		rc = seal_for(&p->arena, a->key, code.p, code.n, &sealed);
	hush_done(&code);
	if (rc != RC_OK && !(rc == RC_MISSING && a->approve))
		return rc == RC_MISSING ? RC_OK : rc;
	*to = (struct parcel){ .agent_id = a->agent_id, .account_id = a->account_id, .challenge_id = a->id };
	to->msg.type = TUNNEL_MSG_ANSWER;
	to->msg.answer = (struct tunnel_msg_answer){ a->account_id, a->id, a->epoch, sealed, a->approve };
	p->n++;
	return RC_OK;
}

/* After the account's BOT: an agent that does not know the account cannot take its answer. */
static enum rc find_answers(struct push *p, struct tx *tx)
{
	static const struct store_query given = {
		.sql = "SELECT c.id, a.id, a.agent_id, g.public_key, a.epoch, c.approve FROM challenges c JOIN "
		       "accounts a ON "
		       "a.id = c.account_id AND a.held = 1 AND a.bot_sent > 0 JOIN agents g ON g.id = a.agent_id "
		       "AND g.state "
		       "= 'connected' AND g.instance_id = $3 WHERE c.state = 'answered' AND c.delivered = 0 AND "
		       "c.expires_at > $1 LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list list = { 0 };
	enum rc rc = store_run(tx->db, &given,
		STORE_ARGS(store_int(tx->now_ms), store_int(AT_ONCE), store_text(tx->control->instance_id)), &r,
		tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ answer_fields, &p->arena, NULL }, sizeof(struct answer_row),
			AT_ONCE, &list, tx->fault);
	const struct answer_row *a = list.at;
	for (size_t i = 0; rc == RC_OK && i < list.n; i++)
		rc = add_answer(p, tx, &a[i]);
	return rc;
}

static void run(struct read *read, struct tx *tx)
{
	struct push *p = (struct push *)(void *)((char *)read - offsetof(struct push, read));

	p->parcels = arena_take(&p->arena, sizeof(*p->parcels) * 3 * AT_ONCE);
	enum rc rc = p->parcels ? find_gone(p, tx) : RC_NOMEM;
	if (rc == RC_OK)
		rc = find_bots(p, tx);
	if (rc == RC_OK)
		rc = find_answers(p, tx);
	p->ok = rc == RC_OK;
	if (!p->ok)
		log_warn(tx->control->log, "agents not told of their accounts: %s",
			*tx->fault->text ? tx->fault->text : rc_title(rc));
}

static enum rc note_one(struct tx *tx, const struct parcel *p)
{
	static const struct store_query bot = { .sql = "UPDATE accounts SET bot_sent = $2 WHERE id = $1 AND "
						       "agent_id = $3 AND held = 1 AND bot_sent < $2 AND "
						       "epoch = $4" };
	static const struct store_query gone = {
		.sql = "DELETE FROM bots_gone WHERE agent_id = $1 AND account_id = $2 AND epoch = $3"
	};
	if (p->msg.type == TUNNEL_MSG_ANSWER)
		return challenges_delivered(tx, p->challenge_id);
	if (p->msg.type == TUNNEL_MSG_BOT_GONE)
		return store_do(tx->db, &gone,
			STORE_ARGS(store_text(p->agent_id), store_text(p->account_id), store_int(p->version)),
			tx->fault);
	return store_do(tx->db, &bot,
		STORE_ARGS(store_text(p->account_id), store_int(p->version), store_text(p->agent_id),
			store_int(p->msg.bot.epoch)),
		tx->fault);
}

static enum rc note(struct write *w, struct tx *tx)
{
	struct push *p = (struct push *)(void *)((char *)w - offsetof(struct push, write));
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < p->n; i++)
		if (p->parcels[i].sent)
			rc = note_one(tx, &p->parcels[i]);
	return rc;
}

static void over(struct push *p, bool progress)
{
	struct hub *h = p->hub;
	bool again = h->push_again || (progress && p->more);

	push_free(p);
	h->pushing = false;
	if (again)
		push_all(h);
}

static void on_noted(struct write *w)
{
	struct push *p = (struct push *)(void *)((char *)w - offsetof(struct push, write));
	if (w->rc != RC_OK)
		log_warn(p->hub->control->log, "what agents were told is not noted: %s", w->fault.text);
	over(p, w->rc == RC_OK);
}

/* Sends what can be sent. What an agent gets twice, because the note was lost, does no harm. */
static void on_read(struct read *read)
{
	struct push *p = (struct push *)(void *)((char *)read - offsetof(struct push, read));
	size_t sent = 0;

	for (size_t i = 0; p->ok && i < p->n; i++) {
		struct peer *peer = peer_of(p->hub, p->parcels[i].agent_id);
		if (!peer)
			continue;
		peer_send(peer, &p->parcels[i].msg);
		p->parcels[i].sent = true;
		sent++;
	}
	p->write = (struct write){ .control = p->hub->control, .run = note, .done = on_noted };
	if (!sent || writer_push(&p->write) != RC_OK)
		over(p, false);
}

void push_all(struct hub *h)
{
	h->push_again = h->pushing;
	if (h->pushing || !h->peers_n)
		return;
	struct push *p = calloc(1, sizeof(*p));
	if (!p)
		return;
	p->hub = h;
	p->read = (struct read){ .control = h->control, .run = run, .done = on_read };
	h->pushing = reader_push(&p->read) == RC_OK;
	if (!h->pushing)
		push_free(p);
}

static void on_bell(struct loop_job *job)
{
	struct hub *h = (struct hub *)(void *)((char *)job - offsetof(struct hub, push_bell));
	atomic_store(&h->push_woken, false);
	push_all(h);
}

void push_wake(struct hub *h)
{
	if (!atomic_exchange(&h->push_woken, true))
		loop_post(h->control->loop, &h->push_bell);
}

void push_init(struct hub *h) { h->push_bell.run = on_bell; }
