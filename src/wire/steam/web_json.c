#include "wire/steam/web_json.h"

#include <inttypes.h>
#include <string.h>

#define TIME_MAX 253402300799 /* 9999-12-31 */

enum rc web_json_read(const char *p, size_t n, const char *what, json_t **ret, struct fault *f)
{
	json_t *j = NULL;
	enum rc rc = json_read(p, n, &j, NULL);

	if (rc == RC_NOMEM)
		return rc;
	if (rc != RC_OK || !json_is_object(j)) {
		json_drop(j);
		return fault_set(f, RC_MALFORMED, "Steam answered something that is not %s", what);
	}
	*ret = j;
	return RC_OK;
}

static bool number_of(const char *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || v > (UINT64_MAX - (uint64_t)(*s - '0')) / 10)
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	*ret = v;
	return true;
}

uint64_t web_json_u64(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	uint64_t n = 0;

	if (json_is_integer(v))
		return json_integer_value(v) > 0 ? (uint64_t)json_integer_value(v) : 0;
	return json_is_string(v) && number_of(json_string_value(v), &n) ? n : 0;
}

uint32_t web_json_u32(const json_t *o, const char *name)
{
	uint64_t v = web_json_u64(o, name);
	return v <= UINT32_MAX ? (uint32_t)v : 0;
}

bool web_json_bool(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	return json_is_true(v) || (json_is_integer(v) && json_integer_value(v) != 0) ||
	       (json_is_string(v) && !strcmp(json_string_value(v), "1"));
}

const char *web_json_text(const json_t *o, const char *name, struct arena *a)
{
	const json_t *v = json_object_get(o, name);

	if (json_is_integer(v))
		return arena_fmt(a, "%" PRId64, (int64_t)json_integer_value(v));
	return json_is_string(v) && json_string_length(v) ? arena_str(a, json_string_value(v)) : NULL;
}

const char *web_json_id(const json_t *o, const char *name, struct arena *a)
{
	const char *s = web_json_text(o, name, a);
	return s && strlen(s) <= 20 && strspn(s, "0123456789") == strlen(s) ? s : NULL;
}

int64_t web_json_time(const json_t *o, const char *name)
{
	uint64_t s = web_json_u64(o, name);
	return s <= TIME_MAX ? (int64_t)s * 1000 : 0;
}
