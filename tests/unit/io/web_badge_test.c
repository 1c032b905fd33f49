/* Certificates of clients: a server that asks for them, and what web_dial shows. */
#include "io/tcp_badge.h"
#include "tests/unit/io/site.h"
#include "wire/cert.h"
#include "wire/tunnel_auth.h"

#include <time.h>

#define DAY 86400000ll

static char folder[] = "/tmp/web_badge_test.XXXXXX";
static char cert[64], key[64];
static struct site site;
static const uint8_t root_secret[CERT_KEY] = { 1 }, other_secret[CERT_KEY] = { 2 }, mine[CERT_KEY] = { 3 },
		     not_mine[CERT_KEY] = { 4 };
static struct buf root, other;

static void make_server_cert(void)
{
	char line[512];
	snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
	snprintf(line, sizeof(line),
		"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
		"-addext subjectAltName=DNS:localhost -keyout %s -out %s 2>/dev/null",
		key, cert);
	CHECK(system(line) == 0);
}

static struct cert_ask ask_for(const char *name, int64_t from_ms, int64_t to_ms)
{
	const int64_t now = (int64_t)time(NULL) * 1000;
	return (struct cert_ask){
		.name = name, .serial = { 0x12 }, .from_ms = now + from_ms, .to_ms = now + to_ms
	};
}

static struct buf issued(const struct buf *ca, const uint8_t *secret, int64_t from_ms, int64_t to_ms)
{
	struct cert_ask ask = ask_for("agt_1", from_ms, to_ms);
	struct buf pem = { 0 };
	struct fault f = { 0 };
	uint8_t public[CERT_KEY];

	ask.uri = "urn:footplate:agent:agt_1";
	CHECK(tunnel_auth_identity(mine, public) == RC_OK);
	CHECK(cert_issue(&(struct cert_issuer){ (const char *)ca->p, secret }, public, &ask, &pem, &f) == RC_OK);
	CHECK(buf_text(&pem));
	return pem;
}

struct end {
	struct loop *loop;
	struct web_socket *socket;
	bool opened;
	int code;
};

static void on_open(void *ctx, struct web_socket *s)
{
	((struct end *)ctx)->opened = true;
	web_socket_close(s, 1000, "");
}
static void on_message(void *ctx, struct web_socket *s, const void *p, size_t n, bool binary)
{
	(void)ctx, (void)s, (void)p, (void)n, (void)binary;
}
static void on_close(void *ctx, struct web_socket *s, int code, const char *why)
{
	struct end *e = ctx;
	(void)s, (void)why;
	e->code = code;
	loop_stop(e->loop);
}

/* Does it get in? */
static bool dial(const struct tcp_badge *badge)
{
	struct end e = { 0 };
	struct fault f = { 0 };
	char url[64];
	snprintf(url, sizeof(url), "wss://localhost:%u/ws", site.port);
	struct web_dial how = { .url = url, .tls_ca = cert, .on = { &e, on_open, on_message, NULL, on_close } };

	how.badge = badge;
	CHECK(loop_new(NULL, &e.loop, &f) == RC_OK);
	CHECK(web_dial(e.loop, &how, &e.socket, &f) == RC_OK);
	loop_run(e.loop);
	loop_free(e.loop);
	site_await_open(&site, 0);
	return e.opened;
}

static struct web_trust *next;
static void put_trust(struct site *s) { web_server_trust(s->server, next); }

static void trust(const char *pem)
{
	struct fault f = { 0 };
	next = NULL;
	CHECK(!pem || web_trust_new(pem, &next, &f) == RC_OK);
	site_do(&site, put_trust);
}

static void who_comes(void)
{
	struct buf good = issued(&root, root_secret, -DAY, DAY), old = issued(&root, root_secret, -2 * DAY, -DAY),
		   foreign = issued(&other, other_secret, -DAY, DAY);
	const struct tcp_badge my = { (char *)good.p, mine }, late = { (char *)old.p, mine },
			       theirs = { (char *)foreign.p, mine };

	CHECK(dial(&my) && !*site.last_cert); /* nobody asked */
	trust((char *)root.p);
	CHECK(dial(NULL) && !*site.last_cert); /* one need not show any */
	CHECK(dial(&my));
	CHECK_STR(site.last_cert, "urn:footplate:agent:agt_1 52000000000000000000000000000000");
	int given = site.given;
	CHECK(!dial(&late) && !dial(&theirs) && site.given == given);
	/* One more is trusted, and then that one alone. */
	struct buf both = { 0 };
	buf_put(&both, root.p, root.n);
	buf_put(&both, other.p, other.n);
	trust(buf_text(&both));
	CHECK(dial(&theirs) && *site.last_cert && dial(&my) && *site.last_cert);
	trust((char *)other.p);
	CHECK(!dial(&my) && dial(&theirs));
	trust(NULL);
	CHECK(dial(&theirs) && !*site.last_cert);
	buf_done(&both);
	buf_done(&good);
	buf_done(&old);
	buf_done(&foreign);
}

static void what_does_not_fit(void)
{
	struct buf good = issued(&root, root_secret, -DAY, DAY);
	const struct tcp_badge wrong = { (char *)good.p, not_mine }, nonsense = { "nonsense", mine };
	struct web_dial how = { .url = "wss://localhost:1/ws", .badge = &wrong };
	struct web_socket *s;
	struct web_trust *t;
	struct loop *l;
	struct fault f = { 0 };

	CHECK(loop_new(NULL, &l, &f) == RC_OK);
	CHECK(web_dial(l, &how, &s, &f) == RC_INVALID && strstr(f.text, "certificate"));
	how.badge = &nonsense;
	CHECK(web_dial(l, &how, &s, &f) == RC_INVALID);
	CHECK(web_trust_new("nonsense", &t, &f) == RC_INVALID);
	loop_free(l);
	buf_done(&good);
}

int main(void)
{
	struct cert_ask ask = ask_for("root", -3 * DAY, 3 * DAY), two = ask_for("other", -3 * DAY, 3 * DAY);
	struct fault f = { 0 };
	char gone[64];

	CHECK(mkdtemp(folder));
	make_server_cert();
	CHECK(cert_authority(root_secret, &ask, &root, &f) == RC_OK && buf_text(&root));
	CHECK(cert_authority(other_secret, &two, &other, &f) == RC_OK && buf_text(&other));
	site.conf.tls_cert = cert;
	site.conf.tls_key = key;
	site_start(&site);
	who_comes();
	what_does_not_fit();
	site_stop(&site);
	buf_done(&root);
	buf_done(&other);
	snprintf(gone, sizeof(gone), "rm -r %s", folder);
	return system(gone);
}
