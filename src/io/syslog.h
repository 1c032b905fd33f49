/*
 * syslog: sends one message to a syslog collector (RFC 5424), over UDP (RFC 5426), TCP (RFC 6587, counted) or a local socket. Blocks, at
 * most some seconds; for workers. Over UDP and a local socket nobody says that it came.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define SYSLOG_TEXT_MAX 8192
#define SYSLOG_HOST_MAX 254

enum syslog_way { SYSLOG_UDP, SYSLOG_TCP, SYSLOG_UNIX };

struct syslog_to {
	enum syslog_way way;
	char host[SYSLOG_HOST_MAX]; /* SYSLOG_UNIX: the socket's path */
	char port[6];
};

/* udp://HOST:PORT, tcp://HOST:PORT (an IPv6 address in []), unix:/PATH. RC_INVALID. */
must_check enum rc syslog_parse(const char *text, struct syslog_to *ret, struct fault *f);

struct syslog_message {
	int64_t time_ms;
	const char *app, *id; /* APP-NAME and MSGID: letters, digits, '-' */
	const char *text;     /* no control characters */
};

must_check enum rc syslog_send(const struct syslog_to *to, const struct syslog_message *m, struct fault *f);
