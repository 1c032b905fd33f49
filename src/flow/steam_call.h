/*
 * steam_call: one question to Steam and its answer, from the first request to the last part of the last response.
 *
 * The session (flow/steam_session) owns a call until it is answered; then its taker does, reads the result and frees it.
 * All that the result points to lives in the call. `rc` is RC_OK, or why not: RC_TIMEOUT (its deadline passed), RC_AWAY (the
 * connection was lost, or Steam's service is not there), RC_REFUSED (Steam says that the job failed), RC_MALFORMED (an answer that
 * cannot be read), RC_TOO_LARGE. What had been answered until then is in the result all the same.
 *
 * Source: steam-protocol facts, section 3.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/list.h"
#include "base/own.h"
#include "wire/steam/pics.h"

struct steam_frame;

#define STEAM_CALL_IDS_MAX        5000 /* apps and packages of one call */
#define STEAM_CALL_BATCH_FULL     50   /* ids of one request for whole records */
#define STEAM_CALL_BATCH_META     5000 /* ids of one request for change numbers only */
#define STEAM_CALL_TOKEN_APPS     100  /* ids of one request for access tokens */
#define STEAM_CALL_TOKEN_PACKAGES 200
#define STEAM_CALL_WINDOW         2            /* requests of one call under way at once */
#define STEAM_CALL_BYTES_MAX      (128u << 20) /* memory of one call */

#define STEAM_CALL_BODY_MAX (4u << 20) /* of a request of JOB, SERVICE, SEND */
#define STEAM_CALL_ALIVE_MAX \
	6 /* their deadline, moved on by Steam's "still at work", is at most so many times as far */

/* JOB, SERVICE and SEND carry any message: one request, and at most one answer whose body is in the result. */
enum steam_call_kind {
	STEAM_CALL_PING,
	STEAM_CALL_CHANGES,
	STEAM_CALL_PRODUCTS,
	STEAM_CALL_JOB, /* `emsg` and `body`; the answer is the message with our job */
	STEAM_CALL_SERVICE, /* `method` ("Player.GetOwnedGames#1") and `body`; the answer's eresult and error text count */
	STEAM_CALL_SEND, /* `emsg` and `body`, or `method` and `body`; ends at once */
};

enum steam_product_state {
	STEAM_PRODUCT_UNANSWERED, /* left out of the answers, or not reached before the call ended */
	STEAM_PRODUCT_KNOWN,
	STEAM_PRODUCT_UNKNOWN, /* Steam says that there is no such id */
	STEAM_PRODUCT_DAMAGED, /* the buffer does not have the SHA-1 that came with it */
};

struct steam_product {
	enum pics_kind kind;
	uint32_t id;
	uint64_t token; /* 0: none. Given by the asker, or by Steam when it was found to be needed */
	enum steam_product_state state;
	uint32_t change_number, size;
	bool missing_token; /* the record is the public part only, or empty */
	bool denied;        /* Steam gives us no token for it */
	bool has_sha;
	uint8_t sha[PICS_SHA];
	const uint8_t *buffer; /* for pics_parse; NULL in a metadata-only call */
	size_t buffer_n;
};

struct steam_change {
	uint32_t id, number;
	bool needs_token;
};

/* Does the buffer have the SHA-1 that came with it? Any thread. */
bool steam_call_is_whole(const struct steam_product *p);

struct steam_changes {
	uint32_t current, since;
	bool full_apps, full_packages; /* too long ago: everything may have changed, and the lists are empty */
	struct steam_change *apps, *packages;
	size_t apps_n, packages_n;
};

struct steam_call_item; /* a product's way through the call */

struct steam_call {
	struct list node; /* steam_calls.running, then .ended until it is taken */
	uint64_t id;
	enum steam_call_kind kind;
	void *owner; /* the asker's */
	uint64_t asked_ms, deadline_ms, ended_ms;
	bool ended;
	enum rc rc;
	struct fault fault; /* the words, when rc is not RC_OK */

	uint32_t current;             /* STEAM_CALL_PING: Steam's newest change number */
	struct steam_changes changes; /* STEAM_CALL_CHANGES */
	uint32_t emsg;                /* STEAM_CALL_JOB: of the answer */
	int32_t eresult;              /* STEAM_CALL_SERVICE: of its header; not 1: rc is RC_REFUSED */
	const uint8_t *body;          /* STEAM_CALL_JOB, _SERVICE: of the answer; NULL: empty */
	size_t body_n;
	bool sent; /* any of the request was handed to the connection: it may have had its effect */
	struct steam_product *products; /* STEAM_CALL_PRODUCTS, in the order they were asked */
	size_t products_n;
	bool metadata_only;

	/* Below is for steam_call.c alone. */
	struct arena arena;
	struct steam_call_item *items; /* beside products */
	struct {
		uint32_t emsg;
		bool is_struct;
		const char *method; /* NULL: none */
		const uint8_t *body;
		size_t body_n;
	} request;        /* STEAM_CALL_JOB, _SERVICE, _SEND */
	uint32_t *sorted; /* indices into products, by kind and id */
	bool unchecked;
	uint32_t gap_ms;
	uint64_t length_ms; /* from the ask to the first deadline */
	uint64_t next_ms;   /* no further request for product info before it */
	struct {
		uint64_t job;  /* 0: free */
		uint32_t emsg; /* of the answer */
	} jobs[STEAM_CALL_WINDOW];
};

struct steam_ask {
	enum steam_call_kind kind;
	void *owner;
	uint64_t deadline_ms;                 /* a moment, not a duration */
	uint32_t since;                       /* STEAM_CALL_CHANGES */
	const struct steam_product *products; /* STEAM_CALL_PRODUCTS: kind, id and token are read */
	size_t products_n;
	bool metadata_only; /* change numbers, sizes and SHA-1s only; no tokens are asked for */
	bool unchecked;     /* the asker asks steam_call_is_whole itself, on a thread of its own */
	uint32_t gap_ms;    /* from the start of one request to the start of the next */
	uint64_t from_ms;   /* STEAM_CALL_PRODUCTS: no request before it; 0: at once */
	uint32_t emsg;      /* STEAM_CALL_JOB, _SEND */
	bool is_struct;     /* their body is no protobuf: struct header */
	const char *method; /* STEAM_CALL_SERVICE; STEAM_CALL_SEND of a notification */
	const void *body;   /* of these three; copied */
	size_t body_n;
};

/* RC_INVALID when the ask makes no sense. */
must_check enum rc steam_call_new(
	const struct steam_ask *ask, uint64_t now_ms, struct steam_call **ret_call, struct fault *f);
void steam_call_free(struct steam_call *c);
OWN_DEFINE(steam_call)

/* Appends the request that may leave now to `to` and returns true; false when none may. `head` brings steamid, session and the
 * new job in job_source; without a steamid it is not logged on, and a service is asked so. */
bool steam_call_request(struct steam_call *c, uint64_t now_ms, struct steam_frame head, struct buf *to);

/* A message came that answers a job. False when the job is not one of this call's. */
bool steam_call_feed(struct steam_call *c, uint64_t now_ms, const struct steam_frame *frame);

/* When to look at it again: its deadline, or the next request. */
uint64_t steam_call_due(const struct steam_call *c);

bool steam_call_has_job(const struct steam_call *c, uint64_t job);

/* Ends it, unless it has ended. */
void steam_call_end(struct steam_call *c, uint64_t now_ms, enum rc rc, const char *why);
