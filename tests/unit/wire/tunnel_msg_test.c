#include "wire/tunnel_msg.h"

#include "tests/unit/check.h"

/* Each message as JSON: decoded and encoded again it must be the same text. */
static const struct {
	unsigned type;
	const char *text;
} same[] = {
	{ TUNNEL_MSG_CHALLENGE, "{\"nonce\":\"00\",\"ephemeral\":\"01\",\"time\":\"2023-11-14T22:13:20.000Z\","
				"\"signature\":\"ff\"}" },
	{ TUNNEL_MSG_HELLO,
		"{\"agentId\":\"agt_1\",\"protoMin\":1,\"protoMax\":2,\"bootId\":\"b\",\"version\":\"0.1.0 "
		"(x)\",\"regionId\":\"eu\","
		"\"capabilities\":[\"pics.changes\",\"session.ping\"],\"capacity\":{\"tasks\":8},"
		"\"inflight\":[{\"taskId\":\"task_1\",\"attempt\":2}],\"ephemeral\":\"01\",\"signature\":\"02\"}" },
	{ TUNNEL_MSG_WELCOME, "{\"sessionId\":\"s\",\"proto\":1,\"epoch\":9007199254740993,\"cancel\":[],"
			      "\"heartbeatMs\":2000,\"leaseMs\":6000,"
			      "\"time\":\"2023-11-14T22:13:20.001Z\"}" },
	{ TUNNEL_MSG_HEARTBEAT, "{\"mono\":12345,\"load\":50,\"active\":2,\"sessions\":1}" },
	{ TUNNEL_MSG_HEARTBEAT_ACK, "{\"mono\":12345}" },
	{ TUNNEL_MSG_CREDIT, "{\"n\":7}" },
	{ TUNNEL_MSG_DISPATCH,
		"{\"taskId\":\"t\",\"jobId\":\"j\",\"attempt\":1,\"nonce\":\"n\",\"action\":\"session.login\","
		"\"accountId\":\"acc_1\","
		"\"login\":\"a "
		"name\",\"payload\":{\"a\":[1,2]},\"timeoutMs\":1000,\"notAfter\":\"2023-11-14T22:13:20.000Z\","
		"\"class\":\"idempotent\",\"traceId\":\"0af7\"}" },
	{ TUNNEL_MSG_DISPATCH,
		"{\"taskId\":\"t\",\"jobId\":\"j\",\"attempt\":1,\"nonce\":\"n\",\"action\":\"x\",\"payload\":null,"
		"\"timeoutMs\":1000,\"class\":\"read\"}" },
	{ TUNNEL_MSG_ACCEPT, "{\"taskId\":\"t\",\"attempt\":1}" },
	{ TUNNEL_MSG_REJECT, "{\"taskId\":\"t\",\"attempt\":1,\"reason\":\"capacity\"}" },
	{ TUNNEL_MSG_PROGRESS, "{\"taskId\":\"t\",\"attempt\":1,\"data\":{\"done\":1}}" },
	{ TUNNEL_MSG_EVENT, "{\"type\":\"session.closed\",\"payload\":{},\"walPos\":1}" },
	{ TUNNEL_MSG_ACK, "{\"walPos\":1}" },
	{ TUNNEL_MSG_RESULT,
		"{\"taskId\":\"t\",\"attempt\":1,\"nonce\":\"n\",\"outcome\":\"succeeded\"}\n{\"a\":1}" },
	{ TUNNEL_MSG_RESULT, "{\"taskId\":\"t\",\"attempt\":1,\"nonce\":\"n\",\"outcome\":\"canceled\"}" },
	{ TUNNEL_MSG_RESULT,
		"{\"taskId\":\"t\",\"attempt\":1,\"nonce\":\"n\",\"outcome\":\"failed\",\"error\":{\"code\":\"c\","
		"\"detail\":\"d\\n\",\"retryable\":true,\"eresult\":84}}" },
	{ TUNNEL_MSG_RESULT,
		"{\"taskId\":\"t\",\"attempt\":1,\"nonce\":\"n\",\"outcome\":\"failed\",\"error\":{\"code\":\"c\","
		"\"retryable\":true,\"retryAfterMs\":5000}}" },
	{ TUNNEL_MSG_RESULT_ACK, "{\"taskId\":\"t\",\"attempt\":1}" },
	{ TUNNEL_MSG_STALE, "{\"taskId\":\"t\",\"attempt\":1}" },
	{ TUNNEL_MSG_CANCEL, "{\"taskId\":\"t\",\"attempt\":1,\"deadlineMs\":100}" },
	{ TUNNEL_MSG_RECONCILE,
		"{\"tasks\":[{\"taskId\":\"a\",\"attempt\":1},{\"taskId\":\"b\",\"attempt\":4294967295}]}" },
	{ TUNNEL_MSG_GOAWAY, "{\"reason\":\"restart\",\"retryAfterMs\":10,\"drainMs\":20}" },
	{ TUNNEL_MSG_ERROR, "{\"code\":\"internal\",\"detail\":\"why\"}" },
	{ TUNNEL_MSG_TUNE, "{\"taskId\":\"t\",\"attempt\":2,\"bps\":400}" },
};

