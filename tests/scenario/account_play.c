/*
 * account_play: runs a .scn file against a bot (flow/bot), on a clock that only the file moves. Connection managers are "cm0" and
 * up, of "conf tcp" "tcp://cm0:1" and up. The account is Bot1; Steam's side of the talk is account_steam.c.
 *
 *   conf [anonymous] [tcp] [servers=N] [noclock]     before anything else
 *   secrets [pin=P] [password=P] [shared=S] [token=JTI[:DAYS]] [guard=G] [forget]     DAYS: that it still holds
 *   want offline|online|playing [apps=1,2] [game=NAME] [persona=N] [after=MS]
 *   restart                          another process: the secrets that were to be kept, and the same wish
 *   lanes yes | no MS | away         paused | retry | fence | enable | disable
 *   answer CODE | approve            clock SKEW
 *   standing trade=[CODE] clean=[CODE]    what was learned elsewhere
 *   locked | unlocked done|wrong|trouble    a page of Steam's web, by the parental PIN
 *   at MS | wait LO HI | due MS      as in steam_play.c
 *   opened | closed WHY | old closed WHY
 *   feed [tampered] WORDS            see account_steam.c; tampered: altered on its way (of "conf tcp")
 *   ask job EMSG | service METHOD | send EMSG  [deadline=MS];  refused RC
 *   until MS                         the moment that the last act named, from now
 *   expect connect | tcp | send NAME [METHOD] [job=N] [...] | close | answer KIND RC | lanes | pause ERESULT | code_time | unlock PIN | push NAME
 *        state WORD [WHY] [ERESULT] | condition NAME true|false [WHY] | secret NAME kept|forgotten
 *        challenge KIND [HINT] [URL] | over END | nothing
 */
#include "flow/bot.h"
#include "flow/steam_call.h"
#include "flow/steam_cms.h"
#include "wire/steam/frame.h"

#include "proto/steam/auth.pb-c.h"
#include "proto/steam/friends.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "tests/scenario/account_steam.h"
#include "tests/scenario/account_tcp.h"
#include "tests/unit/check.h"
#include "wire/steam/emsg.h"
#include "wire/steam/machine.h"
#include "wire/steam/pb.h"

#include <inttypes.h>

#define LINE_MAX_ 1024
#define DID_MAX   64
#define ZERO_MS   1000000u /* the moment 0 of a script */

static struct steam_cms *cms;
static struct bot *b;
static struct bot_conf conf = { .login = "Bot1", .seed = 1 };
static struct bot_want want;
static struct bot_secrets kept;
static bool no_clock, tcp;
static uint64_t now = ZERO_MS, until;
static uint32_t conn, conn_before;
static char did[DID_MAX][LINE_MAX_];
static unsigned did_in, did_out;
static enum rc asked;
static const char *scenario;
static int line_no;

static void fail(const char *what, const char *a)
{
	fprintf(stderr, "%s:%d: %s: %s\n", scenario, line_no, what, a);
	exit(1);
}

static uint64_t number(const char *t)
{
	char *end;
	uint64_t v = t ? strtoull(t, &end, 10) : 0;
	if (!t || *end)
		fail("not a number", t ? t : "(none)");
	return v;
}

/* ---- what the bot did, as text ---- */

