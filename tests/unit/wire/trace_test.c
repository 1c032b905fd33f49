/* What W3C Trace Context asks of a traceparent, and how traces are picked. */
#include "wire/otlp.h"
#include "wire/trace.h"

#include "tests/unit/check.h"

#define T "4bf92f3577b34da6a3ce929d0e0e4736"
#define P "00f067aa0ba902b7"

static void read_as_they_should(void)
{
	static const struct {
		const char *text;
		bool is, sampled;
	} rows[] = {
		{ "00-" T "-" P "-01", true, true },
		{ "00-" T "-" P "-00", true, false },
		{ "00-" T "-" P "-03", true, true }, /* the random flag, of level 2 */
		{ "00-" T "-" P "-fe", true, false },
		{ "00-" T "-" P "-ff", true, true },
		{ "cc-" T "-" P "-01", true, true }, /* a later version */
		{ "cc-" T "-" P "-01-what-the-future-will-be-like", true, true },
		{ "cc-" T "-" P "-01.what-the-future-will-be-like", false, false },
		{ "cc-" T "-" P "-01what", false, false },
		{ "00-" T "-" P "-01-what", false, false },
		{ "00-" T "-" P "-01-", false, false },
		{ "00-" T "-" P "-01 ", false, false },
		{ "ff-" T "-" P "-01", false, false },
		{ "0-" T "-" P "-01", false, false },
		{ "000-" T "-" P "-01", false, false },
		{ "0x-" T "-" P "-01", false, false },
		{ ".0-" T "-" P "-01", false, false },
		{ "00-" T "-" P "-1", false, false },
		{ "00-" T "-" P "-.0", false, false },
		{ "00-" T "-" P "-0X", false, false },
		{ "00-" T "-" P "-001", false, false },
		{ "00-4BF92F3577B34DA6A3CE929D0E0E4736-" P "-01", false, false },
		{ "00-" T "-00F067AA0BA902B7-01", false, false },
		{ "00-" T "-" P "-0A", false, false },
		{ "00-00000000000000000000000000000000-" P "-01", false, false },
		{ "00-" T "-0000000000000000-01", false, false },
		{ "00-.bf92f3577b34da6a3ce929d0e0e4736-" P "-01", false, false },
		{ "00-4bf92f3577b34da6a3ce929d0e0e473-" P "-01", false, false },
		{ "00-" T "-" P, false, false },
		{ "00-" T "_" P "-01", false, false },
		{ "00_" T "-" P "-01", false, false },
		{ "00-" T "-" P "_01", false, false },
		{ "00-" T "-" P "-01,00-" T "-" P "-01", false, false }, /* sent twice */
		{ "", false, false },
		{ "00", false, false },
		{ "-", false, false },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct trace t = { .span_id = "as it was" };
		bool is = trace_read(rows[i].text, &t);
		if (is != rows[i].is || t.sampled != rows[i].sampled)
			fprintf(stderr, "%s\n", rows[i].text);
		CHECK(is == rows[i].is && t.sampled == rows[i].sampled);
		CHECK_STR(t.span_id, is ? P : "as it was");
		CHECK_STR(t.trace_id, is ? T : "");
	}
}

static void written(void)
{
	char text[TRACE_TEXT];
	struct trace t = { 0 };

	trace_write(&t, text);
	CHECK_STR(text, "");
	CHECK(trace_read("cc-" T "-" P "-ff-more", &t));
	trace_write(&t, text);
	CHECK_STR(text, "00-" T "-" P "-01"); /* our version, and only the flag we know */
}

static void begun(void)
{
	uint8_t random[TRACE_RANDOM] = { 0 };
	struct trace parent, t;
	char above[17];

	trace_begin(NULL, NULL, random, &t, above);
	CHECK_STR(t.trace_id, "00000000000000000000000000000001"); /* zeroes are no id */
	CHECK_STR(t.span_id, "0000000000000001");
	CHECK_STR(above, "");
	CHECK(t.sampled);
	CHECK(trace_read("00-" T "-" P "-00", &parent));
	random[16] = 0xab;
	trace_begin(NULL, &parent, random, &t, above);
	CHECK_STR(t.trace_id, T);
	CHECK_STR(t.span_id, "ab00000000000000");
	CHECK_STR(above, P);
	CHECK(!t.sampled);
	trace_begin(NULL, &t, random, &t, above); /* in place */
	CHECK_STR(above, "ab00000000000000");
	CHECK_STR(t.trace_id, T);
}

static bool kept(enum trace_sampler s, double share, const char *parent, uint8_t last)
{
	struct tracer tracer = { .sampler = s, .share = (uint64_t)(share * (double)TRACE_SHARE_ALL) };
	uint8_t random[TRACE_RANDOM] = { [9] = last };
	struct trace above, t;
	char id[17];

	CHECK(!parent || trace_read(parent, &above));
	trace_begin(&tracer, parent ? &above : NULL, random, &t, id);
	return t.sampled;
}

