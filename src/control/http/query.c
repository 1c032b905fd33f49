#include "control/http/query.h"
#include "control/http/match.h"

#include <stdio.h>

static const struct field no_fields[] = { { 0 } };

static enum rc take_one(const struct field *t, char *name, struct field_reader *r, void *to, struct fault *f)
{
	char *value = strchr(name, '='), pointer[80], detail[200];
	const char *credentials[] = { "access_token", "api_key", "key", "token" };

	if (value)
		*value++ = 0;
	if (!match_unescape(name, true) || (value && !match_unescape(value, true)))
		return fault_set(f, RC_MALFORMED, "the query string has a malformed %%-escape");
	snprintf(pointer, sizeof(pointer), "?%.60s", name);
	const struct field *row = field_find(t, name);
	if (row) {
		struct fault why = { 0 };
		uint64_t bit = 1ull << (row - t);
		if (r->given & bit)
			return field_json_problem(r, pointer, "malformed", "is given twice");
		r->given |= bit;
		if (field_json_text(row, value ? value : "", r->arena, (char *)to + row->at, &why) == RC_OK)
			return RC_OK;
		return field_json_problem(r, pointer, "malformed", why.text);
	}
	if (r->lenient)
		return RC_OK;
	for (size_t i = 0; i < sizeof(credentials) / sizeof(*credentials); i++)
		if (!strcmp(name, credentials[i]))
			return fault_set(f, RC_MALFORMED,
				"a credential may not stand in a URL; send it as Authorization: Bearer");
	const char *near = field_nearest(t, name);
	snprintf(detail, sizeof(detail),
		near ? "there is no such parameter; did you mean \"%s\"?" : "there is no such parameter%s",
		near ? near : "");
	return field_json_problem(r, pointer, "unknown_field", detail);
}

enum rc query_decode(const struct field *t, const char *text, struct field_reader *r, void *to, struct fault *f)
{
	char *all = arena_str(r->arena, text);
	enum rc rc = all ? RC_OK : RC_NOMEM;

	t = t ? t : no_fields;
	r->given = 0;
	if (to)
		field_defaults(t, to);
	for (char *save, *one = all ? strtok_r(all, "&", &save) : NULL; one && rc != RC_MALFORMED;
		one = strtok_r(NULL, "&", &save)) {
		enum rc this = take_one(t, one, r, to, f);
		rc = this == RC_OK ? rc : this;
	}
	for (const struct field *row = t; row->name; row++)
		if (rc != RC_MALFORMED && (row->flags & FIELD_REQUIRED) && !(r->given & 1ull << (row - t))) {
			char pointer[80];
			snprintf(pointer, sizeof(pointer), "?%.60s", row->name);
			rc = field_json_problem(r, pointer, "required", "must be given");
		}
	if (rc == RC_INVALID)
		return fault_set(f, rc, "%s: %s", r->problems[0].pointer, r->problems[0].detail);
	return rc;
}
