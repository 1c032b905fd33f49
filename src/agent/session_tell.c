/* What the control plane is told of an account; and what is sealed, both ways. */
#include "agent/identity.h"
#include "agent/reports.h"
#include "agent/session.h"
#include "base/log.h"
#include "base/when.h"
#include "io/clock.h"
#include "wire/json.h"
#include "wire/seal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A moment of the loop's clock as the API writes moments. */
static void put_moment(struct buf *b, const char *name, const struct session *s, uint64_t at_ms)
{
	char text[WHEN_MAX];
	when_text(text, clock_wall_ms() + (int64_t)at_ms - (int64_t)session_now(s));
	buf_fmt(b, ",\"%s\":\"%s\"", name, text);
}

static void put_text(struct buf *b, const char *name, const char *value)
{
	buf_fmt(b, ",\"%s\":", name);
	json_put_str(b, value);
}

/* Ends the object with the epoch, and hands it over. */
static void report(struct session *s, const char *type, struct buf *b)
{
	buf_fmt(b, ",\"epoch\":%" PRId64 "}", s->epoch);
	if (b->bad)
		log_error(
			s->all->conf.log, "event not told type=%s account=%s: out of memory", type, s->account_id);
	else
		reports_add(s->all->conf.reports, type, s->account_id, buf_text(b));
	buf_done(b);
}

void session_tell_begun(struct session *s)
{
	struct buf b = { 0 };

	buf_fmt(&b, "{\"generation\":%" PRId64, s->generation);
	report(s, "account.begun", &b);
}

void session_tell_state(struct session *s, const struct bot_act *a)
{
	struct buf b = { 0 };
	uint64_t steamid = bot_steamid(s->bot);

	buf_fmt(&b, "{\"state\":\"%s\"", account_state_words[a->state]);
	put_text(&b, "reason", a->why && *a->why ? a->why : NULL);
	if (a->eresult > 0)
		buf_fmt(&b, ",\"eresult\":%d", a->eresult);
	buf_fmt(&b, ",\"generation\":%" PRId64, s->generation);
	if (steamid)
		buf_fmt(&b, ",\"steamId\":\"%" PRIu64 "\"", steamid);
	if (a->until_ms)
		put_moment(&b, "until", s, a->until_ms);
	report(s, "account.state_changed", &b);
}

void session_tell_condition(struct session *s, const char *name, bool status, const char *why)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"type\":");
	json_put_str(&b, name);
	buf_fmt(&b, ",\"status\":%s", status ? "true" : "false");
	if (why && *why)
		put_text(&b, "reason", why);
	report(s, "account.condition_changed", &b);
}

static void put_sealed(struct session *s, struct buf *b, const struct hush *secret)
{
	struct buf box = { 0 };
	uint8_t seed[32];

	clock_random(seed, sizeof(seed));
	if (seal_to(s->all->conf.identity->control, seed, secret->p, secret->n, &box) != RC_OK)
		b->bad = true;
	hush_wipe(seed, sizeof(seed));
	buf_str(b, ",\"sealed\":\"");
	for (size_t i = 0; i < box.n; i++)
		buf_fmt(b, "%02x", box.p[i]);
	buf_u8(b, '"');
	buf_done(&box);
}

void session_tell_secret(struct session *s, const char *name, const struct hush *secret)
{
	struct buf b = { 0 };

	buf_str(&b, "{\"name\":");
	json_put_str(&b, name);
	if (secret && secret->n > 0)
		put_sealed(s, &b, secret);
	else
		buf_str(&b, ",\"sealed\":null");
	report(s, "account.secret_changed", &b);
}

void session_tell_challenge(struct session *s, const struct bot_act *a)
{
	struct buf b = { 0 };
	uint8_t random[ID_RANDOM];

	if (!*s->challenge_id) {
		clock_random(random, sizeof(random));
		id_make(s->challenge_id, "chg", clock_wall_ms(), random);
	}
	buf_fmt(&b, "{\"id\":\"%s\",\"kind\":\"%s\"", s->challenge_id, bot_challenge_words[a->challenge]);
	if (a->hint && *a->hint)
		put_text(&b, "hint", a->hint);
	if (a->qr_url && *a->qr_url)
		put_text(&b, "qrUrl", a->qr_url);
	put_moment(&b, "expiresAt", s, a->until_ms);
	report(s, "challenge.opened", &b);
}

void session_tell_challenge_over(struct session *s, enum bot_challenge_end end)
{
	struct buf b = { 0 };

	if (!*s->challenge_id)
		return;
	buf_fmt(&b, "{\"id\":\"%s\",\"outcome\":\"%s\"", s->challenge_id, bot_challenge_end_words[end]);
	*s->challenge_id = 0;
	report(s, "challenge.closed", &b);
}
