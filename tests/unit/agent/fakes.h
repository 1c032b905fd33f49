/*
 * fakes: what an action asks for, scripted: Steam's answers over the session and by the web, in the order in which they are asked,
 * and a record of lanes, effects and pauses. A test that includes it defines the seams of the agent instead of the agent.
 */
#pragma once

#include "agent/sessions.h"
#include "agent/web.h"
#include "model/action.h"
#include "tests/unit/check.h"
#include "wire/steam/eresult.h"
#include "wire/steam/pb.h"

#define FAKE_ANSWERS 16

struct fake_steam {
	enum rc rc;
	bool lost; /* with rc: the request went out */
	int32_t eresult;
	const ProtobufCMessage *m; /* NULL: an empty body */
};

struct fake_web {
	enum rc rc;
	bool lost;
	int status;
	const char *body;
};

static struct {
	struct arena arena;
	struct sessions_self self;
	struct fake_steam steam[FAKE_ANSWERS];
	struct fake_web web[FAKE_ANSWERS];
	unsigned steam_n, web_n;
	enum rc effect;      /* what the control plane says to an effect */
	char said[8192];     /* everything that was asked for, a line each */
	uint8_t asked[4096]; /* the body of the last question */
	size_t asked_n;
	const char *identity; /* secret; NULL: none */
	int64_t clock_s;
	bool offline;
} fake;

static inline void fake_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline void fake_say(const char *fmt, ...)
{
	size_t n = strlen(fake.said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fake.said + n, sizeof(fake.said) - n, fmt, ap);
	va_end(ap);
}

static inline void fake_self(const ProtobufCMessage *m, const uint8_t **p, size_t *n)
{
	struct buf b = { 0 };

	pb_pack(&b, m);
	*p = (const uint8_t *)arena_strn(&fake.arena, b.n ? (const char *)b.p : "", b.n);
	*n = b.n;
	buf_done(&b);
}

static inline enum rc fake_ask(struct sessions_call *c, struct fault *f)
{
	const struct fake_steam *s = &fake.steam[fake.steam_n++];
	struct buf b = { 0 };

	CHECK(fake.steam_n <= FAKE_ANSWERS && c->ask.body_n <= sizeof(fake.asked));
	fake_say("ask %s\n", c->ask.method ? c->ask.method : arena_fmt(&fake.arena, "%u", c->ask.emsg));
	if (c->ask.body_n)
		memcpy(fake.asked, c->ask.body, c->ask.body_n);
	fake.asked_n = c->ask.body_n;
	c->answer = calloc(1, sizeof(*c->answer));
	list_init(&c->answer->node);
	c->answer->sent = s->rc == RC_OK || s->lost;
	c->answer->eresult = s->eresult ? s->eresult : 1;
	if (s->m) {
		pb_pack(&b, s->m);
		c->answer->body = (const uint8_t *)arena_strn(&c->answer->arena, b.n ? (const char *)b.p : "", b.n);
		c->answer->body_n = b.n;
		buf_done(&b);
	}
	return s->rc == RC_OK ? RC_OK : fault_set(f, s->rc, "scripted");
}

enum rc sessions_do(struct sessions *ss, struct sessions_call *c, struct fault *f)
{
	(void)ss;
	if (fake.offline) {
		c->offline = true;
		return fault_set(f, RC_AWAY, "offline");
	}
	switch (c->want) {
	case SESSIONS_ASK:
		return fake_ask(c, f);
	case SESSIONS_SELF:
		*c->self = fake.self;
		return RC_OK;
	case SESSIONS_WEB:
		fake_say("web%s\n", c->fresh ? " fresh" : "");
		c->web->steamid = fake.self.steamid;
		c->web->steam_now_s = fake.clock_s++;
		c->web->expires_ms = 1700000000000;
		return fake.identity ? hush_set(&c->web->identity_secret, fake.identity, strlen(fake.identity))
				     : RC_OK;
	case SESSIONS_LOGIN:
	case SESSIONS_LOGOUT:
	case SESSIONS_EGRESS:
	case SESSIONS_UNLOCK:
	case SESSIONS_STANDING:
		return RC_OK;
	}
	return RC_INTERNAL;
}

void sessions_web_done(struct sessions_web *w)
{
	hush_done(&w->access_token);
	hush_done(&w->identity_secret);
	hush_done(&w->shared_secret);
	hush_done(&w->proxy_login);
}

const struct sessions_urls *sessions_urls(const struct sessions *ss)
{
	static const struct sessions_urls urls = { "http://api", "http://community", "http://store", "http://login",
		NULL };
	(void)ss;
	return &urls;
}

enum rc agent_web(
	struct action_task *t, const struct agent_web_ask *ask, struct agent_web_answer *ret, struct fault *f)
{
	const struct fake_web *w = &fake.web[fake.web_n++];

	CHECK(fake.web_n <= FAKE_ANSWERS);
	fake_say("%s %s", ask->method, ask->path);
	for (const struct agent_web_pair *p = ask->query; p && p->name; p++)
		if (p->value)
			fake_say(" %s=%s", p->name, p->value);
	for (const struct agent_web_pair *p = ask->form; p && p->name; p++)
		fake_say(" %s:%s", p->name, p->value);
	for (unsigned i = 0; i < ask->lanes_n; i++)
		fake_say(" [%d]", (int)ask->lanes[i]);
	fake_say("\n");
	*ret = (struct agent_web_answer){ .status = w->status ? w->status : 200,
		.sent = w->rc == RC_OK || w->lost };
	ret->body = arena_str(t->arena, w->body ? w->body : "");
	ret->body_n = strlen(ret->body);
	if (w->rc == RC_DENIED)
		t->code = "web_session_lost";
	return w->rc == RC_OK ? RC_OK : fault_set(f, w->rc, "scripted");
}

enum rc task_effect(struct action_task *t, const char *effect, struct fault *f)
{
	(void)t;
	fake_say("effect %s\n", effect);
	return fake.effect == RC_OK ? RC_OK : fault_set(f, fake.effect, "not any more");
}

enum rc task_lanes(struct action_task *t, const enum lane *lanes, unsigned n, struct fault *f)
{
	(void)t;
	(void)f;
	for (unsigned i = 0; i < n; i++)
		if (lanes[i] != LANE_CM_JOB)
			fake_say("lane %d\n", (int)lanes[i]);
	return RC_OK;
}

void task_pause(struct action_task *t, enum lane lane, const char *reason)
{
	(void)t;
	fake_say("pause %d %s\n", (int)lane, reason);
}

static inline void fake_reset(void)
{
	arena_done(&fake.arena);
	memset(&fake, 0, sizeof(fake));
	fake.self.steamid = 76561198006409530u;
	fake.clock_s = 1700000000;
}
