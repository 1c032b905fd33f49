/*
 * http_guard: keeps a call to an address that a stranger named from reaching machines that only we can reach (SSRF). The host is
 * resolved once, every address it has is checked, and the call connects to these and to no other: a name that resolves
 * differently a moment later (DNS rebinding) changes nothing. Each socket's address is checked once more as it is opened. A
 * worker's thread: resolving may wait.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

#define HTTP_GUARD_PORTS_MAX 16

struct ip_block_list;

struct http_guard {
	const struct ip_block_list *allow; /* blocks that may be reached although they are not public; NULL: none */
	uint16_t ports[HTTP_GUARD_PORTS_MAX];
	unsigned ports_n; /* 0: any port */
};

/* Numbers parted by commas. */
must_check enum rc http_guard_ports(const char *text, struct http_guard *ret, struct fault *f);

/*
 * What can be told of a URL without resolving its name: http or https, no user, a lawful port, and a public address when it
 * names one. RC_INVALID with what is wrong. Any thread.
 */
must_check enum rc http_guard_check(const struct http_guard *g, const char *url, struct fault *f);

/*
 * For http_call: checks, resolves, checks again, and binds the libcurl handle to what was found. *ret_hold is freed by
 * http_guard_release after the call. RC_DENIED: it leads where it may not.
 */
must_check enum rc http_guard_apply(
	const struct http_guard *g, void *easy, const char *url, void **ret_hold, struct fault *f);
void http_guard_release(void *hold);
