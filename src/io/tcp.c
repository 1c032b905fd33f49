#include "io/tcp.h"

#include "io/resolve.h"
#include "io/tcp_socket.h"
#include "io/tls_trust.h"
#include "io/web_url.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define READ_BYTES 16384

/* What is needed until the connection stands, and given back then. */
struct setup {
	struct resolve resolve;
	struct tcp *tcp;
	size_t next; /* of resolve.addresses */
	struct egress egress;
	struct hush login;
	struct egress_talk talk;
	struct buf heard; /* of the proxy */
	char *host, *address;
	SSL *ssl;               /* until it is the connection's; NULL: plain */
	uint16_t port, to_port; /* of the other end; of what is connected to: the other end, or the proxy */
};

enum tcp_state {
	TCP_RESOLVING, /* the resolver has the memory */
	TCP_CONNECTING,
	TCP_TALKS,  /* with a proxy */
	TCP_GREETS, /* TLS */
	TCP_OPEN,
	TCP_CLOSING, /* what is queued goes out */
	TCP_OVER,    /* `close` will be called */
	TCP_TOLD     /* it was: only the resolver still needs the memory */
};

struct tcp {
	struct tcp_on on;
	struct loop *loop;
	enum tcp_state state;
	bool resolving, waits_to_write, owes_drain;
	int fd;
	uint32_t queue_bytes;
	struct lws *wsi;
	SSL *ssl;
	struct setup *setup;      /* NULL once open */
	struct loop_timer *timer; /* ends connecting, and later the wait for a queue to leave */
	struct loop_late late;
	struct buf out;
	size_t out_at;
	char *why; /* NULL: the connection broke */
};

static void try_next(struct tcp *t);

/* --- the end */

static void free_setup(struct setup *u)
{
	if (!u)
		return;
	egress_done(&u->talk);
	hush_done(&u->login);
	buf_done(&u->heard);
	free(u->host);
	free(u->address);
	SSL_free(u->ssl);
	free(u);
}

static void tcp_free(struct tcp *t)
{
	free_setup(t->setup);
	loop_timer_free(t->timer);
	SSL_free(t->ssl);
	buf_done(&t->out);
	free(t->why);
	free(t);
}

