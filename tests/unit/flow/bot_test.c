/* What scenarios cannot show: the memory of a bot at rest, secrets that come and go, acts that nobody took. */
#include "flow/bot.h"
#include "flow/steam_call.h"
#include "flow/steam_cms.h"

#include "proto/steam/session.pb-c.h"
#include "tests/unit/check.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"

#include <malloc.h>

#define IDLE_BYTES 1536 /* of a bot that is online and does nothing, its secrets left out */
#define TOKEN      "not.a.token"

static struct steam_cms *cms;
static uint32_t conn;

static struct bot *new_bot(bool anonymous)
{
	struct bot *b;
	struct fault f = { 0 };
	CHECK(bot_new(
		      &(struct bot_conf){
			      .login = "some_account", .anonymous = anonymous, .keep_cms = cms, .seed = 3 },
		      &b, &f) == RC_OK);
	return b;
}

static void feed(struct bot *b, uint64_t now, uint32_t emsg, const ProtobufCMessage *m)
{
	struct buf bytes = { 0 };
	steam_frame_write_message(&bytes,
		&(struct steam_frame){ .emsg = emsg,
			.steamid = 76561197960287930u,
			.session = 5,
			.job_source = STEAM_JOB_NONE,
			.job_target = STEAM_JOB_NONE },
		m);
	bot_feed(b, now, conn, bytes.p, bytes.n);
	buf_done(&bytes);
}

static void logon(struct bot *b, uint64_t now)
{
	CMsgClientLogonResponse m = CMSG_CLIENT_LOGON_RESPONSE__INIT;
	m.has_eresult = m.has_heartbeat_seconds = 1;
	m.eresult = 1;
	m.heartbeat_seconds = 9;
	feed(b, now, EMSG_CLIENT_LOG_ON_RESPONSE, &m.base);
}

/* Plays the owner until nothing is left to do. */
static void drain(struct bot *b, uint64_t now)
{
	struct bot_act a;
	while (bot_next(b, &a)) {
		if (a.kind == BOT_CONNECT) {
			conn = a.conn;
			bot_opened(b, now, conn);
		} else if (a.kind == BOT_LANES) {
			bot_lanes(b, now, true, false, 0);
		} else if (a.kind == BOT_ANSWER) {
			steam_call_free(a.call);
		}
	}
}

static void want_online(struct bot *b, uint64_t now)
{
	bot_want(b, now,
		&(struct bot_want){
			.mode = ACCOUNT_MODE_PLAYING, .apps = { 440, 730 }, .apps_n = 2, .persona = 1 });
	drain(b, now);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
/* The heap's own count holds what is free and kept for later as well: this one does not. */
static size_t heap_n;
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t each);
extern void *__libc_realloc(void *p, size_t n);
extern void __libc_free(void *p);

void *malloc(size_t n)
{
	void *p = __libc_malloc(n);
	heap_n += malloc_usable_size(p);
	return p;
}

void *calloc(size_t n, size_t each)
{
	void *p = __libc_calloc(n, each);
	heap_n += malloc_usable_size(p);
	return p;
}

void *realloc(void *p, size_t n)
{
	heap_n -= malloc_usable_size(p);
	p = __libc_realloc(p, n);
	heap_n += malloc_usable_size(p);
	return p;
}

void free(void *p)
{
	heap_n -= malloc_usable_size(p);
	__libc_free(p);
}

static size_t heap(void) { return heap_n; }
#else
static size_t heap(void) { return 0; } /* a sanitizer has its own heap */
#endif

static void memory_at_rest(bool checked)
{
	size_t before = heap();
	struct bot *b = new_bot(false);
	struct hush token = { 0 };

	CHECK(hush_set(&token, TOKEN, sizeof(TOKEN) - 1) == RC_OK);
	bot_secrets(b, &(struct bot_secrets){ .refresh_token = token }, false);
	bot_clock(b, 1000, 1700000000, 0);
	want_online(b, 1000);
	logon(b, 1000);
	drain(b, 1000);
	CHECK(bot_state(b) == ACCOUNT_ONLINE);
	for (uint64_t now = 10000; now < 100000; now += 9000) {
		bot_tick(b, now);
		CMsgClientHeartBeat m = CMSG_CLIENT_HEART_BEAT__INIT;
		feed(b, now, EMSG_CLIENT_HEART_BEAT, &m.base);
		drain(b, now);
	}
	size_t held = heap() - before;
	if (checked && held > 0)
		printf("a bot that is online and idle holds %zu bytes\n", held);
	CHECK(!checked || heap() == 0 || (held > 0 && held <= IDLE_BYTES));
	hush_done(&token);
	bot_free(b);
}

/* A call and acts that nobody took are freed with the bot. */
static void nobody_took_them(void)
{
	struct bot *b = new_bot(true);
	uint64_t id;

	want_online(b, 1000);
	logon(b, 1000);
	drain(b, 1000);
	CHECK(bot_ask(b, 1000, &(struct steam_ask){ .kind = STEAM_CALL_PING, .deadline_ms = 9000 }, &id, NULL) ==
		RC_OK);
	bot_fence(b, 2000);
	CHECK(bot_state(b) == ACCOUNT_OFFLINE);
	CHECK(bot_ask(b, 2000, &(struct steam_ask){ .kind = STEAM_CALL_PING, .deadline_ms = 9000 }, &id, NULL) ==
		RC_AWAY);
	bot_free(b);
	bot_free(NULL);
}

static void secrets_come_and_go(void)
{
	struct bot *b = new_bot(false);
	struct hush token = { 0 };

	CHECK(!bot_token(b) && bot_steamid(b) == 0 && !bot_blocked(b));
	CHECK(hush_set(&token, TOKEN, sizeof(TOKEN) - 1) == RC_OK);
	bot_secrets(b, &(struct bot_secrets){ .refresh_token = token }, false);
	CHECK(bot_token(b) && hush_same(bot_token(b), TOKEN, sizeof(TOKEN) - 1));
	bot_secrets(b, &(struct bot_secrets){ .password = token }, false);
	CHECK(bot_token(b)); /* what is not given stays */
	bot_secrets(b, &(struct bot_secrets){ .password = token }, true);
	CHECK(!bot_token(b));
	hush_done(&token);
	bot_free(b);
}

static void words(void)
{
	CHECK_STR(bot_challenge_words[BOT_PARENTAL_PIN], "parental_pin");
	CHECK_STR(bot_challenge_end_words[BOT_CHALLENGE_MOOT], "moot");
	CHECK(!bot_challenge_words[BOT_PARENTAL_PIN + 1] && !bot_challenge_end_words[BOT_CHALLENGE_MOOT + 1]);
}

int main(void)
{
	const char *name = "cm0:443";
	struct fault f = { 0 };
	cms = steam_cms_new();
	CHECK(cms && steam_cms_set(cms, &name, 1, &f) == RC_OK);
	memory_at_rest(false); /* libraries take what they keep for themselves */
	memory_at_rest(true);
	nobody_took_them();
	secrets_come_and_go();
	words();
	steam_cms_free(cms);
	return 0;
}
