/* The parental PIN of an account with a family view: pages of Steam's web that it locks, and the challenge for it. The session stays. */
#include "flow/bot.h"
#include "flow/bot_parts.h"

static void ask_person(struct bot *b)
{
	if (b->pin_until_ms == 0)
		b->pin_until_ms = b->now_ms + ACCOUNT_CHALLENGE_MS;
	bot_tell_pin(b, b->pin_wrong ? "wrong_pin" : "", b->pin_until_ms);
}

static void try_it(struct bot *b)
{
	if (!b->pin_tried)
		bot_tell(b, BOT_UNLOCK, 0);
	b->pin_tried = true;
}

static void end(struct bot *b, enum bot_challenge_end how)
{
	if (b->pin_until_ms == 0)
		return;
	b->pin_until_ms = 0;
	b->pin_tries = 0;
	bot_tell_over(b, how);
}

bool bot_family_locked(struct bot *b, uint64_t now_ms)
{
	bool known = b->secrets.parental_pin.n > 0;

	b->now_ms = now_ms;
	if (known && !b->pin_wrong) {
		try_it(b);
		return true;
	}
	bot_tell_condition(b, BOT_FAMILY_VIEW, true, known ? "wrong_pin" : "no_pin");
	if (b->pin_until_ms == 0 && b->state == ACCOUNT_ONLINE)
		ask_person(b);
	return false;
}

void bot_family_unlocked(struct bot *b, uint64_t now_ms, enum bot_unlock how)
{
	bool anew = b->pin_anew;

	b->now_ms = now_ms;
	b->pin_tried = b->pin_anew = false;
	if (anew && how != BOT_UNLOCK_DONE) { /* it is of the PIN before */
		try_it(b);
		return;
	}
	switch (how) {
	case BOT_UNLOCK_DONE:
		b->pin_wrong = false;
		bot_tell_condition(b, BOT_FAMILY_VIEW, false, "");
		end(b, BOT_CHALLENGE_ANSWERED);
		return;
	case BOT_UNLOCK_WRONG:
		b->pin_wrong = true;
		bot_tell_condition(b, BOT_FAMILY_VIEW, true, "wrong_pin");
		if (b->pin_until_ms != 0 && ++b->pin_tries >= ACCOUNT_CHALLENGE_TRIES)
			end(b, BOT_CHALLENGE_REFUSED);
		else if (b->pin_until_ms != 0 || b->state == ACCOUNT_ONLINE)
			ask_person(b);
		return;
	case BOT_UNLOCK_TROUBLE: /* nobody knows whether it fits: it may be said again */
		if (b->pin_until_ms != 0)
			ask_person(b);
		return;
	}
}

bool bot_family_answered(struct bot *b, const struct hush *pin)
{
	if (b->pin_until_ms == 0)
		return false;
	if (pin->n > 0 && hush_set(&b->secrets.parental_pin, pin->p, pin->n) == RC_OK)
		bot_family_learned(b);
	else
		ask_person(b);
	return true;
}

void bot_family_learned(struct bot *b)
{
	b->pin_wrong = false;
	b->pin_anew = b->pin_tried;
	if (b->pin_until_ms != 0)
		try_it(b);
}

void bot_family_tick(struct bot *b)
{
	if (b->pin_until_ms != 0 && b->now_ms >= b->pin_until_ms)
		end(b, BOT_CHALLENGE_EXPIRED);
}

void bot_family_drop(struct bot *b) { end(b, BOT_CHALLENGE_MOOT); }
