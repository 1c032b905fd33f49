#include "base/log.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/web_request.h"
#include "io/web_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define BACKLOG      1024
#define ACCEPTS_MAX  64 /* at once, before the others get a turn */
#define SWEEP_MIN_MS 10
#define SWEEP_MAX_MS 250
#define HEAD_MIN     1024

/* After a minute of silence a peer is asked whether it is there, and given up after four times a quarter. */
#define ALIVE_IDLE_S     60
#define ALIVE_INTERVAL_S 15
#define ALIVE_PROBES     4

static void set_default(uint32_t *limit, uint32_t value)
{
	if (*limit == 0)
		*limit = value;
}

static void fill_limits(struct web_limits *l)
{
	set_default(&l->header_bytes, 16384);
	set_default(&l->body_bytes, 1 << 20);
	set_default(&l->connections, 10000);
	set_default(&l->per_address, l->connections > 1 ? l->connections / 2 : 1);
	set_default(&l->head_ms, 10000);
	set_default(&l->body_ms, 30000);
	set_default(&l->idle_ms, 60000);
	set_default(&l->stream_bytes, 1 << 18);
	set_default(&l->socket_bytes, 1 << 20);
	set_default(&l->message_bytes, 1 << 20);
	if (l->header_bytes < HEAD_MIN)
		l->header_bytes = HEAD_MIN;
}

/* --- accepting */

static void tune(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, ALIVE_IDLE_S },
		{ IPPROTO_TCP, TCP_KEEPINTVL, ALIVE_INTERVAL_S },
		{ IPPROTO_TCP, TCP_KEEPCNT, ALIVE_PROBES },
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(options[i].value));
}

/* Refuses the connection that is next in the queue of the kernel. */
static void turn_away(struct web_server *s, int fd, const char *peer, const char *why)
{
	close(fd);
	if (s->conf.on_refused)
		s->conf.on_refused(s->conf.ctx, peer, 503, why);
}

/* Is there room for one more? Otherwise it is closed. */
static bool let_in(struct web_server *s, int fd)
{
	uint32_t most = s->conf.limits.per_address;
	struct web_crowd_name name;

	web_crowd_name(fd, &name);
	if (s->open >= s->conf.limits.connections)
		turn_away(s, fd, name.full, "too many connections are open");
	else if (web_crowd_count(&s->crowd, name.crowd) >= most &&
		 !(s->conf.on_many && s->conf.on_many(s->conf.ctx, name.full)))
		turn_away(s, fd, name.full, "too many connections from this address are open");
	else
		return true;
	return false;
}

static void accept_some(struct web_server *s)
{
	for (int i = 0; i < ACCEPTS_MAX && s->listener; i++) {
		int fd = accept4(lws_get_socket_fd(s->listener), NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
			log_error(loop_lws_log(s->loop), "no connection could be accepted errno=\"%s\"",
				strerror(errno));
			s->resting = true; /* else poll would return for the same connection without end */
			lws_rx_flow_control(s->listener, 0);
		}
		if (fd < 0)
			return;
		if (!let_in(s, fd))
			continue;
		tune(fd);
		lws_adopt_desc_t how = {
			.vh = s->vhost,
			.type = LWS_ADOPT_SOCKET | (s->conf.tls_cert ? LWS_ADOPT_ALLOW_SSL : 0),
			.fd.sockfd = fd,
			.vh_prot_name = "web",
		};
		lws_adopt_descriptor_vhost_via_info(&how); /* closes fd when it fails */
	}
}

static int on_listener(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	(void)user, (void)in, (void)n;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	struct web_server *s = lws_vhost_user(lws_get_vhost(wsi));
	loop_enter(s->loop);
	accept_some(s);
	loop_exit(s->loop);
	return 0;
}

/* --- TLS */

/* libwebsockets says nothing of what is wrong with the files: they are tried first. */
static enum rc try_tls(const struct web_server_conf *conf, struct fault *f)
{
	struct web_tls *t = NULL;

	if (!conf->tls_cert)
		return RC_OK;
	enum rc rc = web_tls_new(conf->tls_cert, conf->tls_key, &t, f);
	web_tls_free(t);
	return rc;
}

static int on_connection(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	if (reason != LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS)
		return web_conn_callback(wsi, reason, user, in, n);
	SSL_CTX *ctx = user;
	web_tls_follow(ctx, lws_vhost_user(in));
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx,
		SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	/* Two servers of one loop must not answer with each other's certificate, whatever name a client asks for. */
	SSL_CTX_set_tlsext_servername_callback(ctx, NULL);
	return 0;
}

/* --- the server */

static const struct lws_protocols protocols[] = {
	{ .name = "web", .callback = on_connection },
	{ .name = "listener", .callback = on_listener },
	{ 0 },
};

static void sweep(void *ctx)
{
	struct web_server *s = ctx;
	uint64_t now = loop_entered_ms(s->loop);

	list_each (at, next, &s->conns)
		web_conn_check(list_of(at, struct web_conn, node), now);
	if (s->resting && s->listener) {
		s->resting = false;
		lws_rx_flow_control(s->listener, 1);
	}
	loop_timer_at(s->sweep, now + s->sweep_ms);
}

static uint64_t sweep_every(const struct web_limits *l)
{
	uint32_t least = l->head_ms < l->body_ms ? l->head_ms : l->body_ms;
	if (l->idle_ms < least)
		least = l->idle_ms;
	least /= 4;
	return least < SWEEP_MIN_MS ? SWEEP_MIN_MS : least > SWEEP_MAX_MS ? SWEEP_MAX_MS : least;
}