static void add(char *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(char *to, const char *fmt, ...)
{
	size_t n = strlen(to);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(to + n, LINE_MAX_ - n, fmt, ap);
	va_end(ap);
}

static const ProtobufCMessage *body_of(
	const struct steam_frame *fr, const ProtobufCMessageDescriptor *d, struct arena *mem)
{
	ProtobufCMessage *m;
	struct fault f = { 0 };
	CHECK(d && pb_unpack(d, fr->body, fr->body_n, mem, &m, &f) == RC_OK && m->n_unknown_fields == 0);
	return m;
}

static void put_begin(char *to, const ProtobufCMessage *message)
{
	const CAuthenticationBeginAuthSessionViaCredentialsRequest *m =
		(const CAuthenticationBeginAuthSessionViaCredentialsRequest *)message;
	CHECK_STR(m->account_name, "Bot1");
	CHECK_STR(m->website_id, "Client");
	CHECK(strlen(m->encrypted_password) == 344 && m->encryption_timestamp == 4711);
	CHECK(m->persistence == 1 && m->platform_type == 1 && m->device_details->platform_type == 1);
	CHECK(machine_is_id(m->device_details->machine_id.data, m->device_details->machine_id.len));
	if (m->guard_data)
		add(to, " guard=%s", m->guard_data);
}

static void put_service(char *to, const struct steam_frame *fr, struct arena *mem)
{
	const char *method = fr->header->target_job_name;

	CHECK(fr->emsg == (fr->steamid ? EMSG_SERVICE_METHOD_CALL_FROM_CLIENT
				       : EMSG_SERVICE_METHOD_CALL_FROM_CLIENT_NON_AUTHED));
	add(to, " %s", method);
	if (strstr(method, "ViaCredentials")) {
		put_begin(to, body_of(fr, &cauthentication__begin_auth_session_via_credentials__request__descriptor,
				      mem));
	} else if (strstr(method, "GuardCode")) {
		const CAuthenticationUpdateAuthSessionWithSteamGuardCodeRequest *m =
			(const CAuthenticationUpdateAuthSessionWithSteamGuardCodeRequest *)body_of(fr,
				&cauthentication__update_auth_session_with_steam_guard_code__request__descriptor,
				mem);
		CHECK(m->client_id == 11 && m->steamid == SOME_ID);
		add(to, " %s type=%d", m->code, m->code_type);
	} else if (strstr(method, "Poll")) {
		const CAuthenticationPollAuthSessionStatusRequest *m =
			(const CAuthenticationPollAuthSessionStatusRequest *)body_of(
				fr, &cauthentication__poll_auth_session_status__request__descriptor, mem);
		CHECK(m->request_id.len == 16);
		add(to, " id=%" PRIu64, m->client_id);
	} else if (strstr(method, "GenerateAccess")) {
		const CAuthenticationAccessTokenGenerateForAppRequest *m =
			(const CAuthenticationAccessTokenGenerateForAppRequest *)body_of(
				fr, &cauthentication__access_token__generate_for_app__request__descriptor, mem);
		CHECK(m->renewal_type == 1 && m->steamid == SOME_ID && m->refresh_token);
	}
}

static void put_games(char *to, const ProtobufCMessage *message)
{
	const CMsgClientGamesPlayed *m = (const CMsgClientGamesPlayed *)message;
	for (size_t i = 0; i < m->n_games_played; i++) {
		const CMsgClientGamesPlayed__GamePlayed *g = m->games_played[i];
		if (g->game_extra_info)
			add(to, " '%s'", g->game_extra_info);
		else
			add(to, " %" PRIu64, g->game_id);
	}
}

static void put_logon(char *to, const struct steam_frame *fr, const ProtobufCMessage *message)
{
	const CMsgClientLogon *m = (const CMsgClientLogon *)message;
	CHECK(m->chat_mode == 2 && m->protocol_version == 65580);
	if (conf.anonymous) {
		CHECK(!m->access_token);
		return;
	}
	CHECK(fr->steamid == SOME_ID && fr->session == 0 && m->supports_rate_limit_response);
	CHECK(machine_is_id(m->machine_id.data, m->machine_id.len) && m->machine_name);
	CHECK(m->access_token && !m->account_name && !m->password);
	add(to, " token");
}

static void put_sent(char *to, const struct bot_act *a)
{
	struct arena mem = { 0 };
	struct steam_frame fr;
	struct fault f = { 0 };

	struct buf plain = { .p = (uint8_t *)a->p, .n = a->n };
	const struct buf *message = tcp ? account_tcp_carry(a->p, a->n) : &plain;
	CHECK(a->conn == conn && steam_frame_parse(message->p, message->n, &mem, &fr, &f) == RC_OK);
	add(to, "send %s", emsg_name(fr.emsg));
	if (fr.header && fr.header->target_job_name)
		put_service(to, &fr, &mem);
	if (fr.job_source != STEAM_JOB_NONE)
		add(to, " job=%" PRIu64, fr.job_source);
	if (fr.emsg == EMSG_CLIENT_LOGON)
		put_logon(to, &fr, body_of(&fr, emsg_body(fr.emsg), &mem));
	if (fr.emsg == EMSG_CLIENT_GAMES_PLAYED_WITH_DATA_BLOB)
		put_games(to, body_of(&fr, emsg_body(fr.emsg), &mem));
	if (fr.emsg == EMSG_CLIENT_CHANGE_STATUS)
		add(to, " %u",
			((const CMsgClientChangeStatus *)body_of(&fr, emsg_body(fr.emsg), &mem))->persona_state);
	arena_done(&mem);
}

/* What its owner keeps of its secrets. */
static void keep(const struct bot_act *a)
{
	struct hush *to = !strcmp(a->name, "refresh_token") ? &kept.refresh_token
			  : !strcmp(a->name, "guard_data")  ? &kept.guard_data
			  : !strcmp(a->name, "resume")      ? &kept.resume
							    : NULL;
	CHECK(to != NULL);
	hush_done(to);
	if (a->secret->n > 0)
		CHECK(hush_set(to, a->secret->p, a->secret->n) == RC_OK);
}

static void put_told(char *to, const struct bot_act *a)
{
	if (a->kind == BOT_STATE) {
		add(to, "state %s%s%s", account_state_words[a->state], *a->why ? " " : "", a->why);
		if (a->eresult)
			add(to, " %d", a->eresult);
	} else if (a->kind == BOT_CONDITION) {
		add(to, "condition %s %s%s%s", a->name, a->status ? "true" : "false", *a->why ? " " : "", a->why);
	} else if (a->kind == BOT_SECRET) {
		add(to, "secret %s %s", a->name, a->secret->n > 0 ? "kept" : "forgotten");
		keep(a);
	} else {
		add(to, "challenge %s%s%s%s%s", bot_challenge_words[a->challenge], *a->hint ? " " : "", a->hint,
			*a->qr_url ? " " : "", a->qr_url);
	}
	until = a->until_ms ? a->until_ms : until;
}

static void put_call(char *to, struct steam_call *c)
{
	static const char *const kinds[] = { "ping", "changes", "products", "job", "service", "send" };
	add(to, "answer %s %s", kinds[c->kind], rc_name(c->rc));
	steam_call_free(c);
}

static void put_act(char *to, const struct bot_act *a)
{
	switch (a->kind) {
	case BOT_CONNECT:
		CHECK(a->conn != conn && !strncmp(a->endpoint, "cm", 2));
		conn_before = conn;
		conn = a->conn;
		CHECK(a->tcp == tcp);
		add(to, tcp ? "tcp" : "connect");
		return;
	case BOT_SEND:
		put_sent(to, a);
		return;
	case BOT_CLOSE:
		CHECK(a->conn == conn);
		add(to, "close");
		return;
	case BOT_ANSWER:
		put_call(to, a->call);
		return;
	case BOT_LANES:
		add(to, "lanes");
		return;
	case BOT_PAUSE:
		add(to, "pause %d", a->eresult);
		return;
	case BOT_STATE:
	case BOT_CONDITION:
	case BOT_SECRET:
	case BOT_CHALLENGE:
		put_told(to, a);
		return;
	case BOT_CHALLENGE_OVER:
		add(to, "over %s", bot_challenge_end_words[a->end]);
		return;
	case BOT_UNLOCK:
		add(to, "unlock %.*s", (int)bot_pin(b)->n, (const char *)bot_pin(b)->p);
		return;
	case BOT_CODE_TIME:
		add(to, "code_time");
		return;
	case BOT_PUSH:
		add(to, "push %s%s%s", emsg_name(a->emsg), a->method ? " " : "", a->method ? a->method : "");
		return;
	}
}

static void drain(void)
{
	struct bot_act a;
	while (bot_next(b, &a)) {
		CHECK(did_in - did_out < DID_MAX);
		char *to = did[did_in++ % DID_MAX];
		to[0] = 0;
		put_act(to, &a);
	}
}

/* ---- the file ---- */

static void start(void)
{
	struct fault f = { 0 };
	conf.keep_cms = cms;
	CHECK(bot_new(&conf, &b, &f) == RC_OK);
	if (!no_clock)
		bot_clock(b, now, SOME_WALL + (int64_t)((now - ZERO_MS) / 1000), 0);
}

static void begin(char *arg)
{
	unsigned servers = 5;
	const char *names[64], *t;
	static char texts[64][24];
	struct fault f = { 0 };

	if (arg && (t = strstr(arg, "servers=")))
		servers = (unsigned)strtoul(t + 8, NULL, 10);
	conf.anonymous = arg && strstr(arg, "anonymous");
	no_clock = arg && strstr(arg, "noclock");
	tcp = arg && strstr(arg, "tcp");
	for (unsigned i = 0; i < servers; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%scm%u:1", tcp ? STEAM_CMS_TCP : "", i);
		names[i] = texts[i];
	}
	cms = steam_cms_new();
	CHECK(cms && steam_cms_set(cms, names, servers, &f) == RC_OK);
	start();
}

static void set(struct hush *h, const char *text) { CHECK(hush_set(h, text, strlen(text)) == RC_OK); }

static void secrets(char *arg)
{
	struct bot_secrets s = { 0 };
	bool forget = false;
	char *rest;

	for (char *t = strtok_r(arg, " ", &rest); t; t = strtok_r(NULL, " ", &rest)) {
		char *v = strchr(t, '=') ? strchr(t, '=') + 1 : t + strlen(t);
		if (!strncmp(t, "password=", 9)) {
			set(&s.password, v);
		} else if (!strncmp(t, "shared=", 7)) {
			set(&s.shared_secret, v);
		} else if (!strncmp(t, "pin=", 4)) {
			set(&s.parental_pin, v);
		} else if (!strncmp(t, "guard=", 6)) {
			set(&s.guard_data, v);
		} else if (!strncmp(t, "token=", 6)) {
			struct buf text = { 0 };
			char *days = strchr(v, ':');
			if (days)
				*days++ = 0;
			account_steam_token(v, days ? (unsigned)number(days) : 200, &text);
			set(&s.refresh_token, buf_text(&text));
			buf_done(&text);
		} else if (!strcmp(t, "forget")) {
			forget = true;
		} else {
			fail("no such secret", t);
		}
	}
	bot_secrets(b, &s, forget);
	if (s.password.n > 0)
		set(&kept.password, (const char *)s.password.p);
	struct hush *all[] = { &s.password, &s.shared_secret, &s.guard_data, &s.refresh_token, &s.parental_pin };
	for (size_t i = 0; i < 5; i++)
		hush_done(all[i]);
}

static void wish(char *arg)
{
	char *rest, *t = strtok_r(arg, " ", &rest);

	want = (struct bot_want){ .mode = !strcmp(t, "offline")  ? ACCOUNT_MODE_OFFLINE
					  : !strcmp(t, "online") ? ACCOUNT_MODE_ONLINE
								 : ACCOUNT_MODE_PLAYING };
	while ((t = strtok_r(NULL, " ", &rest))) {
		if (!strncmp(t, "apps=", 5))
			for (char *at = t + 5; *at; at += *at == ',')
				want.apps[want.apps_n++] = (uint32_t)strtoul(at, &at, 10);
		else if (!strncmp(t, "game=", 5))
			snprintf(want.game, sizeof(want.game), "%s", t + 5);
		else if (!strncmp(t, "persona=", 8))
			want.persona = (uint32_t)number(t + 8);
		else if (!strncmp(t, "after=", 6))
			want.not_before_ms = ZERO_MS + number(t + 6);
	}
	bot_want(b, now, &want);
}

static void restart(void)
{
	bot_free(b);
	conn = 0;
	start();
	bot_secrets(b, &kept, false);
	bot_want(b, now, &want);
}

static void lanes(char *arg)
{
	if (!strncmp(arg, "no ", 3))
		bot_lanes(b, now, false, false, ZERO_MS + number(arg + 3));
	else
		bot_lanes(b, now, !strcmp(arg, "yes"), !strcmp(arg, "away"), 0);
}

static void answer(const char *code)
{
	struct hush h = { 0 };
	set(&h, code);
	bot_answer(b, now, &h, false);
	hush_done(&h);
}

/* The word after the name, in memory that stays; "" when the name is not there. */
static const char *word_after(const char *arg, const char *name)
{
	static char words[16][32];
	static unsigned n;
	const char *at = strstr(arg, name);
	CHECK(n < 16);
	snprintf(words[n], sizeof(words[n]), "%.*s", at ? (int)strcspn(at + strlen(name), " ") : 0,
		at ? at + strlen(name) : "");
	return words[n++];
}

static void standing(const char *arg)
{
	bot_play_standing(b, now, word_after(arg, "trade="), word_after(arg, "clean="));
}

static void ask(char *arg)
{
	char *rest, *kind = strtok_r(arg, " ", &rest), *what = strtok_r(NULL, " ", &rest);
	struct steam_ask a = { .deadline_ms = now + 300000, .method = what };
	struct fault f = { 0 };
	uint64_t id;

	a.kind = !strcmp(kind, "job")    ? STEAM_CALL_JOB
		 : !strcmp(kind, "send") ? STEAM_CALL_SEND
					 : STEAM_CALL_SERVICE;
	if (a.kind != STEAM_CALL_SERVICE) {
		a.emsg = (uint32_t)number(what);
		a.method = NULL;
	}
	asked = bot_ask(b, now, &a, &id, &f);
}

static void tick(uint64_t at)
{
	CHECK(at >= now);
	now = at;
	bot_tick(b, now);
	drain();
}

static void wait_for(const char *arg)
{
	unsigned long long lo, hi;
	char text[80];
	uint64_t due = bot_due(b);

	CHECK(sscanf(arg, "%llu %llu", &lo, &hi) == 2);
	if (due < now + lo || due > now + hi) {
		snprintf(text, sizeof(text), "due in %" PRId64 " ms", (int64_t)(due - now));
		fail("outside of what was said", text);
	}
	if (due > now)
		tick(due - 1);
	tick(due);
}

static void expect(const char *arg)
{
	const char *d = did_in > did_out ? did[did_out++ % DID_MAX] : "nothing";
	if (strcmp(d, arg) != 0) {
		fprintf(stderr, "%s:%d: expected '%s', did '%s'\n", scenario, line_no, arg, d);
		exit(1);
	}
}

static void opened(void)
{
	char folder[1024];
	const char *slash = strrchr(scenario, '/');

	if (tcp) {
		snprintf(folder, sizeof(folder), "%.*s/../corpus/rsa", slash ? (int)(slash - scenario) : 1,
			slash ? scenario : ".");
		account_tcp_open(folder);
	}
	bot_opened(b, now, conn);
}

static void feed(char *arg)
{
	struct buf m = { 0 };
	struct fault f = { 0 };
	bool tampered = !strncmp(arg, "tampered ", 9);

	if (!account_steam_say(arg + (tampered ? 9 : 0), &m))
		fail("Steam cannot say", arg);
	const struct buf *got = tcp ? account_tcp_deliver(&m, tampered, &f) : &m;
	if (got)
		bot_feed(b, now, conn, got->p, got->n);
	else
		bot_closed(b, now, conn, f.text);
	buf_done(&m);
}

static void check_moment(const char *what, uint64_t is, uint64_t should)
{
	char text[80];
	snprintf(text, sizeof(text), "%" PRIu64 ", not %" PRIu64, is, should);
	if (is != should)
		fail(what, text);
}

/* What needs no argument, or one. */
static bool plain(const char *what, char *arg)
{
	if (!strcmp(what, "paused"))
		bot_paused(b, now);
	else if (!strcmp(what, "retry"))
		bot_retry(b, now);
	else if (!strcmp(what, "fence"))
		bot_fence(b, now);
	else if (!strcmp(what, "enable"))
		bot_enable(b, now);
	else if (!strcmp(what, "disable"))
		bot_disable(b, now);
	else if (!strcmp(what, "approve"))
		bot_answer(b, now, &(struct hush){ 0 }, true);
	else if (!strcmp(what, "locked"))
		bot_family_locked(b, now);
	else if (!strcmp(what, "restart"))
		restart();
	else if (!strcmp(what, "opened"))
		opened();
	else if (!strcmp(what, "closed"))
		bot_closed(b, now, conn, arg ? arg : "");
	else if (!strcmp(what, "old"))
		bot_closed(b, now, conn_before, "late");
	else
		return false;
	return true;
}

static bool with_words(const char *what, char *arg)
{
	if (!strcmp(what, "secrets"))
		secrets(arg);
	else if (!strcmp(what, "want"))
		wish(arg);
	else if (!strcmp(what, "lanes"))
		lanes(arg);
	else if (!strcmp(what, "answer"))
		answer(arg);
	else if (!strcmp(what, "standing"))
		standing(arg);
	else if (!strcmp(what, "unlocked"))
		bot_family_unlocked(b, now,
			!strcmp(arg, "done")    ? BOT_UNLOCK_DONE
			: !strcmp(arg, "wrong") ? BOT_UNLOCK_WRONG
						: BOT_UNLOCK_TROUBLE);
	else if (!strcmp(what, "clock"))
		bot_clock(b, now, SOME_WALL + (int64_t)((now - ZERO_MS) / 1000), strtol(arg, NULL, 10));
	else if (!strcmp(what, "ask"))
		ask(arg);
	else if (!strcmp(what, "feed"))
		feed(arg);
	else
		return false;
	return true;
}

static void step(const char *what, char *arg)
{
	if (plain(what, arg) || with_words(what, arg))
		drain();
	else if (!strcmp(what, "at"))
		tick(ZERO_MS + number(arg));
	else if (!strcmp(what, "wait"))
		wait_for(arg);
	else if (!strcmp(what, "due"))
		check_moment("due", bot_due(b), strcmp(arg, "never") ? ZERO_MS + number(arg) : UINT64_MAX);
	else if (!strcmp(what, "until"))
		check_moment("until", until, now + number(arg));
	else if (!strcmp(what, "refused"))
		CHECK(!strcmp(rc_name(asked), arg));
	else if (!strcmp(what, "expect"))
		expect(arg);
	else
		fail("no such line", what);
}

int main(int argc, char **argv)
{
	FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL;
	static char line[16384];
	CHECK(in != NULL);
	scenario = argv[1];

	while (fgets(line, sizeof(line), in)) {
		line_no++;
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		char *arg = strchr(line, ' ');
		if (arg)
			*arg++ = 0;
		if (!b)
			begin(!strcmp(line, "conf") ? arg : NULL);
		if (strcmp(line, "conf") != 0)
			step(line, arg);
	}
	if (did_in != did_out)
		fail("done and not expected", did[did_out % DID_MAX]);
	fclose(in);
	bot_free(b);
	struct hush *all[] = { &kept.password, &kept.guard_data, &kept.refresh_token, &kept.resume };
	for (size_t i = 0; i < 4; i++)
		hush_done(all[i]);
	account_tcp_close();
	steam_cms_free(cms);
	return 0;
}
