/*
 * An agent as a whole: enrolment, tasks, results that are told until they are taken, cancels, reconnects and restarts. There is
 * no Steam here.
 */
#include "tests/unit/agent/plane.h"

static void bot(const char *mode, int64_t generation)
{
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_BOT,
		.bot = { .account_id = "acc_1",
			.login = "",
			.epoch = 1,
			.generation = generation,
			.mode = mode,
			.anonymous = true,
			.egress = { .id = "agt_1", .kind = "direct" } } });
}

static void refusals(void)
{
	struct agent *a = NULL;
	struct agent_conf conf = { .server_url = url, .data_dir = dir, .version = "1", .log = &quiet };
	struct fault f = { 0 };
	CHECK(agent_start(&conf, &a, &f) == RC_INVALID && strstr(f.text, "token")); /* never enrolled */
	conf.server_url = "ftp://x";
	CHECK(agent_start(&conf, &a, &f) == RC_INVALID && strstr(f.text, "http"));
	conf.server_url = url;
	conf.tasks = 257;
	CHECK(agent_start(&conf, &a, &f) == RC_INVALID && a == NULL);
	a = start("fp_agt_bad");
	expect("refused");
	agent_stop(a);
}

static void tasks(void)
{
	dispatch("t_empty", "pics.product_info", "read", "{\"apps\":[]}", 5000);
	expect("ACCEPT {\"taskId\":\"t_empty\",\"attempt\":1}");
	expect("RESULT {\"taskId\":\"t_empty\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"succeeded\"} "
	       "{\"apps\":[]");
	ack("t_empty");
	dispatch("t_payload", "pics.changes", "read", "{\"sinse\":1}", 5000);
	expect("ACCEPT");
	expect("RESULT "
	       "{\"taskId\":\"t_payload\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"failed\",\"error\":{"
	       "\"code\":"
	       "\"validation_failed\"");
	ack("t_payload");
	bot("offline", 1);
	dispatch("t_offline", "session.ping", "read", "{}", 5000);
	expect("ACCEPT");
	expect("RESULT "
	       "{\"taskId\":\"t_offline\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"failed\",\"error\":{"
	       "\"code\":"
	       "\"session_offline\",\"detail\":\"the account has no session here: run session.login "
	       "first\",\"retryable\":true}}");
	ack("t_offline");
	dispatch("t_logout", "session.logout", "idempotent", "{}", 5000);
	expect("ACCEPT");
	expect("RESULT {\"taskId\":\"t_logout\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"succeeded\"} "
	       "{\"state\":\"offline\"}");
	ack("t_logout");
	dispatch("t_unknown", "trade.send", "once", "{}", 5000);
	expect("REJECT {\"taskId\":\"t_unknown\",\"attempt\":1,\"reason\":\"unknown_action\"}");
	dispatch("t_class", "pics.changes", "once", "{\"since\":1}", 5000);
	expect("REJECT {\"taskId\":\"t_class\",\"attempt\":1,\"reason\":\"class_mismatch\"}");
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_DISPATCH,
		.dispatch = { .task_id = "t_late",
			.job_id = "j",
			.attempt = 1,
			.nonce = "n",
			.action = "pics.changes",
			.payload = "{\"since\":1}",
			.timeout_ms = 1000,
			.not_after_ms = 1000,
			.class = "read" } });
	expect("REJECT {\"taskId\":\"t_late\",\"attempt\":1,\"reason\":\"expired\"}");
}

static void time_and_cancel(void)
{
	dispatch("t_slow", "pics.changes", "read", "{\"since\":1}", 100);
	expect("ACCEPT");
	expect("RESULT "
	       "{\"taskId\":\"t_slow\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"failed\",\"error\":{\"code\":"
	       "\"timeout\"");
	ack("t_slow");
	dispatch("t_cancel", "session.login", "idempotent", "{}", 600000);
	expect("ACCEPT");
	dispatch("t_behind", "session.logout", "idempotent", "{}", 600000); /* the same account: waits */
	expect("ACCEPT");
	do_it(&(struct tunnel_msg){ .type = TUNNEL_MSG_CANCEL, .cancel = { "t_cancel", 1, 1000 } });
	expect("RESULT {\"taskId\":\"t_cancel\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"canceled\"}");
	expect("RESULT {\"taskId\":\"t_behind\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"succeeded\"}");
	ack("t_cancel");
	ack("t_behind");
}

