#include "io/web_socket.h"

bool web_socket_send(struct web_socket *s, const void *p, size_t n, bool binary)
{
	return s->impl->send(s, p, n, binary);
}
size_t web_socket_queued(const struct web_socket *s) { return s->impl->queued(s); }
void web_socket_close(struct web_socket *s, int code, const char *why) { s->impl->close(s, code, why); }

void web_socket_cut(struct web_socket *s)
{
	if (s->impl->cut)
		s->impl->cut(s);
	else
		s->impl->close(s, WEB_CLOSE_GOING, "cut");
}