/* libwebsockets closes the descriptor, in its next turn. */
static void let_go(struct tcp *t)
{
	if (t->wsi) {
		lws_set_opaque_user_data(t->wsi, NULL);
		lws_set_timeout(take(t->wsi), PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	}
	t->waits_to_write = false;
	list_remove(&t->late.node);
}

/* Tells the owner, who may not use the pointer any more. The memory stays while the resolver has it. */
static void finish(struct tcp *t)
{
	if (t->ssl && t->setup == NULL) {
		ERR_clear_error();
		SSL_shutdown(t->ssl);
	}
	let_go(t);
	loop_timer_at(t->timer, UINT64_MAX);
	t->state = TCP_TOLD;
	if (t->on.close)
		t->on.close(t->on.ctx, t, t->why ? t->why : "the connection broke");
	if (!t->resolving)
		tcp_free(t);
}

static void end(struct tcp *t, const char *why)
{
	if (t->state >= TCP_OVER)
		return;
	t->state = TCP_OVER;
	if (why && !t->why)
		t->why = strdup(why);
	loop_late_add(t->loop, &t->late);
}

static void too_late(void *ctx)
{
	struct tcp *t = ctx;
	end(t, t->state == TCP_CLOSING ? "the other end does not take what is sent" : "no connection in time");
}

/* --- out */

static void wait_to_write(struct tcp *t)
{
	if (t->wsi && !t->waits_to_write)
		lws_callback_on_writable(t->wsi);
	t->waits_to_write = true;
}

/* How many bytes the kernel took; 0: none now; -1: the connection is broken. */
static ssize_t wire_send(struct tcp *t, const uint8_t *p, size_t n)
{
	if (!t->ssl || t->state < TCP_GREETS) {
		ssize_t sent;
		do
			sent = send(t->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
		while (sent < 0 && errno == EINTR);
		return sent >= 0 ? sent : errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	}
	ERR_clear_error();
	int sent = SSL_write(t->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	if (sent > 0)
		return sent;
	int why = SSL_get_error(t->ssl, sent);
	return why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* A queue that has been sent takes no memory; a long one that never empties is moved to the front now and then. */
static void tidy(struct tcp *t)
{
	if (t->out_at == t->out.n) {
		buf_done(&t->out);
		t->out_at = 0;
	} else if (t->out_at > t->out.n / 2) {
		buf_drop(&t->out, t->out_at);
		t->out_at = 0;
	}
}

static void send_queued(struct tcp *t)
{
	if (t->out.bad) {
		end(t, "out of memory");
		return;
	}
	while (tcp_queued(t) > 0) {
		ssize_t n = wire_send(t, t->out.p + t->out_at, tcp_queued(t));
		if (n < 0) {
			end(t, NULL);
			return;
		}
		if (n == 0)
			break;
		t->out_at += (size_t)n;
	}
	tidy(t);
	if (tcp_queued(t) > 0) {
		wait_to_write(t);
	} else if (t->state == TCP_CLOSING) {
		end(t, "closed");
	} else if (t->state == TCP_OPEN && t->owes_drain) {
		t->owes_drain = false;
		if (t->on.drain)
			t->on.drain(t->on.ctx, t);
		if (t->state == TCP_OPEN && tcp_queued(t) > 0) {
			list_remove(
				&t->late.node); /* others have their turn before what the owner adds at each drain */
			wait_to_write(t);
		}
	}
}

/* --- being open */

static void opened(struct tcp *t)
{
	struct setup *u = take(t->setup);
	struct buf rest = u->heard; /* bytes that came behind the proxy's answer */

	u->heard = (struct buf){ 0 };
	free_setup(u);
	t->state = TCP_OPEN;
	loop_timer_at(t->timer, UINT64_MAX);
	if (tcp_queued(t) > 0)
		loop_late_add(t->loop, &t->late);
	if (t->on.open)
		t->on.open(t->on.ctx, t);
	if (rest.n > 0 && t->state == TCP_OPEN)
		t->on.bytes(t->on.ctx, t, rest.p, rest.n);
	buf_done(&rest);
}

static void greet(struct tcp *t)
{
	char why[TCP_WHY_MAX + 1];

	ERR_clear_error();
	int done = SSL_do_handshake(t->ssl);
	if (done == 1) {
		opened(t);
		return;
	}
	int e = SSL_get_error(t->ssl, done);
	if (e == SSL_ERROR_WANT_WRITE)
		wait_to_write(t);
	if (e == SSL_ERROR_WANT_WRITE || e == SSL_ERROR_WANT_READ)
		return;
	long verdict = SSL_get_verify_result(t->ssl);
	const char *reason = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
						  : ERR_reason_error_string(ERR_peek_error());
	snprintf(why, sizeof(why), "TLS: %s", reason ? reason : "the connection broke");
	ERR_clear_error();
	end(t, why);
}

static void begin_tls(struct tcp *t)
{
	if (!t->setup->ssl) {
		opened(t);
		return;
	}
	if (t->setup->heard.n > 0) { /* a proxy or a server that speaks before it was spoken to */
		end(t, "the other end does not speak TLS");
		return;
	}
	t->ssl = take(t->setup->ssl);
	if (SSL_set_fd(t->ssl, t->fd) != 1) {
		end(t, "no memory for TLS");
		return;
	}
	t->state = TCP_GREETS;
	greet(t);
}

/* --- the proxy. What it is told does not pass through the queue: that is the owner's. */

static bool say_to_proxy(struct tcp *t, struct buf *words)
{
	ssize_t n = words->n ? send(t->fd, words->p, words->n, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	bool good = n == (ssize_t)words->n; /* some hundred bytes always fit into a fresh connection */

	if (words->p)
		hush_wipe(words->p, words->room);
	buf_done(words);
	if (!good)
		end(t, NULL);
	return good;
}

static void heard_proxy(struct tcp *t, const uint8_t *p, size_t n)
{
	struct setup *u = t->setup;
	struct buf words = { 0 };
	struct fault f = { .text = "out of memory" };
	size_t used = 0;

	buf_put(&u->heard, p, n);
	enum rc rc = u->heard.bad ? RC_NOMEM : egress_hear(&u->talk, u->heard.p, u->heard.n, &used, &words, &f);
	buf_drop(&u->heard, used);
	if (rc != RC_OK && rc != RC_MORE)
		end(t, f.text);
	else if (say_to_proxy(t, &words) && rc == RC_OK)
		begin_tls(t);
	buf_done(&words);
}

static void begin_talk(struct tcp *t)
{
	struct setup *u = t->setup;
	struct buf words = { 0 };
	struct fault f = { .text = "out of memory" };

	if (u->egress.kind < EGRESS_HTTP_PROXY) {
		begin_tls(t);
		return;
	}
	t->state = TCP_TALKS;
	if (egress_begin(&u->talk, &u->egress, u->host, u->port, &words, &f) != RC_OK)
		end(t, f.text);
	else
		(void)say_to_proxy(t, &words);
	hush_done(&u->login);
}

/* --- in */

static void received(struct tcp *t, const uint8_t *p, size_t n)
{
	if (t->state == TCP_TALKS)
		heard_proxy(t, p, n);
	else if (t->state == TCP_OPEN)
		t->on.bytes(t->on.ctx, t, p, n);
}

static void read_plain(struct tcp *t)
{
	uint8_t block[READ_BYTES];
	ssize_t n = recv(t->fd, block, sizeof(block), MSG_DONTWAIT);

	if (n > 0)
		received(t, block, (size_t)n);
	else if (n == 0)
		end(t, t->state == TCP_TALKS ? "the proxy closed the connection"
					     : "the other end closed the connection");
	else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		end(t, strerrordesc_np(errno));
}

/* A record at a time; what OpenSSL holds already must be read, for poll does not tell of it. */
static void read_tls(struct tcp *t)
{
	uint8_t block[READ_BYTES];

	do {
		ERR_clear_error();
		int n = SSL_read(t->ssl, block, sizeof(block));
		if (n > 0) {
			received(t, block, (size_t)n);
			continue;
		}
		int e = SSL_get_error(t->ssl, n);
		if (e == SSL_ERROR_WANT_WRITE)
			wait_to_write(t);
		else if (e == SSL_ERROR_ZERO_RETURN)
			end(t, "the other end closed the connection");
		else if (e != SSL_ERROR_WANT_READ)
			end(t, NULL);
		return;
	} while ((t->state == TCP_OPEN || t->state == TCP_CLOSING) && SSL_pending(t->ssl) > 0);
}

static void readable(struct tcp *t)
{
	if (t->state == TCP_GREETS)
		greet(t);
	else if (t->ssl)
		read_tls(t);
	else
		read_plain(t);
}

/* --- connecting */

static void connected(struct tcp *t)
{
	int error = 0;
	socklen_t n = sizeof(error);

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0) {
		begin_talk(t);
		return;
	}
	let_go(t);
	if (!t->why)
		t->why = strdup(strerrordesc_np(error));
	try_next(t);
}

/* At the end of an entry, and in the turn after one in which it was writable. */
static void settle(struct loop_late *late)
{
	struct tcp *t = list_of(late, struct tcp, late);

	if (t->state == TCP_CONNECTING)
		connected(t);
	else if (t->state == TCP_GREETS)
		greet(t);
	else if (t->state == TCP_OPEN || t->state == TCP_CLOSING)
		send_queued(t);
	if (t->state == TCP_OVER)
		finish(t);
}

static void writable(struct tcp *t)
{
	t->waits_to_write = false;
	loop_soon_add(t->loop, &t->late);
}

static int on_file(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct tcp *t;

	(void)user, (void)in, (void)n;
	if (reason != LWS_CALLBACK_RAW_RX_FILE && reason != LWS_CALLBACK_RAW_WRITEABLE_FILE &&
		reason != LWS_CALLBACK_RAW_CLOSE_FILE)
		return 0;
	t = lws_get_opaque_user_data(wsi);
	if (!t)
		return reason == LWS_CALLBACK_RAW_CLOSE_FILE ? 0 : -1;
	struct loop *l = t->loop;
	loop_enter(l);
	if (reason == LWS_CALLBACK_RAW_CLOSE_FILE) {
		t->wsi = NULL;
		end(t, NULL);
	} else if (reason == LWS_CALLBACK_RAW_WRITEABLE_FILE) {
		writable(t);
	} else if (t->state == TCP_CONNECTING) {
		connected(t);
	} else if (t->state < TCP_OVER) {
		readable(t);
	}
	int ret = t->wsi == wsi ? 0 : -1;
	loop_exit(l);
	return ret;
}

static const struct lws_protocols protocols[] = { { .name = "tcp", .callback = on_file }, { 0 } };

/* Tries the addresses in their order. */
static void try_next(struct tcp *t)
{
	struct setup *u = t->setup;
	struct lws_vhost *vhost = tcp_socket_vhost(t->loop, protocols);
	int error = 0;

	while (t->state < TCP_OVER && !t->wsi) {
		if (u->next == u->resolve.addresses_n || !vhost) {
			end(t, !vhost ? "out of memory" : u->next == 0 ? u->resolve.why : strerrordesc_np(error));
			return;
		}
		t->fd = tcp_socket_connect(u->resolve.addresses[u->next++], u->to_port,
			u->egress.kind == EGRESS_BIND ? u->address : NULL, &error);
		if (t->fd < 0)
			continue;
		t->state = TCP_CONNECTING;
		lws_sock_file_fd_type fd = { .filefd = t->fd };
		t->wsi = lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "tcp", NULL);
		if (!t->wsi) {
			end(t, "libwebsockets has no room for another connection");
			return;
		}
		free(take(t->why)); /* of an address before */
		lws_set_opaque_user_data(t->wsi, t);
		wait_to_write(t);
	}
}

static void resolved(struct resolve *r)
{
	struct setup *u = list_of(r, struct setup, resolve);
	struct tcp *t = u->tcp;

	t->resolving = false;
	if (t->state == TCP_TOLD)
		tcp_free(t);
	else
		try_next(t);
}

/* --- what the owner calls */

bool tcp_send(struct tcp *t, const void *p, size_t n)
{
	size_t queued = tcp_queued(t);

	if (t->state >= TCP_CLOSING)
		return false;
	if (queued > t->queue_bytes || n > t->queue_bytes - queued) {
		end(t, "the other end does not take what is sent");
		return false;
	}
	buf_put(&t->out, p, n);
	t->owes_drain = true;
	if (t->state == TCP_OPEN && !t->waits_to_write)
		loop_late_add(t->loop, &t->late);
	return true;
}

size_t tcp_queued(const struct tcp *t) { return t->out.n - t->out_at; }

void tcp_close(struct tcp *t)
{
	if (t->state >= TCP_CLOSING)
		return;
	if (t->state < TCP_OPEN || tcp_queued(t) == 0) {
		end(t, "closed");
		return;
	}
	t->state = TCP_CLOSING;
	loop_timer_at(t->timer, loop_now_ms(t->loop) + TCP_CLOSE_MS);
	loop_late_add(t->loop, &t->late);
}

void tcp_abort(struct tcp *t, const char *why)
{
	buf_done(&t->out);
	t->out_at = 0;
	end(t, why);
}

static enum rc copy_ask(struct setup *u, const struct tcp_dial *how)
{
	u->egress = how->egress;
	u->egress.login = NULL;
	u->port = u->to_port = how->port;
	u->host = strdup(how->host);
	u->address = how->egress.address ? strdup(how->egress.address) : NULL;
	u->egress.address = u->address;
	if (!u->host || (how->egress.address && !u->address))
		return RC_NOMEM;
	if (!how->egress.login || how->egress.login->n == 0)
		return RC_OK;
	u->egress.login = &u->login;
	return hush_set(&u->login, how->egress.login->p, how->egress.login->n);
}

static enum rc set_up(struct tcp *t, const struct tcp_dial *how, struct fault *f)
{
	struct setup *u = t->setup = calloc(1, sizeof(*u));
	struct web_url_proxy proxy = { 0 };

	if (!u)
		return RC_NOMEM;
	u->tcp = t;
	enum rc rc = egress_check(&how->egress, f);
	if (rc == RC_OK)
		rc = copy_ask(u, how);
	if (rc == RC_OK && how->tls) /* a file or certificate that cannot be read is the caller's to hear */
		rc = tls_trust_new(t->loop, how->tls_ca, how->host, &u->ssl, f);
	if (rc == RC_OK && how->tls)
		rc = tls_trust_badge(u->ssl, how->badge, f);
	if (rc == RC_OK && u->egress.kind >= EGRESS_HTTP_PROXY)
		rc = web_url_split_proxy(u->address, &proxy, f);
	if (proxy.host)
		u->to_port = proxy.port;
	if (rc == RC_OK)
		rc = loop_timer_new(t->loop, too_late, t, &t->timer);
	if (rc == RC_OK)
		rc = resolve_start(t->loop, &u->resolve, proxy.host ? proxy.host : u->host, resolved, f);
	web_url_proxy_done(&proxy);
	return rc;
}

enum rc tcp_dial(struct loop *l, const struct tcp_dial *how, struct tcp **ret_tcp, struct fault *f)
{
	struct tcp *t = calloc(1, sizeof(*t));
	if (!t)
		return RC_NOMEM;
	*t = (struct tcp){ .on = how->on, .loop = l, .fd = -1 };
	t->queue_bytes = how->queue_bytes ? how->queue_bytes : TCP_QUEUE_BYTES;
	loop_late_init(&t->late, settle);
	enum rc rc = set_up(t, how, f);
	if (rc != RC_OK) {
		tcp_free(t);
		return rc;
	}
	t->resolving = true;
	loop_timer_at(t->timer, loop_now_ms(l) + (how->connect_ms ? how->connect_ms : TCP_CONNECT_MS));
	*ret_tcp = t;
	return RC_OK;
}

enum rc tcp_adopt(struct loop *l, int fd, const struct tcp_on *on, uint32_t queue_bytes, struct tcp **ret_tcp)
{
	struct lws_vhost *vhost = tcp_socket_vhost(l, protocols);
	struct tcp *t = vhost ? calloc(1, sizeof(*t)) : NULL;
	lws_sock_file_fd_type file = { .filefd = fd };
	if (!t || loop_timer_new(l, too_late, t, &t->timer) != RC_OK ||
		!(t->wsi = lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, file, "tcp", NULL))) {
		t ? tcp_free(t) : (void)0;
		return RC_NOMEM;
	}
	t->on = *on, t->loop = l, t->state = TCP_OPEN, t->fd = fd, t->queue_bytes = queue_bytes;
	loop_late_init(&t->late, settle);
	lws_set_opaque_user_data(t->wsi, t);
	*ret_tcp = t;
	return RC_OK;
}
