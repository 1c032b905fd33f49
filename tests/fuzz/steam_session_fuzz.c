/* Any messages to a session that is online with calls under way: it stays whole, every call is answered once, it never stands still.
 * The input is a run of (u8 length, bytes); a length of 0 lets time pass. */
#include "base/rd.h"
#include "flow/steam_session.h"
#include "proto/steam/session.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned asked, answered;
static uint32_t conn;

static void expect(bool held)
{
	if (!held)
		abort();
}

static void drain(struct steam_session *s, uint64_t now)
{
	struct steam_session_act a;
	while (steam_session_next(s, &a)) {
		if (a.kind == STEAM_SESSION_ANSWER) {
			answered++;
			expect(a.call->ended);
			steam_call_free(a.call);
		} else if (a.kind == STEAM_SESSION_CONNECT) {
			conn = a.conn;
			steam_session_opened(s, now, conn);
		}
	}
}

static void logon(struct steam_session *s, uint64_t now)
{
	struct buf b = { 0 };
	CMsgClientLogonResponse m = CMSG_CLIENT_LOGON_RESPONSE__INIT;
	m.has_eresult = 1;
	m.eresult = 1;
	steam_frame_write_message(&b,
		&(struct steam_frame){ .emsg = EMSG_CLIENT_LOG_ON_RESPONSE,
			.steamid = 5,
			.job_source = STEAM_JOB_NONE,
			.job_target = STEAM_JOB_NONE },
		&m.base);
	steam_session_feed(s, now, conn, b.p, b.n);
	drain(s, now);
	buf_done(&b);
}

static void ask(struct steam_session *s, uint64_t now)
{
	struct steam_product some[] = { { .id = 440 }, { .id = 480 }, { .kind = PICS_PACKAGE, .id = 0 } };
	uint64_t id;
	for (int kind = STEAM_CALL_PING; kind <= STEAM_CALL_PRODUCTS; kind++)
		if (steam_session_ask(s, now,
			    &(struct steam_ask){ .kind = (enum steam_call_kind)kind,
				    .deadline_ms = now + 5000,
				    .products = some,
				    .products_n = 3 },
			    &id, NULL) == RC_OK)
			asked++;
	drain(s, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *name = "cm0:443";
	struct steam_cms *cms = steam_cms_new();
	struct steam_session *s;
	struct rd r = rd_over(p, n);
	uint64_t now = 1000;

	asked = answered = 0;
	expect(cms && steam_cms_set(cms, &name, 1, NULL) == RC_OK);
	expect(steam_session_new(&(struct steam_session_conf){ .keep_cms = cms, .seed = 7 }, &s, NULL) == RC_OK);
	steam_session_start(s, now);
	drain(s, now);
	while (rd_left(&r) > 0) {
		logon(s, now);
		ask(s, now);
		size_t length = rd_u8(&r);
		length = length < rd_left(&r) ? length : rd_left(&r);
		if (length > 0)
			steam_session_feed(s, now, conn, rd_bytes(&r, length), length);
		drain(s, now);
		uint64_t due = steam_session_due(s);
		if (length == 0 && due != UINT64_MAX)
			steam_session_tick(s, now = due > now ? due : now);
		drain(s, now);
	}
	steam_session_stop(s, now);
	drain(s, now);
	steam_session_tick(s, now + STEAM_SESSION_LEAVE_MS);
	drain(s, now);
	expect(steam_session_state(s) == STEAM_SESSION_OFF && asked == answered);
	steam_session_free(s);
	steam_cms_free(cms);
	return 0;
}
