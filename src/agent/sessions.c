#include "agent/sessions.h"

#include "agent/directory.h"
#include "agent/errand.h"
#include "base/map.h"
#include "io/clock.h"
#include "io/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TRIES_MAX     3 /* questions that were lost with the connection and are asked anew */
#define LIST_RETRY_MS 2000
#define SOCKET_BYTES  (4u << 20)
#define MESSAGE_BYTES (32u << 20)

/* One connection. It may outlive the session's interest in it, until the socket says that it is closed. */
struct line {
	struct session *session; /* NULL: nobody asks any more */
	uint32_t conn;
	struct web_socket *socket;
};

struct session {
	struct sessions *all;
	char account_id[SESSIONS_ID_MAX]; /* "": the agent's own */
	struct steam_session *machine;
	struct loop_timer *timer;
	struct line *line;
	struct list waiting;  /* sessions_call.node: for the session to be online, or off */
	struct list starting; /* sessions.starting, while it waits for its turn to log on */
	char endpoint[STEAM_CMS_NAME_MAX];
	bool online;
	bool leaving; /* goes away when it is off */
};

/* The owner of a question inside the machine: the asker may leave before the answer. */
struct sessions_asked {
	struct sessions_call *by; /* NULL: left */
};

struct sessions {
	struct sessions_conf conf;
	struct map accounts; /* account_id → struct session */
	struct session *own;
	struct steam_cms *cms;
	struct list starting; /* session.starting */
	uint64_t next_start_ms, list_ms;
	struct loop_timer *timer; /* of starting, and of the list */
	bool fetching, stopping;
	size_t online_n;
};

/* A look at Steam's directory. */
struct look {
	struct errand errand;
	struct loop_job back;
	struct sessions *sessions;
	struct arena arena;
	const char **at;
	size_t n;
	enum rc rc;
	struct fault fault;
};

static uint64_t now_of(const struct session *s) { return loop_now_ms(s->all->conf.loop); }
static const char *name_of(const struct session *s) { return *s->account_id ? s->account_id : "-"; }

static void pump(struct session *s);
static void plan(struct sessions *ss);

/* ---- the socket ---- */

static void line_open(void *ctx, struct web_socket *socket)
{
	struct line *l = ctx;
	(void)socket;
	if (!l->session)
		return;
	steam_session_opened(l->session->machine, now_of(l->session), l->conn);
	pump(l->session);
}

static void line_message(void *ctx, struct web_socket *socket, const void *p, size_t n, bool binary)
{
	struct line *l = ctx;
	(void)socket;
	if (!l->session || !binary)
		return;
	steam_session_feed(l->session->machine, now_of(l->session), l->conn, p, n);
	pump(l->session);
}

static void line_close(void *ctx, struct web_socket *socket, int code, const char *why)
{
	struct line *l = ctx;
	struct session *s = l->session;
	char text[160];

	(void)socket;
	if (s) {
		s->line = NULL;
		snprintf(text, sizeof(text), "%s (%d)", why, code);
		steam_session_closed(s->machine, now_of(s), l->conn, text);
	}
	free(l);
	if (s)
		pump(s);
}

static void dial(struct session *s, uint32_t conn, const char *endpoint)
{
	char url[STEAM_CMS_NAME_MAX + 32];
	struct fault f = { .text = "no memory" };
	struct line *l = calloc(1, sizeof(*l));

	snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint);
	snprintf(url, sizeof(url), "wss://%s/cmsocket/", s->endpoint);
	const struct web_dial how = { .url = url,
		.tls_ca = s->all->conf.ca_file,
		.http_proxy = s->all->conf.http_proxy,
		.connect_ms = STEAM_SESSION_CONNECT_MS,
		.limits = { .socket_bytes = SOCKET_BYTES, .message_bytes = MESSAGE_BYTES },
		.on = { .ctx = l, .open = line_open, .message = line_message, .close = line_close } };
	if (l) {
		*l = (struct line){ .session = s, .conn = conn };
		if (web_dial(s->all->conf.loop, &how, &l->socket, &f) == RC_OK) {
			s->line = l;
			return;
		}
	}
	free(l);
	steam_session_closed(s->machine, now_of(s), conn, f.text);
}

