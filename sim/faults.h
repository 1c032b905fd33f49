/*
 * faults: what goes wrong, and when. A rule is one line:
 *
 *      NAME@CALLS:EFFECT[,EFFECT...]        logon@3,17,40:eresult=43     product_info@*:latency=250     changes@5+:drop
 *
 * NAME is a kind of request (see requests.def) or `any`. CALLS counts the requests of that name since the start: `*`, or a list of
 * N, A-B and N+. All rules that fit a request take effect together; their latencies add up. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULTS_MAX      200 /* rules */
#define FAULTS_TEXT_MAX 300
#define FAULTS_SPANS    32 /* parts of one rule's CALLS */

enum request {
#define REQUEST(id, name, doc) REQUEST_##id,
#include "sim/requests.def"
#undef REQUEST
	REQUEST_COUNT,
};

const char *faults_request_name(enum request r); /* "product_info" */

/* What shall happen to one request; all zero: nothing. */
struct effect {
	uint32_t latency_ms;
	int32_t eresult;           /* 0: none */
	uint32_t http;             /* status; 0: none */
	uint32_t retry_after_s;    /* told with 429 */
	uint32_t login_throttle_s; /* the asker's address is held off */
	uint32_t clock_skew_s;     /* the times that are told are so much later */
	uint32_t cdn_slow_ms;      /* the body comes so slowly: one piece each */
	uint32_t server;           /* of a rule: it is for this content server alone; 0: for all */
	bool drop;                 /* no answer */
	bool cm_drop;              /* the connection is closed */
	bool half_open;            /* from now on the connection neither hears nor says anything */
	bool commit_drop;          /* done, but no answer */
	bool commit_5xx;           /* done, but told to have failed */
	bool commit_reset;         /* done, and then the connection is closed */
	bool login_redirect;       /* a web page sends to the login page */
	bool session_expired;      /* a web page says that nobody is logged on */
	bool token_revoked;        /* all tokens of the account are revoked from now on */
	bool logged_in_elsewhere;  /* the session is logged off */
	bool empty;                /* an answer without what was asked for */
	bool gap;                  /* changes since: everything may have changed */
	bool coalesce;             /* changes since: only half of what changed is told */
	bool missing_token;
	bool cdn_corrupt, cdn_truncate;
	/* Trades: see faults.c */
	uint32_t listing_lag_s, listing_omits, escrow_days, protection_days, reversal_s, stale_s,
		confirmation_lag_s;
	bool glitched, rollback, inventory_private, inventory_full, duplicate_confirmation;
};

/* Does what was asked for happen? */
bool effect_runs(const struct effect *e);
/* Does the one who asked hear of it? */
bool effect_tells(const struct effect *e);

struct rule {
	char text[FAULTS_TEXT_MAX];
	enum request request; /* REQUEST_COUNT: any */
	struct {
		uint64_t first, last;
	} spans[FAULTS_SPANS];
	size_t spans_n;
	struct effect effect;
	uint64_t hits;
};

struct faults {
	struct rule *at;
	size_t n;
};

must_check enum rc faults_add(struct faults *fs, const char *line, struct fault *f);
void faults_clear(struct faults *fs);

/* The effects on the `call`th request (from 1) of this name. */
struct effect faults_on(struct faults *fs, enum request r, uint64_t call);

/* The same for one of several servers, from 1; 0: there is one. */
struct effect faults_on_server(struct faults *fs, enum request r, uint64_t call, uint32_t server);

/* Appends the help text: names and effects. */
void faults_help(struct buf *to);