/* What was not acknowledged is told again: after a doubled DISPATCH, a lost connection, a restart. */
static void repeats(struct agent **a)
{
	dispatch("t_again", "pics.product_info", "read", "{}", 5000);
	expect("ACCEPT");
	expect("RESULT {\"taskId\":\"t_again\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"succeeded\"} "
	       "{\"apps\":[],");
	dispatch("t_again", "pics.product_info", "read", "{}", 5000);
	expect("RESULT {\"taskId\":\"t_again\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"succeeded\"} "
	       "{\"apps\":[],");
	do_it(NULL);
	expect("closed");
	expect("HELLO agt_1 t_again/1");
	expect("up");
	expect("RESULT {\"taskId\":\"t_again\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"succeeded\"} "
	       "{\"apps\":[],");
	dispatch("t_runs", "pics.changes", "read", "{\"since\":1}", 600000);
	expect("ACCEPT");
	agent_stop(take(*a));
	expect("RESULT "
	       "{\"taskId\":\"t_runs\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"failed\",\"error\":{\"code\":"
	       "\"agent_stopped\"");
	expect("GOAWAY {\"reason\":\"agent_stopped\"");
	expect("closed 1001");
	*a = start(NULL);
	expect("HELLO agt_1 t_again/1 t_runs/1");
	expect("up");
	expect("RESULT {\"taskId\":\"t_again\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"succeeded\"} "
	       "{\"apps\":[],");
	expect("RESULT "
	       "{\"taskId\":\"t_runs\",\"attempt\":1,\"nonce\":\"n1\",\"outcome\":\"failed\",\"error\":{\"code\":"
	       "\"agent_stopped\"");
	ack("t_again");
	c.cancel[0] = (struct tunnel_msg_task){ "t_runs", 1 };
	c.cancel_n = 1;
	do_it(NULL);
	expect("closed");
	expect("HELLO agt_1 t_runs/1");
	expect("up");
	do_it(NULL);
	expect("closed");
	expect("HELLO agt_1");
	expect("up");
	CHECK(!strchr(c.seen[c.read_n - 2], '/')); /* the control plane did not want it any more */
}

/* The control plane's list and the agent's differ: both are put right, but only after a while, for lists and tasks cross. */
static void reconciles(void)
{
	struct tunnel_msg_task t[] = { { "t_old", 1 }, { "t_nowhere", 3 } };
	const struct tunnel_msg m = { .type = TUNNEL_MSG_RECONCILE, .reconcile.tasks = { t, 2 } };

	dispatch("t_old", "pics.product_info", "read", "{}", 5000);
	expect("ACCEPT");
	expect("RESULT {\"taskId\":\"t_old\"");
	dispatch("t_hangs", "pics.changes", "read", "{\"since\":1}", 600000);
	expect("ACCEPT");
	do_it(&m);
	expect("RESULT "
	       "{\"taskId\":\"t_nowhere\",\"attempt\":3,\"nonce\":\"\",\"outcome\":\"failed\",\"error\":{\"code\":"
	       "\"lost_by_agent\"");
	do_it(&m); /* t_hangs is old enough now to be dropped: it is canceled, and nothing is told of it */
	c.cancel_n = 0;
	for (int tries = 0; tries == 0 || strstr(c.seen[c.read_n - 3], "t_hangs");
		tries++) { /* its worker may need a moment */
		CHECK(tries < 10);
		do_it(NULL);
		expect("closed");
		expect("HELLO agt_1 t_old/1");
		expect("up");
		expect("RESULT {\"taskId\":\"t_old\"");
	}
	ack("t_old");
}

int main(void)
{
	plane_start("/tmp/agent_test_XXXXXX");
	plane_run();
	refusals();
	struct agent *a = start("fp_agt_good");
	expect("enrolled");
	expect("HELLO agt_1");
	expect("up");
	tasks();
	time_and_cancel();
	repeats(&a);
	reconciles();
	agent_stop(a);
	plane_stop();
	return 0;
}
