#include "io/tcp_socket.h"

#include "base/own.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>

static bool make_address(const char *text, uint16_t port, struct sockaddr_storage *ret, socklen_t *ret_n)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

	*ret = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		*ret_n = sizeof(*v4);
		return true;
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	*ret_n = sizeof(*v6);
	return inet_pton(AF_INET6, text, &v6->sin6_addr) == 1;
}

struct house {
	struct loop_keep keep;
	struct lws_vhost *vhost;
};

static void house_free(struct loop_keep *k) { free(list_of(k, struct house, keep)); }

struct lws_vhost *tcp_socket_vhost(struct loop *l, const struct lws_protocols *protocols)
{
	struct lws_context_creation_info how = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.vhost_name = "tcp",
		.gid = -1,
		.uid = -1,
		.options = LWS_SERVER_OPTION_ADOPT_APPLY_LISTEN_ACCEPT_CONFIG /* so that it loads no certificates */
	};

	list_each (at, next, loop_lws_keeps(l)) {
		struct loop_keep *k = list_of(at, struct loop_keep, node);
		if (k->kind == protocols)
			return list_of(k, struct house, keep)->vhost;
	}
	struct house *h = calloc(1, sizeof(*h));
	if (!h || !(h->vhost = lws_create_vhost(loop_lws_context(l), &how))) {
		free(h);
		return NULL;
	}
	h->keep = (struct loop_keep){ .kind = protocols, .free = house_free };
	list_append(loop_lws_keeps(l), &h->keep.node);
	return h->vhost;
}

int tcp_socket_connect(const char *address, uint16_t port, const char *from, int *ret_error)
{
	struct sockaddr_storage to, leave;
	socklen_t to_n, leave_n;
	int one = 1;

	*ret_error = EADDRNOTAVAIL;
	if (!make_address(address, port, &to, &to_n) ||
		(from && (!make_address(from, 0, &leave, &leave_n) || leave.ss_family != to.ss_family)))
		return -1;
	auto_close int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool good = fd >= 0 && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0;
	if (good && from) /* the port is chosen at connect: one address has 64,000 for each other end */
		good = setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) == 0 &&
		       bind(fd, (struct sockaddr *)&leave, leave_n) == 0;
	if (good && (connect(fd, (struct sockaddr *)&to, to_n) == 0 || errno == EINPROGRESS))
		return take_fd(fd);
	*ret_error = errno;
	return -1;
}