static void picked(void)
{
	static const char *const yes = "00-" T "-" P "-01", *const no = "00-" T "-" P "-00";

	CHECK(kept(TRACE_PARENT_ALWAYS, 0, NULL, 0) && !kept(TRACE_PARENT_NEVER, 1, NULL, 0));
	CHECK(kept(TRACE_PARENT_ALWAYS, 0, yes, 0) && !kept(TRACE_PARENT_ALWAYS, 0, no, 0));
	CHECK(kept(TRACE_PARENT_NEVER, 0, yes, 0) && !kept(TRACE_PARENT_NEVER, 0, no, 0));
	CHECK(kept(TRACE_ALWAYS, 0, no, 0) && !kept(TRACE_NEVER, 1, yes, 0));
	CHECK(kept(TRACE_PARENT_RATIO, 0, yes, 0xff) && !kept(TRACE_PARENT_RATIO, 1, no, 0));
	/* The byte is the first of the 56 bits that are compared. */
	CHECK(kept(TRACE_RATIO, 0.5, NULL, 0x7f) && !kept(TRACE_RATIO, 0.5, NULL, 0x80));
	CHECK(kept(TRACE_PARENT_RATIO, 0.25, NULL, 0x3f) && !kept(TRACE_PARENT_RATIO, 0.25, NULL, 0x40));
	CHECK(kept(TRACE_RATIO, 1, NULL, 0xff) && !kept(TRACE_RATIO, 0, NULL, 0));
}

static const struct otlp_resource us = { "a \"name\"", "1.0", "i" };

static struct span example(void)
{
	struct span s = { .at = { T, P, true },
		.parent_id = "ab00000000000000",
		.kind = SPAN_SERVER,
		.failed = true,
		.begin_us = 1,
		.end_us = 2 };
	span_name(&s, "GET %s", "/v1/jobs");
	span_put(&s, "code", NULL, -1);
	span_put(&s, "path", "/", 0);
	return s;
}

static void as_json(void)
{
	struct span s = example();
	struct buf b = { 0 };

	otlp_request(OTLP_JSON, &us, &s, 1, &b);
	CHECK_STR(buf_text(&b),
		"{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{"
		"\"stringValue\":\"a "
		"\\\"name\\\"\"}},{\"key\":\"service.version\",\"value\":{\"stringValue\":\"1.0\"}}"
		",{\"key\":\"service.instance.id\",\"value\":{\"stringValue\":\"i\"}}]},\"scopeSpans\":[{\"scope\":"
		"{"
		"\"name\":\"footplate\",\"version\":\"1.0\"},\"spans\":[{\"traceId\":\"" T "\",\"spanId\":\"" P
		"\",\"parentSpanId\":\"ab00000000000000\",\"name\":\"GET "
		"/v1/jobs\",\"kind\":2,\"startTimeUnixNano\":"
		"\"1000\",\"endTimeUnixNano\":\"2000\",\"attributes\":[{\"key\":\"code\",\"value\":{\"intValue\":"
		"\"-1\"}}"
		",{\"key\":\"path\",\"value\":{\"stringValue\":\"/\"}}],\"status\":{\"code\":2}}]}]}]}");
	buf_done(&b);
}

/* Field by field as opentelemetry-proto numbers them (trace/v1/trace.proto). */
static void as_protobuf(void)
{
	static const uint8_t span_head[] = { 0x0a, 16, 0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce,
		0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36, 0x12, 8, 0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7, 0x22,
		8, 0xab, 0, 0, 0, 0, 0, 0, 0, 0x2a, 12, 'G', 'E', 'T', ' ', '/', 'v', '1', '/', 'j', 'o', 'b', 's',
		0x30, 2, 0x39, 0xe8, 3, 0, 0, 0, 0, 0, 0, 0x41, 0xd0, 7, 0, 0, 0, 0, 0, 0, 0x4a, 19, 0x0a, 4, 'c',
		'o', 'd', 'e', 0x12, 11, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x4a, 11,
		0x0a, 4, 'p', 'a', 't', 'h', 0x12, 3, 0x0a, 1, '/', 0x7a, 2, 0x18, 2 };
	struct span s = example();
	struct buf b = { 0 };

	otlp_request(OTLP_PROTOBUF, &us, &s, 1, &b);
	CHECK(!b.bad && b.n > sizeof(span_head) && b.p[0] == 0x0a);
	CHECK(!memcmp(b.p + b.n - sizeof(span_head), span_head, sizeof(span_head)));
	CHECK(b.p[b.n - sizeof(span_head) - 1] == sizeof(span_head) && b.p[b.n - sizeof(span_head) - 2] == 0x12);
	buf_done(&b);
}

static void partial_success(void)
{
	static const uint8_t some[] = { 0x12, 1, 'x', 0x0a, 7, 0x12, 2, 'n', 'o', 0x08, 0xac, 2 };
	static const char *const json = "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"no\"}}";
	static const char *const number = "{\"partialSuccess\":{\"rejectedSpans\":4}}";

	CHECK(otlp_rejected(OTLP_PROTOBUF, some, sizeof(some)) == 300);
	for (size_t n = 0; n < sizeof(some); n++)
		CHECK(otlp_rejected(OTLP_PROTOBUF, some, n) == 0 || n == sizeof(some));
	CHECK(otlp_rejected(OTLP_PROTOBUF, "\xff\xff", 2) == 0 && otlp_rejected(OTLP_PROTOBUF, "", 0) == 0);
	CHECK(otlp_rejected(OTLP_JSON, json, strlen(json)) == 3);
	CHECK(otlp_rejected(OTLP_JSON, number, strlen(number)) == 4);
	CHECK(otlp_rejected(OTLP_JSON, "{}", 2) == 0 && otlp_rejected(OTLP_JSON, "", 0) == 0);
}

int main(void)
{
	read_as_they_should();
	written();
	begun();
	picked();
	as_json();
	as_protobuf();
	partial_success();
	return 0;
}
