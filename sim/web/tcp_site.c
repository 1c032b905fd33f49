#include "sim/web/tcp_site.h"

#include "io/clock.h"
#include "io/file.h"
#include "io/tcp.h"
#include "io/tcp_server.h"
#include "sim/cm/cm.h"
#include "wire/steam/channel.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/frame.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE_BYTES (64u << 20)
#define KEY_MAX     4096 /* characters of a PEM */

struct tcp_site {
	struct loop *loop;
	struct sim *sim;
	struct tcp_server *servers[TCP_SITE_MAX];
	unsigned n;
	char names[TCP_SITE_MAX][80];
	const char *endpoints[TCP_SITE_MAX];
	char private_key[KEY_MAX];
	struct list lines; /* struct line */
};

/* A client's connection and the machine behind it. In tcp_site.lines. */
struct line {
	struct list node;
	struct tcp_site *site;
	struct tcp *tcp; /* NULL: gone */
	struct cm *cm;
	struct loop_timer *timer;
	struct buf in;
	bool has_key;
	uint8_t challenge[CHANNEL_CHALLENGE], key[CHANNEL_KEY];
};

static void line_free(struct line *l)
{
	list_remove(&l->node);
	loop_timer_free(l->timer);
	cm_free(l->cm);
	buf_done(&l->in);
	hush_wipe(l->key, sizeof(l->key));
	free(l);
}

/* ---- out ---- */

static void put(struct line *l, const struct buf *payload)
{
	struct buf b = { 0 };
	channel_put(&b, payload->p, payload->n);
	if (b.bad || payload->bad)
		tcp_abort(l->tcp, "no memory");
	else
		(void)tcp_send(l->tcp, b.p, b.n);
	buf_done(&b);
}

/* One of the three messages of the handshake. */
static void put_channel(struct line *l, uint32_t emsg, const struct buf *body)
{
	struct buf b = { 0 };
	steam_frame_write(&b, &(struct steam_frame){ .kind = STEAM_FRAME_CHANNEL,
				      .emsg = emsg,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = STEAM_JOB_NONE,
				      .body = body->p,
				      .body_n = body->n });
	put(l, &b);
	buf_done(&b);
}

static void put_sealed(struct line *l, const uint8_t *p, size_t n)
{
	uint8_t salt[CHANNEL_SALT];
	struct buf b = { 0 };

	clock_random(salt, sizeof(salt));
	if (channel_encrypt(l->key, salt, p, n, &b) != RC_OK)
		b.bad = true;
	put(l, &b);
	buf_done(&b);
}

static void pump(struct line *l)
{
	uint64_t now_ms = loop_now_ms(l->site->loop);
	struct cm_act a;

	cm_tick(l->cm, now_ms);
	while (l->tcp && cm_next(l->cm, now_ms, &a)) {
		if (a.kind == CM_CLOSE)
			tcp_close(l->tcp);
		else if (l->has_key)
			put_sealed(l, a.p, a.n);
	}
	loop_timer_at(l->timer, cm_due(l->cm));
}

static void on_timer(void *ctx) { pump(ctx); }

static void woken(void *ctx)
{
	struct line *l = ctx;
	loop_timer_at(l->timer, loop_now_ms(l->site->loop));
}

/* ---- in ---- */

static enum rc take_key(struct line *l, const uint8_t *p, size_t n, struct fault *f)
{
	struct arena a = { 0 };
	struct buf body = { 0 };
	struct steam_frame fr;

	enum rc rc = steam_frame_parse(p, n, &a, &fr, f);
	if (rc == RC_OK && (fr.kind != STEAM_FRAME_CHANNEL || fr.emsg != EMSG_CHANNEL_ENCRYPT_RESPONSE))
		rc = fault_set(f, RC_MALFORMED, "a message before the key");
	if (rc == RC_OK)
		rc = channel_response_read(fr.body, fr.body_n, l->site->private_key, l->challenge, l->key, f);
	channel_result_write(&body, rc == RC_OK ? ERESULT_OK : ERESULT_ENCRYPTION_FAILURE);
	put_channel(l, EMSG_CHANNEL_ENCRYPT_RESULT, &body);
	l->has_key = rc == RC_OK;
	buf_done(&body);
	arena_done(&a);
	return rc;
}

static enum rc take_message(struct line *l, const uint8_t *p, size_t n, struct fault *f)
{
	struct buf plain = { 0 };
	enum rc rc = channel_decrypt(l->key, p, n, &plain, f);
	if (rc == RC_OK)
		cm_feed(l->cm, loop_now_ms(l->site->loop), plain.p, plain.n);
	buf_done(&plain);
	return rc;
}

