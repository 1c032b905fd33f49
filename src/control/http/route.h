/*
 * route: the table that is the API. One row is one operation: who may call it, what goes in, what comes out, and the
 * sentence that the reference prints. http/perform authorizes, decodes, checks, runs and encodes after the row alone; so a
 * handler does nothing but its work.
 *
 * A ROUTE_WRITE handler runs inside the writer's transaction: all that it did is undone unless it answers RC_OK. What takes
 * long (a password's hash, a call to somebody outside) is not done there but by `before`, on a thread of its own kind
 * (READER_SLOW_*), with a read connection: the request is authenticated, authorized and decoded, then `before` leaves what it
 * found in call.found; then all of it once more on the writer, for the caller may have lost the right meanwhile, and `run`.
 * `before` must not take longer than ROUTE_BEFORE_MS. It is not run for a client that is gone, nor at the end of the process.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/scope.h"

struct answer_file;
struct buf;
struct field_reader;
struct grants;
struct later;
struct meter_limits;
struct web_request;

#define ROUTE_TENANT_DEFAULT TX_TENANT_DEFAULT
#define ROUTE_ARGS_MAX       3     /* {…} in a path */
#define ROUTE_COOKIES_MAX    3     /* Set-Cookie of one answer */
#define ROUTE_BEFORE_MS      10000 /* of a row's `before` */

enum route_flag {
	ROUTE_WRITE = 1,      /* changes something: runs on the writer */
	ROUTE_IDEMPOTENT = 2, /* needs an Idempotency-Key, and answers a repeat as it did the first */
	ROUTE_MATCH = 4,      /* needs If-Match */
	ROUTE_LIST = 8,       /* ret_out is a struct page of the items that `out` describes */
	ROUTE_RAW = 16,       /* the handler writes call.body itself; `out_type` is its media type */
	ROUTE_WAIT = 32,      /* the answer is a job; Prefer: wait=N holds it until the job is over */
	ROUTE_STREAM = 64,    /* can also be a stream of events: see call.streams */
	ROUTE_ACCEPTED = 128, /* a key is welcome but not required */
	ROUTE_TEXT = 256,     /* the body may be text/plain instead: see call.text */
	ROUTE_MAYBE = 512,    /* the body may be left out; call.in is then NULL */
	ROUTE_LOOP = 1024,    /* answered on the loop, at once: no database (tx.db is NULL), no scope, no waiting */
	ROUTE_SOCKET = 2048,  /* with ROUTE_STREAM: it is a WebSocket, see call.streams */
	ROUTE_FORM = 4096,    /* the body is a form (application/x-www-form-urlencoded), read by `in` */
	ROUTE_NARROWED = 8192, /* open to narrowed grants without an object: its handler holds them, or need not */
	ROUTE_LENIENT = 16384, /* parameters of the query or form that the row does not know are skipped */
	ROUTE_STEP_UP = 32768, /* sensitive: people need a fresh proof of who they are (people/step_up) */
	ROUTE_SLOW = 131072,   /* a read that takes long: on the slow readers */
	ROUTE_BYTES = 262144,  /* the body is bytes (application/octet-stream): see call.text */
	ROUTE_AUDITED = 65536, /* a read that leaves an audit record, before its answer */
	ROUTE_COMPAT = 524288, /* as others speak: X-API-Key, a list is an array, a stream unasked */
};

/* Whose the things are that a row is about. Without one, nobody may call it. */
enum route_reach {
	REACH_NONE,
	REACH_OPEN,     /* everyone's: no credential is asked for */
	REACH_SELF,     /* the caller's own: any credential will do */
	REACH_TENANT,   /* the caller's tenant's */
	REACH_SHARED,   /* the installation's: every tenant may read, only its own (ROUTE_TENANT_DEFAULT) write */
	REACH_PLATFORM, /* the installation's: only its own tenant may read */
	REACH_COUNT
};

/* What an id is the id of: access/objects.def says where it stands whose it is. */
enum object_kind {
	OBJECT_NONE,
#define OBJECT(name, ...) OBJECT_##name,
#include "control/access/objects.def"
#undef OBJECT
	OBJECT_COUNT
};

enum object_flag {
	OBJECT_CROSSED = 1, /* the installation's administrator may touch that of any tenant */
	OBJECT_HELD = 2,    /* regions and labels were held against its maker's selectors when it was made */
};

enum principal_kind {
	PRINCIPAL_NOBODY,
	PRINCIPAL_KEY,
	PRINCIPAL_USER,
};

/* Who calls (access/door). In the call's arena. */
struct principal {
	enum principal_kind kind;
	const char *id;        /* apk_…, usr_…; "" for nobody */
	const char *name;      /* for people */
	const char *actor;     /* as the audit trail and an object's owner have it: "key:apk_…", "user:usr_…" */
	const char *tenant_id; /* whose things they see and make; NULL: ROUTE_TENANT_DEFAULT */
	const struct grants *grants;       /* model/grant; NULL: none */
	const char *session_id;            /* ses_…, of a person who logged in; else NULL */
	int64_t authenticated_at;          /* ms: when a person last proved who they are; 0: a key */
	bool second_factor;                /* with more than a password */
	int64_t expires_at;                /* ms: of the credential; 0: never */
	const char *user_id;               /* PRINCIPAL_KEY: whose service key it is; NULL: nobody's */
	const struct meter_limits *limits; /* of its requests; NULL: none */
};

