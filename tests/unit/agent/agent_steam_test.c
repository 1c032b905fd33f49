/* An agent as a whole between a control plane of a page and a simulated Steam: sessions, what is reported of them, the fence. */
#include "base/id.h"
#include "sim/load.h"
#include "sim/web/site.h"
#include "sim/web/tls_files.h"
#include "tests/unit/agent/plane.h"
#include "wire/seal.h"

static struct sim sim = { .log = &quiet, .heartbeat_s = 9, .part_bytes = 100000, .cell_id = 7, .poll_ms = 100 };
static struct site *steam;
static struct tls_files tls;
static char ca[] = "/tmp/agent_steam_ca_XXXXXX";

static struct tunnel_msg_bot bot_of(const char *id, const char *mode, int64_t generation)
{
	return (struct tunnel_msg_bot){ .account_id = id,
		.login = "",
		.epoch = 3,
		.generation = generation,
		.mode = mode,
		.anonymous = true,
		.egress = { .id = "agt_1", .kind = "direct" } };
}

static void bot(const char *id, const char *mode, int64_t generation)
{
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_BOT, .bot = bot_of(id, mode, generation) });
}

static void task(const char *id, const char *account, const char *action, const char *class, const char *payload)
{
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_DISPATCH,
		.dispatch = { .task_id = id,
			.job_id = "job_1",
			.attempt = 1,
			.nonce = "n1",
			.action = action,
			.account_id = account,
			.payload = payload,
			.timeout_ms = 20000,
			.class = class } });
	expect("ACCEPT");
}

static void expect_result(const char *id, const char *rest)
{
	char text[300];
	snprintf(text, sizeof(text), "RESULT {\"taskId\":\"%s\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":%s", id,
		rest);
	expect(text);
	ack(id);
}

/* The task is there before its account is. */
static void anonymous(void)
{
	task("t_in", "acc_1", "session.login", "idempotent", "{}");
	bot("acc_1", "online", 5);
	expect_result("t_in", "\"succeeded\"} {\"state\":\"online\"");
	task("t_ping", "acc_1", "session.ping", "read", "{}");
	expect_result("t_ping", "\"succeeded\"} {\"rttMs\":");
	task("t_pics", NULL, "pics.product_info", "read", "{\"apps\":[440]}"); /* the agent's own session */
	expect_result("t_pics", "\"succeeded\"} {\"apps\":[{\"id\":440");
	task("t_out", "acc_1", "session.logout", "idempotent", "{}");
	bot("acc_1", "offline", 6);
	expect_result("t_out", "\"succeeded\"} {\"state\":\"offline\"");
	task("t_off", "acc_1", "session.ping", "read", "{}");
	expect_result("t_off", "\"failed\",\"error\":{\"code\":\"session_offline\"");
}

static void allow(const char *id)
{
	const struct tunnel_msg_effect yes = { id, 1, NULL };
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_EFFECT_OK, .effect_ok = yes });
}

/* A yes counts for two thirds of a lease from when it was asked for, and not from when it came: the task may be another's by then. */
static void late_permission(void)
{
	const char *say = "{\"steamId\":\"76561197960265729\",\"text\":\"hello\",\"dedupeKey\":\"k\"}";

	task("t_soon", "acc_1", "friends.message", "once", say);
	expect("EFFECT_BEGIN {\"taskId\":\"t_soon\"");
	allow("t_soon");
	expect_result("t_soon", "\"failed\",\"error\":{\"code\":\"session_offline\"");
	task("t_late", "acc_1", "friends.message", "once", say);
	expect("EFFECT_BEGIN {\"taskId\":\"t_late\"");
	usleep((LEASE_MS * 2 / 3 + 50) * 1000);
	allow("t_late");
	expect_result("t_late", "\"failed\",\"error\":{\"code\":\"permission_expired\"");
}

