#include "sim/web/api_vdf.h"

#include "wire/json.h"
#include "wire/steam/vdf_text.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static bool add(struct vdf *to, struct arena *a, const char *key, const json_t *j);

static bool add_all(struct vdf *to, struct arena *a, const json_t *j)
{
	char index[24];
	const char *key;
	json_t *value;
	size_t i;

	if (!to)
		return false;
	json_array_foreach((json_t *)j, i, value)
	{
		snprintf(index, sizeof(index), "%zu", i);
		if (!add(to, a, index, value))
			return false;
	}
	json_object_foreach((json_t *)j, key, value) if (!add(to, a, key, value)) return false;
	return true;
}

static bool add(struct vdf *to, struct arena *a, const char *key, const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return add_all(vdf_add(to, a, VDF_OBJECT, key), a, j);
	case JSON_STRING:
		return vdf_add_text(to, a, key, json_string_value(j)) != NULL;
	case JSON_INTEGER:
		return vdf_add_text(to, a, key, arena_fmt(a, "%lld", (long long)json_integer_value(j))) != NULL;
	case JSON_REAL:
		return vdf_add_text(to, a, key, arena_fmt(a, "%.16g", json_real_value(j))) != NULL;
	case JSON_TRUE:
	case JSON_FALSE:
		return vdf_add_text(to, a, key, json_is_true(j) ? "1" : "0") != NULL;
	case JSON_NULL:
		return true;
	}
	return false;
}

void api_vdf_if_wanted(const struct ask *q, struct answer *a)
{
	auto_json struct json_t *j = NULL;
	struct arena arena = { 0 };
	struct vdf doc = { .kind = VDF_OBJECT };
	struct buf out = { 0 };

	if (strcmp(ask_either(q, "format"), "vdf") != 0 || strncmp(a->type, "application/json", 16) != 0)
		return;
	if (json_read((const char *)a->body.p, a->body.n, &j, NULL) == RC_OK && add_all(&doc, &arena, j)) {
		vdf_text_write(&out, &doc, VDF_TEXT_WEB);
		buf_done(&a->body);
		a->body = out;
		a->type = "text/vdf; charset=UTF-8";
	}
	arena_done(&arena);
}
