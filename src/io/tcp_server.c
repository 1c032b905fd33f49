#include "io/tcp_server.h"

#include "io/tcp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define BACKLOG     1024
#define ACCEPTS_MAX 64 /* in one turn of the loop */

struct tcp_server {
	struct loop *loop;
	struct lws *wsi;
	int fd;
	uint16_t port;
	void *ctx;
	void (*accepted)(void *ctx, int fd, const char *peer);
};

static void take_one(struct tcp_server *s, int fd, const struct sockaddr_storage *from)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
	char peer[INET6_ADDRSTRLEN] = "";
	int one = 1;

	if (from->ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, peer, sizeof(peer));
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, peer, sizeof(peer));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	s->accepted(s->ctx, fd, peer);
}

static int on_file(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct tcp_server *s;

	(void)user, (void)in, (void)n;
	if (reason != LWS_CALLBACK_RAW_RX_FILE || !(s = lws_get_opaque_user_data(wsi)))
		return 0;
	loop_enter(s->loop);
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t from_n = sizeof(from);
		int fd = accept4(s->fd, (struct sockaddr *)&from, &from_n, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			break;
		take_one(s, fd, &from);
	}
	loop_exit(s->loop);
	return 0;
}

static const struct lws_protocols protocols[] = { { .name = "tcp", .callback = on_file }, { 0 } };

static int listen_on(const char *host, uint16_t port, uint16_t *ret_port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	socklen_t n = sizeof(at);
	int one = 1;

	errno = EINVAL;
	auto_close int fd = inet_pton(AF_INET, host, &at.sin_addr) == 1
				    ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
				    : -1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
		bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, BACKLOG) != 0 ||
		getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		return -1;
	*ret_port = ntohs(at.sin_port);
	return take_fd(fd);
}

enum rc tcp_server_new(
	struct loop *l, const struct tcp_server_conf *conf, struct tcp_server **ret_server, struct fault *f)
{
	struct lws_vhost *vhost = tcp_socket_vhost(l, protocols);
	struct tcp_server *s = calloc(1, sizeof(*s));

	if (!s || !vhost) {
		free(s);
		return fault_set(f, RC_NOMEM, "no memory for a server");
	}
	*s = (struct tcp_server){ .loop = l, .ctx = conf->ctx, .accepted = conf->accepted };
	s->fd = listen_on(conf->host, conf->port, &s->port);
	if (s->fd < 0) {
		free(s);
		return fault_set(f, RC_INVALID, "%s:%u: %s", conf->host, conf->port, strerrordesc_np(errno));
	}
	lws_sock_file_fd_type file = { .filefd = s->fd };
	s->wsi = lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, file, "tcp", NULL);
	if (!s->wsi) {
		free(s);
		return fault_set(f, RC_NOMEM, "libwebsockets has no room for a server");
	}
	lws_set_opaque_user_data(s->wsi, s);
	*ret_server = s;
	return RC_OK;
}

void tcp_server_free(struct tcp_server *s)
{
	if (!s)
		return;
	lws_set_opaque_user_data(s->wsi, NULL);
	lws_set_timeout(s->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	free(s);
}

uint16_t tcp_server_port(const struct tcp_server *s) { return s->port; }
