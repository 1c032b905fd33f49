#include "base/rc.h"

#include <string.h>

static const struct {
	const char *name, *code, *title;
	int http;
	bool retry;
} rows[RC_COUNT] = {
#define RC(name, code, http, retry, title) [RC_##name] = { #name, code, title, http, retry },
#include "base/errors.def"
#undef RC
};

const char *rc_name(enum rc rc) { return rows[rc].name; }
const char *rc_code(enum rc rc) { return rows[rc].code; }
const char *rc_title(enum rc rc) { return rows[rc].title; }
int rc_http(enum rc rc) { return rows[rc].http; }
bool rc_retry(enum rc rc) { return rows[rc].retry; }

enum rc rc_of_code(const char *code)
{
	for (int i = 0; i < RC_COUNT; i++)
		if (code && !strcmp(rows[i].code, code))
			return (enum rc)i;
	return RC_INTERNAL;
}
