/* Streams of events: the reader, and following the log over connections that break. */
#include "cli/sse.h"
#include "tests/unit/cli/run.h"

struct seen {
	char text[4096];
	int n, stop_at;
};

static bool note(void *ctx, const char *type, const char *data)
{
	struct seen *s = ctx;
	size_t n = strlen(s->text);
	snprintf(s->text + n, sizeof(s->text) - n, "%s|%s;", type, data);
	return ++s->n != s->stop_at;
}

static const char stream[] =
	"\xEF\xBB\xBFretry: 250\r\n: comment\n\nid: 1-7\nevent: a\ndata: one\ndata:two\n\n"
	"data\r\rid\revent: lost\n\nid: 9\ndata:  x\nretry: 2x\nother: y\n\nid: 10\ndata: not whole\n";

/* In pieces of every size, from one byte to all. */
static void reads_pieces(void)
{
	for (size_t size = 1; size < sizeof(stream); size++) {
		struct seen seen = { 0 };
		struct sse s = { .on_event = note, .ctx = &seen };
		for (size_t i = 0; i < sizeof(stream) - 1; i += size) {
			size_t n = sizeof(stream) - 1 - i < size ? sizeof(stream) - 1 - i : size;
			CHECK(sse_feed(&s, stream + i, n));
		}
		CHECK_STR(seen.text, "a|one\ntwo;message|;message| x;");
		CHECK_STR(s.id, "9");
		CHECK(s.retry_ms == 250);
		sse_restart(&s);
		CHECK(sse_feed(&s, "\n", 1) && seen.n == 3); /* what was not whole is gone */
		CHECK_STR(s.id, "9");
		sse_done(&s);
	}
}

static void feed_all(struct sse *s, const char *text) { CHECK(sse_feed(s, text, strlen(text))); }

static void odd_lines(void)
{
	struct seen seen = { 0 };
	struct sse s = { .on_event = note, .ctx = &seen };
	char id[SSE_ID_MAX + 16] = "id: ";

	feed_all(&s, "event: a\r\nevent: b\r\ndata: 1\r\n\r\n"); /* CR LF is one line end; the last type counts */
	CHECK_STR(seen.text, "b|1;");
	feed_all(&s, "dota: 2\nevens: 2\nxd: 2\nretro: 2\ndata: 3\n\n");
	CHECK_STR(seen.text, "b|1;message|3;");
	CHECK(!*s.id && s.retry_ms == 0);
	feed_all(&s, "\xEF\xBB\xBF"
		     "data: 4\n\n"); /* a mark is one at the very beginning only */
	CHECK(seen.n == 2);
	feed_all(&s, "id: good\n");
	CHECK(sse_feed(&s, "id: b\0d\n", 9));
	memset(id + 4, 'x', SSE_ID_MAX);
	feed_all(&s, id);
	feed_all(&s, "\ndata\n\n");
	CHECK_STR(s.id, "good");
	id[4 + SSE_ID_MAX - 1] = 0;
	feed_all(&s, id);
	feed_all(&s, "\nretry\nretry:\n\n");
	CHECK(strlen(s.id) == SSE_ID_MAX - 1 && s.retry_ms == 0);
	sse_done(&s);
}

static void ends_and_limits(void)
{
	struct seen seen = { .stop_at = 1 };
	struct sse s = { .on_event = note, .ctx = &seen };
	CHECK(!sse_feed(&s, "data: a\n\ndata: b\n\n", 18) && seen.n == 1 && !s.line.bad);
	sse_done(&s);

	char *big = malloc(SSE_LINE_MAX);
	memset(big, 'x', SSE_LINE_MAX);
	struct sse t = { .on_event = note, .ctx = &seen };
	CHECK(sse_feed(&t, big, SSE_LINE_MAX) && !sse_feed(&t, "x", 1) && t.line.bad);
	sse_done(&t);
	struct sse u = { .on_event = note, .ctx = &seen };
	bool more = true;
	for (int i = 0; i < 8 && more; i++) {
		CHECK(sse_feed(&u, "data:", 5));
		more = sse_feed(&u, big, SSE_LINE_MAX - 100) && sse_feed(&u, "\n", 1);
	}
	CHECK(!more && u.line.bad);
	sse_done(&u);
	free(big);
}