/* Reports carry the lease's epoch and the generation of what was wanted. */
static void reports(void)
{
	c.events = "account.state_changed";
	bot("acc_2", "online", 9);
	for (unsigned n = 0; n < 20; n++) {
		expect("EVENT "
		       "{\"type\":\"account.state_changed\",\"accountId\":\"acc_2\",\"payload\":{\"state\":\"");
		const char *saw = c.seen[c.read_n - 1];
		CHECK(strstr(saw, "\"generation\":9") && strstr(saw, "\"epoch\":3"));
		if (!strstr(saw, "\"state\":\"online\""))
			continue;
		CHECK(strstr(saw, "\"steamId\":\""));
		break;
	}
	do_it(&(struct tunnel_msg){
		.type = TUNNEL_MSG_BOT_GONE, .bot_gone = { "acc_2", 2, "moved" } }); /* of an older lease */
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_BOT_GONE, .bot_gone = { "acc_2", 3, "moved" } });
	expect("EVENT "
	       "{\"type\":\"account.state_changed\",\"accountId\":\"acc_2\",\"payload\":{\"state\":\"draining\"");
	expect("EVENT "
	       "{\"type\":\"account.state_changed\",\"accountId\":\"acc_2\",\"payload\":{\"state\":\"offline\"");
	c.events = NULL;
}

/* Bytes sealed to the agent, as hexadecimal. */
static const char *sealed(const char *text)
{
	static char hex[2000];
	struct buf box = { 0 };
	uint8_t seed[32];

	clock_random(seed, sizeof(seed));
	CHECK(seal_to(c.agent_key, seed, text, strlen(text), &box) == RC_OK && box.n < sizeof(hex) / 2);
	tunnel_auth_hex(box.p, box.n, hex);
	buf_done(&box);
	return hex;
}

static void bot_with(const char *id, const char *login, const char *secrets, const char *challenge)
{
	struct tunnel_msg_bot m = bot_of(id, "online", 1);
	m.anonymous = false;
	m.login = login;
	m.sealed = sealed(secrets);
	m.challenge = challenge;
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_BOT, .bot = m });
}

/* The next event of this type and account; what is between is passed over. */
static const char *await_event(const char *account, const char *holds)
{
	for (unsigned n = 0; n < 60; n++) {
		expect("EVENT ");
		const char *saw = c.seen[c.read_n - 1];
		CHECK(!strstr(saw, "correct_horse")); /* no secret in the clear */
		if (strstr(saw, account) && strstr(saw, holds))
			return saw;
	}
	fprintf(stderr, "no event of %s holds %s\n", account, holds);
	exit(1);
}

/* Cuts the member's text out; NULL: it is not there. */
static const char *member(const char *saw, const char *name)
{
	static char text[2000];
	char quoted[64];
	snprintf(quoted, sizeof(quoted), "\"%s\":\"", name);
	const char *at = strstr(saw, quoted);
	if (!at)
		return NULL;
	at += strlen(quoted);
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, "\""), at);
	return text;
}

static void unseal(const char *hex, struct hush *ret)
{
	uint8_t box[1000];
	size_t n = strlen(hex) / 2;
	CHECK(n < sizeof(box) && tunnel_auth_of_hex(hex, box, n));
	CHECK(seal_open(c.secret, box, n, ret) == RC_OK);
}

/* By password alone; the refresh token that Steam gives comes back sealed, and the next session is made with it. */
static void password(void)
{
	struct hush token = { 0 };
	char secrets[1500];

	c.events = "";
	bot_with("acc_alice", "alice", "{\"password\":\"correct_horse\"}", NULL);
	unseal(member(await_event("acc_alice", "\"name\":\"refresh_token\""), "sealed"), &token);
	CHECK(token.n > 100 && !memcmp(token.p, "ey", 2));
	await_event("acc_alice", "\"state\":\"online\"");
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_BOT_GONE, .bot_gone = { "acc_alice", 3, "moved" } });
	await_event("acc_alice", "\"state\":\"offline\"");
	uint64_t by_password = sim.ledger.requests[REQUEST_LOGON];
	snprintf(secrets, sizeof(secrets), "{\"refresh_token\":\"%.*s\"}", (int)token.n, (const char *)token.p);
	bot_with("acc_alice", "alice", secrets, NULL);
	await_event("acc_alice", "\"state\":\"online\"");
	CHECK(sim.ledger.requests[REQUEST_LOGON] > by_password);
	hush_done(&token);
}

