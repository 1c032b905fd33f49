/*
 * directory: what is asked over HTTP, without the sockets: the directory of connection managers, /cmping/, and the sim's own
 * controls under /sim/. Source: steam-protocol facts 1.1.
 */
#pragma once

#include "sim/sim.h"

struct directory {
	struct sim *sim;
	const char *const *endpoints; /* "127.0.0.1:12345" of each connection manager */
	size_t endpoints_n;
	const char *const *tcp; /* the same over plain TCP */
	size_t tcp_n;
};

/* What a control wants done to every connection there is; the caller does it. */
enum directory_act { DIRECTORY_NOTHING, DIRECTORY_KICK, DIRECTORY_CUT, DIRECTORY_FREEZE };

struct directory_answer {
	enum directory_act act;
	int32_t eresult; /* of DIRECTORY_KICK */
	int status;
	const char *type;                     /* content type */
	const char *extra_name, *extra_value; /* one more header; NULL: none */
	uint32_t latency_ms;
	bool drop; /* no answer at all: close */
	struct buf body;
};

/* `path` is without the query; body is text. The body of the answer is the caller's. */
void directory_answer(struct directory *d, const char *method, const char *path, const char *query,
	const char *body, struct directory_answer *ret);

/* The help text of the controls. */
extern const char directory_help[];
