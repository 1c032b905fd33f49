#include "sim/web/people_controls.h"

#include "sim/auth.h"
#include "sim/chat.h"
#include "sim/cm/cm.h"
#include "sim/held.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADVANCE_MAX  34560000u /* 400 days */
#define THROTTLE_MAX 1000000

const char people_controls_help[] =
	"  GET    /sim/people                names of the accounts, with their state (JSON)\n"
	"  GET    /sim/person/NAME           all of one: licences, friends, messages, what it plays, its logons\n"
	"  GET    /sim/keys                  per key: how often it was asked for, by whom it was used, and how "
	"often it\n"
	"                                    was asked for although its end was known\n"
	"  GET    /sim/redeems               every key that was tried: when, by whom, with what result\n"
	"  GET    /sim/logons[?since=MS]     every try to log on: when, who, from where, with what result\n"
	"  GET    /sim/mail?name=NAME        the code of the last e-mail\n"
	"  GET    /sim/token?name=NAME       a new refresh token of the account, of a client\n"
	"  GET    /sim/clock                 Steam's time, in milliseconds\n"
	"  POST   /sim/approve?name=NAME&yes=0|1       the owner at another device says yes or no\n"
	"  POST   /sim/kick?name=NAME&eresult=N        logs the account's sessions off\n"
	"  POST   /sim/set?name=NAME&word=escrow%3D3   changes an account, as a word of its line says\n"
	"  POST   /sim/grant?name=NAME&package=ID[&revoke=1]   gives or takes a package\n"
	"  POST   /sim/revoke_tokens?name=NAME         no token of the account is good any more\n"
	"  POST   /sim/throttle?ip=ADDRESS&calls=N     the next N logons from there are answered 84\n"
	"  POST   /sim/clock?advance=SECONDS           moves Steam's time\n";

static void fail(struct answer *a, int status, const char *why)
{
	a->status = status;
	a->type = "text/plain; charset=utf-8";
	buf_fmt(&a->body, "%s\n", why);
}

static struct person *named(struct ask *q, struct answer *a)
{
	struct person *p = people_named(&q->sim->people, ask_either(q, "name"));
	if (!p)
		fail(a, 404, "there is no such account: name=NAME");
	return p;
}

static size_t sessions_of(const struct person *p)
{
	size_t n = 0;
	list_each (at, after, (struct list *)&p->sessions) {
		n++;
	}
	return n;
}

/* ---- one account ---- */

static void put_state(struct buf *b, const struct person *p)
{
	buf_str(b, "{\"name\":");
	json_put_str(b, p->name);
	buf_fmt(b, ",\"steamId\":\"%s\",\"persona\":", p->id_text);
	json_put_str(b, p->persona);
	buf_fmt(b,
		",\"sessions\":%zu,\"personaState\":%u,\"logons\":%" PRIu64 ",\"logonsRefused\":%" PRIu64
		",\"lastLogonMs\":%" PRId64 ",\"playing\":[",
		sessions_of(p), p->persona_state, p->logons, p->logons_refused, p->last_logon_ms);
	for (unsigned i = 0; i < p->playing_n; i++)
		buf_fmt(b, "%s%u", i ? "," : "", p->playing[i]);
	buf_str(b, "]");
}

static void put_rest(struct sim *s, struct buf *b, const struct person *p)
{
	const struct chat_message *m;
	const char *comma = "";

	buf_str(b, ",\"licences\":[");
	for (size_t i = 0; i < p->licences_n; i++)
		buf_fmt(b, "%s{\"package\":%u,\"time\":%u}", i ? "," : "", p->licences[i].package,
			p->licences[i].time_created);
	buf_str(b, "],\"friends\":[");
	for (size_t i = 0; i < p->friends_n; i++)
		buf_fmt(b, "%s{\"steamId\":\"%" PRIu64 "\",\"relationship\":%u}", i ? "," : "", p->friends[i].with,
			p->friends[i].relationship);
	buf_str(b, "],\"messages\":[");
	for (size_t i = 0; (m = chat_newest(s, i)); i++) {
		if (m->from != p->steamid && m->to != p->steamid)
			continue;
		buf_fmt(b, "%s{\"from\":\"%" PRIu64 "\",\"to\":\"%" PRIu64 "\",\"time\":%u,\"text\":", comma,
			m->from, m->to, m->time);
		json_put_str(b, m->text);
		buf_str(b, "}");
		comma = ",";
	}
	buf_fmt(b, "],\"wallet\":%" PRId64 ",\"tradeToken\":\"%s\",\"redeemFailed\":%u", p->wallet, p->trade_token,
		p->redeem_failed);
}

