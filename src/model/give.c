#include "model/give.h"

#include <string.h>

/* Does the pattern stand for all that the other does? Only a '*' at the end is one. */
static bool stands_for(const char *wide, const char *narrow)
{
	size_t n = strlen(wide);

	if (n > 0 && wide[n - 1] == '*')
		return !strncmp(wide, narrow, n - 1);
	return !strcmp(wide, narrow);
}

static bool list_within(const struct field_list *wide, const struct field_list *narrow)
{
	const char *const *w = wide->at, *const *n = narrow->at;

	if (wide->n == 0)
		return true;
	for (size_t i = 0; i < narrow->n; i++) {
		bool in = false;
		for (size_t k = 0; k < wide->n && !in; k++)
			in = stands_for(w[k], n[i]);
		if (!in)
			return false;
	}
	return narrow->n > 0;
}

static bool labels_within(const struct field_list *wide, const struct field_list *narrow)
{
	const struct field_pair *w = wide->at, *n = narrow->at;

	for (size_t i = 0; i < wide->n; i++) {
		bool in = false;
		for (size_t k = 0; k < narrow->n && !in; k++)
			in = !strcmp(w[i].key, n[k].key) && !strcmp(w[i].value, n[k].value);
		if (!in)
			return false;
	}
	return true;
}

static bool only_within(const struct selector *wide, const struct selector *narrow)
{
	static const struct selector all = { 0 };

	if (!wide)
		return true;
	if (!narrow)
		narrow = &all;
	return (!wide->own || narrow->own) && list_within(&wide->regions, &narrow->regions) &&
	       list_within(&wide->actions, &narrow->actions) && labels_within(&wide->labels, &narrow->labels);
}

static bool is_had(const struct grants *have, const char *text, enum scope s, const struct selector *only)
{
	for (size_t i = 0; i < have->n; i++) {
		const char *const *texts = have->at[i].scopes.at;
		for (size_t k = 0; k < have->at[i].scopes.n; k++)
			if (s == SCOPE_NONE ? !strcmp(texts[k], text) : scope_covers(texts[k], s))
				if (only_within(have->at[i].only, only))
					return true;
	}
	return false;
}

bool give_is_within(const struct grants *have, const struct grant *give)
{
	const char *const *texts = give->scopes.at;

	for (size_t i = 0; i < give->scopes.n; i++) {
		if (!strcmp(texts[i], "admin:*") && !is_had(have, texts[i], SCOPE_NONE, give->only))
			return false;
		for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++)
			if (scope_covers(texts[i], (enum scope)s) &&
				!is_had(have, texts[i], (enum scope)s, give->only))
				return false;
	}
	return true;
}