/* A code by mail: a wrong answer to another challenge changes nothing, a good one brings it online. */
static void challenge(void)
{
	struct tunnel_msg_answer answer = {
		.account_id = "acc_bob", .challenge_id = "chg_01JD0000000000000000000000", .epoch = 3
	};
	char id[64];

	c.events = "challenge.opened";
	bot_with("acc_bob", "bob", "{\"password\":\"correct_horse\"}", NULL);
	const char *saw = await_event("acc_bob", "\"kind\":\"guard_email\"");
	snprintf(id, sizeof(id), "%s", member(saw, "id"));
	CHECK(id_is(id, "chg") && strstr(saw, "\"expiresAt\":\"20"));
	c.events = NULL;
	task("t_bob", "acc_bob", "session.login", "idempotent", "{}");
	expect_result("t_bob", "\"failed\",\"error\":{\"code\":\"challenge_required\"");
	task("t_bob2", "acc_bob", "session.login", "idempotent", "{\"waitChallengeSeconds\":60}");
	answer.sealed = sealed("ABCDE");
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_ANSWER, .answer = answer });
	answer.challenge_id = id;
	answer.sealed = sealed("ABCDE");
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_ANSWER, .answer = answer });
	expect_result("t_bob2", "\"succeeded\"} {\"state\":\"online\"");
}

/* What is sealed to somebody else, and an egress of no kind that is known: the account stays off, and it is said. */
static void what_is_unusable(void)
{
	struct tunnel_msg_bot m = bot_of("acc_9", "online", 1);

	c.events = "account.condition_changed";
	m.egress.kind = "carrier_pigeon";
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_BOT, .bot = m });
	await_event("acc_9", "\"type\":\"EgressHealthy\",\"status\":false");
	m = bot_of("acc_8", "online", 1);
	m.sealed = "00112233";
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_BOT, .bot = m });
	await_event("acc_8", "\"status\":false");
	c.events = NULL;
}

/* The control plane falls silent: the accounts are off before others may have them, and come back with their next BOT. */
static void fence(void)
{
	c.events = "account.state_changed";
	bot("acc_3", "online", 1);
	await_event("acc_3", "\"state\":\"online\"");
	c.events = NULL;
	c.mute = true;
	expect("closed"); /* it hangs up, dials again, */
	expect("closed"); /* and is not greeted: by now the leases cannot be renewed */
	c.events = "account.state_changed";
	c.mute = false;
	expect("HELLO agt_1");
	expect("up");
	await_event("acc_3", "\"state\":\"offline\"");
	bot("acc_3", "online", 2);
	await_event("acc_3", "\"state\":\"online\"");
	c.events = NULL;
}

int main(void)
{
	char dir_url[128];
	struct fault f = { 0 };

	plane_start("/tmp/agent_steam_XXXXXX");
	CHECK(mkdtemp(ca) && tls_files_make(ca, NULL, &tls, &f) == RC_OK);
	if (sim_load(&sim, "tests/unit/agent/steam.world", &f) != RC_OK) {
		fprintf(stderr, "%s\n", f.text);
		return 1;
	}
	const struct site_conf conf = { .sim = &sim,
		.host = "127.0.0.1",
		.cms = 1,
		.plain_port = -1,
		.tls_cert = tls.cert,
		.tls_key = tls.key };
	CHECK(site_new(c.loop, &conf, &steam, &f) == RC_OK);
	snprintf(dir_url, sizeof(dir_url), "https://127.0.0.1:%u/ISteamDirectory/GetCMListForConnect/v1/",
		site_port(steam, 0));
	snprintf(directory, sizeof(directory), "%s", dir_url);
	snprintf(steam_ca, sizeof(steam_ca), "%s", tls.ca);
	plane_run();

	struct agent *a = start("fp_agt_good");
	expect("enrolled");
	expect("HELLO agt_1");
	expect("up");
	anonymous();
	late_permission();
	reports();
	what_is_unusable();
	password();
	challenge();
	fence();
	agent_stop(a);
	CHECK(sim.ledger.malformed == 0);
	loop_stop(c.loop);
	site_free(steam);
	plane_stop();
	sim_done(&sim);
	unlink(tls.ca);
	unlink(tls.cert);
	unlink(tls.key);
	rmdir(ca);
	return 0;
}
