/* Any owner and any Steam: a bot stays whole, its states follow by the table, every call is answered once, it never stands still.
 * The input is a run of (u8 what, …): what its owner does, or a message of Steam: its number, its job, a result, and a body. */
#include "base/rd.h"
#include "flow/bot.h"
#include "flow/steam_call.h"
#include "flow/steam_cms.h"
#include "flow/steam_session.h"
#include "proto/steam/base.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned asked, answered;
static uint32_t conn;
static enum account_state state;

static void expect(bool held)
{
	if (!held)
		abort();
}

static void drain(struct bot *b)
{
	struct bot_act a;
	for (unsigned i = 0; bot_next(b, &a); i++) {
		expect(i < 10000);
		if (a.kind == BOT_ANSWER) {
			answered++;
			expect(a.call->ended);
			steam_call_free(a.call);
		} else if (a.kind == BOT_CONNECT) {
			conn = a.conn;
		} else if (a.kind == BOT_STATE) {
			expect(a.state == state || state == ACCOUNT_DISABLED || account_may_follow(state, a.state));
			state = a.state;
		}
	}
	expect(state == bot_state(b));
}

static void say(struct bot *b, uint64_t now, uint32_t emsg, struct rd *r)
{
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	struct buf m = { 0 };
	uint8_t job = rd_u8(r);
	size_t n = rd_u8(r);

	n = n < rd_left(r) ? n : rd_left(r);
	h.has_steamid = h.has_jobid_target = h.has_eresult = 1;
	h.steamid = 76561197960287930u;
	h.jobid_target = job ? job : STEAM_JOB_NONE;
	h.eresult = rd_u8(r);
	n = n < rd_left(r) ? n : rd_left(r);
	struct steam_frame fr = { .emsg = emsg, .header = &h, .body = rd_bytes(r, n), .body_n = n };
	steam_frame_write(&m, &fr);
	bot_feed(b, now, conn, m.p, m.n);
	buf_done(&m);
}

static void set_secrets(struct bot *b, uint8_t which)
{
	struct hush h[4] = { 0 };
	const char *texts[] = { "pw", "AAECAwQFBgcICQoLDA0ODxAREhM=", "t.o.k", "guard" };
	for (int i = 0; i < 4; i++)
		if (which & 1 << i)
			expect(hush_set(&h[i], texts[i], i == 1 ? 28 : 2) == RC_OK);
	const struct bot_secrets s = {
		.password = h[0], .shared_secret = h[1], .refresh_token = h[2], .guard_data = h[3]
	};
	bot_secrets(b, &s, which & 16);
	for (int i = 0; i < 4; i++)
		hush_done(&h[i]);
}

static void answer(struct bot *b, uint64_t now, struct rd *r)
{
	struct hush code = { 0 };
	bool approve = rd_u8(r) & 1;
	expect(hush_set(&code, "ABCDE", 5) == RC_OK);
	bot_answer(b, now, &code, approve);
	hush_done(&code);
}

static void ask(struct bot *b, uint64_t now)
{
	uint64_t id;
	const struct steam_ask a = {
		.kind = STEAM_CALL_SERVICE, .method = "Some.Thing#1", .deadline_ms = now + 9000
	};
	if (bot_ask(b, now, &a, &id, NULL) == RC_OK)
		asked++;
}

static uint64_t pass(struct bot *b, uint64_t now)
{
	uint64_t due = bot_due(b);
	if (due == UINT64_MAX)
		return now;
	now = due > now ? due : now;
	bot_tick(b, now);
	return now;
}

static void resume(struct bot *b, struct rd *r)
{
	struct hush h = { 0 };
	size_t n = rd_u8(r);
	n = n < rd_left(r) ? n : rd_left(r);
	const uint8_t *p = rd_bytes(r, n);
	if (n > 0 && p && hush_set(&h, p, n) == RC_OK)
		bot_secrets(b, &(struct bot_secrets){ .resume = h }, false);
	hush_done(&h);
}

/* What its owner does. */
static uint64_t own(struct bot *b, uint64_t now, uint8_t what, struct rd *r)
{
	switch (what) {
	case 0:
		return pass(b, now);
	case 1:
		bot_want(b, now,
			&(struct bot_want){ .mode = (enum account_mode)(rd_u8(r) % 3),
				.apps = { 440 },
				.apps_n = 1,
				.persona = 1 });
		break;
	case 2:
		bot_lanes(b, now, true, false, 0);
		break;
	case 3:
		bot_lanes(b, now, false, rd_u8(r) & 1, now + 1000);
		break;
	case 4:
		bot_opened(b, now, conn);
		break;
	case 5:
		bot_closed(b, now, conn, "gone");
		break;
	case 6:
		set_secrets(b, rd_u8(r));
		break;
	case 7:
		answer(b, now, r);
		break;
	case 8:
		bot_retry(b, now);
		break;
	case 9:
		bot_fence(b, now);
		break;
	case 10:
		bot_paused(b, now);
		break;
	case 11:
		bot_clock(b, now, 1700000000, (int8_t)rd_u8(r));
		break;
	case 12:
		ask(b, now);
		break;
	case 13:
		bot_disable(b, now);
		break;
	case 14:
		bot_enable(b, now);
		break;
	default:
		resume(b, r);
	}
	return now;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint32_t says[] = { EMSG_CLIENT_LOG_ON_RESPONSE, EMSG_CLIENT_LOGGED_OFF,
		EMSG_SERVICE_METHOD_RESPONSE, EMSG_CLIENT_PLAYING_SESSION_STATE, EMSG_CLIENT_IS_LIMITED_ACCOUNT,
		EMSG_CLIENT_VAC_BAN_STATUS, EMSG_MULTI, EMSG_JOB_HEARTBEAT, EMSG_DEST_JOB_FAILED,
		EMSG_SERVICE_METHOD };
	const char *name = "cm0:443";
	struct steam_cms *cms = steam_cms_new();
	struct rd r = rd_over(p, n);
	uint64_t now = 1000;
	struct bot *b;

	asked = answered = 0;
	conn = 0;
	state = ACCOUNT_OFFLINE;
	expect(cms && steam_cms_set(cms, &name, 1, NULL) == RC_OK);
	const struct bot_conf conf = { .login = "a", .keep_cms = cms, .seed = 7, .anonymous = rd_u8(&r) & 1 };
	expect(bot_new(&conf, &b, NULL) == RC_OK);
	while (rd_left(&r) > 0) {
		uint8_t what = rd_u8(&r);
		if (what < 16)
			now = own(b, now, what, &r);
		else
			say(b, now, says[what % (sizeof(says) / sizeof(*says))], &r);
		drain(b);
	}
	bot_fence(b, now);
	drain(b);
	bot_tick(b, now + STEAM_SESSION_LEAVE_MS);
	drain(b);
	expect(asked == answered);
	bot_free(b);
	steam_cms_free(cms);
	return 0;
}
