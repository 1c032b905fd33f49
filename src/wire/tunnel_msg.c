#include "wire/tunnel_msg.h"

#include "wire/field_json.h"
#include "wire/tunnel_auth.h"

#include <string.h>

#define ID_CHARS    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.:"
#define HEX_CHARS   "0123456789abcdef"
#define ID_LEN      64
#define DETAIL_LEN  1024
#define CODE_LEN    64
#define VERSION_LEN 64
#define SEALED_LEN  32768
#define RESULT_HEAD 512 /* of a RESULT without an error, about */

#define NEEDED FIELD_REQUIRED
#define MAYBE  (FIELD_NULLABLE | FIELD_OMIT)

/* A row: how a member is called in JSON and in C, and what bounds it. */
#define ROW(s, name_, member, type_, flags_) \
	.name = (name_), FIELD_AT(struct tunnel_msg_##s, member), .type = (type_), .flags = (flags_)
#define ID(s, name, member, flags)   ROW(s, name, member, FIELD_STR, flags), .max = ID_LEN, .chars = ID_CHARS
#define TEXT(s, name, member, flags) ROW(s, name, member, FIELD_STR, flags)
#define U32(s, name, member, flags)  ROW(s, name, member, FIELD_U32, flags)
#define I64(s, name, member, flags)  ROW(s, name, member, FIELD_I64, flags), .max = INT64_MAX
#define TASKS(s, name_, member)                                                                \
	ROW(s, name_, member, FIELD_LIST, NEEDED), .item = FIELD_OBJ, .sub = task_fields,      \
						   .sub_size = sizeof(struct tunnel_msg_task), \
						   .max = TUNNEL_MSG_TASKS_MAX

const char *const tunnel_msg_outcome_words[] = { "succeeded", "failed", "canceled", "unknown", NULL };

/* clang-format off */
static const struct field task_fields[] = {
	{ ID(task, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(task, "attempt", attempt, NEEDED), .doc = "which attempt of it, from 1" },
	{ 0 },
};

static const struct field challenge_fields[] = {
	{ TEXT(challenge, "nonce", nonce, NEEDED), .max = 64, .chars = HEX_CHARS, .doc = "32 random bytes" },
	{ TEXT(challenge, "ephemeral", ephemeral, NEEDED), .max = 64, .chars = HEX_CHARS, .doc = "X25519 public key of this connection" },
	{ ROW(challenge, "time", time_ms, FIELD_TIME, NEEDED), .doc = "the control plane's clock" },
	{ TEXT(challenge, "signature", signature, NEEDED), .max = 128, .chars = HEX_CHARS, .doc = "Ed25519, by the control plane's key" },
	{ 0 },
};

static const struct field capacity_fields[] = {
	{ U32(capacity, "tasks", tasks, NEEDED), .doc = "tasks at once" },
	{ U32(capacity, "downloads", downloads, MAYBE), .doc = "of these, downloads; without it as many" },
	{ 0 },
};

static const struct field hello_fields[] = {
	{ ID(hello, "agentId", agent_id, NEEDED), .doc = "who enrolled" },
	{ U32(hello, "protoMin", proto_min, NEEDED), .doc = "the lowest version it speaks" },
	{ U32(hello, "protoMax", proto_max, NEEDED), .doc = "the highest version it speaks" },
	{ ID(hello, "bootId", boot_id, NEEDED), .doc = "changes with every start of the agent" },
	{ TEXT(hello, "version", version, NEEDED), .max = VERSION_LEN, .doc = "of the agent's program" },
	{ ID(hello, "regionId", region_id, MAYBE), .doc = "where it runs" },
	{ ROW(hello, "capabilities", capabilities, FIELD_LIST, NEEDED), .item = FIELD_STR, .max = TUNNEL_MSG_ACTIONS_MAX,
		.chars = ID_CHARS, .doc = "names of the actions it can run" },
	{ ROW(hello, "capacity", capacity, FIELD_OBJ, NEEDED), .sub = capacity_fields, .doc = "how much it can do" },
	{ TASKS(hello, "inflight", inflight), .doc = "attempts that run, or ended and were not acknowledged" },
	{ TEXT(hello, "ephemeral", ephemeral, NEEDED), .max = 64, .chars = HEX_CHARS, .doc = "X25519 public key of this connection" },
	{ TEXT(hello, "signature", signature, NEEDED), .max = 128, .chars = HEX_CHARS, .doc = "Ed25519, by the agent's key" },
	{ 0 },
};

static const struct field welcome_fields[] = {
	{ ID(welcome, "sessionId", session_id, NEEDED), .doc = "names this connection in logs" },
	{ U32(welcome, "proto", proto, NEEDED), .doc = "the version to be spoken" },
	{ I64(welcome, "epoch", epoch, NEEDED), .doc = "counts the agent's connections" },
	{ TASKS(welcome, "cancel", cancel), .doc = "attempts in flight that are no longer the agent's: end and forget them" },
	{ U32(welcome, "heartbeatMs", heartbeat_ms, NEEDED), .min = 50, .max = 60000, .doc = "time between heartbeats" },
	{ U32(welcome, "leaseMs", lease_ms, NEEDED), .doc = "how long work stays the agent's without a heartbeat" },
	{ ROW(welcome, "time", time_ms, FIELD_TIME, NEEDED), .doc = "the control plane's clock" },
	{ ROW(welcome, "packed", packed, FIELD_BOOL, MAYBE), .doc = "results may come packed" },
	{ ID(welcome, "history", history, MAYBE), .doc = "names the database's past: when it changes, accounts are no longer the agent's until it is told so again" },
	{ 0 },
};

static const struct field heartbeat_fields[] = {
	{ I64(heartbeat, "mono", mono, NEEDED), .doc = "the agent's monotonic milliseconds" },
	{ U32(heartbeat, "load", load, NEEDED), .doc = "workers in use, in percent" },
	{ U32(heartbeat, "active", active, NEEDED), .doc = "tasks that run" },
	{ U32(heartbeat, "sessions", sessions, NEEDED), .doc = "Steam sessions that are logged on" },
	{ 0 },
};

static const struct field heartbeat_ack_fields[] = {
	{ I64(heartbeat_ack, "mono", mono, NEEDED), .doc = "of the heartbeat" },
	{ 0 },
};

static const struct field credit_fields[] = {
	{ I64(credit, "n", n, NEEDED), .doc = "DISPATCH that this connection may have carried in all" },
	{ 0 },
};

static const struct field dispatch_fields[] = {
	{ ID(dispatch, "taskId", task_id, NEEDED), .doc = "the task" },
	{ ID(dispatch, "jobId", job_id, NEEDED), .doc = "its job" },
	{ U32(dispatch, "attempt", attempt, NEEDED), .doc = "which attempt, from 1" },
	{ ID(dispatch, "nonce", nonce, NEEDED), .doc = "random; comes back in the result" },
	{ ID(dispatch, "action", action, NEEDED), .doc = "what to do" },
	{ ID(dispatch, "accountId", account_id, MAYBE), .doc = "with which account" },
	{ TEXT(dispatch, "login", login, MAYBE), .max = 128, .doc = "the account's name at Steam" },
	{ ROW(dispatch, "payload", payload, FIELD_JSON, NEEDED), .doc = "what the action is given" },
	{ U32(dispatch, "timeoutMs", timeout_ms, NEEDED), .min = 1, .max = 604800000, .doc = "how long it may take" },
	{ ROW(dispatch, "notAfter", not_after_ms, FIELD_TIME, MAYBE), .doc = "it may not begin later" },
	{ ID(dispatch, "class", class, NEEDED), .doc = "read, idempotent, guarded or once" },
	{ ID(dispatch, "traceId", trace_id, MAYBE), .doc = "for logs at both ends" },
	{ TEXT(dispatch, "traceparent", traceparent, MAYBE), .max = 64, .doc = "W3C Trace Context: what the attempt is part of" },
	{ TEXT(dispatch, "sealed", sealed, MAYBE), .max = SEALED_LEN, .chars = HEX_CHARS, .doc = "the payload's secret members, sealed to the agent" },
	{ ROW(dispatch, "probe", probe, FIELD_BOOL, MAYBE), .doc = "an attempt before may have had its effect: find out first" },
	{ ROW(dispatch, "intentAt", intent_ms, FIELD_TIME, MAYBE), .doc = "when that attempt declared its effect" },
	{ TEXT(dispatch, "intent", intent, MAYBE), .max = 256, .doc = "what the first attempt whose end is not known declared" },
	{ ROW(dispatch, "dryRun", dry_run, FIELD_BOOL, MAYBE), .doc = "say what would be done, and do nothing" },
	{ 0 },
};

static const struct field reject_fields[] = {
	{ ID(reject, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(reject, "attempt", attempt, NEEDED), .doc = "which attempt" },
	{ ID(reject, "reason", reason, NEEDED), .doc = "a code" },
	{ 0 },
};

static const struct field progress_fields[] = {
	{ ID(progress, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(progress, "attempt", attempt, NEEDED), .doc = "which attempt" },
	{ ROW(progress, "data", data, FIELD_JSON, NEEDED), .doc = "what the action says" },
	{ 0 },
};

static const struct field event_fields[] = {
	{ ID(event, "type", type, NEEDED), .doc = "of the event" },
	{ ID(event, "accountId", account_id, MAYBE), .doc = "whom it concerns" },
	{ ROW(event, "payload", payload, FIELD_JSON, NEEDED), .doc = "what happened" },
	{ I64(event, "walPos", wal_pos, NEEDED), .doc = "its place in the agent's journal" },
	{ 0 },
};

static const struct field ack_fields[] = {
	{ I64(ack, "walPos", wal_pos, NEEDED), .doc = "of the last event that is kept" },
	{ 0 },
};

static const struct field failure_fields[] = {
	{ ID(failure, "code", code, NEEDED), .doc = "for programs" },
	{ TEXT(failure, "detail", detail, MAYBE), .max = DETAIL_LEN, .doc = "for people" },
	{ ROW(failure, "retryable", retryable, FIELD_BOOL, 0), .doc = "can another attempt help?" },
	{ U32(failure, "eresult", eresult, MAYBE), .doc = "Steam's own code" },
	{ U32(failure, "retryAfterMs", again_ms, MAYBE), .doc = "not before so long: the other side asked for it" },
	{ 0 },
};

static const struct field result_fields[] = {
	{ ID(result, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(result, "attempt", attempt, NEEDED), .doc = "which attempt" },
	{ ID(result, "nonce", nonce, NEEDED), .doc = "of the DISPATCH" },
	{ ROW(result, "outcome", outcome, FIELD_ENUM, NEEDED), .words = tunnel_msg_outcome_words, .doc = "how it ended" },
	/* The last row: an encoder leaves it out when there is no error. */
	{ ROW(result, "error", error, FIELD_OBJ, MAYBE), .sub = failure_fields, .doc = "why it failed" },
	{ 0 },
};

static const struct field tune_fields[] = {
	{ ID(tune, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(tune, "attempt", attempt, NEEDED), .doc = "which attempt" },
	{ I64(tune, "bps", bps, NEEDED), .doc = "bits a second; 0: no limit" },
	{ 0 },
};
static const struct field cancel_fields[] = {
	{ ID(cancel, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(cancel, "attempt", attempt, NEEDED), .doc = "which attempt" },
	{ U32(cancel, "deadlineMs", deadline_ms, NEEDED), .doc = "how long it may take to end" },
	{ 0 },
};

static const struct field reconcile_fields[] = {
	{ TASKS(reconcile, "tasks", tasks), .doc = "what the agent should hold" },
	{ 0 },
};

static const struct field egress_fields[] = {
	{ ID(egress, "id", id, NEEDED), .doc = "the key of its lanes" },
	{ ID(egress, "kind", kind, NEEDED), .doc = "direct, bind_address, http_proxy, socks5" },
	{ TEXT(egress, "address", address, MAYBE), .max = 256, .doc = "to bind, or HOST:PORT of the proxy" },
	{ 0 },
};

static const struct field bot_fields[] = {
	{ ID(bot, "accountId", account_id, NEEDED), .doc = "the account" },
	{ TEXT(bot, "login", login, NEEDED), .max = 128, .doc = "its name at Steam" },
	{ I64(bot, "epoch", epoch, NEEDED), .doc = "of the account's lease" },
	{ I64(bot, "generation", generation, NEEDED), .doc = "of its desired state" },
	{ ID(bot, "mode", mode, NEEDED), .doc = "offline, online or playing" },
	{ ROW(bot, "apps", apps, FIELD_LIST, MAYBE), .item = FIELD_U32, .max = 32, .doc = "what it plays" },
	{ TEXT(bot, "game", game, MAYBE), .max = 128, .doc = "name of a game that is not Steam's" },
	{ U32(bot, "persona", persona, MAYBE), .doc = "Steam's EPersonaState" },
	{ ROW(bot, "anonymous", anonymous, FIELD_BOOL, MAYBE), .doc = "logs on without an account" },
	{ ROW(bot, "egress", egress, FIELD_OBJ, NEEDED), .sub = egress_fields, .doc = "the way out to Steam" },
	{ TEXT(bot, "sealed", sealed, MAYBE), .max = SEALED_LEN, .chars = HEX_CHARS, .doc = "its secrets, sealed to the agent" },
	{ ID(bot, "challenge", challenge, MAYBE), .doc = "an open challenge to go on with" },
	{ ROW(bot, "notBefore", not_before_ms, FIELD_TIME, MAYBE), .doc = "no logon earlier" },
	{ U32(bot, "leaseMs", lease_ms, NEEDED), .doc = "how long it stays the agent's without a heartbeat" },
	{ 0 },
};

static const struct field bot_gone_fields[] = {
	{ ID(bot_gone, "accountId", account_id, NEEDED), .doc = "the account" },
	{ I64(bot_gone, "epoch", epoch, NEEDED), .doc = "of the lease that ends" },
	{ ID(bot_gone, "reason", reason, MAYBE), .doc = "a code" },
	{ 0 },
};

static const struct field answer_fields[] = {
	{ ID(answer, "accountId", account_id, NEEDED), .doc = "the account" },
	{ ID(answer, "challengeId", challenge_id, NEEDED), .doc = "the challenge" },
	{ I64(answer, "epoch", epoch, NEEDED), .doc = "of the account's lease" },
	{ TEXT(answer, "sealed", sealed, MAYBE), .max = SEALED_LEN, .chars = HEX_CHARS, .doc = "the code, sealed to the agent" },
	{ ROW(answer, "approve", approve, FIELD_BOOL, MAYBE), .doc = "a person says that it is approved" },
	{ 0 },
};

static const struct field lane_fields[] = {
	{ ID(lane, "lane", lane, NEEDED), .doc = "its name" },
	{ ID(lane, "key", key, NEEDED), .doc = "of which egress, account or key" },
	{ U32(lane, "n", n, NEEDED), .min = 1, .max = 1000, .doc = "tokens" },
	{ 0 },
};

static const struct field lane_ask_fields[] = {
	{ I64(lane_ask, "id", id, NEEDED), .doc = "the agent's number of the question" },
	{ ROW(lane_ask, "lanes", lanes, FIELD_LIST, NEEDED), .item = FIELD_OBJ, .sub = lane_fields, .sub_size = sizeof(struct tunnel_msg_lane), .max = 8, .doc = "all or none" },
	{ U32(lane_ask, "priority", priority, MAYBE), .doc = "0 interactive to 4 prefetch" },
	{ U32(lane_ask, "waitMs", wait_ms, MAYBE), .doc = "how long the call can wait" },
	{ 0 },
};

static const struct field lane_grant_fields[] = {
	{ I64(lane_grant, "id", id, NEEDED), .doc = "of the question" },
	{ ROW(lane_grant, "granted", granted, FIELD_BOOL, MAYBE), .doc = "the call may go out" },
	{ U32(lane_grant, "againMs", again_ms, MAYBE), .doc = "ask again after so long" },
	{ U32(lane_grant, "validMs", valid_ms, MAYBE), .doc = "the tokens lapse after so long" },
	{ ID(lane_grant, "lane", lane, MAYBE), .doc = "which lane is short" },
	{ 0 },
};

static const struct field lane_id_fields[] = {
	{ I64(lane_id, "id", id, NEEDED), .doc = "of the question" },
	{ 0 },
};

static const struct field lane_cool_fields[] = {
	{ I64(lane_cool, "id", id, NEEDED), .doc = "the agent's number" },
	{ ID(lane_cool, "lane", lane, NEEDED), .doc = "its name" },
	{ ID(lane_cool, "key", key, NEEDED), .doc = "of which egress, account or key" },
	{ U32(lane_cool, "forMs", for_ms, MAYBE), .doc = "0: as the lane's own rule says" },
	{ ID(lane_cool, "reason", reason, NEEDED), .doc = "a code" },
	{ 0 },
};

static const struct field effect_fields[] = {
	{ ID(effect, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(effect, "attempt", attempt, NEEDED), .doc = "which attempt" },
	{ TEXT(effect, "effect", effect, MAYBE), .max = 256, .doc = "what is about to be done, for the record" },
	{ 0 },
};

static const struct field ticket_fields[] = {
	{ ID(ticket, "taskId", task_id, NEEDED), .doc = "the task" },
	{ U32(ticket, "attempt", attempt, NEEDED), .doc = "which attempt" },
	{ TEXT(ticket, "ticket", ticket, MAYBE), .max = 64, .doc = "of PUBLISH_OK: what the agent shows over HTTP" },
	{ 0 },
};

static const struct field goaway_fields[] = {
	{ ID(goaway, "reason", reason, NEEDED), .doc = "a code" },
	{ U32(goaway, "retryAfterMs", retry_after_ms, 0), .doc = "do not connect again sooner" },
	{ U32(goaway, "drainMs", drain_ms, 0), .doc = "the connection is closed after this time" },
	{ 0 },
};

static const struct field error_fields[] = {
	{ ID(error, "code", code, NEEDED), .doc = "for programs" },
	{ TEXT(error, "detail", detail, MAYBE), .max = DETAIL_LEN, .doc = "for people" },
	{ 0 },
};
/* clang-format on */

struct row {
	const char *name, *doc;
	enum tunnel_msg_from from;
	bool many;
	const struct field *fields;
};

/* By the number on the wire; row 0 is none. */
static const struct row rows[TUNNEL_MSG_TYPES] = {
#define MSG(name_, type, member, kind, from_, many_, doc_) \
	[type] = { .name = #name_,                         \
		.doc = (doc_),                             \
		.from = TUNNEL_MSG_FROM_##from_,           \
		.many = (many_),                           \
		.fields = kind##_fields },
#include "wire/tunnel_msgs.def"
#undef MSG
};

static const struct row *row_of(unsigned type) { return &rows[type < TUNNEL_MSG_TYPES ? type : 0]; }

const char *tunnel_msg_name(unsigned type) { return row_of(type)->name; }
const char *tunnel_msg_doc(unsigned type) { return row_of(type)->doc; }
enum tunnel_msg_from tunnel_msg_who(unsigned type) { return row_of(type)->from; }
bool tunnel_msg_is_long(unsigned type) { return row_of(type)->many; }
const struct field *tunnel_msg_fields(unsigned type) { return row_of(type)->fields; }

/* All members of the union begin here. */
#define BODY offsetof(struct tunnel_msg, hello)

static void encode_result(const struct tunnel_msg_result *m, struct buf *to)
{
	struct field t[sizeof(result_fields) / sizeof(result_fields[0])];

	(void)buf_room(to, m->result_n + RESULT_HEAD); /* grown once, not step by step: it may be long */
	memcpy(t, result_fields, sizeof(t));
	if (!m->error.code)
		t[field_count(t) - 1] = (struct field){ 0 };
	field_json_encode(t, m, to);
	if (m->result) {
		buf_u8(to, '\n');
		buf_put(to, m->result, m->result_n);
	}
}

void tunnel_msg_encode(const struct tunnel_msg *m, struct buf *to)
{
	if (m->type == TUNNEL_MSG_RESULT)
		encode_result(&m->result, to);
	else
		field_json_encode(row_of(m->type)->fields, (const char *)m + BODY, to);
}

static enum rc decode_json(
	const struct field *t, const char *p, size_t n, struct arena *a, void *to, struct fault *f)
{
	auto_json struct json_t *j = NULL;

	if (json_read(p, n, &j, f) != RC_OK)
		return RC_INVALID;
	struct field_reader r = { .arena = a, .lenient = true };
	return field_json_decode(t, j, &r, to, f);
}

/* The second line of a RESULT, copied once so that it ends in NUL. */
static enum rc take_result(
	const char *line, size_t n, struct arena *a, struct tunnel_msg_result *m, struct fault *f)
{
	m->result = arena_strn(a, line, n);
	m->result_n = n;
	if (!m->result)
		return fault_set(f, RC_NOMEM, "a result of %zu bytes takes too much memory", n);
	if (strlen(m->result) != n)
		return fault_set(f, RC_INVALID, "the result must not hold a NUL");
	return RC_OK;
}

enum rc tunnel_msg_decode(
	unsigned type, const uint8_t *p, size_t n, struct arena *a, struct tunnel_msg *ret, struct fault *f)
{
	const struct row *row = row_of(type);
	const char *text = (const char *)p;
	const char *line = NULL;
	struct tunnel_msg m = { .type = (enum tunnel_msg_type)type };
	struct fault own = { 0 };

	if (!row->name)
		return fault_set(f, RC_INVALID, "there is no message of type %u", type);
	if (type == TUNNEL_MSG_RESULT && n > 0)
		line = memchr(text, '\n', n);

	enum rc rc = decode_json(row->fields, text, line ? (size_t)(line - text) : n, a, (char *)&m + BODY, &own);
	if (rc == RC_OK && line)
		rc = take_result(line + 1, n - (size_t)(line + 1 - text), a, &m.result, &own);
	if (rc != RC_OK)
		return fault_set(f, rc, "%s: %s", row->name, own.text);
	*ret = m;
	return RC_OK;
}
