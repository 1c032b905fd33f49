/*
 * web_crowd: how many connections each address has open, so that one cannot take them all. An IPv6 network of 64 bits counts as
 * one address: that is what a single customer is given. Internal to web_*; loop thread only. Its memory is bounded by the
 * connections of the server.
 */
#pragma once

#include "base/map.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define WEB_CROWD_NAME_MAX 48

struct web_crowd {
	struct map all;
};

/* The address as text: `full` of it, and `crowd` that it counts to. Of a socket's other end; both "" when it has none. */
struct web_crowd_name {
	char full[WEB_CROWD_NAME_MAX], crowd[WEB_CROWD_NAME_MAX];
};
void web_crowd_name(int fd, struct web_crowd_name *ret);

size_t web_crowd_count(const struct web_crowd *c, const char *crowd);
must_check bool web_crowd_enter(struct web_crowd *c, const char *crowd); /* false: no memory */
void web_crowd_leave(struct web_crowd *c, const char *crowd);
void web_crowd_done(struct web_crowd *c);