bool route_may(const struct principal *who, enum scope s);
struct page {
	struct field_list items;
	const char *next; /* cursor of the page after this one; NULL at the end */
};

/* The query every list has; a list's own query struct begins with it. */
struct page_query {
	uint32_t limit;
	const char *cursor;
};
#define PAGE_LIMIT_DEFAULT 50
#define PAGE_LIMIT_MAX     500
#define PAGE_QUERY_FIELDS(query)                                                               \
	{ .name = "limit",                                                                     \
		.type = FIELD_U32,                                                             \
		FIELD_AT(query, page.limit),                                                   \
		.min = 1,                                                                      \
		.max = PAGE_LIMIT_MAX,                                                         \
		.def = PAGE_LIMIT_DEFAULT,                                                     \
		.doc = "How many items at most." },                                            \
	{                                                                                      \
		.name = "cursor", .type = FIELD_STR, FIELD_AT(query, page.cursor), .max = 256, \
		.doc = "nextCursor of the page before."                                        \
	}

struct call {
	struct tx tx; /* tx.db: a read connection unless ROUTE_WRITE */
	const struct route *route;
	const struct web_request *request; /* its headers */
	const struct principal *who;
	const char *arg[ROUTE_ARGS_MAX]; /* what stood for {…} in the path */
	const void *in, *query;          /* decoded, see the row; NULL when it has none */
	const char *query_text;          /* the query as it came, not decoded; "": none */
	const char *text;                /* ROUTE_TEXT: the body; NULL: it is JSON, see `in` */
	size_t text_n;
	uint64_t given;              /* which members a merge patch had */
	const char *if_match;        /* ROUTE_MATCH: the version the caller read */
	struct field_reader *reader; /* for problems that a table cannot see */
	const char *cookies;         /* the Cookie header as it came; NULL: none. See wire/cookie */
	const char *user_agent;      /* NULL: it sent none */
	bool ours;                   /* no other site made a browser send this, as far as it tells */
	const void *found;           /* what `before` left, in its arena; it lives until `run` is over */
	/* The answer, besides ret_out: */
	int status;                                /* 0: the row's; 303 and `location`: a browser goes on there */
	const char *location;                      /* in the arena */
	const char *set_cookie[ROUTE_COOKIES_MAX]; /* whole values of Set-Cookie, in the arena; NULL: none */
	/* ROUTE_WRITE: answer with this error and tx.fault, but keep what was done. The handler returns RC_OK. RC_OK: none. */
	enum rc refuse;
	int64_t version;    /* becomes the ETag when not 0 */
	const char *job_id; /* ROUTE_WAIT: the job to wait for, unless job_over */
	bool job_over;
	struct buf *body;         /* ROUTE_RAW */
	struct answer_file *file; /* ROUTE_RAW: the body is this instead; see http/answer_file */
	const char *out_type;     /* ROUTE_RAW: another than the row's; lives for ever. NULL: the row's */
	bool streams;             /* ROUTE_STREAM: the caller asks for server-sent events, or for the WebSocket */
	const char *last_event_id;
	const char *accept;     /* as the caller sent it; NULL: it did not */
	struct feed_wish *wish; /* ROUTE_STREAM: what to subscribe to; taken over by http/serve */
};

struct route {
	const char *method, *path;
	enum scope scope;
	enum route_reach reach;
	enum object_kind object; /* what the first {…} of the path is; OBJECT_NONE: nothing that has an owner */
	enum object_kind lists;  /* what the items of a list are, when their `id` is the id of one */
	unsigned flags;
	int status; /* of success; 0: 200 */
	const struct field *query;
	size_t query_size;
	const struct field *in;
	size_t in_size;
	const struct field *out;
	size_t out_size;
	const char *out_type;              /* ROUTE_RAW */
	enum rc (*before)(struct call *c); /* with ROUTE_WRITE; see above. NULL: none */
	enum rc (*run)(struct call *c, void *ret_out);
	const char *name; /* operationId, and the name in the metrics */
	const char *doc;
};

/* Checks If-Match against a version; RC_STALE when another has changed it since. */
must_check enum rc route_match(struct call *c, int64_t version);

/*
 * Runs the row's handler: the one place from which handlers are called. One that changes something (ROUTE_WRITE) and wrote no audit
 * record itself gets one that is named after the route. (http/route_run)
 */
must_check enum rc route_run(struct call *c, void *ret_out);

/* The answer with that status is this body: when it shows the thing that was changed, the record of the change has its hash. */
void route_run_shown(struct call *c, int status, const struct buf *body);

/*
 * What the call was, for the audit trail, to be written later (audit/later): a read that is audited, or one that was refused to somebody
 * we know. NULL: neither. RC_NOMEM: it has to be recorded and cannot be.
 */
must_check enum rc route_run_note(
	const struct call *c, enum rc ended, const char *query, const char *why, struct later **ret);
