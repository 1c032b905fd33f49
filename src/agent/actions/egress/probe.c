/* egress.probe: one request to each of Steam's sites, and to one connection manager, by the account's egress, without its session. */
#include "agent/actions/ask.h"
#include "agent/sessions_call.h"
#include "agent/sessions_conf.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "model/action_account.h"
#include "wire/steam/cm_list.h"

#include <stdio.h>
#include <string.h>

extern const struct action_run egress_probe;

#define TARGETS   4
#define PROBE_MS  8000
#define BODY_MAX  (1u << 20)
#define DIRECTORY "/ISteamDirectory/GetCMListForConnect/v1/?cellid=0&format=vdf"

static const char *const targets[TARGETS] = { "api", "cm", "community", "store" };

struct probe {
	struct action_task *t;
	struct sessions_web way; /* its egress alone */
	const struct sessions_urls *urls;
};

static enum rc request(const struct probe *p, const char *url, struct http_answer *ret, struct fault *f)
{
	uint64_t now = clock_mono_ms();
	uint64_t left = p->t->deadline_ms > now ? p->t->deadline_ms - now : 1;

	return http_call(&(struct http_ask){ .url = url,
				 .body_max = BODY_MAX,
				 .deadline_ms = left < PROBE_MS ? (uint32_t)left : PROBE_MS,
				 .tls_ca = p->urls->ca_file,
				 .http_proxy = *p->way.http_proxy ? p->way.http_proxy : NULL,
				 .socks5 = *p->way.socks5 ? p->way.socks5 : NULL,
				 .proxy_login = &p->way.proxy_login,
				 .bind_address = p->way.bind_address },
		ret, f);
}

/* The address of a connection manager, as a site. RC_AWAY: the directory names none. */
static enum rc find_cm(const struct probe *p, char *ret, size_t room, struct fault *f)
{
	char url[512];
	struct http_answer a = { 0 };
	struct arena arena = { .limit = (size_t)4 * BODY_MAX };
	struct cm_list list = { 0 };

	snprintf(url, sizeof(url), "%s%s", p->urls->api, DIRECTORY);
	enum rc rc = request(p, url, &a, f);
	if (rc == RC_OK)
		rc = cm_list_parse(buf_text(&a.body), a.body.n, &arena, &list, f);
	bool found = false;
	for (size_t i = 0; rc == RC_OK && i < list.n && !found; i++) {
		found = list.at[i].type == CM_WEBSOCKETS;
		if (found)
			snprintf(ret, room, "https://%s/", list.at[i].endpoint);
	}
	if (rc == RC_OK && !found)
		rc = fault_set(f, RC_AWAY, "the directory names no connection manager");
	http_answer_done(&a);
	arena_done(&arena);
	return rc;
}

static enum rc address_of(const struct probe *p, const char *target, char *ret, size_t room, struct fault *f)
{
	if (!strcmp(target, "cm"))
		return find_cm(p, ret, room, f);
	if (!strcmp(target, "api"))
		snprintf(ret, room, "%s%s", p->urls->api, DIRECTORY);
	else
		snprintf(ret, room, "%s/", !strcmp(target, "store") ? p->urls->store : p->urls->community);
	return RC_OK;
}

/* Any answer is one: what it says does not matter. */
static enum rc reach(const struct probe *p, const char *target, struct action_reach *to)
{
	char url[512];
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	*to = (struct action_reach){ .target = target };
	enum rc rc = address_of(p, target, url, sizeof(url), &f);
	uint64_t began = clock_mono_ms();
	if (rc == RC_OK)
		rc = request(p, url, &a, &f);
	http_answer_done(&a);
	to->reached = rc == RC_OK || rc == RC_TOO_LARGE;
	to->latency_ms = to->reached ? (uint32_t)(clock_mono_ms() - began) : 0;
	to->detail = to->reached ? NULL : arena_str(p->t->arena, *f.text ? f.text : rc_title(rc));
	return to->reached || to->detail ? RC_OK : RC_NOMEM;
}

static const char *known(const char *target)
{
	for (size_t i = 0; i < TARGETS; i++)
		if (!strcmp(targets[i], target))
			return targets[i];
	return NULL;
}

static enum rc reach_all(
	const struct probe *p, const struct action_egress *want, struct field_list *ret, struct fault *f)
{
	const char *const *names = want->targets.n ? want->targets.at : targets;
	size_t n = want->targets.n ? want->targets.n : TARGETS;
	struct action_reach *to = arena_take(p->t->arena, n * sizeof(*to));

	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (!known(names[i]))
			return fault_set(
				f, RC_INVALID, "targets: %.20s is none of cm, community, store, api", names[i]);
	for (size_t i = 0; i < n; i++) {
		enum rc rc = reach(p, known(names[i]), &to[i]);
		if (rc != RC_OK)
			return rc;
	}
	*ret = (struct field_list){ to, n };
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_egress_result *to = out;
	struct probe p = { .t = t, .urls = sessions_urls(t->sessions) };
	struct sessions_call c = { .want = SESSIONS_EGRESS,
		.account_id = t->account_id,
		.web = &p.way,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope };

	enum rc rc = task_lanes(t, (enum lane[]){ LANE_CM_CONNECT, LANE_COMMUNITY_WEB, LANE_STORE_WEB }, 3, f);
	if (rc == RC_OK)
		rc = sessions_do(t->sessions, &c, f);
	if (rc == RC_OK)
		rc = reach_all(&p, in, &to->targets, f);
	to->egress_id = arena_str(t->arena, p.way.egress_id);
	sessions_web_done(&p.way);
	return rc == RC_OK && !to->egress_id ? RC_NOMEM : rc;
}

const struct action_run egress_probe = { .name = "egress.probe", .run = run };
