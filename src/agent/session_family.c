/* A parental PIN that locks pages of Steam's web: it is tried by an errand, one at a time for an account, for those that wait. */
#include "agent/errand.h"
#include "agent/session.h"
#include "agent/web_head.h"
#include "base/log.h"
#include "wire/json.h"
#include "wire/steam/web_page.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define UNLOCK_MS   15000
#define ANSWER_MAX  65536
#define COOKIE      "steamparental="
#define SECRET_ROOM 4096 /* so that what is wiped did not move before */

struct unlock {
	struct errand errand;
	struct loop_job back;
	struct sessions *sessions;
	char account_id[SESSIONS_ID_MAX];
	bool store;
	struct sessions_web web; /* as a worker has it */
	struct buf form;         /* holds the PIN */
	enum bot_unlock how;
	struct hush cookie; /* what was got for it */
};

static void wipe(struct buf *b)
{
	if (b->p)
		hush_wipe(b->p, b->room);
	buf_done(b);
}

static void unlock_free(struct unlock *u)
{
	sessions_web_done(&u->web);
	hush_done(&u->cookie);
	wipe(&u->form);
	free(u);
}

/* ---- on the errands' thread ---- */

static enum rc read_cookie(const struct http_answer *a, struct hush *ret)
{
	const char *line;

	for (size_t i = 0; (line = http_call_header_at(a, "set-cookie", i)); i++) {
		const char *value = line + strlen(COOKIE);
		if (!strncmp(line, COOKIE, strlen(COOKIE)) && strcspn(value, "; \t") > 0)
			return hush_set(ret, value, strcspn(value, "; \t"));
	}
	return RC_MISSING;
}

/* Steam says success, or not; anything else is trouble. */
static enum bot_unlock read_answer(const struct http_answer *a, struct hush *ret)
{
	auto_json struct json_t *j = NULL;

	if (a->status != 200 || json_read((const char *)a->body.p, a->body.n, &j, NULL) != RC_OK)
		return BOT_UNLOCK_TROUBLE;
	const json_t *success = json_object_get(j, "success");
	if (json_is_false(success))
		return BOT_UNLOCK_WRONG;
	return json_is_true(success) && read_cookie(a, ret) == RC_OK ? BOT_UNLOCK_DONE : BOT_UNLOCK_TROUBLE;
}

static void unlock(struct errand *errand)
{
	struct unlock *u = list_of(errand, struct unlock, errand);
	const char *base = u->store ? u->sessions->urls.store : u->sessions->urls.community;
	struct http_answer answer = { 0 };
	struct buf cookie = { 0 }, url = { 0 }, referer = { 0 };

	buf_room(&cookie, SECRET_ROOM + u->web.access_token.n);
	web_head_cookies(&u->web, NULL, &cookie);
	buf_fmt(&url, "%s/parental/ajaxunlock", base);
	buf_fmt(&referer, "%s/", base);
	const struct http_call_header headers[] = { { "Cookie", buf_text(&cookie) }, { "Origin", base },
		{ "Referer", buf_text(&referer) },
		{ "Content-Type", "application/x-www-form-urlencoded; charset=UTF-8" }, { 0 } };
	struct http_ask ask = { .method = "POST",
		.url = buf_text(&url),
		.headers = headers,
		.body = u->form.p,
		.body_n = u->form.n,
		.body_max = ANSWER_MAX,
		.deadline_ms = UNLOCK_MS,
		.tls_ca = u->sessions->conf.ca_file };
	web_head_way(&u->web, &ask);
	bool whole = !cookie.bad && !url.bad && !referer.bad;
	if (whole && http_call(&ask, &answer, NULL) == RC_OK)
		u->how = read_answer(&answer, &u->cookie);
	http_answer_done(&answer);
	wipe(&cookie);
	buf_done(&url);
	buf_done(&referer);
	loop_post(u->sessions->conf.loop, &u->back);
}

/* ---- on the loop ---- */

/* Those that wait for this site. */
static void serve(struct session *s, bool store, enum bot_unlock how)
{
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (c->want != SESSIONS_UNLOCK || c->store != store)
			continue;
		if (how == BOT_UNLOCK_DONE)
			sessions_answer(c, RC_OK, NULL);
		else if (how == BOT_UNLOCK_WRONG)
			sessions_answer(c, RC_DENIED, "the account's parental PIN is not the right one");
		else
			sessions_answer(c, RC_AWAY, "the account's parental PIN could not be tried");
	}
}

/* Those that wait for the other one. */
static void go_on(struct session *s)
{
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (c->want == SESSIONS_UNLOCK)
			session_family_ask(s, c);
	}
}

static void finish(struct session *s, struct unlock *u)
{
	s->unlocking = false;
	if (u->how == BOT_UNLOCK_DONE && session_web_keep(s, u->store, &u->cookie) != RC_OK)
		u->how = BOT_UNLOCK_TROUBLE;
	log_info(s->all->conf.log, "family view %s account=%s site=%s",
		u->how == BOT_UNLOCK_DONE    ? "opened"
		: u->how == BOT_UNLOCK_WRONG ? "not opened: the PIN is wrong"
					     : "not opened",
		s->account_id, u->store ? "store" : "community");
	bot_family_unlocked(s->bot, session_now(s), u->how);
	serve(s, u->store, u->how);
	go_on(s);
}

static void on_unlock(struct loop_job *job)
{
	struct unlock *u = list_of(job, struct unlock, back);
	struct session *s = map_get(&u->sessions->accounts, u->account_id);

	if (s) {
		finish(s, u);
		session_pump(s);
	}
	unlock_free(u);
}

static struct unlock *make_unlock(struct session *s)
{
	const struct hush *pin = bot_pin(s->bot);
	struct unlock *u = calloc(1, sizeof(*u));
	char text[64];

	if (!u)
		return NULL;
	*u = (struct unlock){ .errand.run = unlock,
		.back.run = on_unlock,
		.sessions = s->all,
		.store = s->store_locked,
		.how = BOT_UNLOCK_TROUBLE };
	snprintf(u->account_id, sizeof(u->account_id), "%s", s->account_id);
	snprintf(text, sizeof(text), "%.*s", (int)pin->n, (const char *)pin->p);
	buf_room(&u->form, SECRET_ROOM);
	buf_str(&u->form, "pin=");
	web_page_encode(&u->form, text);
	hush_wipe(text, sizeof(text));
	if (pin->n < sizeof(text) && session_web_copy(s, &u->web) == RC_OK && !u->form.bad) {
		buf_fmt(&u->form, "&sessionid=%s", u->web.session_id);
		return u;
	}
	unlock_free(u);
	return NULL;
}

void session_family_try(struct session *s)
{
	struct unlock *u = make_unlock(s);
	s->unlocking = u && pool_push(s->all->conf.errands, &u->errand.job) == RC_OK;
	if (s->unlocking)
		return;
	if (u)
		unlock_free(u);
	bot_family_unlocked(s->bot, session_now(s), BOT_UNLOCK_TROUBLE);
	serve(s, s->store_locked, BOT_UNLOCK_TROUBLE);
}

void session_family_ask(struct session *s, struct sessions_call *c)
{
	if (s->unlocking)
		return;
	s->store_locked = c->store;
	if (!bot_family_locked(s->bot, session_now(s)))
		sessions_answer(c, RC_DENIED, "a parental PIN locks this page, and it is not known");
}