static uint16_t port_of(const struct sockaddr_storage *a)
{
	return ntohs(a->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)a)->sin6_port
					      : ((const struct sockaddr_in *)a)->sin_port);
}

/* A socket that someone else has opened: the service manager keeps it over our restarts. */
static enum rc take_listener(struct web_server *s, int given, int *ret_fd, struct fault *f)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);
	auto_close int fd = given;

	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return fault_set(
			f, RC_INVALID, "the socket that was handed over cannot be used: %s", strerror(errno));
	if (a.ss_family != AF_INET && a.ss_family != AF_INET6)
		return fault_set(f, RC_INVALID, "the socket that was handed over is not TCP: mend ListenStream=");
	s->port = port_of(&a);
	*ret_fd = take_fd(fd);
	return RC_OK;
}

static enum rc listen_at(struct web_server *s, const struct web_server_conf *conf, int *ret_fd, struct fault *f)
{
	char port[8];
	struct addrinfo want = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM },
			*found;

	snprintf(port, sizeof(port), "%u", conf->port);
	int e = getaddrinfo(conf->host, port, &want, &found);
	if (e)
		return fault_set(f, RC_INVALID,
			"'%s' is no address to listen on: give one like 127.0.0.1 or ::", conf->host);

	struct sockaddr_storage a = { 0 };
	socklen_t n = found->ai_addrlen;
	memcpy(&a, found->ai_addr, n);
	freeaddrinfo(found);
	auto_close int fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) < 0 ||
		bind(fd, (struct sockaddr *)&a, n) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return fault_set(f, errno == EACCES ? RC_DENIED : RC_IO, "cannot listen on %s port %u: %s",
			conf->host, conf->port, strerror(errno));
	s->port = port_of(&a);
	*ret_fd = take_fd(fd);
	return RC_OK;
}

static enum rc open_vhost(struct web_server *s, const struct web_server_conf *conf, int fd, struct fault *f)
{
	struct lws_context_creation_info how = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.vhost_name = "web",
		.user = s,
		/* The second option keeps it from loading the system's certificates: it is nobody's client. */
		.options =
			LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG,
		.ssl_cert_filepath = conf->tls_cert,
		.ssl_private_key_filepath = conf->tls_key,
		.alpn = "http/1.1",
		.gid = -1,
		.uid = -1,
	};
	s->vhost = lws_create_vhost(loop_lws_context(s->loop), &how);
	if (!s->vhost) {
		close(fd);
		return fault_set(f, RC_IO, "libwebsockets cannot make the server");
	}
	lws_adopt_desc_t listener = {
		.vh = s->vhost, .type = LWS_ADOPT_RAW_FILE_DESC, .fd.filefd = fd, .vh_prot_name = "listener"
	};
	s->listener = lws_adopt_descriptor_vhost_via_info(&listener);
	return s->listener ? RC_OK : RC_NOMEM;
}

enum rc web_server_new(
	struct loop *l, const struct web_server_conf *conf, struct web_server **ret_server, struct fault *f)
{
	struct web_server *fresh = calloc(1, sizeof(*fresh));
	int fd = -1;

	if (!fresh)
		return RC_NOMEM;
	fresh->loop = l;
	fresh->conf = *conf;
	fresh->begun = web_request_begin;
	fill_limits(&fresh->conf.limits);
	fresh->sweep_ms = sweep_every(&fresh->conf.limits);
	list_init(&fresh->conns);
	auto_of(web_server) struct web_server *s = fresh;

	enum rc rc = try_tls(conf, f);
	if (rc == RC_OK)
		rc = conf->listener ? take_listener(s, conf->listener, &fd, f) : listen_at(s, conf, &fd, f);
	if (rc == RC_OK)
		rc = open_vhost(s, conf, fd, f);
	if (rc == RC_OK)
		rc = loop_timer_new(l, sweep, s, &s->sweep);
	if (rc != RC_OK)
		return rc;
	loop_timer_at(s->sweep, loop_now_ms(l) + s->sweep_ms);
	*ret_server = take(s);
	return RC_OK;
}

void web_server_limits(struct web_server *s, const struct web_limits *limits)
{
	s->conf.limits = *limits;
	fill_limits(&s->conf.limits);
	s->sweep_ms = sweep_every(&s->conf.limits);
}

void web_server_tls(struct web_server *s, struct web_tls *take_tls)
{
	web_tls_free(s->tls);
	s->tls = take_tls;
}

uint16_t web_server_port(const struct web_server *s) { return s->port; }
size_t web_server_open(const struct web_server *s) { return s->open; }

/* At the end of the turn, for it may be the listener's own callback that leads here. */
static void stop_listening(struct web_server *s)
{
	if (!s->listener)
		return;
	lws_rx_flow_control(s->listener, 0);
	lws_set_timeout(take(s->listener), PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

void web_server_trust(struct web_server *s, struct web_trust *take_trust) { web_tls_trust(s, take_trust); }

void web_server_drain(struct web_server *s)
{
	stop_listening(s);
	s->draining = true;
	list_each (at, next, &s->conns)
		web_request_drain(list_of(at, struct web_conn, node));
}

void web_server_free(struct web_server *s)
{
	if (!s)
		return;
	stop_listening(s);
	loop_timer_free(s->sweep);
	loop_enter(s->loop);
	while (!list_empty(&s->conns))
		web_conn_kill_now(list_of(s->conns.next, struct web_conn, node));
	loop_exit(s->loop);
	pool_free(s->files);
	web_tls_free(s->tls);
	web_trust_free(s->trust);
	web_crowd_done(&s->crowd);
	free(s); /* its vhost, which no connection has any more, goes with the loop */
}
