/*
 * tunnel_msg: what the frames of the agent tunnel carry. One struct and one field table per message; tunnel_msgs.def lists
 * them. A payload is one JSON object. A RESULT has two lines: the object, a newline, and the result as JSON text, or that packed
 * (wire/packed): it may be tens of megabytes, so it is handed through as it came and NOT looked at here. Who takes a result
 * unpacks and reads it on a worker.
 *
 * Decoding skips members that it does not know: so a newer end may add some. Texts and lists of a decoded message live in
 * the arena. Pure. control-plane.md 6.12, docs/protocol/tunnel.md.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"
#include "wire/tunnel_fleet.h"

#define TUNNEL_MSG_PROTO 1 /* the one version there is */

#define TUNNEL_MSG_TASKS_MAX   10000 /* of one list of tasks */
#define TUNNEL_MSG_ACTIONS_MAX 512
#define TUNNEL_MSG_MAX         (64u << 20) /* of a message in several frames */

enum tunnel_msg_type {
#define MSG(name, type, member, kind, from, many, doc) TUNNEL_MSG_##name = (type),
#include "wire/tunnel_msgs.def"
#undef MSG
	TUNNEL_MSG_TYPES /* one more than the last */
};

enum tunnel_msg_from { TUNNEL_MSG_FROM_AGENT = 1, TUNNEL_MSG_FROM_CONTROL = 2, TUNNEL_MSG_FROM_BOTH = 3 };

/* UNKNOWN: the effect may have happened or not. */
enum tunnel_msg_outcome { TUNNEL_MSG_SUCCEEDED, TUNNEL_MSG_FAILED, TUNNEL_MSG_CANCELED, TUNNEL_MSG_UNKNOWN };
extern const char *const tunnel_msg_outcome_words[];

/* One attempt of a task: the item of every list; ACCEPT, RESULT_ACK and STALE say no more. */
struct tunnel_msg_task {
	const char *task_id;
	uint32_t attempt;
};

struct tunnel_msg_challenge {
	const char *nonce, *ephemeral, *signature; /* hexadecimal */
	int64_t time_ms;
};

struct tunnel_msg_capacity {
	uint32_t tasks;     /* at once */
	uint32_t downloads; /* of these; 0: as many as tasks */
};

struct tunnel_msg_hello {
	const char *agent_id, *boot_id, *version, *region_id;
	uint32_t proto_min, proto_max;
	struct field_list capabilities; /* of const char *: names of actions */
	struct tunnel_msg_capacity capacity;
	struct field_list inflight;        /* of struct tunnel_msg_task: running, or ended and not acknowledged */
	const char *ephemeral, *signature; /* hexadecimal */
};

struct tunnel_msg_welcome {
	const char *session_id;
	uint32_t proto;
	int64_t epoch;            /* counts the agent's connections */
	struct field_list cancel; /* of struct tunnel_msg_task: in flight, but no longer the agent's */
	uint32_t heartbeat_ms, lease_ms;
	int64_t time_ms;
	bool packed; /* results may be packed (wire/packed) */
	const char
		*history; /* names the database's past: another name is another past (a restore). NULL: not told */
};

struct tunnel_msg_heartbeat {
	int64_t mono;                    /* the agent's monotonic milliseconds */
	uint32_t load, active, sessions; /* workers in use in percent; tasks; Steam sessions */
};
struct tunnel_msg_heartbeat_ack {
	int64_t mono;
};
struct tunnel_msg_credit {
	int64_t n;
};

struct tunnel_msg_dispatch {
	const char *task_id, *job_id, *nonce, *action;
	uint32_t attempt;
	const char *account_id, *login; /* NULL: the action needs no account */
	const char *payload;            /* JSON, checked */
	uint32_t timeout_ms;
	int64_t not_after_ms; /* the agent does not begin it later; 0: whenever */
	const char *class;    /* a word of task_class_words; the agent refuses one that is not its own action's */
	const char *trace_id; /* NULL: none */
	const char *traceparent; /* of the span that the attempt is part of, see wire/trace; NULL: none */
	const char *
		sealed; /* hexadecimal: the payload's secret members, sealed to the agent (wire/seal); NULL: none */
	bool probe;     /* an attempt before may have had its effect: find out first */
	int64_t intent_ms;  /* with probe: when that attempt declared its effect; 0: not known */
	const char *intent; /* with probe: what the first whose end is not known declared; NULL: not known */
	bool dry_run;       /* say what would be done, and do nothing */
};

struct tunnel_msg_reject {
	const char *task_id;
	uint32_t attempt;
	const char *reason; /* a code: unknown_action, capacity, expired, class_mismatch, draining */
};
struct tunnel_msg_progress {
	const char *task_id;
	uint32_t attempt;
	const char *data; /* JSON, checked */
};
struct tunnel_msg_event {
	const char *type, *account_id; /* account_id NULL: none */
	const char *payload;           /* JSON, checked */
	int64_t wal_pos;
};
struct tunnel_msg_ack {
	int64_t wal_pos;
};

struct tunnel_msg_failure {
	const char *code, *detail; /* code NULL: no error */
	bool retryable;
	uint32_t eresult;  /* Steam's own; 0: none */
	uint32_t again_ms; /* how long the other side asked to be left alone; 0: it did not */
};
struct tunnel_msg_result {
	const char *task_id, *nonce;
	uint32_t attempt;
	int outcome; /* enum tunnel_msg_outcome */
	const char *
		result; /* JSON text as the agent gave it, or packed (wire/packed), NOT checked; NULL: none. NUL after it */
	size_t result_n;
	struct tunnel_msg_failure error;
};

struct tunnel_msg_cancel {
	const char *task_id;
	uint32_t attempt;
	uint32_t deadline_ms; /* from now */
};
struct tunnel_msg_tune {
	const char *task_id;
	uint32_t attempt;
	int64_t bps; /* bits a second; 0: no limit */
};
struct tunnel_msg_reconcile {
	struct field_list tasks; /* of struct tunnel_msg_task */
};
struct tunnel_msg_goaway {
	const char *reason;
	uint32_t retry_after_ms, drain_ms;
};
struct tunnel_msg_error {
	const char *code, *detail;
};

struct tunnel_msg {
	enum tunnel_msg_type type;
	union {
#define MSG(name, type, member, kind, from, many, doc) struct tunnel_msg_##kind member;
#include "wire/tunnel_msgs.def"
#undef MSG
	};
};

/* What tunnel_msgs.def says of a type. NULL, 0 and false for a number that is none. */
const char *tunnel_msg_name(unsigned type); /* "HELLO" */
enum tunnel_msg_from tunnel_msg_who(unsigned type);
bool tunnel_msg_is_long(unsigned type); /* may it come in several frames? */
const struct field *tunnel_msg_fields(unsigned type);
const char *tunnel_msg_doc(unsigned type);

/* Adds the payload. */
void tunnel_msg_encode(const struct tunnel_msg *m, struct buf *to);

/* RC_INVALID with the reason when it is no such message; RC_NOMEM past the arena's limit. */
must_check enum rc tunnel_msg_decode(
	unsigned type, const uint8_t *p, size_t n, struct arena *a, struct tunnel_msg *ret, struct fault *f);
