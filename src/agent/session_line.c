/* A session's connection: a WebSocket, or TCP with Steam's own encryption. It may outlive the session's interest in it, until
 * the socket says that it is closed. */
#include "agent/session.h"
#include "flow/steam_channel.h"
#include "flow/steam_session.h"
#include "io/clock.h"
#include "io/tcp.h"
#include "io/web.h"

#include <stdio.h>
#include <string.h>

#define SOCKET_BYTES  (4u << 20)
#define MESSAGE_BYTES (32u << 20)

struct line {
	struct session *session; /* NULL: nobody asks any more */
	uint32_t conn;
	struct web_socket *socket; /* one of the two */
	struct tcp *tcp;
	struct steam_channel *channel; /* over tcp */
	bool open;
};

static void opened(struct line *l)
{
	struct session *s = l->session;

	l->open = true;
	if (!s)
		return;
	bot_opened(s->bot, session_now(s), l->conn);
	session_pump(s);
}

static void heard(struct line *l, const void *p, size_t n)
{
	struct session *s = l->session;

	if (!s)
		return;
	bot_feed(s->bot, session_now(s), l->conn, p, n);
	session_pump(s);
}

static void closed(struct line *l, const char *why)
{
	struct session *s = l->session;

	if (s) {
		s->line = NULL;
		bot_closed(s->bot, session_now(s), l->conn, why);
	}
	steam_channel_free(l->channel);
	free(l);
	if (s)
		session_pump(s);
}

/* ---- WebSocket ---- */

static void on_socket_open(void *ctx, struct web_socket *socket)
{
	(void)socket;
	opened(ctx);
}

static void on_socket_message(void *ctx, struct web_socket *socket, const void *p, size_t n, bool binary)
{
	(void)socket;
	if (binary)
		heard(ctx, p, n);
}

static void on_socket_close(void *ctx, struct web_socket *socket, int code, const char *why)
{
	char text[160];

	(void)socket;
	snprintf(text, sizeof(text), "%s (%d)", why, code);
	closed(ctx, text);
}

static enum rc dial_socket(struct session *s, struct line *l, const char *endpoint, struct fault *f)
{
	char url[STEAM_CMS_NAME_MAX + 32];

	snprintf(url, sizeof(url), "wss://%s/cmsocket/", endpoint);
	const struct web_dial how = {
		.url = url,
		.tls_ca = s->all->conf.ca_file,
		.egress = session_egress(s),
		.connect_ms = STEAM_SESSION_CONNECT_MS,
		.limits = { .socket_bytes = SOCKET_BYTES, .message_bytes = MESSAGE_BYTES },
		.on = { .ctx = l, .open = on_socket_open, .message = on_socket_message, .close = on_socket_close }
	};
	return web_dial(s->all->conf.loop, &how, &l->socket, f);
}

/* ---- TCP ---- */

static void flush(struct line *l)
{
	struct buf *out = steam_channel_out(l->channel);

	if (out->n > 0)
		(void)tcp_send(l->tcp, out->p, out->n); /* full: it is aborted and says so */
	buf_done(out);
}

static void on_tcp_open(void *ctx, struct tcp *t)
{
	(void)ctx; /* the server speaks first; the line is open when a key is agreed on */
	(void)t;
}

static void on_tcp_bytes(void *ctx, struct tcp *t, const uint8_t *p, size_t n)
{
	struct line *l = ctx;
	struct fault f = { .text = "out of memory" };
	const uint8_t *message;
	size_t message_n;

	enum rc rc = steam_channel_feed(l->channel, p, n, &f);
	flush(l);
	if (!l->open && steam_channel_is_open(l->channel))
		opened(l);
	while (l->session && steam_channel_next(l->channel, &message, &message_n))
		heard(l, message, message_n);
	if (rc != RC_OK)
		tcp_abort(t, f.text);
}

static void on_tcp_close(void *ctx, struct tcp *t, const char *why)
{
	(void)t;
	closed(ctx, why);
}

static enum rc dial_tcp(struct session *s, struct line *l, const char *endpoint, struct fault *f)
{
	char host[STEAM_CMS_NAME_MAX];
	struct steam_channel_conf conf = { .public_key = s->all->conf.public_key };

	snprintf(host, sizeof(host), "%s", endpoint);
	char *colon = strrchr(host, ':');
	unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : 0;
	if (port == 0 || port > UINT16_MAX)
		return fault_set(f, RC_INVALID, "%.80s is no HOST:PORT", endpoint);
	*colon = 0;
	clock_random(conf.random, sizeof(conf.random));
	enum rc rc = steam_channel_new(&conf, &l->channel, f);
	hush_wipe(conf.random, sizeof(conf.random));
	const struct tcp_dial how = { .host = host,
		.port = (uint16_t)port,
		.egress = session_egress(s),
		.connect_ms = STEAM_SESSION_CONNECT_MS,
		.queue_bytes = SOCKET_BYTES,
		.on = { .ctx = l, .open = on_tcp_open, .bytes = on_tcp_bytes, .close = on_tcp_close } };
	return rc == RC_OK ? tcp_dial(s->all->conf.loop, &how, &l->tcp, f) : rc;
}

/* ---- what the session wants ---- */

void session_line_dial(struct session *s, uint32_t conn, const char *endpoint, bool tcp)
{
	struct fault f = { .text = "no memory" };
	struct line *l = calloc(1, sizeof(*l));

	free(s->endpoint);
	s->endpoint = strdup(endpoint);
	if (l) {
		*l = (struct line){ .session = s, .conn = conn };
		if ((tcp ? dial_tcp : dial_socket)(s, l, endpoint, &f) == RC_OK) {
			s->line = l;
			return;
		}
		steam_channel_free(l->channel);
	}
	free(l);
	bot_closed(s->bot, session_now(s), conn, f.text);
}

void session_line_send(struct session *s, uint32_t conn, const void *p, size_t n)
{
	struct line *l = s->line;
	struct fault f = { 0 };

	if (!l || l->conn != conn)
		return;
	if (l->socket)
		(void)web_socket_send(l->socket, p, n, true); /* full: it closes and says so */
	else if (steam_channel_send(l->channel, p, n, &f) == RC_OK)
		flush(l);
	else
		tcp_abort(l->tcp, f.text);
}

void session_line_hang_up(struct session *s)
{
	struct line *l = take(s->line);

	if (!l)
		return;
	l->session = NULL;
	if (l->socket)
		web_socket_close(l->socket, WEB_CLOSE_NORMAL, "");
	else
		tcp_close(l->tcp);
}

void session_line_break(struct session *s, const char *why)
{
	uint32_t conn = s->line ? s->line->conn : 0;

	if (!s->line)
		return;
	session_line_hang_up(s);
	bot_closed(s->bot, session_now(s), conn, why);
}
