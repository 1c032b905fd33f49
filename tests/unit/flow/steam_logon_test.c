/* What results mean for the next logon, and the messages of a session beside those of an npm client. */
#include "flow/steam_logon.h"

#include "proto/steam/session.pb-c.h"
#include "tests/unit/wire/corpus.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"
#include "wire/steam/pb.h"
#include "wire/steam/steamid.h"

static void results(void)
{
	CHECK(steam_logon_next(1) == STEAM_LOGON_DONE);
	static const int32_t other[] = { 0, 2, 3, 6, 16, 20, 34, 48, -1, 9999 };
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		CHECK(steam_logon_next(other[i]) == STEAM_LOGON_OTHER_CM);
	static const int32_t throttled[] = { 15, 84, 87 };
	for (size_t i = 0; i < sizeof(throttled) / sizeof(throttled[0]); i++)
		CHECK(steam_logon_next(throttled[i]) == STEAM_LOGON_THROTTLED);
	static const int32_t permanent[] = { 5, 7, 8, 17, 18, 19, 43, 51, 73, 105, 120 };
	for (size_t i = 0; i < sizeof(permanent) / sizeof(permanent[0]); i++)
		CHECK(steam_logon_next(permanent[i]) == STEAM_LOGON_PERMANENT);
}

/* With a token, and after a logoff that nobody asked for, the same numbers mean other things. */
static void results_of_accounts(void)
{
	static const struct {
		int32_t eresult;
		enum steam_logon_next account, off;
	} all[] = {
		{ 2, STEAM_LOGON_OTHER_CM, STEAM_LOGON_OTHER_CM },
		{ 5, STEAM_LOGON_TOKEN, STEAM_LOGON_OTHER_CM },
		{ 6, STEAM_LOGON_OTHER_CM, STEAM_LOGON_REPLACED },
		{ 15, STEAM_LOGON_TOKEN, STEAM_LOGON_OTHER_CM },
		{ 20, STEAM_LOGON_OTHER_CM, STEAM_LOGON_OTHER_CM },
		{ 27, STEAM_LOGON_TOKEN, STEAM_LOGON_TOKEN },
		{ 34, STEAM_LOGON_OTHER_CM, STEAM_LOGON_REPLACED },
		{ 43, STEAM_LOGON_PERMANENT, STEAM_LOGON_PERMANENT },
		{ 48, STEAM_LOGON_OTHER_CM, STEAM_LOGON_OTHER_CM },
		{ 84, STEAM_LOGON_THROTTLED, STEAM_LOGON_THROTTLED },
		{ 87, STEAM_LOGON_THROTTLED, STEAM_LOGON_THROTTLED },
	};
	CHECK(steam_logon_next_account(1) == STEAM_LOGON_DONE);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		CHECK(steam_logon_next_account(all[i].eresult) == all[i].account);
		CHECK(steam_logon_after_off(all[i].eresult) == all[i].off);
	}
}

static const CMsgClientLogon *logon_of(const void *p, size_t n, struct arena *a, struct steam_frame *fr)
{
	ProtobufCMessage *m;
	struct fault f = { 0 };
	CHECK(steam_frame_parse(p, n, a, fr, &f) == RC_OK && fr->emsg == EMSG_CLIENT_LOGON);
	CHECK(pb_unpack(&cmsg_client_logon__descriptor, fr->body, fr->body_n, a, &m, &f) == RC_OK);
	return (const CMsgClientLogon *)m;
}

static void like_an_npm_client(void)
{
	struct buf theirs = corpus_read("tests/corpus/steam_frame/anon_001_out_5514_ClientLogon.bin"), ours = { 0 };
	struct arena a = { 0 };
	struct steam_frame them, us;

	steam_logon_anonymous(&ours, 4, 0);
	const CMsgClientLogon *t = logon_of(theirs.p, theirs.n, &a, &them), *o = logon_of(ours.p, ours.n, &a, &us);
	CHECK(us.steamid == them.steamid && us.session == them.session && us.job_source == STEAM_JOB_NONE);
	CHECK(o->protocol_version == t->protocol_version && o->client_os_type == t->client_os_type);
	CHECK(o->chat_mode == t->chat_mode && o->cell_id == 4 && o->obfuscated_private_ip->v4 == 0xbaadf00d);
	CHECK_STR(o->anon_user_target_account_name, t->anon_user_target_account_name);
	CHECK(!o->access_token && !o->account_name && !o->password);
	buf_done(&theirs);
	buf_done(&ours);
	arena_done(&a);
}

/* The hello of steam-session, byte for byte. */
static void hello(void)
{
	struct buf theirs = corpus_read("tests/corpus/steam_frame/session_001_out_9805_ClientHello.bin"),
		   ours = { 0 };
	steam_logon_hello(&ours);
	CHECK(corpus_same(&ours, theirs.p, theirs.n));
	buf_done(&theirs);
	buf_done(&ours);
}

int main(void)
{
	results();
	results_of_accounts();
	like_an_npm_client();
	hello();
	return 0;
}
