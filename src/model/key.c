#include "model/key.h"

#include <stddef.h>
#include <string.h>

const char *const key_words[] = { "queued", "assigned", "in_flight", "reconciling", "unknown", "redeemed",
	"invalid", "used_elsewhere", "wallet_code", "exhausted", "canceled", NULL };
const char *const key_distribution_words[] = { "first_missing", "round_robin", "one_each", "sequential", "pinned",
	NULL };

#define TO(state) (1u << KEY_##state)
#define VERDICTS  (TO(REDEEMED) | TO(INVALID) | TO(USED_ELSEWHERE) | TO(WALLET_CODE))

/* A try may end before its intent was seen here; one that was lost without an intent is queued again. */
static const unsigned lawful[KEY_STATES] = {
	[KEY_QUEUED] = TO(ASSIGNED) | TO(EXHAUSTED) | TO(CANCELED),
	[KEY_ASSIGNED] = TO(QUEUED) | TO(IN_FLIGHT) | TO(RECONCILING) | TO(UNKNOWN) | VERDICTS | TO(CANCELED),
	[KEY_IN_FLIGHT] = TO(QUEUED) | TO(ASSIGNED) | TO(RECONCILING) | TO(UNKNOWN) | VERDICTS | TO(CANCELED),
	[KEY_RECONCILING] = TO(QUEUED) | TO(IN_FLIGHT) | TO(UNKNOWN) | VERDICTS,
	[KEY_UNKNOWN] = TO(QUEUED) | TO(REDEEMED),
};

enum rc key_move(enum key_state *s, enum key_state to)
{
	if (*s != to && !(lawful[*s] & 1u << to))
		return RC_CONFLICT;
	*s = to;
	return RC_OK;
}

static const struct {
	const char *status;
	enum key_state to;
} fates[] = {
	{ "redeemed", KEY_REDEEMED },
	{ "owned_by_target", KEY_QUEUED },
	{ "invalid", KEY_INVALID },
	{ "used_elsewhere", KEY_USED_ELSEWHERE },
	{ "region_locked", KEY_QUEUED },
	{ "needs_base_app", KEY_QUEUED },
	{ "wallet_code", KEY_WALLET_CODE },
	{ "account_blocked", KEY_QUEUED },
	{ "error", KEY_QUEUED },
};

struct key_fate key_fate(const char *status)
{
	for (size_t i = 0; status && i < sizeof(fates) / sizeof(*fates); i++)
		if (!strcmp(fates[i].status, status))
			return (struct key_fate){ fates[i].to, true };
	return (struct key_fate){ KEY_QUEUED, false };
}

bool key_is_text(const char *key, size_t n)
{
	if (n < KEY_TEXT_MIN || n > KEY_TEXT_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!key[i] || !strchr(KEY_CHARS, key[i]))
			return false;
	return true;
}

void key_mask(const char *key, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++)
		ret[i] = (char)(i < 5 || key[i] == '-' ? key[i] : '*');
	ret[n] = 0;
}

void key_canonical(char *key)
{
	for (; *key; key++)
		if (*key >= 'a' && *key <= 'z')
			*key = (char)(*key - 'a' + 'A');
}