static void hang_up(struct session *s)
{
	struct line *l = take(s->line);
	if (!l)
		return;
	l->session = NULL;
	web_socket_close(l->socket, WEB_CLOSE_NORMAL, "");
}

/* ---- who waits ---- */

static void answer(struct sessions_call *c, enum rc rc, const char *why)
{
	list_remove(&c->node);
	c->at = NULL;
	call_answer(&c->call, rc, why);
}

static void ask(struct session *s, struct sessions_call *c)
{
	struct fault f = { 0 };
	struct sessions_asked *asked = calloc(1, sizeof(*asked));
	uint64_t number;

	if (!asked) {
		answer(c, RC_NOMEM, NULL);
		return;
	}
	list_remove(&c->node);
	asked->by = c;
	c->asked = asked;
	c->ask.owner = asked;
	c->ask.deadline_ms = c->deadline_ms;
	snprintf(c->endpoint, sizeof(c->endpoint), "%s", s->endpoint);
	enum rc rc = steam_session_ask(s->machine, now_of(s), &c->ask, &number, &f);
	if (rc == RC_OK)
		return;
	free(asked);
	c->asked = NULL;
	answer(c, rc, f.text);
}

/* The session came online: logins are answered, questions are asked. */
static void serve_online(struct session *s)
{
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (c->want == SESSIONS_LOGIN) {
			c->steamid = steam_session_steamid(s->machine);
			answer(c, RC_OK, NULL);
		} else if (c->want == SESSIONS_ASK) {
			ask(s, c);
		}
	}
}

/* The session is off, or refused: nobody need wait for it to be online. */
static void serve_offline(struct session *s, enum rc rc, int32_t eresult, const char *why)
{
	list_each (at, next, &s->waiting) {
		struct sessions_call *c = list_of(at, struct sessions_call, node);
		if (c->want == SESSIONS_LOGOUT && rc != RC_REFUSED) {
			answer(c, RC_OK, NULL);
		} else if (c->want != SESSIONS_LOGOUT) {
			c->eresult = eresult;
			answer(c, rc, why);
		}
	}
}

static void take_answer(struct session *s, struct steam_call *got)
{
	struct sessions_asked *asked = got->owner;
	struct sessions_call *c = asked->by;

	free(asked);
	if (!c) {
		steam_call_free(got);
		return;
	}
	c->asked = NULL;
	if (got->rc == RC_AWAY && c->tries++ < TRIES_MAX && !s->leaving &&
		steam_session_state(s->machine) != STEAM_SESSION_ONLINE) {
		steam_call_free(got); /* lost with the connection: asked again when the session is back */
		list_append(&s->waiting, &c->node);
		return;
	}
	c->answer = got;
	answer(c, got->rc, got->fault.text);
}

/* ---- the machine ---- */

static void tell(struct session *s, const char *state, const char *why)
{
	struct sessions *ss = s->all;
	log_info(ss->conf.log, "Steam session %s account=%s reason=\"%s\"", state, name_of(s), why);
	if (*s->account_id)
		ss->conf.changed(ss->conf.ctx, s->account_id, state, why);
}

static void changed(struct session *s, const struct steam_session_act *a)
{
	bool was = s->online;

	s->online = a->state == STEAM_SESSION_ONLINE;
	s->all->online_n = s->all->online_n + s->online - was;
	if (s->online) {
		if (!was)
			tell(s, "online", "");
		serve_online(s);
	} else if (a->state == STEAM_SESSION_REFUSED) {
		tell(s, "refused", a->why);
		serve_offline(s, RC_REFUSED, a->eresult, a->why);
	} else if (a->state == STEAM_SESSION_OFF) {
		tell(s, "offline", a->why);
		serve_offline(s, RC_AWAY, 0, "the session was logged out");
	} else if (was && a->state != STEAM_SESSION_LEAVING) {
		tell(s, "reconnecting", a->why);
	}
}