static void on_bytes(void *ctx, struct tcp *t, const uint8_t *p, size_t n)
{
	struct line *l = ctx;
	struct fault f = { 0 };
	const uint8_t *one;
	size_t one_n;
	enum rc rc = RC_OK;

	buf_put(&l->in, p, n);
	struct rd in = rd_over(l->in.p, l->in.n);
	while (rc == RC_OK && (rc = channel_next(&in, &one, &one_n, &f)) == RC_OK)
		rc = l->has_key ? take_message(l, one, one_n, &f) : take_key(l, one, one_n, &f);
	buf_drop(&l->in, l->in.n - rd_left(&in));
	if (rc == RC_MORE && !l->in.bad) {
		if (l->in.n == 0)
			buf_done(&l->in);
		pump(l);
		return;
	}
	l->site->sim->ledger.malformed++;
	log_warn(l->site->sim->log, "malformed frame why=\"%s\"", f.text);
	tcp_close(t);
}

static void on_close(void *ctx, struct tcp *t, const char *why)
{
	struct line *l = ctx;
	(void)t, (void)why;
	l->tcp = NULL;
	line_free(l);
}

static void accepted(void *ctx, int fd, const char *peer)
{
	struct tcp_site *s = ctx;
	struct effect e = sim_count(s->sim, REQUEST_CONNECT);
	struct line *l = e.http ? NULL : calloc(1, sizeof(*l));
	struct buf body = { 0 };

	if (!l) {
		close(fd);
		return;
	}
	list_append(&s->lines, &l->node);
	l->site = s;
	l->cm = cm_new(s->sim, e, loop_now_ms(s->loop));
	struct tcp_on on = { .ctx = l, .bytes = on_bytes, .close = on_close };
	if (!l->cm || loop_timer_new(s->loop, on_timer, l, &l->timer) != RC_OK) {
		close(fd);
		line_free(l);
		return;
	}
	if (tcp_adopt(s->loop, fd, &on, QUEUE_BYTES, &l->tcp) != RC_OK) {
		line_free(l);
		return;
	}
	cm_peer(l->cm, peer);
	cm_on_wake(l->cm, woken, l);
	log_info(s->sim->log, "client connected conn=%u peer=%s tcp=1", s->sim->last_conn, peer);
	clock_random(l->challenge, sizeof(l->challenge));
	channel_request_write(&body, l->challenge);
	put_channel(l, EMSG_CHANNEL_ENCRYPT_REQUEST, &body);
	buf_done(&body);
	loop_timer_at(l->timer, cm_due(l->cm));
}

/* ---- the whole ---- */

static enum rc make_key(struct tcp_site *s, const char *file, struct fault *f)
{
	EVP_PKEY *key = EVP_RSA_gen(CHANNEL_KEY_BITS);
	BIO *private = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
	enum rc rc = RC_INTERNAL;
	char *p;

	if (key && private && public && PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL) &&
		PEM_write_bio_PUBKEY(public, key)) {
		long n = BIO_get_mem_data(private, &p);
		snprintf(s->private_key, sizeof(s->private_key), "%.*s", (int)n, p);
		n = BIO_get_mem_data(public, &p);
		rc = file_write(file, p, (size_t)n, 0644, f);
	} else {
		rc = fault_set(f, RC_INTERNAL, "no key for TCP");
	}
	BIO_free(private);
	BIO_free(public);
	EVP_PKEY_free(key);
	return rc;
}

enum rc tcp_site_new(struct loop *l, const struct tcp_site_conf *conf, struct tcp_site **ret_site, struct fault *f)
{
	auto_of(tcp_site) struct tcp_site *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(f, RC_NOMEM, "no memory for servers");
	list_init(&s->lines);
	s->loop = l;
	s->sim = conf->sim;
	enum rc rc = conf->n <= TCP_SITE_MAX ? make_key(s, conf->key_file, f)
					     : fault_set(f, RC_INVALID, "at most %d TCP servers", TCP_SITE_MAX);
	for (; rc == RC_OK && s->n < conf->n; s->n++) {
		unsigned i = s->n;
		rc = tcp_server_new(l,
			&(struct tcp_server_conf){ .host = conf->host, .ctx = s, .accepted = accepted },
			&s->servers[i], f);
		if (rc != RC_OK)
			return rc;
		snprintf(s->names[i], sizeof(s->names[i]), "%s:%u", conf->host, tcp_server_port(s->servers[i]));
		s->endpoints[i] = s->names[i];
	}
	if (rc == RC_OK)
		*ret_site = take(s);
	return rc;
}

void tcp_site_free(struct tcp_site *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++)
		tcp_server_free(s->servers[i]);
	list_each (at, after, &s->lines) {
		struct line *l = list_of(at, struct line, node);
		list_remove(at); /* on_close frees it, at the latest when the loop ends */
		tcp_abort(l->tcp, "the server ends");
	}
	hush_wipe(s->private_key, sizeof(s->private_key));
	free(s);
}

const char *const *tcp_site_endpoints(const struct tcp_site *s, size_t *ret_n)
{
	*ret_n = s->n;
	return s->endpoints;
}

void tcp_site_each(struct tcp_site *s, void (*act)(struct cm *c, void *ctx), void *ctx)
{
	list_each (at, after, &s->lines) {
		struct line *l = list_of(at, struct line, node);
		act(l->cm, ctx);
		loop_timer_at(l->timer, loop_now_ms(s->loop));
	}
}
