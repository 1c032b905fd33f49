#include "sim/services.h"

#include "base/rd.h"
#include "proto/steam/auth.pb-c.h"
#include "proto/steam/depot.pb-c.h"
#include "proto/steam/friends.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "proto/steam/player.pb-c.h"
#include "proto/steam/trade.pb-c.h"
#include "proto/steam/workshop.pb-c.h"
#include "sim/held.h"
#include "wire/steam/eresult.h"

#include <string.h>

#define METHOD_MAX 120

static const struct method {
	const char *name;
	enum request request;
	enum service_need need;
	const ProtobufCMessageDescriptor *in;
	int32_t (*run)(struct service_call *c);
} methods[] = {
#define SERVICE(name, request, need, in, run) { name, REQUEST_##request, SERVICE_##need, in, run },
#include "sim/services.def"
#undef SERVICE
};

void service_say(struct service_call *c, const ProtobufCMessage *m) { pb_pack(&c->answer->body, m); }

/* Only version 1 of each is known. */
static const struct method *find(const char *name)
{
	size_t n = strcspn(name, "#");
	if (n > METHOD_MAX || (name[n] && strcmp(name + n, "#1") != 0))
		return NULL;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strncmp(methods[i].name, name, n) && !methods[i].name[n])
			return &methods[i];
	return NULL;
}

static void run(struct sim *s, const struct service_from *from, const struct method *m, struct rd in,
	struct service_answer *ret)
{
	struct arena a = { 0 };
	struct service_call c = { .sim = s, .from = from, .arena = &a, .answer = ret };
	ProtobufCMessage *body = NULL;
	struct fault f = { 0 };

	if (m->need == SERVICE_PERSON && !from->who) {
		ret->eresult = from->web ? ERESULT_ACCESS_DENIED : ERESULT_NOT_LOGGED_ON;
	} else if (m->in && pb_unpack(m->in, in.at, rd_left(&in), &a, &body, &f) != RC_OK) {
		s->ledger.malformed++;
		ret->eresult = ERESULT_INVALID_PARAM;
	} else {
		c.in = body;
		ret->eresult = m->run(&c);
	}
	if (ret->body.bad) {
		buf_done(&ret->body);
		ret->eresult = ERESULT_FAIL;
	}
	arena_done(&a);
}

bool service_call(struct sim *s, const struct service_from *from, const char *method, const void *p, size_t n,
	struct service_answer *ret)
{
	const struct method *m = find(method);

	*ret = (struct service_answer){ .eresult = ERESULT_NOT_SUPPORTED,
		.error = "this Steam has no such method" };
	if (!m)
		return false;
	*ret = (struct service_answer){ .eresult = ERESULT_OK, .effect = sim_count(s, m->request) };
	if (ret->effect.login_throttle_s)
		held_set(s, from->ip, ret->effect.login_throttle_s);
	if (ret->effect.eresult)
		ret->eresult = ret->effect.eresult;
	else if (effect_runs(&ret->effect))
		run(s, from, m, rd_over(p, n), ret);
	log_info(s->log, "method called name=%s who=%s ip=%s eresult=%d", m->name,
		from->who ? from->who->name : "-", from->ip, ret->eresult);
	return true;
}
