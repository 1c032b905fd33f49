/*
 * api: one request to the server and its answer, as every verb makes it: with the key, a deadline, the trace that people can
 * switch on, and up to API_TRIES tries when the connection fails. A request is tried again only if it cannot be done twice:
 * nothing of it went out, or it reads, or it has an Idempotency-Key (each try has the same).
 */
#pragma once

#include "cli/cmd.h"

#define API_TRIES      3
#define API_PAUSE_MS   200 /* before the second try; doubled before the third */
#define API_BUSY_TRIES 10  /* while the server still works on an earlier try of the same request */
#define API_BUSY_MS    500
#define API_BODY_MAX   (64u << 20)

struct api_request {
	const char *method;
	const char *path;     /* with its query */
	const char *body;     /* JSON text; NULL: none */
	const char *key;      /* Idempotency-Key; NULL: none */
	const char *if_match; /* NULL: none */
	uint32_t wait_s;      /* Prefer: wait=N; 0: none */
};

struct api_answer {
	int status;
	struct buf body;
	struct json_t *json; /* NULL: the body was none */
	char request_id[64], etag[64];
};
void api_answer_done(struct api_answer *a);

/* An answer of any status is CLI_OK; *ret is then the caller's. Else it was said on stderr why there is none. */
enum cli_exit api_call(struct cmd *c, const struct api_request *r, struct api_answer *ret);

/* As api_call, but only 2xx is CLI_OK; what another answer says is said on stderr. */
enum cli_exit api_ask(struct cmd *c, const struct api_request *r, struct api_answer *ret);

/* Says an error answer on stderr; its exit code. */
enum cli_exit api_refused(struct cmd *c, const struct api_request *r, const struct api_answer *a);

/*
 * A stream of server-sent events. CLI_OK: it ran and ended (the connection broke, or `on_bytes` returned false); *ret_opened
 * tells whether it had begun at all. Other answers than 2xx are said on stderr.
 */
struct api_stream {
	const char *path;
	const char *last_event_id; /* NULL: none */
	uint32_t deadline_ms;      /* it is ended after so long; 0: never */
	bool (*on_bytes)(void *ctx, const void *p, size_t n);
	void *ctx;
};
enum cli_exit api_follow(struct cmd *c, const struct api_stream *s, bool *ret_opened);

/*
 * The bytes of a file as they come, those from `from` on (Range). CLI_OK: all of it came. A server that does not know ranges sends
 * the whole, which is not told apart: who goes on with a part has to check what came out.
 */
struct api_file {
	const char *path;
	uint64_t from;
	bool (*on_bytes)(void *ctx, const void *p, size_t n);
	void *ctx;
};
enum cli_exit api_fetch(struct cmd *c, const struct api_file *file);

/* Makes an Idempotency-Key that nobody else has. */
void api_new_key(char *ret, size_t room);
