#include "flow/bot.h"
#include "flow/bot_parts.h"

#include <stdio.h>
#include <string.h>

static struct bot_said *of_node(struct list *node) { return list_of(node, struct bot_said, node); }

static void said_free(struct bot_said *s)
{
	if (!s)
		return;
	hush_done(&s->secret);
	free(s);
}

/* A new act at the end of those that wait; NULL without memory: then it is not said. */
static struct bot_said *say(struct bot *b, enum bot_act_kind kind)
{
	struct bot_said *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	list_init(&s->node);
	s->act.kind = kind;
	s->act.state = b->state;
	s->act.why = s->why;
	s->act.hint = s->hint;
	s->act.qr_url = s->qr_url;
	s->act.secret = &s->secret;
	list_append(&b->said, &s->node);
	return s;
}

void bot_tell(struct bot *b, enum bot_act_kind kind, int32_t eresult)
{
	struct bot_said *s = say(b, kind);
	if (s)
		s->act.eresult = eresult;
}

bool bot_tell_move(
	struct bot *b, enum account_event event, struct account_guard g, int32_t eresult, uint64_t until_ms)
{
	enum account_state before = b->state;
	const char *reason;

	if (account_move(b->state, event, &g, &b->state, &reason) != RC_OK)
		return false;
	if (b->state == before)
		return true;
	struct bot_said *s = say(b, BOT_STATE);
	if (!s)
		return true;
	snprintf(s->why, sizeof(s->why), "%s", reason);
	s->act.eresult = eresult;
	bool lasts = b->state == ACCOUNT_COOLING_DOWN || b->state == ACCOUNT_RECONNECTING ||
		     b->state == ACCOUNT_CHALLENGE;
	s->act.until_ms = lasts ? until_ms : 0;
	return true;
}

void bot_tell_condition(struct bot *b, enum bot_condition c, bool status, const char *keep_why)
{
	static const char *const names[BOT_CONDITIONS] = { "SecretsComplete", "PlayingBlocked", "StandingClean",
		"TradeReady", "FamilyView" };
	enum bot_fact fact = status ? BOT_YES : BOT_NO;

	if (b->conditions[c] == fact && !strcmp(b->reasons[c], keep_why))
		return;
	struct bot_said *s = say(b, BOT_CONDITION);
	if (!s)
		return;
	b->conditions[c] = (uint8_t)fact;
	b->reasons[c] = keep_why;
	s->act.name = names[c];
	s->act.status = status;
	snprintf(s->why, sizeof(s->why), "%s", keep_why);
}

void bot_tell_secret(struct bot *b, const char *name, const struct hush *secret)
{
	struct bot_said *s = say(b, BOT_SECRET);
	if (!s)
		return;
	s->act.name = name;
	if (secret && secret->n > 0 && hush_set(&s->secret, secret->p, secret->n) != RC_OK) {
		list_remove(&s->node);
		said_free(s);
	}
}

void bot_tell_challenge(struct bot *b, const struct steam_auth_act *a, uint64_t until_ms)
{
	static const enum bot_challenge_kind kinds[] = { [STEAM_AUTH_EMAIL] = BOT_GUARD_EMAIL,
		[STEAM_AUTH_DEVICE_CODE] = BOT_GUARD_TOTP,
		[STEAM_AUTH_APPROVAL] = BOT_DEVICE_APPROVAL,
		[STEAM_AUTH_QR] = BOT_QR };
	struct bot_said *s = say(b, BOT_CHALLENGE);
	if (!s)
		return;
	s->act.challenge = kinds[a->challenge];
	s->act.until_ms = until_ms;
	snprintf(s->hint, sizeof(s->hint), "%s", a->hint);
	snprintf(s->qr_url, sizeof(s->qr_url), "%s", a->qr_url);
}

void bot_tell_pin(struct bot *b, const char *hint, uint64_t until_ms)
{
	struct bot_said *s = say(b, BOT_CHALLENGE);
	if (!s)
		return;
	s->act.challenge = BOT_PARENTAL_PIN;
	s->act.until_ms = until_ms;
	snprintf(s->hint, sizeof(s->hint), "%s", hint);
}

void bot_tell_over(struct bot *b, enum bot_challenge_end end)
{
	struct bot_said *s = say(b, BOT_CHALLENGE_OVER);
	if (s)
		s->act.end = end;
}

bool bot_tell_next(struct bot *b, struct bot_act *ret)
{
	said_free(take(b->last));
	if (list_empty(&b->said))
		return false;
	b->last = of_node(b->said.next);
	list_remove(&b->last->node);
	*ret = b->last->act;
	return true;
}

void bot_tell_done(struct bot *b)
{
	said_free(take(b->last));
	list_each (at, after, &b->said) {
		list_remove(at);
		said_free(of_node(at));
	}
}
