/*
 * tcp_socket: a socket that does not block, on its way to an address; and the vhost by which libwebsockets polls it. Of io/tcp.
 */
#pragma once

#include "io/loop_lws.h"

#include <stdint.h>

/* The descriptor, close-on-exec; connecting may still be under way. -1: *ret_error is the errno. `from` is the address of ours to
 * leave by; NULL: any. */
int tcp_socket_connect(const char *address, uint16_t port, const char *from, int *ret_error);

/* Of all connections of a loop; made at the first call, kept with the loop. NULL without memory. Loop thread only. */
struct lws_vhost *tcp_socket_vhost(struct loop *l, const struct lws_protocols *protocols);