static void act(struct session *s, const struct steam_session_act *a)
{
	switch (a->kind) {
	case STEAM_SESSION_CONNECT:
		dial(s, a->conn, a->endpoint);
		break;
	case STEAM_SESSION_SEND:
		if (s->line && s->line->conn == a->conn)
			(void)web_socket_send(s->line->socket, a->p, a->n, true); /* full: it closes and says so */
		break;
	case STEAM_SESSION_CLOSE:
		if (s->line && s->line->conn == a->conn)
			hang_up(s);
		break;
	case STEAM_SESSION_STATE:
		changed(s, a);
		break;
	case STEAM_SESSION_ANSWER:
		take_answer(s, a->call);
		break;
	case STEAM_SESSION_PUSH: /* of accounts only */
		break;
	}
}

static void session_free(struct session *s)
{
	if (!s)
		return;
	hang_up(s);
	list_remove(&s->starting);
	steam_session_free(s->machine);
	loop_timer_free(s->timer);
	free(s);
}

/* An account's session that is off is forgotten; the own one stays for the next question. */
static void let_go(struct session *s)
{
	if (s != s->all->own) {
		map_take(&s->all->accounts, s->account_id);
		session_free(s);
	}
}

/* Does what the machine wants done, until it wants nothing. The session may be gone after it. */
static void pump(struct session *s)
{
	struct steam_session_act a;

	while (steam_session_next(s->machine, &a))
		act(s, &a);
	loop_timer_at(s->timer, steam_session_due(s->machine));
	if (s->leaving && steam_session_state(s->machine) == STEAM_SESSION_OFF && list_empty(&s->waiting))
		let_go(s);
}

static void on_timer(void *ctx)
{
	struct session *s = ctx;
	steam_session_tick(s->machine, now_of(s));
	pump(s);
}

static struct session *session_new(struct sessions *ss, const char *account_id)
{
	struct session *s = calloc(1, sizeof(*s));
	struct steam_session_conf conf = { .keep_cms = ss->cms, .logon_gap_ms = ss->conf.logon_interval_ms };

	if (!s)
		return NULL;
	*s = (struct session){ .all = ss };
	snprintf(s->account_id, sizeof(s->account_id), "%s", account_id ? account_id : "");
	list_init(&s->waiting);
	list_init(&s->starting);
	clock_random(&conf.seed, sizeof(conf.seed));
	clock_random(&conf.login_id, sizeof(conf.login_id));
	bool made = steam_session_new(&conf, &s->machine, NULL) == RC_OK &&
		    loop_timer_new(ss->conf.loop, on_timer, s, &s->timer) == RC_OK &&
		    (!account_id || map_put(&ss->accounts, s->account_id, s) == RC_OK);
	if (made)
		return s;
	steam_session_free(s->machine);
	loop_timer_free(s->timer);
	free(s);
	return NULL;
}

/* ---- starting, one at a time ---- */

static void on_list(struct loop_job *job)
{
	struct look *e = list_of(job, struct look, back);
	struct sessions *ss = e->sessions;
	struct fault f = { 0 };

	ss->fetching = false;
	if (e->rc == RC_OK)
		e->rc = steam_cms_set(ss->cms, e->at, e->n, &f);
	else
		f = e->fault;
	if (e->rc == RC_OK)
		log_info(ss->conf.log, "Steam's servers listed servers=%zu", e->n);
	else
		log_warn(ss->conf.log, "Steam's servers not listed: %s", f.text);
	ss->list_ms = loop_now_ms(ss->conf.loop) + (e->rc == RC_OK ? SESSIONS_LIST_MS : LIST_RETRY_MS);
	arena_done(&e->arena);
	free(e);
	plan(ss);
}