static void show_people(struct ask *q, struct answer *a)
{
	answer_json(a, 200);
	buf_str(&a->body, "[");
	for (size_t i = 0; i < q->sim->people.n; i++) {
		buf_str(&a->body, i ? "," : "");
		put_state(&a->body, &q->sim->people.at[i]);
		buf_str(&a->body, "}");
	}
	buf_str(&a->body, "]\n");
}

static void show_person(struct ask *q, struct answer *a)
{
	const struct person *p = people_named(&q->sim->people, q->path + strlen("/sim/person/"));
	if (!p) {
		fail(a, 404, "there is no such account");
		return;
	}
	answer_json(a, 200);
	put_state(&a->body, p);
	put_rest(q->sim, &a->body, p);
	buf_str(&a->body, "}\n");
}

/* ---- keys, logons, the clock ---- */

static void show_keys(struct ask *q, struct answer *a)
{
	static const char *const kinds[] = { "good", "used", "region", "base", "wallet" };
	const char *comma = "";

	answer_json(a, 200);
	buf_str(&a->body, "{");
	list_each (at, after, &q->sim->people.all_keys) {
		const struct game_key *k = list_of(at, struct game_key, node);
		const struct person *by = k->used_by ? people_by_id(&q->sim->people, k->used_by) : NULL;
		buf_str(&a->body, comma);
		json_put_str(&a->body, k->key);
		buf_fmt(&a->body,
			":{\"kind\":\"%s\",\"package\":%u,\"asked\":%" PRIu64 ",\"askedAfterEnd\":%" PRIu64
			",\"usedBy\":",
			kinds[k->kind], k->package, k->asked, k->asked_after_end);
		json_put_str(&a->body, by ? by->name : NULL);
		buf_str(&a->body, "}");
		comma = ",";
	}
	buf_str(&a->body, "}\n");
}

static void show_logons(struct ask *q, struct answer *a)
{
	int64_t since = strtoll(ask_query(q, "since"), NULL, 10);
	const char *comma = "";

	answer_json(a, 200);
	buf_str(&a->body, "[");
	for (size_t i = 0; i < q->sim->logons_n; i++) {
		const struct logon *l = &q->sim->logons[i];
		if (l->at_ms < since)
			continue;
		buf_fmt(&a->body, "%s{\"timeMs\":%" PRId64 ",\"name\":", comma, l->at_ms);
		json_put_str(&a->body, l->name);
		buf_fmt(&a->body, ",\"ip\":\"%s\",\"kind\":\"%s\",\"eresult\":%d}", l->ip, l->kind, l->eresult);
		comma = ",";
	}
	buf_str(&a->body, "]\n");
}

static void show_redeems(struct ask *q, struct answer *a)
{
	answer_json(a, 200);
	buf_str(&a->body, "[");
	for (size_t i = 0; i < q->sim->redeems_n; i++) {
		const struct redeem_try *t = &q->sim->redeems[i];
		buf_fmt(&a->body, "%s{\"timeMs\":%" PRId64 ",\"name\":", i ? "," : "", t->at_ms);
		json_put_str(&a->body, t->name);
		buf_str(&a->body, ",\"key\":");
		json_put_str(&a->body, t->key);
		buf_fmt(&a->body, ",\"eresult\":%d,\"detail\":%d}", t->eresult, t->detail);
	}
	buf_str(&a->body, "]\n");
}

static void show_clock(struct ask *q, struct answer *a)
{
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"timeMs\":%" PRId64 "}\n", sim_time_ms(q->sim));
}

static void move_clock(struct ask *q, struct answer *a)
{
	uint64_t seconds;
	if (!ask_number(ask_either(q, "advance"), &seconds) || seconds > ADVANCE_MAX) {
		fail(a, 422, "write advance=SECONDS");
		return;
	}
	q->sim->clock_offset_ms += (int64_t)seconds * 1000;
	show_clock(q, a);
}

/* ---- what people do ---- */

