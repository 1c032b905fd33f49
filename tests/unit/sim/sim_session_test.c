/* Our client machine against steamsim's, with faults, on a virtual clock. They share codecs: what proves those are the real bytes
 * of the wire tests and the npm clients; here the two conversations are proven to fit. */
#include "tests/unit/sim/rig.h"

#define DEMO "sim/data/demo.world"

static void ask(struct rig *r, struct steam_ask a, uint64_t within_ms)
{
	struct fault f = { 0 };
	uint64_t id;
	a.deadline_ms = r->now_ms + within_ms;
	CHECK(steam_session_ask(r->session, r->now_ms, &a, &id, &f) == RC_OK);
}

static struct steam_call *ask_products(struct rig *r, const struct steam_product *p, size_t n, bool meta)
{
	ask(r,
		(struct steam_ask){ .kind = STEAM_CALL_PRODUCTS,
			.products = p,
			.products_n = n,
			.metadata_only = meta,
			.gap_ms = 500 },
		60000);
	rig_pass(r, 59999);
	return rig_take(r);
}

static void whole_world(void)
{
	struct rig r;
	struct steam_product p[204] = { { .id = 440 }, { .id = 480 }, { .kind = PICS_PACKAGE, .id = 0 },
		{ .id = 999 } };

	rig_init(&r, DEMO);
	rig_settle(&r);
	CHECK(steam_session_state(r.session) == STEAM_SESSION_ONLINE && r.sim.ledger.sessions == 1);
	CHECK(steam_session_steamid(r.session) >> 52 == 0x01a);
	for (uint32_t i = 0; i < 200; i++)
		p[4 + i].id = 100000 + i;
	struct steam_call *c = ask_products(&r, p, 204, false);
	CHECK(c->rc == RC_OK);
	for (size_t i = 0; i < 204; i++) {
		const struct steam_product *got = &c->products[i];
		const struct product *has = world_find(&r.sim.world, got->kind, got->id);
		CHECK(got->id == p[i].id && got->kind == p[i].kind);
		if (!has) {
			CHECK(got->id == 999 && got->state == STEAM_PRODUCT_UNKNOWN);
			continue;
		}
		CHECK(got->state == STEAM_PRODUCT_KNOWN && !got->missing_token &&
			got->change_number == has->change);
		CHECK(got->buffer_n == has->buffer.n && !memcmp(got->buffer, has->buffer.p, has->buffer.n));
		CHECK(got->token == has->token);
	}
	/* 5 requests of 50, one for tokens, one more for the 10 that needed them. */
	CHECK(r.sim.ledger.requests[REQUEST_PRODUCT_INFO] == 6 && r.sim.ledger.requests[REQUEST_TOKENS] == 1);
	CHECK(world_find(&r.sim.world, PICS_APP, 100019)->asked_full == 2);
	steam_call_free(c);

	c = ask_products(&r, p, 204, true);
	CHECK(c->rc == RC_OK && r.sim.ledger.requests[REQUEST_PRODUCT_INFO] == 7);
	for (size_t i = 0; i < 204; i++)
		CHECK(c->products[i].buffer == NULL && c->products[i].has_sha == (c->products[i].id != 999));
	steam_call_free(c);
	CHECK(r.sim.ledger.malformed == 0 && r.sim.ledger.kicked == 0 && r.logons == 1);
	rig_done(&r);
}

static void feed_of_changes(void)
{
	struct rig r;
	struct fault f = { 0 };

	rig_init(&r, DEMO);
	rig_settle(&r);
	uint32_t since = r.sim.world.change;
	CHECK(sim_change(&r.sim, "apps=440,100019&packages=0", &f) == RC_OK);
	CHECK(sim_change(&r.sim, "apps=440&what=build", &f) == RC_OK);
	ask(&r, (struct steam_ask){ .kind = STEAM_CALL_CHANGES, .since = since }, 5000);
	ask(&r, (struct steam_ask){ .kind = STEAM_CALL_CHANGES, .since = since - 10000 }, 5000);
	ask(&r, (struct steam_ask){ .kind = STEAM_CALL_PING }, 5000);
	rig_settle(&r);
	struct steam_call *c = rig_take(&r);
	CHECK(c->rc == RC_OK && c->changes.current == since + 4 && !c->changes.full_apps);
	CHECK(c->changes.apps_n == 2 && c->changes.apps[0].id == 440 && c->changes.apps[0].number == since + 4);
	CHECK(c->changes.apps[1].id == 100019 && c->changes.apps[1].needs_token && !c->changes.apps[0].needs_token);
	CHECK(c->changes.packages_n == 1 && c->changes.packages[0].id == 0 &&
		c->changes.packages[0].number == since + 3);
	steam_call_free(c);
	c = rig_take(&r);
	CHECK(c->rc == RC_OK && c->changes.full_apps && c->changes.full_packages && c->changes.apps_n == 0);
	steam_call_free(c);
	c = rig_take(&r);
	CHECK(c->rc == RC_OK && c->current == since + 4);
	steam_call_free(c);
	rig_done(&r);
}

static void a_day_of_silence(void)
{
	struct rig r;
	rig_init(&r, DEMO);
	rig_pass(&r, 86400000);
	/* A heartbeat every 9 s; nothing comes back, so every 18 s a probe asks. One logon for all of it. */
	CHECK(r.logons == 1 && r.sim.ledger.kicked == 0 && steam_session_state(r.session) == STEAM_SESSION_ONLINE);
	CHECK(r.sim.ledger.requests[REQUEST_HEARTBEAT] == 9600);
	CHECK(r.sim.ledger.requests[REQUEST_CHANGES] == 4800);
	rig_done(&r);
}

