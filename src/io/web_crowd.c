#include "io/web_crowd.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct party {
	size_t n;
	char name[WEB_CROWD_NAME_MAX];
};

void web_crowd_name(int fd, struct web_crowd_name *ret)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&a;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&a;
	struct in6_addr net;

	*ret = (struct web_crowd_name){ 0 };
	if (getpeername(fd, (struct sockaddr *)&a, &n) != 0)
		return;
	if (a.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET6, &v6->sin6_addr, ret->full, sizeof(ret->full));
		net = v6->sin6_addr;
		memset(net.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &net, ret->crowd, sizeof(ret->crowd));
		return;
	}
	if (a.ss_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, ret->full, sizeof(ret->full));
	else if (a.ss_family == AF_INET6)
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], ret->full, sizeof(ret->full));
	memcpy(ret->crowd, ret->full, sizeof(ret->crowd));
}

size_t web_crowd_count(const struct web_crowd *c, const char *crowd)
{
	const struct party *p = map_get(&c->all, crowd);
	return p ? p->n : 0;
}

bool web_crowd_enter(struct web_crowd *c, const char *crowd)
{
	struct party *p = map_get(&c->all, crowd);

	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return false;
		snprintf(p->name, sizeof(p->name), "%s", crowd);
		if (map_put(&c->all, p->name, p) != RC_OK) {
			free(p);
			return false;
		}
	}
	p->n++;
	return true;
}

void web_crowd_leave(struct web_crowd *c, const char *crowd)
{
	struct party *p = map_get(&c->all, crowd);

	if (p && --p->n == 0)
		free(map_take(&c->all, p->name));
}

void web_crowd_done(struct web_crowd *c)
{
	struct map_walk w = map_walk(&c->all);
	for (struct party *p; (p = map_next(&w));)
		free(p);
	map_done(&c->all);
}