static const struct {
	unsigned type;
	const char *text, *why;
} wrong[] = {
	{ 0, "{}", "there is no message of type 0" },
	{ TUNNEL_MSG_TYPES, "{}", "there is no message of type 35" },
	{ TUNNEL_MSG_ACK, "", "ACK: the body is empty; a JSON value was expected" },
	{ TUNNEL_MSG_ACK, "[]", "ACK: the body: must be an object" },
	{ TUNNEL_MSG_ACK, "{}", "ACK: /walPos: is required: of the last event that is kept" },
	{ TUNNEL_MSG_ACK, "{\"walPos\":-1}", "ACK: /walPos: must be from 0 to 9223372036854775807" },
	{ TUNNEL_MSG_ACCEPT, "{\"taskId\":\"a b\",\"attempt\":1}", NULL },
	{ TUNNEL_MSG_ACCEPT, "{\"taskId\":\"t\",\"attempt\":1,\"attempt\":2}", NULL },
	{ TUNNEL_MSG_ACCEPT, "{\"taskId\":\"t\",\"attempt\":1}\n{}", NULL },
	{ TUNNEL_MSG_WELCOME,
		"{\"sessionId\":\"s\",\"proto\":1,\"epoch\":1,\"cancel\":[],\"heartbeatMs\":0,\"leaseMs\":6000,"
		"\"time\":\"2023-11-14T22:13:20Z\"}",
		"WELCOME: /heartbeatMs: must be from 50 to 60000" },
	{ TUNNEL_MSG_RESULT, "{\"taskId\":\"t\",\"attempt\":1,\"nonce\":\"n\",\"outcome\":\"maybe\"}",
		"RESULT: /outcome: must be one of: succeeded, failed, canceled, unknown" },
};

static void round_trips(void)
{
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct arena a = { 0 };
		struct buf b = { 0 };
		struct tunnel_msg m;
		struct fault f = { 0 };
		enum rc rc = tunnel_msg_decode(
			same[i].type, (const uint8_t *)same[i].text, strlen(same[i].text), &a, &m, &f);
		if (rc != RC_OK)
			fprintf(stderr, "%s\n", f.text);
		CHECK(rc == RC_OK && m.type == same[i].type);
		tunnel_msg_encode(&m, &b);
		CHECK_STR(buf_text(&b), same[i].text);
		buf_done(&b);
		arena_done(&a);
	}
}

static void refusals(void)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct arena a = { 0 };
		struct tunnel_msg m = { .type = 99 };
		struct fault f = { 0 };
		CHECK(tunnel_msg_decode(wrong[i].type, (const uint8_t *)wrong[i].text, strlen(wrong[i].text), &a,
			      &m, &f) == RC_INVALID);
		if (wrong[i].why)
			CHECK_STR(f.text, wrong[i].why);
		CHECK(*f.text && (int)m.type == 99); /* untouched */
		arena_done(&a);
	}
}

static void values(void)
{
	const char *text = same[6].text;
	struct arena a = { 0 };
	struct tunnel_msg m;
	CHECK(tunnel_msg_decode(TUNNEL_MSG_DISPATCH, (const uint8_t *)text, strlen(text), &a, &m, NULL) == RC_OK);
	CHECK_STR(m.dispatch.action, "session.login");
	CHECK_STR(m.dispatch.payload, "{\"a\":[1,2]}");
	CHECK(m.dispatch.attempt == 1 && m.dispatch.not_after_ms == 1700000000000);
	text = "{\"taskId\":\"t\",\"attempt\":1,\"nonce\":\"n\",\"outcome\":\"failed\",\"error\":null,\"new\":1}\n["
	       "\n1]";
	CHECK(tunnel_msg_decode(TUNNEL_MSG_RESULT, (const uint8_t *)text, strlen(text), &a, &m, NULL) == RC_OK);
	CHECK(m.result.outcome == TUNNEL_MSG_FAILED && !m.result.error.code && m.result.result_n == 4);
	CHECK_STR(m.result.result, "[\n1]");
	CHECK(tunnel_msg_decode(TUNNEL_MSG_RESULT, (const uint8_t *)text, strlen(text) + 1, &a, &m, NULL) ==
		RC_INVALID);
	arena_done(&a);

	struct arena small = { .limit = 512 };
	CHECK(tunnel_msg_decode(TUNNEL_MSG_RESULT, (const uint8_t *)text, strlen(text), &small, &m, NULL) == RC_OK);
	small.limit = small.taken;
	CHECK(tunnel_msg_decode(TUNNEL_MSG_RESULT, (const uint8_t *)text, strlen(text), &small, &m, NULL) ==
		RC_NOMEM);
	arena_done(&small);
}

static void table(void)
{
	for (unsigned t = 1; t < TUNNEL_MSG_TYPES; t++)
		CHECK(tunnel_msg_name(t) && tunnel_msg_doc(t) && tunnel_msg_who(t) && tunnel_msg_fields(t));
	CHECK(!tunnel_msg_name(0) && !tunnel_msg_name(TUNNEL_MSG_TYPES) && !tunnel_msg_who(255));
	CHECK(tunnel_msg_who(TUNNEL_MSG_HELLO) == TUNNEL_MSG_FROM_AGENT);
	CHECK(tunnel_msg_is_long(TUNNEL_MSG_RESULT) && !tunnel_msg_is_long(TUNNEL_MSG_EVENT));
}

int main(void)
{
	round_trips();
	refusals();
	values();
	table();
	return 0;
}
