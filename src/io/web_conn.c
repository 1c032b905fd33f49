#include "io/web_conn.h"
#include "base/hush.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#define LINGER_MS    1000
#define LINGER_BYTES (8u << 20)
#define FILE_PIECE   (1u << 18) /* of a file, that is encrypted at once */

static void settle(struct loop_late *late);

static const bool lawful[WEB_CONN_DEAD + 1][WEB_CONN_DEAD + 1] = {
	[WEB_CONN_OPEN] = { [WEB_CONN_CLOSING] = true, [WEB_CONN_DEAD] = true },
	[WEB_CONN_CLOSING] = { [WEB_CONN_LINGER] = true, [WEB_CONN_DEAD] = true },
	[WEB_CONN_LINGER] = { [WEB_CONN_DEAD] = true },
};

static bool move(struct web_conn *c, enum web_conn_state to)
{
	if (!lawful[c->state][to])
		return false;
	c->state = to;
	return true;
}

void web_conn_due(struct web_conn *c, uint32_t in_ms)
{
	c->due_ms = in_ms ? loop_entered_ms(c->loop) + in_ms : WEB_CONN_NEVER;
}

/* --- modes */

static size_t take_nothing(struct web_conn *c, uint8_t *p, size_t n) /* NOLINT(readability-non-const-parameter) */
{
	(void)p;
	c->lingered += n;
	if (c->lingered > LINGER_BYTES)
		web_conn_kill(c);
	return n;
}
static void nothing(struct web_conn *c) { (void)c; }

/* Of a connection that closes: bytes that come are dropped. */
static const struct web_conn_mode ending = { take_nothing, nothing, web_conn_kill, nothing };

void web_conn_change(struct web_conn *c, const struct web_conn_mode *mode, void *of_mode)
{
	c->mode = mode;
	c->of_mode = of_mode;
	web_conn_due(c, 0);
	loop_late_add(c->loop, &c->late); /* bytes that wait may be the new mode's */
}

static void leave_mode(struct web_conn *c)
{
	const struct web_conn_mode *was = c->mode;
	web_conn_change(c, &ending, c->of_mode);
	was->gone(c);
	c->of_mode = NULL;
}

void web_conn_close(struct web_conn *c)
{
	if (!move(c, WEB_CONN_CLOSING))
		return;
	leave_mode(c);
	buf_done(&c->in);
}