#define SSE_HEADERS "content-type: text/event-stream\r\n"
#define HELLO       "retry: 10\nevent: stream.hello\ndata: {\"epoch\":\"e\",\"oldest\":1,\"newest\":9}\n\n"
#define EVENT(n, type)                                                                               \
	"id: e-" n "\nevent: " type "\ndata: {\"id\":\"e-" n "\",\"ts\":\"T" n "\",\"type\":\"" type \
	"\",\"payload\":{\"a\":1}}\n\n"

static void follows_over_lost_connections(void)
{
	static const struct fake_reply replies[] = {
		{ 200, HELLO EVENT("1", "job.created"), SSE_HEADERS },
		{ 0 },
		{ 503, "{\"code\":\"overloaded\"}" },
		{ 200,
			HELLO
			"event: stream.gap\nid: e-4\ndata: {\"from\":2,\"to\":4,\"reason\":\"old\"}\n\n" EVENT(
				"5", "task.failed"),
			SSE_HEADERS },
		{ 200, HELLO EVENT("6", "job.finished") EVENT("7", "never.shown"), SSE_HEADERS },
	};
	struct fake f;

	fake_start(&f, replies, 5);
	CHECK(run("event", "tail", "--type", "job.*", "--after", "e-0", "-n", "3", "-o", "jsonl") == CLI_OK);
	CHECK(fake_stop(&f) == 5);
	CHECK_STR(said_out, "{\"id\":\"e-1\",\"ts\":\"T1\",\"type\":\"job.created\",\"payload\":{\"a\":1}}\n"
			    "{\"from\":2,\"to\":4,\"reason\":\"old\",\"type\":\"stream.gap\"}\n"
			    "{\"id\":\"e-5\",\"ts\":\"T5\",\"type\":\"task.failed\",\"payload\":{\"a\":1}}\n"
			    "{\"id\":\"e-6\",\"ts\":\"T6\",\"type\":\"job.finished\",\"payload\":{\"a\":1}}\n");
	CHECK(strstr(said_err, "gap: events 2 to 4 are missing: old") && strstr(said_err, "made again"));
	CHECK(fake_is(&f, 0, "GET /v1/events?type=job.%2A&after=e-0"));
	CHECK_STR(fake_header(&f, 0, "accept:"), "text/event-stream");
	CHECK_STR(fake_header(&f, 0, "last-event-id:"), "");
	CHECK_STR(fake_header(&f, 1, "last-event-id:"), "e-1");
	CHECK_STR(fake_header(&f, 3, "last-event-id:"), "e-1");
	CHECK_STR(fake_header(&f, 4, "last-event-id:"), "e-5");
	fake_done(&f);
}

static void what_never_opened_is_an_answer(void)
{
	static const struct fake_reply replies[] = { { 403, "{\"code\":\"insufficient_scope\",\"detail\":\"no\"}" },
		{ 200, HELLO EVENT("1", "job.created"), SSE_HEADERS },
		{ 403, "{\"code\":\"insufficient_scope\"}" } };
	struct fake f;

	fake_start(&f, replies, 3);
	CHECK(run("event", "tail") == CLI_DENIED);
	CHECK(run("event", "tail") == CLI_DENIED); /* the key was revoked in between */
	CHECK_STR(said_out, "T1  job.created  -  -  -  -  a=1\n");
	CHECK(fake_stop(&f) == 3);
	fake_done(&f);
	CHECK(run("event", "tail") == CLI_AWAY);
}

