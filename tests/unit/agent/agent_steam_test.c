/* An agent as a whole between a control plane of a page and a simulated Steam: sessions, what is reported of them, the fence. */
#include "sim/web/site.h"
#include "sim/web/tls_files.h"
#include "tests/unit/agent/plane.h"

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
	reports();
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