static void faults_one_by_one(void)
{
	struct rig r;
	struct steam_product p[] = { { .id = 440 } };

	rig_init(&r, DEMO);
	rig_fault(&r, "logon@1:eresult=48");
	rig_fault(&r, "connect@2:cm_drop");
	rig_fault(&r, "logon@2:drop");
	rig_fault(&r, "product_info@1:eresult=2");
	rig_fault(&r, "product_info@2:pics_empty");
	rig_fault(&r, "product_info@3:drop");
	rig_fault(&r, "product_info@4:cm_drop");
	rig_fault(&r, "product_info@5:missing_token");
	rig_fault(&r, "product_info@7:latency=250");
	rig_fault(&r, "changes@1+:pics_gap");
	rig_settle(&r);
	CHECK_STR(r.why, "logon: TryAnotherCM (48)");
	rig_pass(&r, 120000);
	CHECK(r.logons == 4 && steam_session_state(r.session) == STEAM_SESSION_ONLINE);
	CHECK(r.sim.ledger.logons_refused == 1 && r.sim.ledger.logons_ok == 1);

	struct steam_call *c = ask_products(&r, p, 1, false);
	CHECK(c->rc == RC_REFUSED);
	steam_call_free(c);
	c = ask_products(&r, p, 1, false);
	CHECK(c->rc == RC_OK && c->products->state == STEAM_PRODUCT_UNANSWERED);
	steam_call_free(c);
	ask(&r, (struct steam_ask){ .kind = STEAM_CALL_PRODUCTS, .products = p, .products_n = 1 }, 30000);
	rig_pass(&r, 29999);
	CHECK(r.answers_n == 0);
	rig_pass(&r, 1);
	c = rig_take(&r);
	CHECK(c->rc == RC_TIMEOUT && c->ended_ms - c->asked_ms == 30000);
	steam_call_free(c);
	c = ask_products(&r, p, 1, false);
	CHECK(c->rc == RC_AWAY && steam_session_state(r.session) == STEAM_SESSION_ONLINE && r.logons == 5);
	CHECK_STR(c->fault.text, "connection lost");
	steam_call_free(c);
	c = ask_products(&r, p, 1, false); /* no token is needed in truth: Steam says 0 */
	CHECK(c->rc == RC_OK && c->products->missing_token && c->products->denied);
	steam_call_free(c);
	c = ask_products(&r, p, 1, false);
	CHECK(c->rc == RC_OK && c->ended_ms == c->asked_ms && !c->products->missing_token);
	steam_call_free(c);
	c = ask_products(&r, p, 1, false);
	CHECK(c->rc == RC_OK && c->ended_ms - c->asked_ms == 250);
	steam_call_free(c);
	ask(&r, (struct steam_ask){ .kind = STEAM_CALL_CHANGES, .since = r.sim.world.change }, 5000);
	rig_settle(&r);
	c = rig_take(&r);
	CHECK(c->rc == RC_OK && c->changes.full_apps && c->changes.apps_n == 0);
	steam_call_free(c);
	rig_done(&r);
}

static void half_open(void)
{
	struct rig r;
	rig_init(&r, DEMO);
	rig_fault(&r, "heartbeat@3:half_open");
	rig_settle(&r);
	rig_pass(&r, 44900);
	/* The first probe was answered after 18 s; the next one leaves after 36 s, into nothing. */
	CHECK(r.logons == 1 && steam_session_state(r.session) == STEAM_SESSION_ONLINE);
	rig_pass(&r, 200);
	CHECK_STR(r.why, "half-open: silent for 27 s");
	rig_pass(&r, 5000);
	CHECK(r.logons == 2 && steam_session_state(r.session) == STEAM_SESSION_ONLINE);
	rig_done(&r);
}

static void controls(void)
{
	struct rig r;
	rig_init(&r, DEMO);
	rig_settle(&r);
	cm_kick(r.cm, r.now_ms, 48);
	CHECK(r.sim.ledger.sessions == 0);
	rig_settle(&r);
	CHECK_STR(r.why, "logged off: TryAnotherCM (48)");
	rig_pass(&r, 5000);
	CHECK(r.logons == 2 && steam_session_state(r.session) == STEAM_SESSION_ONLINE &&
		r.sim.ledger.sessions == 1);
	cm_cut(r.cm);
	rig_settle(&r);
	CHECK_STR(r.why, "connection closed: closed by the server");
	rig_pass(&r, 5000);
	CHECK(r.logons == 3 && steam_session_state(r.session) == STEAM_SESSION_ONLINE);
	cm_freeze(r.cm);
	rig_pass(&r, 40000);
	CHECK(r.logons == 4 && steam_session_state(r.session) == STEAM_SESSION_ONLINE);
	CHECK(r.sim.ledger.kicked == 2 && r.sim.ledger.sessions == 1);
	rig_done(&r);
}

static void logoff(void)
{
	struct rig r;
	rig_init(&r, DEMO);
	rig_settle(&r);
	steam_session_stop(r.session, r.now_ms);
	rig_settle(&r);
	CHECK(steam_session_state(r.session) == STEAM_SESSION_OFF && !r.cm);
	CHECK(r.sim.ledger.sessions == 0 && r.sim.ledger.open == 0 && r.sim.ledger.requests[REQUEST_LOGOFF] == 1);
	rig_done(&r);
}

int main(void)
{
	whole_world();
	feed_of_changes();
	a_day_of_silence();
	faults_one_by_one();
	half_open();
	controls();
	logoff();
	return 0;
}
