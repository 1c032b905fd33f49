/* Any bytes as an event stream: read whole and byte by byte, the same events come, and the same id is kept. */
#include "cli/sse.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static bool note(void *ctx, const char *type, const char *data)
{
	struct buf *all = ctx;
	buf_fmt(all, "%s|%s;", type, data);
	return strcmp(type, "stop") != 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf one = { 0 }, two = { 0 };
	struct sse whole = { .on_event = note, .ctx = &one }, pieces = { .on_event = note, .ctx = &two };

	bool went = sse_feed(&whole, p, n), went_too = true;
	for (size_t i = 0; i < n && went_too; i++)
		went_too = sse_feed(&pieces, p + i, 1);
	expect(went == went_too && one.n == two.n && !strcmp(buf_text(&one), buf_text(&two)));
	expect(!strcmp(whole.id, pieces.id) && strlen(whole.id) < SSE_ID_MAX && whole.retry_ms == pieces.retry_ms);
	sse_done(&whole);
	sse_done(&pieces);
	buf_done(&one);
	buf_done(&two);
	return 0;
}
