#include "sim/redeem.h"

#include "sim/library.h"
#include "wire/steam/eresult.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define HOUR_S        3600
#define FREE_WINDOW_S 5400

/* "DE,AT" */
static bool country_fits(const struct game_key *k, const struct person *p)
{
	return !k->countries[0] || strstr(k->countries, p->country) != NULL;
}

static enum redeem_detail judge(struct sim *s, struct game_key *k, struct person *p)
{
	if (k->used_by || k->kind == KEY_USED)
		return k->used_by == p->steamid ? REDEEM_ALREADY_PURCHASED : REDEEM_DUPLICATE_CODE;
	if (k->kind == KEY_WALLET)
		return REDEEM_NOT_FROM_CLIENT;
	if (k->kind == KEY_REGION && !country_fits(k, p))
		return REDEEM_RESTRICTED_COUNTRY;
	if (people_owns(p, k->package))
		return REDEEM_ALREADY_PURCHASED;
	if (k->kind == KEY_BASE && !people_owns(p, k->base) && !library_owns_app(s, p, k->base))
		return REDEEM_NEEDS_APP;
	return REDEEM_OK;
}

static bool is_limited(struct sim *s, struct person *p)
{
	int64_t now = sim_time(s);
	if (now - p->redeem_since >= HOUR_S) {
		p->redeem_since = now;
		p->redeem_failed = 0;
	}
	return s->limits.redeem_failures && p->redeem_failed >= s->limits.redeem_failures;
}

/* Keys are written in capitals. */
static struct game_key *find(struct sim *s, const char *text)
{
	char upper[32];
	size_t n = strlen(text);

	if (n >= sizeof(upper))
		return NULL;
	for (size_t i = 0; i <= n; i++)
		upper[i] = (char)toupper((unsigned char)text[i]);
	struct game_key *k = people_key(&s->people, text);
	return k ? k : people_key(&s->people, upper);
}

static void note(struct sim *s, const struct person *p, const char *text, const struct redeemed *r)
{
	if (s->redeems_n == s->redeems_room) {
		size_t room = s->redeems_room ? s->redeems_room * 2 : 64;
		struct redeem_try *at = NULL;
		if (room <= SIM_REDEEMS_MAX)
			at = realloc(s->redeems, room * sizeof(*at));
		if (!at)
			return;
		s->redeems = at;
		s->redeems_room = room;
	}
	struct redeem_try *t = &s->redeems[s->redeems_n++];
	*t = (struct redeem_try){ .at_ms = sim_time_ms(s), .eresult = r->eresult, .detail = (int32_t)r->detail };
	snprintf(t->name, sizeof(t->name), "%s", p->name);
	snprintf(t->key, sizeof(t->key), "%s", text);
}

static struct redeemed decide(struct sim *s, struct person *p, const char *text)
{
	struct redeemed r = { .eresult = ERESULT_FAIL, .detail = REDEEM_BAD_CODE };

	if (is_limited(s, p)) {
		r.detail = REDEEM_RATE_LIMITED;
		return r;
	}
	struct game_key *k = find(s, text);
	r.key = k;
	if (k) {
		bool ended = k->used_by || (k->kind == KEY_USED && k->asked > 0);
		k->asked++;
		k->asked_after_end += ended;
		r.detail = judge(s, k, p);
		if (r.detail == REDEEM_OK && !people_grant(p, k->package, (uint32_t)sim_time(s)))
			r.detail = REDEEM_RATE_LIMITED;
	}
	if (r.detail == REDEEM_OK) {
		k->used_by = p->steamid;
		r.eresult = ERESULT_OK;
	} else {
		p->redeem_failed++;
	}
	if (k && k->kind != KEY_WALLET) {
		r.package = k->package;
		snprintf(r.item, sizeof(r.item), "Package %u", k->package);
	}
	return r;
}

struct redeemed redeem(struct sim *s, struct person *p, const char *key)
{
	struct redeemed r = decide(s, p, key);
	note(s, p, key, &r);
	return r;
}

bool redeem_free(struct sim *s, struct person *p, uint32_t app, uint32_t *ret_package)
{
	int64_t now = sim_time(s);

	if (!library_free_package(s, app, ret_package))
		return false;
	if (people_owns(p, *ret_package))
		return false;
	if (now - p->free_since >= FREE_WINDOW_S) {
		p->free_since = now;
		p->free_given = 0;
	}
	if (s->limits.free_licences && p->free_given >= s->limits.free_licences)
		return false;
	if (!people_grant(p, *ret_package, (uint32_t)now))
		return false;
	p->free_given++;
	return true;
}