/* What cannot be read is told and passed over; what was cut off in the middle is asked for again, and not glued on. */
static void damaged_streams(void)
{
	static const struct fake_reply replies[] = {
		{ 200, HELLO "data: {\n\ndata: 7\n\n" EVENT("1", "a.b") "id: e-2\nevent: cut\ndata: {\"id\":",
			SSE_HEADERS },
		{ 200, EVENT("2", "c.d"), SSE_HEADERS },
	};
	struct fake f;

	fake_start(&f, replies, 2);
	CHECK(run("event", "tail", "-n", "2", "-o", "csv") == CLI_OK);
	CHECK(fake_stop(&f) == 2);
	CHECK_STR(said_out,
		"ts,type,jobId,taskId,accountId,resource,payload\r\nT1,a.b,,,,,a=1\r\nT2,c.d,,,,,a=1\r\n");
	CHECK_STR(fake_header(&f, 1, "last-event-id:"), "e-1");
	const char *told = strstr(said_err, "an event cannot be read");
	CHECK(told && strstr(told + 1, "an event cannot be read"));
	fake_done(&f);
}

static void an_event_too_large(void)
{
	char *body = malloc(SSE_LINE_MAX + 100);
	int n = snprintf(body, 64, "%s", "event: x\ndata: ");
	memset(body + n, 'x', SSE_LINE_MAX);
	strcpy(body + n + SSE_LINE_MAX, "\n\n");
	const struct fake_reply replies[] = { { 200, body, SSE_HEADERS } };
	struct fake f;

	fake_start(&f, replies, 1);
	CHECK(run("event", "tail") == CLI_FAILED && strstr(said_err, "larger than is taken"));
	CHECK(fake_stop(&f) == 1);
	fake_done(&f);
	free(body);
}

#define JOB_WITH(status) "{\"id\":\"job_x\",\"status\":\"" status "\"}"

static void watches_a_job(void)
{
	static const struct fake_reply replies[] = {
		{ 200, JOB_WITH("running") },
		{ 200, HELLO EVENT("1", "task.started"), SSE_HEADERS },
		{ 200, JOB_WITH("running") },
		{ 200, "event: stream.gap\nid: e-4\ndata: {\"from\":2,\"to\":4}\n\n" EVENT("5", "never.shown"),
			SSE_HEADERS },
		{ 200, JOB_WITH("running") },
		{ 200, HELLO EVENT("6", "job.finished"), SSE_HEADERS },
		{ 200, JOB_WITH("failed") },
		{ 200, "{\"items\":[],\"nextCursor\":null}" },
	};
	struct fake f;

	fake_start(&f, replies, 8);
	CHECK(run("job", "watch", "job_x") == CLI_FAILED);
	CHECK(fake_stop(&f) == 8);
	CHECK_STR(said_out, "T1  task.started  -  -  -  -  a=1\nT6  job.finished  -  -  -  -  a=1\n"
			    "id      job_x\nstatus  failed\n");
	CHECK(fake_is(&f, 0, "GET /v1/jobs/job_x") && fake_is(&f, 1, "GET /v1/events?after=0&jobId=job_x"));
	CHECK_STR(fake_header(&f, 3, "last-event-id:"), "e-1");
	CHECK_STR(fake_header(&f, 5, "last-event-id:"), "e-4");
	const char *lost = strstr(said_err, "the connection was lost"); /* once: a gap is no loss */
	CHECK(lost && !strstr(lost + 1, "the connection was lost"));
	fake_done(&f);
}

static void a_job_that_is_over_needs_no_stream(void)
{
	static const struct fake_reply replies[] = { { 200, JOB_WITH("succeeded") },
		{ 404, "{\"code\":\"not_found\"}" } };
	struct fake f;

	fake_start(&f, replies, 2);
	CHECK(run("job", "watch", "job_x", "-q") == CLI_OK);
	CHECK_STR(said_out, "job_x\n");
	CHECK(run("job", "watch", "job_y") == CLI_MISSING);
	CHECK(fake_stop(&f) == 2);
	fake_done(&f);
}

int main(void)
{
	reads_pieces();
	odd_lines();
	ends_and_limits();
	follows_over_lost_connections();
	what_never_opened_is_an_answer();
	damaged_streams();
	an_event_too_large();
	watches_a_job();
	a_job_that_is_over_needs_no_stream();
	run_done();
	return 0;
}
