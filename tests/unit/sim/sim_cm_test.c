/* The connection manager's side alone: who is left, and what it does with what real clients send. */
#include "sim/cm/cm.h"
#include "sim/load.h"
#include "sim/sim.h"

#include "proto/steam/session.pb-c.h"
#include "tests/unit/wire/corpus.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"
#include "wire/steam/multi.h"
#include "wire/steam/pb.h"

#define FOLDER "tests/corpus/steam_frame/"

static void silent_write(void *to, const char *line, size_t n) { (void)to, (void)line, (void)n; }
static int64_t no_time(void) { return 0; }
static const struct log quiet = { .level = LOG_LEVEL_DEBUG, .now_ms = no_time, .write = silent_write };

static struct sim new_sim(void)
{
	struct sim s = { .log = &quiet, .heartbeat_s = 10, .part_bytes = 4000 };
	struct fault f = { 0 };
	CHECK(world_load(&s.world, "sim/data/demo.world", &f) == RC_OK);
	return s;
}

static void sim_end(struct sim *s) { sim_done(s); }

static void feed_file(struct cm *c, uint64_t now, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), FOLDER "%s", name);
	struct buf b = corpus_read(path);
	cm_feed(c, now, b.p, b.n);
	buf_done(&b);
}

/* The next message: its number, and its frame when wanted. 0: there is none; 1 is a Multi. */
static uint32_t next(struct cm *c, uint64_t now, struct arena *a, struct steam_frame *ret)
{
	struct cm_act act;
	struct fault f = { 0 };
	if (!cm_next(c, now, &act) || act.kind == CM_CLOSE)
		return 0;
	CHECK(steam_frame_parse(act.p, act.n, a, ret, &f) == RC_OK);
	return ret->emsg;
}

static bool closes(struct cm *c, uint64_t now, const char *why)
{
	struct cm_act act;
	return cm_next(c, now, &act) && act.kind == CM_CLOSE && !strcmp(act.why, why) && !cm_next(c, now, &act);
}

static void the_npm_client(void)
{
	struct sim s = new_sim();
	struct cm *c = cm_new(&s, (struct effect){ 0 }, 0);
	struct arena a = { 0 };
	struct steam_frame fr;
	struct steam_multi m;
	struct fault f = { 0 };
	const uint8_t *p;
	size_t n, messages = 0;

	CHECK(s.ledger.open == 1);
	feed_file(c, 1, "anon_001_out_5514_ClientLogon.bin");
	CHECK(next(c, 1, &a, &fr) == EMSG_CLIENT_LOG_ON_RESPONSE && fr.steamid != 0 && fr.session != 0);
	CHECK(s.ledger.logons_ok == 1 && s.ledger.sessions == 1);
	feed_file(c, 2, "anon_002_out_8903_ClientPICSProductInfoRequest.bin");
	/* App 440 and package 0: two parts, for a part ends at 4000 bytes here, in one gzipped Multi. */
	CHECK(next(c, 2, &a, &fr) == EMSG_MULTI);
	CHECK(steam_multi_open(fr.body, fr.body_n, &a, &m, &f) == RC_OK);
	while (steam_multi_next(&m, &p, &n, &f) == RC_OK) {
		struct steam_frame inner;
		CHECK(steam_frame_parse(p, n, &a, &inner, &f) == RC_OK);
		CHECK(inner.emsg == EMSG_CLIENT_PICS_PRODUCT_INFO_RESPONSE && inner.job_target == 1);
		messages++;
	}
	CHECK(messages == 2);
	CHECK(next(c, 2, &a, &fr) == 0);
	/* There are no content servers here: what is asked of them is answered, so that nobody waits for it. */
	feed_file(c, 3,
		"anon_004_out_151_ServiceMethodCallFromClient_ContentServerDirectory_GetManifestRequestCode_1.bin");
	CHECK(next(c, 3, &a, &fr) == EMSG_SERVICE_METHOD_RESPONSE && fr.job_target == 3 && fr.eresult == 9);
	CHECK_STR(fr.header->target_job_name, "ContentServerDirectory.GetManifestRequestCode#1");
	feed_file(c, 3, "anon_005_out_5438_ClientGetDepotDecryptionKey.bin");
	CHECK(next(c, 3, &a, &fr) == EMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY_RESPONSE);
	CHECK(s.ledger.requests[REQUEST_DEPOT_KEY] == 1 && s.ledger.requests[REQUEST_OTHER] == 0);
	feed_file(c, 4, "anon_007_out_706_ClientLogOff.bin");
	CHECK(next(c, 4, &a, &fr) == EMSG_CLIENT_LOGGED_OFF);
	CHECK(closes(c, 4, "logged off") && s.ledger.sessions == 0);
	cm_free(c);
	CHECK(s.ledger.open == 0);
	arena_done(&a);
	sim_end(&s);
}

