/*
 * directory: asks Steam's directory which connection managers there are. Blocks: for a worker.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stddef.h>
#include <stdint.h>

#define DIRECTORY_ANSWER_MAX (1u << 20)
#define DIRECTORY_MS         5000

enum directory_transport { DIRECTORY_WEBSOCKET, DIRECTORY_TCP, DIRECTORY_ANY };
extern const char *const directory_transport_words[]; /* "websocket", "tcp", "any"; ends in NULL */

struct directory_ask {
	const char *url;        /* without a query */
	const char *ca_file;    /* NULL: the system's alone */
	const char *http_proxy; /* NULL: none */
	enum directory_transport transport;
};

/* The servers of this transport as flow/steam_cms names them, best first; they live in the arena. RC_MISSING when it names none. */
must_check enum rc directory_fetch(
	const struct directory_ask *ask, struct arena *a, const char ***ret_at, size_t *ret_n, struct fault *f);
