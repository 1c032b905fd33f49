#include "flow/steam_cms.h"
#include "flow/steam_dice.h"

#include <stdlib.h>
#include <string.h>

struct server {
	char name[STEAM_CMS_NAME_MAX];
	unsigned failures; /* in a row */
	uint64_t bad_until_ms;
};

struct steam_cms {
	struct server *at;
	size_t n;
};

struct steam_cms *steam_cms_new(void) { return calloc(1, sizeof(struct steam_cms)); }

void steam_cms_free(struct steam_cms *c)
{
	if (!c)
		return;
	free(c->at);
	free(c);
}

static struct server *find(const struct steam_cms *c, const char *endpoint)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->at[i].name, endpoint))
			return &c->at[i];
	return NULL;
}

enum rc steam_cms_set(struct steam_cms *c, const char *const *endpoints, size_t n, struct fault *f)
{
	if (n > STEAM_CMS_MAX)
		return fault_set(f, RC_TOO_LARGE, "%zu connection managers, at most %d are kept", n, STEAM_CMS_MAX);
	struct server *at = calloc(n ? n : 1, sizeof(*at));
	if (!at)
		return fault_set(f, RC_NOMEM, "no memory for %zu connection managers", n);
	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(endpoints[i]);
		if (length >= STEAM_CMS_NAME_MAX) {
			free(at);
			return fault_set(f, RC_INVALID, "a connection manager's name has %zu characters", length);
		}
		const struct server *known = find(c, endpoints[i]);
		if (known)
			at[i] = *known;
		memcpy(at[i].name, endpoints[i], length + 1);
	}
	free(c->at);
	*c = (struct steam_cms){ .at = at, .n = n };
	return RC_OK;
}

bool steam_cms_is_tcp(const char *name) { return !strncmp(name, STEAM_CMS_TCP, strlen(STEAM_CMS_TCP)); }

size_t steam_cms_count(const struct steam_cms *c) { return c->n; }

const char *steam_cms_pick(const struct steam_cms *c, uint64_t now_ms, struct steam_dice *dice)
{
	const struct server *best[STEAM_CMS_CHOICE], *soonest = NULL;
	size_t n = 0;

	for (size_t i = 0; i < c->n && n < STEAM_CMS_CHOICE; i++) {
		const struct server *s = &c->at[i];
		if (s->bad_until_ms <= now_ms)
			best[n++] = s;
		else if (!soonest || s->bad_until_ms < soonest->bad_until_ms)
			soonest = s;
	}
	if (n > 0)
		return best[steam_dice_upto(dice, n - 1)]->name;
	return soonest ? soonest->name : NULL;
}

void steam_cms_failed(struct steam_cms *c, const char *endpoint, uint64_t now_ms)
{
	struct server *s = find(c, endpoint);
	if (!s)
		return;
	uint64_t bad_ms = s->failures < 16 ? (uint64_t)STEAM_CMS_BAD_MS << s->failures : STEAM_CMS_BAD_MAX_MS;
	s->bad_until_ms = now_ms + (bad_ms < STEAM_CMS_BAD_MAX_MS ? bad_ms : STEAM_CMS_BAD_MAX_MS);
	s->failures++;
}

void steam_cms_worked(struct steam_cms *c, const char *endpoint)
{
	struct server *s = find(c, endpoint);
	if (!s)
		return;
	s->failures = 0;
	s->bad_until_ms = 0;
}
