/* A session's connection. It may outlive the session's interest in it, until the socket says that it is closed. */
#include "agent/session.h"
#include "io/web.h"

#include <stdio.h>
#include <string.h>

#define SOCKET_BYTES  (4u << 20)
#define MESSAGE_BYTES (32u << 20)

struct line {
	struct session *session; /* NULL: nobody asks any more */
	uint32_t conn;
	struct web_socket *socket;
};

static void line_open(void *ctx, struct web_socket *socket)
{
	struct line *l = ctx;
	struct session *s = l->session;

	(void)socket;
	if (!s)
		return;
	bot_opened(s->bot, session_now(s), l->conn);
	session_pump(s);
}

static void line_message(void *ctx, struct web_socket *socket, const void *p, size_t n, bool binary)
{
	struct line *l = ctx;
	struct session *s = l->session;

	(void)socket;
	if (!s || !binary)
		return;
	bot_feed(s->bot, session_now(s), l->conn, p, n);
	session_pump(s);
}

static void line_close(void *ctx, struct web_socket *socket, int code, const char *why)
{
	struct line *l = ctx;
	struct session *s = l->session;
	char text[160];

	(void)socket;
	if (s) {
		s->line = NULL;
		snprintf(text, sizeof(text), "%s (%d)", why, code);
		bot_closed(s->bot, session_now(s), l->conn, text);
	}
	free(l);
	if (s)
		session_pump(s);
}

static enum rc dial(struct session *s, struct line *l, const char *endpoint, struct fault *f)
{
	char url[STEAM_CMS_NAME_MAX + 32];

	snprintf(url, sizeof(url), "wss://%s/cmsocket/", endpoint);
	const struct web_dial how = { .url = url,
		.tls_ca = s->all->conf.ca_file,
		.egress = session_egress(s),
		.connect_ms = STEAM_SESSION_CONNECT_MS,
		.limits = { .socket_bytes = SOCKET_BYTES, .message_bytes = MESSAGE_BYTES },
		.on = { .ctx = l, .open = line_open, .message = line_message, .close = line_close } };
	return web_dial(s->all->conf.loop, &how, &l->socket, f);
}

void session_dial(struct session *s, uint32_t conn, const char *endpoint, bool tcp)
{
	struct fault f = { .text = "no memory" };
	struct line *l = calloc(1, sizeof(*l));

	(void)tcp;
	free(s->endpoint);
	s->endpoint = strdup(endpoint);
	if (l) {
		*l = (struct line){ .session = s, .conn = conn };
		if (dial(s, l, endpoint, &f) == RC_OK) {
			s->line = l;
			return;
		}
	}
	free(l);
	bot_closed(s->bot, session_now(s), conn, f.text);
}

void session_send(struct session *s, uint32_t conn, const void *p, size_t n)
{
	if (s->line && s->line->conn == conn)
		(void)web_socket_send(s->line->socket, p, n, true); /* full: it closes and says so */
}

void session_hang_up(struct session *s)
{
	struct line *l = take(s->line);

	if (!l)
		return;
	l->session = NULL;
	web_socket_close(l->socket, WEB_CLOSE_NORMAL, "");
}

void session_break(struct session *s, const char *why)
{
	uint32_t conn = s->line ? s->line->conn : 0;

	if (!s->line)
		return;
	session_hang_up(s);
	bot_closed(s->bot, session_now(s), conn, why);
}
