/* tcp_badge: a client's certificate, and the Ed25519 secret of its key (RFC 8410). */
#pragma once

#include <stdint.h>

#define TCP_BADGE_SECRET 32

struct tcp_badge {
	const char *cert;      /* PEM, its own first; NULL: none */
	const uint8_t *secret; /* TCP_BADGE_SECRET bytes */
};