static void look(struct errand *errand)
{
	struct look *e = list_of(errand, struct look, errand);
	const struct sessions_conf *conf = &e->sessions->conf;

	e->rc = directory_fetch(&(struct directory_ask){ conf->directory_url, conf->ca_file, conf->http_proxy },
		&e->arena, &e->at, &e->n, &e->fault);
	loop_post(conf->loop, &e->back);
}

static void fetch_list(struct sessions *ss)
{
	struct look *e = calloc(1, sizeof(*e));

	ss->list_ms = loop_now_ms(ss->conf.loop) + LIST_RETRY_MS;
	if (!e)
		return;
	*e = (struct look){ .errand.run = look, .back.run = on_list, .sessions = ss };
	ss->fetching = pool_push(ss->conf.errands, &e->errand.job) == RC_OK;
	if (!ss->fetching)
		free(e);
}

/* Starts those whose turn it is, and sets the timer for what comes next. */
static void plan(struct sessions *ss)
{
	uint64_t now = loop_now_ms(ss->conf.loop);
	bool wanted = ss->own || map_count(&ss->accounts) > 0;

	if (ss->stopping)
		return;
	if (wanted && !ss->fetching && now >= ss->list_ms)
		fetch_list(ss);
	while (steam_cms_count(ss->cms) > 0 && !list_empty(&ss->starting) && now >= ss->next_start_ms) {
		struct session *s = list_of(ss->starting.next, struct session, starting);
		list_remove(&s->starting);
		ss->next_start_ms = now + ss->conf.logon_interval_ms;
		steam_session_start(s->machine, now);
		pump(s);
	}
	uint64_t at = wanted && !ss->fetching ? ss->list_ms : UINT64_MAX;
	if (!list_empty(&ss->starting) && steam_cms_count(ss->cms) > 0 && ss->next_start_ms < at)
		at = ss->next_start_ms;
	loop_timer_at(ss->timer, at);
}

static void on_plan(void *ctx) { plan(ctx); }

static void want_online(struct session *s)
{
	enum steam_session_state state = steam_session_state(s->machine);

	s->leaving = false;
	if ((state == STEAM_SESSION_OFF || state == STEAM_SESSION_REFUSED) && list_empty(&s->starting)) {
		list_append(&s->all->starting, &s->starting);
		plan(s->all);
	}
}

/* ---- what workers ask ---- */

static struct session *find(struct sessions *ss, const struct sessions_call *c)
{
	if (!c->account_id)
		return ss->own ? ss->own : (ss->own = session_new(ss, NULL));
	struct session *s = map_get(&ss->accounts, c->account_id);
	if (!s && c->want == SESSIONS_LOGIN && map_count(&ss->accounts) < SESSIONS_MAX)
		s = session_new(ss, c->account_id);
	return s;
}

static void refuse(struct sessions_call *c)
{
	if (c->want == SESSIONS_LOGOUT) {
		call_answer(&c->call, RC_OK, NULL);
	} else if (c->want == SESSIONS_LOGIN || !c->account_id) {
		call_answer(&c->call, RC_LIMIT, "this agent has no room for another session");
	} else {
		c->offline = true;
		call_answer(&c->call, RC_AWAY, "the account has no session here: run session.login first");
	}
}

static void log_out(struct session *s, struct sessions_call *c)
{
	s->leaving = true;
	list_remove(&s->starting);
	list_append(&s->waiting, &c->node);
	steam_session_stop(s->machine, now_of(s));
	if (steam_session_state(s->machine) == STEAM_SESSION_OFF)
		serve_offline(s, RC_AWAY, 0, "the session was logged out");
	pump(s);
}