static void show_mail(struct ask *q, struct answer *a)
{
	const struct person *p = named(q, a);
	if (!p)
		return;
	answer_json(a, 200);
	buf_str(&a->body, "{\"code\":");
	json_put_str(&a->body, auth_mail(q->sim, p->name));
	buf_str(&a->body, "}\n");
}

static void show_token(struct ask *q, struct answer *a)
{
	struct person *p = named(q, a);
	struct buf token = { 0 };
	if (!p)
		return;
	auth_refresh_token(q->sim, p, "client", &token);
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"refreshToken\":\"%s\"}\n", buf_text(&token));
	buf_done(&token);
}

static void approve(struct ask *q, struct answer *a)
{
	const struct person *p = named(q, a);
	if (!p)
		return;
	if (auth_approve(q->sim, p->name, strcmp(ask_either(q, "yes"), "0") != 0))
		answer_json(a, 200);
	else
		fail(a, 409, "nobody waits for that");
}

static void kick(struct ask *q, struct answer *a)
{
	uint64_t eresult;
	struct person *p = named(q, a);
	if (!p)
		return;
	if (!ask_number(ask_either(q, "eresult"), &eresult) || eresult == 0 || eresult > 999) {
		fail(a, 422, "write eresult=N");
		return;
	}
	cm_kick_person(p, (int32_t)eresult);
	answer_json(a, 200);
}

static void set(struct ask *q, struct answer *a)
{
	struct fault f = { 0 };
	struct person *p = named(q, a);
	if (!p)
		return;
	if (!strncmp(ask_either(q, "word"), "id=", 3) || people_set(p, ask_either(q, "word"), &f) != RC_OK)
		fail(a, 422, f.text);
	else
		answer_json(a, 200);
}

static void grant(struct ask *q, struct answer *a)
{
	uint64_t package;
	struct person *p = named(q, a);
	if (!p)
		return;
	if (!ask_number(ask_either(q, "package"), &package) || package > UINT32_MAX) {
		fail(a, 422, "write package=ID");
		return;
	}
	if (*ask_either(q, "revoke"))
		people_revoke(p, (uint32_t)package);
	else if (!people_grant(p, (uint32_t)package, (uint32_t)q->now))
		fail(a, 409, "it owns too many");
	cm_tell_licences(q->sim, p);
	if (!a->status)
		answer_json(a, 200);
}

static void revoke_tokens(struct ask *q, struct answer *a)
{
	struct person *p = named(q, a);
	if (!p)
		return;
	p->token_generation++;
	answer_json(a, 200);
}

static void throttle(struct ask *q, struct answer *a)
{
	uint64_t calls;
	if (!*ask_either(q, "ip") || !ask_number(ask_either(q, "calls"), &calls) || calls > THROTTLE_MAX) {
		fail(a, 422, "write ip=ADDRESS and calls=N");
		return;
	}
	held_throttle(q->sim, ask_either(q, "ip"), (uint32_t)calls);
	answer_json(a, 200);
}

/* A path that ends in '/' takes one more word. */
static const struct {
	const char *method, *path;
	void (*run)(struct ask *q, struct answer *a);
} controls[] = {
	{ "GET", "/sim/people", show_people },
	{ "GET", "/sim/person/", show_person },
	{ "GET", "/sim/keys", show_keys },
	{ "GET", "/sim/logons", show_logons },
	{ "GET", "/sim/redeems", show_redeems },
	{ "GET", "/sim/mail", show_mail },
	{ "GET", "/sim/token", show_token },
	{ "GET", "/sim/clock", show_clock },
	{ "POST", "/sim/clock", move_clock },
	{ "POST", "/sim/approve", approve },
	{ "POST", "/sim/kick", kick },
	{ "POST", "/sim/set", set },
	{ "POST", "/sim/grant", grant },
	{ "POST", "/sim/revoke_tokens", revoke_tokens },
	{ "POST", "/sim/throttle", throttle },
};

bool people_controls_answer(struct ask *q, struct answer *a)
{
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		size_t n = strlen(controls[i].path);
		bool more = controls[i].path[n - 1] == '/';
		if (strcmp(q->method, controls[i].method) != 0 || strncmp(q->path, controls[i].path, n) != 0 ||
			(q->path[n] && !more))
			continue;
		controls[i].run(q, a);
		return true;
	}
	return false;
}