static void an_account(void)
{
	struct sim s = new_sim();
	struct cm *c = cm_new(&s, (struct effect){ 0 }, 0);
	struct arena a = { 0 };
	struct steam_frame fr;
	ProtobufCMessage *m;

	feed_file(c, 1, "many_006_out_5514_ClientLogon.bin");
	CHECK(next(c, 1, &a, &fr) == EMSG_CLIENT_LOG_ON_RESPONSE);
	CHECK(pb_unpack(&cmsg_client_logon_response__descriptor, fr.body, fr.body_n, &a, &m, NULL) == RC_OK);
	CHECK(((CMsgClientLogonResponse *)m)->eresult == 18);
	CHECK(closes(c, 1, "the logon was refused") && s.ledger.logons_refused == 1);
	cm_free(c);
	arena_done(&a);
	sim_end(&s);
}

static void the_silent(void)
{
	struct sim s = new_sim();
	struct cm *c = cm_new(&s, (struct effect){ 0 }, 5);
	struct arena a = { 0 };
	struct steam_frame fr;

	CHECK(cm_due(c) == 5 + CM_LOGON_MS);
	cm_tick(c, 4 + CM_LOGON_MS);
	CHECK(next(c, 4 + CM_LOGON_MS, &a, &fr) == 0);
	cm_tick(c, 5 + CM_LOGON_MS);
	CHECK(next(c, 5 + CM_LOGON_MS, &a, &fr) == EMSG_CLIENT_LOG_ON_RESPONSE && fr.kind == STEAM_FRAME_STRUCT);
	CHECK(closes(c, 5 + CM_LOGON_MS, "no logon") && s.ledger.kicked == 1);
	cm_free(c);

	c = cm_new(&s, (struct effect){ 0 }, 0);
	feed_file(c, 1000, "anon_001_out_5514_ClientLogon.bin");
	CHECK(next(c, 1000, &a, &fr) == EMSG_CLIENT_LOG_ON_RESPONSE);
	feed_file(c, 20000, "many_052_out_703_ClientHeartBeat.bin");
	CHECK(cm_due(c) == 45000);
	cm_tick(c, 44999);
	CHECK(next(c, 44999, &a, &fr) == 0);
	cm_tick(c, 45000);
	CHECK(closes(c, 45000, "silent") && s.ledger.kicked == 2);
	cm_free(c);
	CHECK(s.ledger.sessions == 0);
	arena_done(&a);
	sim_end(&s);
}

static void the_rude(void)
{
	struct sim s = new_sim();
	struct cm *c = cm_new(&s, (struct effect){ 0 }, 0);
	struct arena a = { 0 };
	struct steam_frame fr;

	feed_file(c, 1, "anon_002_out_8903_ClientPICSProductInfoRequest.bin"); /* before its logon: not heard */
	CHECK(next(c, 1, &a, &fr) == 0);
	cm_feed(c, 2, "\x01", 1);
	CHECK(closes(c, 2, "malformed") && s.ledger.malformed == 1);
	feed_file(c, 3, "anon_001_out_5514_ClientLogon.bin");
	CHECK(s.ledger.logons_ok == 0);
	cm_free(c);

	c = cm_new(&s, (struct effect){ .half_open = true }, 0);
	feed_file(c, 3, "anon_001_out_5514_ClientLogon.bin");
	CHECK(next(c, 3, &a, &fr) == 0 && cm_due(c) == UINT64_MAX && s.ledger.logons_ok == 0);
	cm_free(c);
	arena_done(&a);
	sim_end(&s);
}

/* Answers leave when they are due, the sooner one first, though it was asked for later. */
static void late_answers(void)
{
	struct sim s = new_sim();
	struct fault f = { 0 };
	struct cm *c = cm_new(&s, (struct effect){ 0 }, 0);
	struct arena a = { 0 };
	struct steam_frame fr;

	CHECK(faults_add(&s.faults, "product_info@*:latency=250", &f) == RC_OK);
	feed_file(c, 0, "anon_001_out_5514_ClientLogon.bin");
	CHECK(next(c, 0, &a, &fr) == EMSG_CLIENT_LOG_ON_RESPONSE);
	feed_file(c, 10, "anon_002_out_8903_ClientPICSProductInfoRequest.bin");
	feed_file(c, 20,
		"anon_004_out_151_ServiceMethodCallFromClient_ContentServerDirectory_GetManifestRequestCode_1.bin");
	CHECK(next(c, 20, &a, &fr) == EMSG_SERVICE_METHOD_RESPONSE);
	CHECK(cm_due(c) == 260 && next(c, 259, &a, &fr) == 0);
	CHECK(next(c, 260, &a, &fr) == EMSG_MULTI && next(c, 260, &a, &fr) == 0);
	cm_free(c);
	arena_done(&a);
	sim_end(&s);
}

int main(void)
{
	the_npm_client();
	an_account();
	the_silent();
	the_rude();
	late_answers();
	return 0;
}
