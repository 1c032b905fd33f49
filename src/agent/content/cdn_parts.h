/* cdn_parts: what cdn.c, cdn_fetch.c, cdn_manifest.c and cdn_chunks.c share. */
#pragma once

#include "agent/content/cdn_run.h"
#include "agent/content/steam_content.h"
#include "base/buf.h"
#include "io/lock.h"

struct http_caller;
struct pool;

#define CDN_AGAIN_MS 20 /* how soon is looked again whether a connection is free */

/* A kept connection: a libcurl handle that speaks to one server only. */
struct cdn_line {
	struct http_caller *caller; /* NULL: none */
	char host[CDN_CHOICE_HOST];
	bool busy;
	uint64_t used_ms;
};

struct cdn {
	struct cdn_conf conf;
	struct lock lock;     /* guards choice, lines, runs */
	pthread_cond_t freed; /* a connection is */
	struct cdn_choice choice;
	struct cdn_line lines[CDN_CHOICE_IN_ALL];
	char lan[CDN_CHOICE_HOST]; /* the cache in the local network; "": there is none */
	uint64_t lan_ms;           /* when to look for it again */
	struct {
		uint32_t depot;
		uint64_t gid;
	} filled[CDN_FILLED_MAX]; /* a ring */
	unsigned filled_n;
	unsigned runs;     /* under way; after the last no connection is kept */
	struct pool *pool; /* its jobs are those of pipeline.h */
};

/* One request to one server. */
struct cdn_fetch {
	struct cdn *cdn;
	unsigned server;
	const char *account; /* whose token goes with it; NULL: the agent's own */
	uint32_t app, depot;
	const char *path;                  /* begins with '/' */
	size_t most;                       /* of the body; more than that is CDN_CHOICE_BAD */
	struct buf *to;                    /* appended; NULL: it is only counted */
	struct pace_job *pace;             /* NULL: none */
	struct cdn_stats *stats;           /* NULL: none */
	bool (*halt)(void *ctx);           /* NULL: nobody */
	void *ctx;                         /* of halt */
	void (*came)(void *ctx, size_t n); /* NULL: nobody cares */
	void *came_ctx;
};

struct cdn_fetched {
	struct cdn_choice_done done; /* `server` and all else, for cdn_choice_done */
	uint64_t bytes;
	int status;
	enum chunk_error error; /* when it is not good, and was not stopped */
};

/* Which server was picked tells its own name; a copy, for it may leave the list meanwhile. */
void cdn_fetch(const struct cdn_fetch *what, struct cdn_fetched *ret);

/* The newest list of servers, when there is a newer one. The task's thread. */
must_check enum rc cdn_refresh(struct action_task *t, struct fault *f);

/* Looks for a cache in the local network, when it is time to. "": there is none. The task's thread. */
void cdn_find_lan(struct cdn *c, char ret[static CDN_CHOICE_HOST]);

/* Waits until a connection is free, CDN_AGAIN_MS at most. */
void cdn_rest(struct cdn *c);

/* A run, or a manifest, begins and ends. */
void cdn_enter(struct cdn *c);
void cdn_leave(struct cdn *c);

/* The code and the words for why a chunk or manifest cannot be had. */
must_check enum rc cdn_failed(struct action_task *t, const struct cdn_choice_try *try, enum cdn_choice_why why,
	const char *what, struct fault *f);

/* The task's thread: asks for the token that a server wants, and tells the choice. */
void cdn_bring_token(struct action_task *t, uint32_t app, uint32_t depot, unsigned server);