void web_conn_kill(struct web_conn *c)
{
	if (move(c, WEB_CONN_DEAD))
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void web_conn_kill_now(struct web_conn *c)
{
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

void web_conn_check(struct web_conn *c, uint64_t now_ms)
{
	if (c->state == WEB_CONN_DEAD)
		return;
	if (now_ms >= c->stuck_ms)
		web_conn_kill(c);
	else if (now_ms >= c->due_ms)
		c->mode->late(c);
}

/* --- out */

struct buf *web_conn_out(struct web_conn *c) { return &c->out; }
size_t web_conn_queued(const struct web_conn *c) { return c->out.n - c->out_at; }
void web_conn_push(struct web_conn *c)
{
	c->owes_sent = true;
	loop_late_add(c->loop, &c->late);
}

/* How many bytes the kernel took; 0: none now; -1: the connection is broken. */
static ssize_t wire_send(struct web_conn *c, const uint8_t *p, size_t n)
{
	if (!c->ssl) {
		ssize_t sent;
		do
			sent = send(lws_get_socket_fd(c->wsi), p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		while (sent < 0 && errno == EINTR);
		return sent >= 0 ? sent : errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	}
	ERR_clear_error();
	int sent = SSL_write(c->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	if (sent > 0)
		return sent;
	int why = SSL_get_error(c->ssl, sent);
	return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
}

static void shut_down(struct web_conn *c)
{
	if (!move(c, WEB_CONN_LINGER))
		return;
	web_conn_due(c, LINGER_MS);
	if (c->ssl) {
		ERR_clear_error();
		SSL_shutdown(c->ssl);
	}
	if (shutdown(lws_get_socket_fd(c->wsi), SHUT_WR) < 0)
		web_conn_kill(c);
}

/* A queue that has been sent once takes no memory; a long one that never empties is moved to the front now and then. */
static void tidy(struct web_conn *c)
{
	if (c->out_at == c->out.n) {
		buf_done(&c->out);
		c->out_at = 0;
	} else if (c->out_at > c->out.n / 2) {
		buf_drop(&c->out, c->out_at);
		c->out_at = 0;
	}
}

static void wait_to_write(struct web_conn *c)
{
	if (!c->waits_to_write)
		lws_callback_on_writable(c->wsi);
	c->waits_to_write = true;
}

/* An owner who answers each `sent` with more gets his turn again after all others had theirs, not at once. */
static void tell_sent(struct web_conn *c)
{
	c->owes_sent = false;
	c->mode->sent(c);
	if (c->state == WEB_CONN_OPEN && web_conn_queued(c) > 0) {
		list_remove(&c->late.node);
		wait_to_write(c);
	}
}

void web_conn_wait(struct web_conn *c) { wait_to_write(c); }

static ssize_t queue_file(struct web_conn *c, int fd, uint64_t from, uint64_t n)
{
	size_t most = n < FILE_PIECE ? (size_t)n : FILE_PIECE;
	uint8_t *room = buf_room(&c->out, most);
	ssize_t got = room ? pread(fd, room, most, (off_t)from) : -1;

	if (got <= 0)
		return -1;
	c->out.n += (size_t)got;
	web_conn_push(c);
	return got;
}

ssize_t web_conn_file(struct web_conn *c, int fd, uint64_t from, uint64_t n)
{
	off_t at = (off_t)from;
	ssize_t sent;

	if (c->ssl)
		return queue_file(c, fd, from, n);
	do
		sent = sendfile(lws_get_socket_fd(c->wsi), fd, &at, n < INT32_MAX ? (size_t)n : INT32_MAX);
	while (sent < 0 && errno == EINTR);
	if (sent > 0)
		c->stuck_ms = WEB_CONN_NEVER;
	if (sent > 0 || (sent < 0 && errno != EAGAIN))
		return sent;
	if (sent == 0)
		return -1; /* the file ended */
	if (c->stuck_ms == WEB_CONN_NEVER)
		c->stuck_ms = loop_entered_ms(c->loop) + c->server->conf.limits.body_ms;
	wait_to_write(c);
	return 0;
}

static void send_queued(struct web_conn *c)
{
	if (c->out.bad) {
		web_conn_kill(c); /* without memory an answer with a hole in it must not leave */
		return;
	}
	while (web_conn_queued(c) > 0) {
		ssize_t n = wire_send(c, c->out.p + c->out_at, web_conn_queued(c));
		if (n < 0) {
			web_conn_kill(c);
			return;
		}
		if (n == 0)
			break;
		c->out_at += (size_t)n;
		c->stuck_ms = WEB_CONN_NEVER;
	}
	tidy(c);
	if (web_conn_queued(c) > 0) {
		if (c->stuck_ms == WEB_CONN_NEVER)
			c->stuck_ms = loop_entered_ms(c->loop) + c->server->conf.limits.body_ms;
		wait_to_write(c);
	} else if (c->state == WEB_CONN_CLOSING) {
		shut_down(c);
	} else if (c->owes_sent && c->state == WEB_CONN_OPEN) {
		tell_sent(c);
	}
}

/* --- in */

static void set_reading(struct web_conn *c, bool on)
{
	if (c->reading == on)
		return;
	c->reading = on;
	lws_rx_flow_control(c->wsi, on);
}

/* Shows bytes to the mode until it takes no more; returns how many were taken. */
static size_t show(struct web_conn *c, uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n && c->state != WEB_CONN_DEAD) {
		size_t used = c->mode->read(c, p + at, n - at);
		if (used == 0)
			break;
		at += used;
	}
	return at;
}

static void read_on(struct web_conn *c, uint8_t *p, size_t n)
{
	if (c->in.n == 0) {
		size_t used = show(c, p, n);
		if (c->state == WEB_CONN_OPEN && used < n)
			buf_put(&c->in, p + used, n - used);
	} else {
		buf_put(&c->in, p, n);
		struct buf in = c->in; /* the mode may end the connection's `in` */
		c->in = (struct buf){ .wipes = true };
		buf_drop(&in, show(c, in.p, in.n));
		if (c->state == WEB_CONN_OPEN && in.n > 0)
			c->in = in;
		else
			buf_done(&in);
	}
	if (c->in.bad)
		web_conn_kill(c);
	hush_wipe(p, n); /* a body may have been in it */
	set_reading(c, c->in.n < c->server->conf.limits.header_bytes);
}

/* Late work: what is queued leaves, then bytes that had to wait for it are shown again. */
static void settle(struct loop_late *late)
{
	struct web_conn *c = list_of(late, struct web_conn, late);

	if (c->state == WEB_CONN_DEAD)
		return;
	send_queued(c);
	if (c->state == WEB_CONN_OPEN && c->in.n > 0)
		read_on(c, NULL, 0);
}

/* --- libwebsockets */

static int begin(struct lws *wsi)
{
	struct web_server *s = lws_vhost_user(lws_get_vhost(wsi));
	struct web_conn *c = calloc(1, sizeof(*c));
	struct web_crowd_name name;

	web_crowd_name(lws_get_socket_fd(wsi), &name);
	if (!c || !web_crowd_enter(&s->crowd, name.crowd)) {
		free(c);
		return -1;
	}
	c->server = s;
	c->loop = s->loop;
	c->wsi = wsi;
	c->ssl = lws_get_ssl(wsi);
	c->in.wipes = c->out.wipes = true;
	c->reading = true;
	c->stuck_ms = WEB_CONN_NEVER;
	loop_late_init(&c->late, settle);
	list_append(&s->conns, &c->node);
	s->open++;
	memcpy(c->peer, name.full, sizeof(c->peer));
	memcpy(c->crowd, name.crowd, sizeof(c->crowd));
	lws_set_opaque_user_data(wsi, c);
	s->begun(c);
	return 0;
}

static void end(struct lws *wsi, struct web_conn *c)
{
	lws_set_opaque_user_data(wsi, NULL);
	c->state = WEB_CONN_DEAD;
	leave_mode(c);
	list_remove(&c->late.node);
	list_remove(&c->node);
	c->server->open--;
	web_crowd_leave(&c->server->crowd, c->crowd);
	buf_done(&c->in);
	buf_done(&c->out);
	free(c);
}

static int on_bytes(struct web_conn *c, uint8_t *p, size_t n)
{
	if (c->state == WEB_CONN_DEAD)
		return -1;
	if (c->ssl && !c->greeted)
		lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0); /* the one of the handshake; ours watch now */
	c->greeted = true;
	read_on(c, p, n);
	return c->state == WEB_CONN_DEAD ? -1 : 0;
}

int web_conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	(void)user;
	if (reason != LWS_CALLBACK_RAW_ADOPT && reason != LWS_CALLBACK_RAW_RX &&
		reason != LWS_CALLBACK_RAW_WRITEABLE && reason != LWS_CALLBACK_RAW_CLOSE)
		return 0;

	struct web_conn *c = lws_get_opaque_user_data(wsi);
	if (!c && reason != LWS_CALLBACK_RAW_ADOPT)
		return 0; /* its TLS failed before it was ours */
	struct loop *l = c ? c->loop : ((struct web_server *)lws_vhost_user(lws_get_vhost(wsi)))->loop;
	int ret = 0;

	loop_enter(l);
	if (reason == LWS_CALLBACK_RAW_ADOPT) {
		ret = begin(wsi);
	} else if (reason == LWS_CALLBACK_RAW_RX) {
		ret = on_bytes(c, in, n);
	} else if (reason == LWS_CALLBACK_RAW_WRITEABLE) {
		c->waits_to_write = false;
		web_conn_push(c);
	} else {
		end(wsi, c);
	}
	loop_exit(l);
	return ret;
}
