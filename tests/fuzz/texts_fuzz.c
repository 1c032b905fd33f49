/* Any text as a moment, an id, an API key and a scope: what is one is written again as the same. */
#include "base/id.h"
#include "base/when.h"
#include "model/apikey.h"
#include "model/scope.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void moment(const char *s)
{
	char text[WHEN_MAX], again[WHEN_MAX];
	int64_t ms, back = 0;

	if (!when_parse(s, &ms))
		return;
	when_text(text, ms);
	expect(strlen(text) == 24 && when_parse(text, &back) && back == ms);
	when_text(again, back);
	expect(!strcmp(text, again));
}

static void id(const char *s)
{
	const uint8_t zeros[ID_RANDOM] = { 0 };
	char made[ID_MAX], prefix[ID_MAX];
	int64_t ms = id_time_ms(s);

	expect(id_is(s, NULL) == (ms >= 0));
	if (ms < 0)
		return;
	size_t n = (size_t)(strrchr(s, '_') - s);
	expect(n < sizeof(prefix) && strlen(s) < ID_MAX);
	memcpy(prefix, s, n);
	prefix[n] = 0;
	expect(id_is(s, prefix));
	id_make(made, prefix, ms, zeros);
	expect(!strncmp(made, s, n + 11) && id_time_ms(made) == ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s = malloc(n + 1), made[WHEN_MAX];

	if (n > 0)
		memcpy(s, p, n);
	s[n] = 0;
	moment(s);
	id(s);
	if (apikey_is(s, NULL))
		expect(strlen(s) < APIKEY_MAX && !(apikey_is(s, "live") && apikey_is(s, "agt")));
	if (scope_is_grant(s))
		expect(strlen(s) < SCOPE_TEXT_MAX && strchr(s, ':'));
	int64_t ms = 0;
	memcpy(&ms, s, n < sizeof(ms) ? n : sizeof(ms));
	when_text(made, ms);
	expect(strlen(made) >= 24 && made[strlen(made) - 1] == 'Z');
	free(s);
	return 0;
}
