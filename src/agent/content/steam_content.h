/*
 * steam_content: what Steam says about content over a session: the servers, keys of depots, request codes of manifests, tokens. It is
 * asked over the session of the task's account, or the agent's own when the task has none.
 *
 * What was told is kept in memory, each account's by itself: keys as long as the agent runs, codes STEAM_CONTENT_CODE_MS at most, tokens
 * until shortly before they end. Any thread may have a steam_content; one that asks is the task's own (it waits).
 *
 * On failure t->code is one of product.md 5.9.2: no_license, access_denied, not_found, rate_limited; t->eresult is Steam's.
 * Source: steam-protocol facts 4.1.
 */
#pragma once

#include "agent/action_run.h"
#include "flow/cdn_choice.h"

#define STEAM_CONTENT_CODE_MS    240000 /* Steam says about five minutes */
#define STEAM_CONTENT_SERVERS_MS 600000
#define STEAM_CONTENT_TOKEN_MAX  1024
#define STEAM_CONTENT_KEPT       4096 /* keys, codes and tokens together */
#define STEAM_CONTENT_KEY        32

struct steam_content;
must_check enum rc steam_content_new(struct steam_content **ret, struct fault *f);
void steam_content_free(struct steam_content *s); /* wipes the keys */

/* A manifest of a depot. */
struct content_manifest {
	uint32_t app, depot;
	uint64_t gid;
	const char *branch;        /* NULL: public */
	const char *password_hash; /* SHA-1 of the branch's password, lower-case hex; NULL: it has none */
};

must_check enum rc content_key(struct action_task *t, uint32_t depot, uint32_t app,
	uint8_t ret_key[static STEAM_CONTENT_KEY], struct fault *f);
/* `fresh`: the one that was kept was not taken. */
must_check enum rc content_code(
	struct action_task *t, const struct content_manifest *m, bool fresh, uint64_t *ret_code, struct fault *f);
/* Into room for `max`; those that speak plain HTTP or HTTPS to anyone. */
must_check enum rc content_servers(
	struct action_task *t, struct cdn_choice_host *ret, size_t max, size_t *ret_n, struct fault *f);

struct content_token_ask {
	uint32_t app, depot;
	const char *host;
};
/* A text that begins with '?', to be wiped by hush_wipe. */
must_check enum rc content_token(struct action_task *t, const struct content_token_ask *ask,
	char ret[static STEAM_CONTENT_TOKEN_MAX], struct fault *f);
/* The token that was kept; false: none. Any thread. `account` NULL: the agent's own session. */
must_check bool content_token_kept(struct steam_content *s, const char *account,
	const struct content_token_ask *ask, char ret[static STEAM_CONTENT_TOKEN_MAX]);
