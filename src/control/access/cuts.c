#include "control/access/cuts.h"
#include "base/log.h"
#include "control/control.h"
#include "io/clock.h"
#include "io/loop.h"

#include <stdio.h>
#include <string.h>

/* What an event cuts: whom it names, or all people of its tenant. */
enum kind { NAMED, PEOPLE };
static const struct {
	const char *type;
	enum kind kind;
} types[] = {
	{ "agent.revoked", NAMED },
	{ "api_key.deleted", NAMED },
	{ "api_key.revoked", NAMED },
	{ "api_key.rotated", NAMED },
	{ "api_key.updated", NAMED },
	{ "auth_session.revoked", NAMED },
	{ "certificate.revoked", NAMED },
	{ "group.deleted", PEOPLE },
	{ "group.member_removed", PEOPLE },
	{ "role.deleted", PEOPLE },
	{ "role.updated", PEOPLE },
	{ "role_binding.deleted", PEOPLE },
	{ "user.deleted", NAMED },
	{ "user.disabled", NAMED },
	{ "user.regrouped", NAMED },
};

struct kept {
	char id[64]; /* of somebody, or of the tenant whose people were cut */
	uint64_t at_ms;
};

struct cuts {
	struct control *control;
	struct list all; /* cuts_mark.all */
	struct loop_timer *timer;
	struct kept kept[CUTS_KEPT]; /* a ring */
	size_t next;
	uint64_t lost_ms; /* when the newest one was that the ring has no more; 0: it has them all */
};

static bool is_of(const struct cuts_mark *m, const char *id, enum kind kind)
{
	if (kind == PEOPLE)
		return *m->tenant_id && !strcmp(m->tenant_id, id);
	for (size_t i = 0; i < CUTS_IDS; i++)
		if (*m->ids[i] && !strcmp(m->ids[i], id))
			return true;
	return false;
}

bool cuts_enter(struct cuts *c, struct cuts_mark *m, uint64_t asked_ms)
{
	list_init(&m->all);
	if (c->lost_ms && asked_ms <= c->lost_ms)
		return false;
	for (size_t i = 0; i < CUTS_KEPT; i++) {
		const struct kept *k = &c->kept[i];
		if (*k->id && k->at_ms >= asked_ms && (is_of(m, k->id, NAMED) || is_of(m, k->id, PEOPLE)))
			return false;
	}
	list_append(&c->all, &m->all);
	return true;
}

void cuts_leave(struct cuts_mark *m)
{
	if (m->all.next)
		list_remove(&m->all);
}

static void remember(struct cuts *c, const char *id)
{
	struct kept *k = &c->kept[c->next++ % CUTS_KEPT];

	if (*k->id)
		c->lost_ms = k->at_ms;
	snprintf(k->id, sizeof(k->id), "%s", id);
	k->at_ms = loop_now_ms(c->control->loop);
}

/* The member that names the thing: texts in JSON have no bare quotes, so this stands nowhere else before the payload. */
static bool resource_of(const char *data, char ret[static 64])
{
	static const char name[] = ",\"resource\":\"";
	const char *at = strstr(data, name), *end = at ? strchr(at + sizeof(name) - 1, '"') : NULL;
	size_t n = end ? (size_t)(end - at) - (sizeof(name) - 1) : 0;

	if (n == 0 || n >= 64)
		return false;
	memcpy(ret, at + sizeof(name) - 1, n);
	ret[n] = 0;
	return true;
}

static void cut_all(struct cuts *c, const char *id, enum kind kind, const char *why)
{
	size_t n = 0;

	list_each (at, next, &c->all) {
		struct cuts_mark *m = list_of(at, struct cuts_mark, all);
		if (!is_of(m, id, kind))
			continue;
		list_remove(&m->all);
		m->cut(m->ctx, why);
		n++;
	}
	if (n > 0)
		log_info(c->control->log, "cut what was open n=%zu of=%s because=%s", n, id, why);
}

void cuts_event(struct cuts *c, const char *type, const char *tenant_id, const char *data)
{
	char id[64];

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (strcmp(types[i].type, type) != 0)
			continue;
		if (types[i].kind == PEOPLE)
			snprintf(id, sizeof(id), "%s", tenant_id);
		else if (!resource_of(data, id))
			return;
		remember(c, id);
		cut_all(c, id, types[i].kind, types[i].type);
		return;
	}
}

static void on_tick(void *ctx)
{
	struct cuts *c = ctx;
	int64_t now_ms = clock_wall_ms();

	list_each (at, next, &c->all) {
		struct cuts_mark *m = list_of(at, struct cuts_mark, all);
		if (!m->until_ms || m->until_ms > now_ms)
			continue;
		list_remove(&m->all);
		m->cut(m->ctx, "expired");
	}
	loop_timer_at(c->timer, loop_now_ms(c->control->loop) + CUTS_TICK_MS);
}

enum rc cuts_new(struct control *control, struct cuts **ret, struct fault *f)
{
	auto_of(cuts) struct cuts *c = calloc(1, sizeof(*c));
	if (!c)
		return RC_NOMEM;
	c->control = control;
	list_init(&c->all);
	enum rc rc = loop_timer_new(control->loop, on_tick, c, &c->timer);
	if (rc != RC_OK)
		return fault_set(f, rc, "no timer for what expires");
	loop_timer_at(c->timer, loop_now_ms(control->loop) + CUTS_TICK_MS);
	*ret = take(c);
	return RC_OK;
}

void cuts_free(struct cuts *c)
{
	if (!c)
		return;
	loop_timer_free(c->timer);
	free(c);
}
