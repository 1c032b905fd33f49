/* Any bytes as a value and as the words of a log line: it stays one line, and as JSON it is JSON with the members of every line. */
#include "base/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static int64_t now_ms(void) { return 1; }

static void text(void *to, const char *line, size_t n)
{
	(void)to;
	for (size_t i = 0; i + 1 < n; i++)
		expect((uint8_t)line[i] >= 32 && line[i] != 127);
	expect(n > 0 && line[n - 1] == '\n');
}

static void json(void *to, const char *line, size_t n)
{
	text(to, line, n);
	json_t *j = json_loadb(line, n, JSON_REJECT_DUPLICATES, NULL);
	expect(j != NULL);
	expect(!strcmp(json_string_value(json_object_get(j, "ts")), "1970-01-01T00:00:00.001Z"));
	expect(!strcmp(json_string_value(json_object_get(j, "level")), "warn"));
	expect(json_object_get(j, "msg") != NULL);
	json_decref(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct log as_text = { .level = LOG_LEVEL_WARN, .now_ms = now_ms, .write = text };
	const struct log as_json = { .level = LOG_LEVEL_WARN, .json = true, .now_ms = now_ms, .write = json };
	char *s = malloc(n + 1);

	if (n > 0)
		memcpy(s, p, n);
	s[n] = 0;
	log_warn(&as_text, "%s", s);
	log_warn(&as_json, "%s", s);
	log_warn(&as_json, "refused who=%s why=\"%s\" n=1", s, s);
	free(s);
	return 0;
}
