/* The whole way once: steamsim's servers and our client machine on sockets, over TLS with steamsim's own certificate, on one
 * loop. What is checked is what was said, never how long it took. */
#include "flow/steam_session.h"
#include "io/loop.h"
#include "io/web.h"
#include "sim/load.h"
#include "sim/web/site.h"
#include "sim/web/tls_files.h"
#include "tests/unit/check.h"

#include <unistd.h>

struct client {
	struct loop *loop;
	struct steam_cms *cms;
	struct steam_session *session;
	struct loop_timer *timer;
	const char *ca;
	struct web_socket *socket;
	uint32_t conn;
	unsigned connects;
	struct steam_call *answer;
	bool asked, stopped;
};

static void silent_write(void *to, const char *line, size_t n) { (void)to, (void)line, (void)n; }
static int64_t no_time(void) { return 0; }
static const struct log quiet = { .level = LOG_LEVEL_DEBUG, .now_ms = no_time, .write = silent_write };

static void drain(struct client *c);

static void on_open(void *ctx, struct web_socket *s)
{
	struct client *c = ctx;
	(void)s;
	steam_session_opened(c->session, loop_now_ms(c->loop), c->conn);
	drain(c);
}

static void on_message(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	struct client *c = ctx;
	(void)s;
	CHECK(binary);
	steam_session_feed(c->session, loop_now_ms(c->loop), c->conn, p, n);
	drain(c);
}

static void on_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	struct client *c = ctx;
	(void)code;
	if (s != c->socket)
		return;
	c->socket = NULL;
	steam_session_closed(c->session, loop_now_ms(c->loop), c->conn, why ? why : "");
	drain(c);
}

static void dial(struct client *c, const struct steam_session_act *a)
{
	char url[300];
	struct fault f = { 0 };
	snprintf(url, sizeof(url), "wss://%s/cmsocket/", a->endpoint);
	c->conn = a->conn;
	c->connects++;
	enum rc rc = web_dial(c->loop,
		&(struct web_dial){ .url = url,
			.tls_ca = c->ca,
			.connect_ms = 10000,
			.limits = { .socket_bytes = 1 << 20, .message_bytes = 64 << 20 },
			.on = { .ctx = c, .open = on_open, .message = on_message, .close = on_close } },
		&c->socket, &f);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(rc == RC_OK);
}

static void ask(struct client *c)
{
	static struct steam_product p[202];
	struct fault f = { 0 };
	uint64_t id;
	for (uint32_t i = 0; i < 200; i++)
		p[i].id = 100000 + i;
	p[200].id = 440;
	p[201].kind = PICS_PACKAGE;
	c->asked = true;
	CHECK(steam_session_ask(c->session, loop_now_ms(c->loop),
		      &(struct steam_ask){ .kind = STEAM_CALL_PRODUCTS,
			      .deadline_ms = loop_now_ms(c->loop) + 60000,
			      .products = p,
			      .products_n = 202 },
		      &id, &f) == RC_OK);
}

static void on_state(struct client *c, enum steam_session_state state)
{
	if (state == STEAM_SESSION_ONLINE && !c->asked)
		ask(c);
	if (state == STEAM_SESSION_OFF && c->stopped)
		loop_stop(c->loop);
}

static void drain(struct client *c)
{
	struct steam_session_act a;
	while (steam_session_next(c->session, &a)) {
		switch (a.kind) {
		case STEAM_SESSION_CONNECT:
			dial(c, &a);
			break;
		case STEAM_SESSION_SEND:
			CHECK(web_socket_send(c->socket, a.p, a.n, true));
			break;
		case STEAM_SESSION_CLOSE:
			web_socket_close(c->socket, WEB_CLOSE_NORMAL, "");
			c->socket = NULL;
			break;
		case STEAM_SESSION_STATE:
			on_state(c, a.state);
			break;
		case STEAM_SESSION_ANSWER:
			c->answer = a.call;
			c->stopped = true;
			steam_session_stop(c->session, loop_now_ms(c->loop));
			break;
		case STEAM_SESSION_PUSH:
			break;
		}
	}
	loop_timer_at(c->timer, steam_session_due(c->session));
}

static void on_timer(void *ctx)
{
	struct client *c = ctx;
	steam_session_tick(c->session, loop_now_ms(c->loop));
	drain(c);
}

static void check_answer(struct client *c, struct sim *sim)
{
	CHECK(c->answer && c->answer->rc == RC_OK && c->answer->products_n == 202);
	for (size_t i = 0; i < 202; i++) {
		const struct steam_product *p = &c->answer->products[i];
		const struct product *has = world_find(&sim->world, p->kind, p->id);
		CHECK(has && p->state == STEAM_PRODUCT_KNOWN && p->buffer_n == has->buffer.n);
		CHECK(!memcmp(p->buffer, has->buffer.p, has->buffer.n));
	}
	steam_call_free(c->answer);
}

int main(void)
{
	char folder[] = "/tmp/site_test_XXXXXX", name[80];
	const char *names[1] = { name };
	struct sim sim = { .log = &quiet, .heartbeat_s = 9, .part_bytes = 100000 };
	struct client c = { 0 };
	struct tls_files tls;
	struct site *site;
	struct fault f = { 0 };

	CHECK(mkdtemp(folder) && tls_files_make(folder, NULL, &tls, &f) == RC_OK);
	CHECK(world_load(&sim.world, "sim/data/demo.world", &f) == RC_OK);
	/* The first logon is refused: the client comes back by itself. */
	CHECK(faults_add(&sim.faults, "logon@1:eresult=20", &f) == RC_OK);
	CHECK(loop_new(&quiet, &c.loop, &f) == RC_OK);
	CHECK(site_new(c.loop,
		      &(struct site_conf){ .sim = &sim,
			      .host = "127.0.0.1",
			      .cms = 1,
			      .plain_port = -1,
			      .tls_cert = tls.cert,
			      .tls_key = tls.key },
		      &site, &f) == RC_OK);
	snprintf(name, sizeof(name), "127.0.0.1:%u", site_port(site, 0));
	c.ca = tls.ca;
	c.cms = steam_cms_new();
	CHECK(c.cms && steam_cms_set(c.cms, names, 1, &f) == RC_OK);
	CHECK(steam_session_new(&(struct steam_session_conf){ .keep_cms = c.cms, .seed = 9 }, &c.session, &f) ==
		RC_OK);
	CHECK(loop_timer_new(c.loop, on_timer, &c, &c.timer) == RC_OK);
	steam_session_start(c.session, loop_now_ms(c.loop));
	drain(&c);
	loop_run(c.loop);

	check_answer(&c, &sim);
	CHECK(c.connects == 2 && sim.ledger.logons_refused == 1 && sim.ledger.logons_ok == 1 &&
		sim.ledger.malformed == 0);
	CHECK(sim.ledger.requests[REQUEST_LOGOFF] == 1);
	steam_session_free(c.session);
	loop_timer_free(c.timer);
	site_free(site);
	loop_free(c.loop);
	CHECK(sim.ledger.open == 0);
	steam_cms_free(c.cms);
	sim_done(&sim);
	unlink(tls.ca);
	unlink(tls.cert);
	unlink(tls.key);
	CHECK(rmdir(folder) == 0);
	return 0;
}
