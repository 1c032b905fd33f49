#include "model/scope.h"

#include <string.h>

static const struct {
	const char *text, *doc;
} rows[SCOPE_COUNT] = {
	[SCOPE_NONE] = { "", "Open to everyone." },
#define SCOPE(name, text, doc) [SCOPE_##name] = { text, doc },
#include "model/scopes.def"
#undef SCOPE
};

const char *scope_text(enum scope s) { return rows[s].text; }
const char *scope_doc(enum scope s) { return rows[s].doc; }

bool scope_covers(const char *grant, enum scope s)
{
	const char *want = rows[s].text, *bar = strchr(want, ':');

	if (s == SCOPE_NONE || !strcmp(grant, "admin:*") || !strcmp(grant, want))
		return true;
	size_t n = (size_t)(bar - want);
	if (!strncmp(grant, want, n) && !strcmp(grant + n, ":*"))
		return true;
	return !strncmp(grant, "*:", 2) && !strcmp(grant + 2, bar + 1);
}

bool scope_is_grant(const char *text)
{
	for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++)
		if (scope_covers(text, (enum scope)s))
			return true;
	return false;
}
