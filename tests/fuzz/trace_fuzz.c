/* Any bytes as a traceparent: what is read is written and read again as the same; and as a collector's answer. */
#include "wire/otlp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = calloc(1, n + 1), again[TRACE_TEXT];
	struct trace was = { 0 }, is = { 0 };

	expect(text != NULL);
	if (n)
		memcpy(text, p, n);
	if (trace_read(text, &was)) {
		trace_write(&was, again);
		expect(trace_read(again, &is) && !memcmp(&was, &is, sizeof(was)));
		expect(strlen(was.trace_id) == 32 && strlen(was.span_id) == 16);
		expect(memcmp(text, "00", 2) != 0 || !memcmp(text, again, 53)); /* but for flags we do not know */
	}
	expect(otlp_rejected(OTLP_PROTOBUF, p, n) <= INT64_MAX && otlp_rejected(OTLP_JSON, p, n) <= INT64_MAX);
	free(text);
	return 0;
}