static void begin(struct call *call)
{
	struct sessions_call *c = list_of(call, struct sessions_call, call);
	struct sessions *ss = c->sessions;

	list_init(&c->node);
	if (ss->stopping) {
		call_answer(call, RC_CANCELED, "the agent stops");
		return;
	}
	struct session *s = find(ss, c);
	if (!s) {
		refuse(c);
		return;
	}
	c->at = s;
	if (c->want == SESSIONS_LOGOUT) {
		log_out(s, c);
		return;
	}
	list_append(&s->waiting, &c->node);
	if (s->online) {
		serve_online(s);
		pump(s);
	} else if (c->want == SESSIONS_LOGIN || !c->account_id) {
		want_online(s);
	}
}

/* The asker leaves: at its deadline, or because its task was canceled. */
static void give_up(struct call *call)
{
	struct sessions_call *c = list_of(call, struct sessions_call, call);
	struct session *s = c->at;
	enum rc why = call->rc;

	if (c->asked)
		take(c->asked)->by = NULL;
	/* A login that was canceled before it came about is not to come about. */
	bool undo = s && c->want == SESSIONS_LOGIN && why == RC_CANCELED && !s->online;
	answer(c, why, why == RC_TIMEOUT ? "Steam did not answer in time" : NULL);
	if (undo && list_empty(&s->waiting)) {
		s->leaving = true;
		list_remove(&s->starting);
		steam_session_stop(s->machine, now_of(s));
		pump(s);
	}
}

enum rc sessions_do(struct sessions *ss, struct sessions_call *c, struct fault *f)
{
	c->sessions = ss;
	c->call.begin = begin;
	c->call.give_up = give_up;
	c->call.deadline_ms = c->deadline_ms;
	c->call.scope = c->scope;
	return call_wait(ss->conf.loop, &c->call, f);
}

/* ---- beginning and end ---- */

enum rc sessions_new(const struct sessions_conf *conf, struct sessions **ret_sessions, struct fault *f)
{
	struct sessions *ss = calloc(1, sizeof(*ss));
	if (!ss)
		return RC_NOMEM;
	ss->conf = *conf;
	list_init(&ss->starting);
	ss->cms = steam_cms_new();
	if (!ss->cms || loop_timer_new(conf->loop, on_plan, ss, &ss->timer) != RC_OK) {
		sessions_free(ss);
		return fault_set(f, RC_NOMEM, "no memory for Steam sessions");
	}
	*ret_sessions = ss;
	return RC_OK;
}

void sessions_stop(struct sessions *ss)
{
	ss->stopping = true;
	loop_timer_at(ss->timer, UINT64_MAX);
	struct map_walk w = map_walk(&ss->accounts);
	for (struct session *s; (s = map_next(&w));) {
		s->leaving = true;
		list_remove(&s->starting);
		steam_session_stop(s->machine, now_of(s));
		pump(s); /* takes it from the map when it is off */
	}
	if (ss->own) {
		list_remove(&ss->own->starting);
		steam_session_stop(ss->own->machine, now_of(ss->own));
		pump(ss->own);
	}
}

bool sessions_are_off(const struct sessions *ss)
{
	bool own = !ss->own || steam_session_state(ss->own->machine) == STEAM_SESSION_OFF;
	return own && map_count(&ss->accounts) == 0;
}

size_t sessions_online(const struct sessions *ss) { return ss->online_n; }

void sessions_free(struct sessions *ss)
{
	if (!ss)
		return;
	struct map_walk w = map_walk(&ss->accounts);
	for (struct session *s; (s = map_next(&w));) {
		map_take(&ss->accounts, s->account_id);
		session_free(s);
	}
	map_done(&ss->accounts);
	session_free(ss->own);
	steam_cms_free(ss->cms);
	loop_timer_free(ss->timer);
	free(ss);
}

uint32_t sessions_pics_interval_ms(const struct sessions *ss) { return ss->conf.pics_interval_ms; }
