/*
 * cdn_choice: which content server is asked next, and what follows from its answer. Servers of one agent, the chunks of all its
 * downloads. Pure: moments are arguments; one thread at a time.
 *
 *      a chunk:    cdn_choice_pick ──> GO server ──> (it is asked) ──> cdn_choice_done ──> done, again, or failed
 *                       └──> WAIT until a moment, or until a connection is free       └──> FAIL
 *
 * A server is picked by the rate it had (EWMA), at least CDN_CHOICE_ROTATION of them in turn. One that fails is left alone for
 * CDN_CHOICE_PENALTY_MS, each time twice as long; one that denies a depot, with a token too, is not asked for that depot again. A chunk is
 * tried CDN_CHOICE_TRIES times in a round, then rests. Source: product.md 5.9.3.
 */
#pragma once

#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CDN_CHOICE_SERVERS        32
#define CDN_CHOICE_HOST           128
#define CDN_CHOICE_APPS           16 /* that a server is for alone */
#define CDN_CHOICE_MARKS          32 /* depots of one server that are remembered */
#define CDN_CHOICE_ROTATION       5
#define CDN_CHOICE_PER_SERVER     8  /* connections */
#define CDN_CHOICE_IN_ALL         30 /* connections */
#define CDN_CHOICE_TRIES          7  /* of a chunk in a round */
#define CDN_CHOICE_MISSING        3  /* servers that have not got it: then nobody has */
#define CDN_CHOICE_PENALTY_MS     30000
#define CDN_CHOICE_PENALTY_MAX_MS 600000
#define CDN_CHOICE_ROUND_MS       5000
#define CDN_CHOICE_ROUND_MAX_MS   300000
#define CDN_CHOICE_REFUSED_MS     600000 /* how long a depot's denial is remembered */

/* As Steam's list has it. */
struct cdn_choice_host {
	char host[CDN_CHOICE_HOST], vhost[CDN_CHOICE_HOST]; /* with a port when it is not the usual */
	char via[CDN_CHOICE_HOST]; /* where it is reached instead: a cache in the local network; "": itself */
	bool https;
	uint32_t apps[CDN_CHOICE_APPS];
	unsigned apps_n; /* 0: it is for all */
};

/* What is known of a server and a depot. */
struct cdn_choice_mark {
	uint32_t depot; /* 0: free */
	bool asking;    /* it denied; a token is asked for, and until it is there nobody asks for this depot here */
	bool given;     /* a token was got, and nothing went well with it yet */
	uint64_t given_ms; /* when */
	uint64_t until_ms; /* it denied with the token, too: not asked before this. 0: it did not */
};

struct cdn_choice_server {
	struct cdn_choice_host host;
	bool there;           /* in the newest list; a slot that is not, and has no connection, is free */
	unsigned open;        /* connections */
	double rate;          /* bytes a second of one connection, EWMA; 0: not known */
	double turn;          /* of the weighted round */
	unsigned strikes;     /* failures, until it went well for CDN_CHOICE_PENALTY_MAX_MS */
	uint64_t struck_ms;   /* the last one that counted; those of requests begun before are the same failure */
	uint64_t rests_until; /* 0: it does not rest */
	uint32_t errors;      /* since it is known */
	struct cdn_choice_mark marks[CDN_CHOICE_MARKS];
	unsigned marks_next;
};

struct cdn_choice {
	struct cdn_choice_server at[CDN_CHOICE_SERVERS];
	unsigned open; /* connections in all */
};

/* One chunk (or manifest) on its way. Zeroes but the first two. */
struct cdn_choice_try {
	uint32_t app, depot;
	uint32_t tried;   /* a bit for each server of this round */
	uint32_t missing; /* a bit for each that has not got it */
	unsigned tries;   /* in this round */
	unsigned rounds;
	uint64_t not_before;
	bool bad; /* the last answer was not what was wanted (RC_MALFORMED), rather than none */
};

enum cdn_choice_go { CDN_CHOICE_GO, CDN_CHOICE_WAIT, CDN_CHOICE_FAIL };

enum cdn_choice_why { CDN_CHOICE_MISSES, CDN_CHOICE_DENIED, CDN_CHOICE_NOBODY };

struct cdn_choice_turn {
	enum cdn_choice_go go;
	unsigned server;         /* GO: is then busy with one more connection, until cdn_choice_done */
	uint64_t at_ms;          /* WAIT: a moment; UINT64_MAX: until a connection is free */
	enum cdn_choice_why why; /* FAIL */
};

/* How it went. */
enum cdn_choice_end {
	CDN_CHOICE_GOOD,    /* what came is right */
	CDN_CHOICE_BAD,     /* what came is wrong: its hash, its length, its form */
	CDN_CHOICE_ERROR,   /* 5xx, no connection, cut off, or any answer that makes no sense */
	CDN_CHOICE_SLOW,    /* a time-out */
	CDN_CHOICE_BUSY,    /* 429 */
	CDN_CHOICE_DENIES,  /* 401, 403 */
	CDN_CHOICE_LACKS,   /* 404 */
	CDN_CHOICE_STOPPED, /* by us: says nothing of the server */
};

struct cdn_choice_done {
	unsigned server;
	enum cdn_choice_end end;
	uint64_t began_ms;
	uint64_t bytes, took_us; /* GOOD: for the rate; without the time that we made it wait. 0: none */
	uint64_t again_ms;       /* BUSY: what Retry-After said, in ms; 0: nothing */
};

enum cdn_choice_next {
	CDN_CHOICE_IS_DONE,
	CDN_CHOICE_AGAIN, /* pick once more */
	CDN_CHOICE_TOKEN, /* ask Steam for a token for this server and depot, say cdn_choice_token or _refuse, and pick once more */
};

/* The newest list, best first. What is known of a server that stays is kept. More than fit are left out. */
void cdn_choice_list(struct cdn_choice *c, const struct cdn_choice_host *hosts, size_t n);
bool cdn_choice_is_empty(const struct cdn_choice *c);

struct cdn_choice_turn cdn_choice_pick(struct cdn_choice *c, struct cdn_choice_try *t, uint64_t now_ms);

/* The connection is given back. It may be known only later that what came is bad: then it is told GOOD first, and then cdn_choice_spoilt. */
enum cdn_choice_next cdn_choice_done(
	struct cdn_choice *c, struct cdn_choice_try *t, const struct cdn_choice_done *d, uint64_t now_ms);
void cdn_choice_spoilt(
	struct cdn_choice *c, struct cdn_choice_try *t, const struct cdn_choice_done *d, uint64_t now_ms);

void cdn_choice_token(struct cdn_choice *c, uint32_t depot, unsigned server, uint64_t now_ms);
/* Steam gave no token: the server is not asked for this depot for a while. */
void cdn_choice_refuse(struct cdn_choice *c, uint32_t depot, unsigned server, uint64_t now_ms);
