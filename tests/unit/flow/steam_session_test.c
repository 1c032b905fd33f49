/* What scenarios cannot show: acts that nobody took, the pool beside the session, two sessions of different seeds. */
#include "flow/steam_dice.h"
#include "flow/steam_session.h"
#include "wire/steam/frame.h"

#include "flow/steam_calls.h"

#include "proto/steam/session.pb-c.h"
#include "tests/unit/check.h"
#include "wire/steam/emsg.h"

static struct steam_cms *pool_of(const char *const *names, size_t n)
{
	struct fault f = { 0 };
	struct steam_cms *c = steam_cms_new();
	CHECK(c && steam_cms_set(c, names, n, &f) == RC_OK);
	return c;
}

static struct steam_session *session(struct steam_cms *cms, uint64_t seed)
{
	struct steam_session *s;
	struct fault f = { 0 };
	CHECK(steam_session_new(&(struct steam_session_conf){ .keep_cms = cms, .seed = seed }, &s, &f) == RC_OK);
	return s;
}

/* The kinds of the acts that wait, as letters; the connection that was asked for. */
static const char *acts(struct steam_session *s, uint32_t *ret_conn)
{
	static char seen[64];
	size_t n = 0;
	for (struct steam_session_act a; steam_session_next(s, &a);) {
		CHECK(n < sizeof(seen) - 1);
		if (a.kind == STEAM_SESSION_ANSWER)
			steam_call_free(a.call);
		seen[n++] = "nsctA"[a.kind]; /* coNnect Send Close sTate Answer */
		if (a.kind == STEAM_SESSION_CONNECT)
			*ret_conn = a.conn;
	}
	seen[n] = 0;
	return seen;
}

static void logged_on(struct steam_session *s, uint64_t now, uint32_t conn, uint64_t steamid)
{
	struct buf b = { 0 };
	CMsgClientLogonResponse m = CMSG_CLIENT_LOGON_RESPONSE__INIT;
	m.has_eresult = 1;
	m.eresult = 1;
	steam_frame_write_message(&b,
		&(struct steam_frame){ .emsg = EMSG_CLIENT_LOG_ON_RESPONSE,
			.steamid = steamid,
			.job_source = STEAM_JOB_NONE,
			.job_target = STEAM_JOB_NONE },
		&m.base);
	steam_session_feed(s, now, conn, b.p, b.n);
	buf_done(&b);
}

/* A connection that was wanted and given up before anybody was told needs no socket and no close. */
static void nobody_took_it(void)
{
	static const char *const one[] = { "x:1" };
	struct steam_cms *cms = pool_of(one, 1);
	struct steam_session *s = session(cms, 1);
	uint32_t conn = 0;

	CHECK_STR(acts(s, &conn), "");
	steam_session_start(s, 0);
	steam_session_stop(s, 0);
	CHECK_STR(acts(s, &conn), "t");
	CHECK(steam_session_state(s) == STEAM_SESSION_OFF && conn == 0);
	steam_session_start(s, 5);
	CHECK_STR(acts(s, &conn), "tn");
	CHECK(conn != 0);
	/* The close of the old one is told before the new one, though nobody asked in between. */
	steam_session_stop(s, 6);
	steam_session_start(s, 7);
	steam_session_stop(s, 8);
	CHECK_STR(acts(s, &conn), "ct");
	/* What waited to be sent goes with its connection. */
	steam_session_start(s, 9);
	CHECK_STR(acts(s, &conn), "tn");
	steam_session_opened(s, 10, conn);
	steam_session_stop(s, 10);
	CHECK_STR(acts(s, &conn), "ct");
	steam_session_free(s);
	steam_cms_free(cms);
}

static void a_server_that_works_again(void)
{
	static const char *const one[] = { "x:1" }, *const two[] = { "x:1", "y:1" };
	struct steam_cms *cms = pool_of(one, 1);
	struct steam_session *s = session(cms, 1);
	struct steam_dice dice = { 3 };
	struct fault f = { 0 };
	uint32_t conn = 0;
	unsigned x = 0;

	steam_session_start(s, 0);
	acts(s, &conn);
	steam_session_closed(s, 0, conn, "");
	CHECK(steam_session_due(s) <= 1000);
	steam_session_tick(s, 1000);
	acts(s, &conn);
	steam_session_opened(s, 1000, conn);
	CHECK(steam_session_steamid(s) == 0);
	logged_on(s, 1000, conn, 77);
	CHECK(steam_session_state(s) == STEAM_SESSION_ONLINE && steam_session_steamid(s) == 77);
	CHECK(steam_cms_set(cms, two, 2, &f) == RC_OK);
	for (int i = 0; i < 100; i++)
		x += steam_cms_pick(cms, 1000, &dice)[0] == 'x';
	CHECK(x > 20 && x < 80);
	steam_session_free(s);
	steam_cms_free(cms);
}

/* Jitter: sessions that lost their server together do not come back together, and over many it fills the whole span. */
static void jitter(void)
{
	static const char *const one[] = { "x:1" };
	struct steam_cms *cms = pool_of(one, 1);
	unsigned early = 0, late = 0;

	for (uint64_t seed = 0; seed < 200; seed++) {
		struct steam_session *s = session(cms, seed);
		uint32_t conn = 0;
		steam_session_start(s, 0);
		acts(s, &conn);
		steam_session_closed(s, 0, conn, "");
		CHECK(steam_session_due(s) <= STEAM_SESSION_BACK_MS);
		early += steam_session_due(s) < 250;
		late += steam_session_due(s) > 750;
		steam_session_free(s);
	}
	CHECK(early > 30 && early < 70 && late > 30 && late < 70);
	steam_cms_free(cms);
}

static void freed_while_busy(void)
{
	static const char *const one[] = { "x:1" };
	struct steam_cms *cms = pool_of(one, 1);
	struct steam_session *s = session(cms, 1);
	struct fault f = { 0 };
	uint32_t conn = 0;
	uint64_t id;

	steam_session_start(s, 0);
	acts(s, &conn);
	steam_session_opened(s, 0, conn);
	logged_on(s, 0, conn, 77);
	for (int i = 0; i < STEAM_CALLS_MAX; i++)
		CHECK(steam_session_ask(s, 0, &(struct steam_ask){ .kind = STEAM_CALL_PING, .deadline_ms = 5 }, &id,
			      &f) == RC_OK);
	CHECK(steam_session_ask(s, 0, &(struct steam_ask){ .kind = STEAM_CALL_PING, .deadline_ms = 5 }, &id, &f) ==
		RC_OVERLOADED);
	CHECK_STR(f.text, "32 calls are under way on this Steam session");
	/* They end at their deadline, and leave room for others. */
	acts(s, &conn);
	steam_session_tick(s, 5);
	CHECK(strlen(acts(s, &conn)) == STEAM_CALLS_MAX);
	for (int i = 0; i < STEAM_CALLS_MAX; i++)
		CHECK(steam_session_ask(s, 6, &(struct steam_ask){ .kind = STEAM_CALL_PING, .deadline_ms = 9 }, &id,
			      &f) == RC_OK);
	steam_session_free(s); /* with calls under way and messages unsent: a leak would show */
	steam_session_free(NULL);
	steam_cms_free(cms);
}

int main(void)
{
	nobody_took_it();
	a_server_that_works_again();
	jitter();
	freed_while_busy();
	return 0;
}
