#include "tests/system/rig.h"

#include <stdio.h>

/* Of JSON Schema, what our schemas use: type (one or several), const, enum, properties, required, items. */

static bool is_type(const json_t *v, const char *type)
{
	return !strcmp(type, "null")      ? json_is_null(v)
	       : !strcmp(type, "string")  ? json_is_string(v)
	       : !strcmp(type, "integer") ? json_is_integer(v)
	       : !strcmp(type, "boolean") ? json_is_boolean(v)
	       : !strcmp(type, "object")  ? json_is_object(v)
	       : !strcmp(type, "array")   ? json_is_array(v)
					  : false;
}

static bool fits_type(const json_t *v, const json_t *type)
{
	size_t i;
	json_t *one;

	if (json_is_string(type))
		return is_type(v, json_string_value(type));
	json_array_foreach(type, i, one)
	{
		if (is_type(v, json_string_value(one)))
			return true;
	}
	return !type;
}

static void fail(const json_t *event, const char *where, const char *why)
{
	char *text = json_dumps(event, 0);
	fprintf(stderr, "an event does not keep to its schema: %s %s: %s\n", where, why, text ? text : "");
	free(text);
	exit(1);
}

static void check_value(const json_t *event, const json_t *schema, const json_t *v, const char *where);

static void check_object(const json_t *event, const json_t *schema, json_t *v, const char *where)
{
	json_t *properties = json_object_get(schema, "properties"), *one;
	bool open = json_object_size(properties) == 0 && !strcmp(json_str(event, "type"), "task.progress");
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, one)
	{
		if (!json_object_get(v, json_string_value(one)))
			fail(event, json_string_value(one), "is missing");
	}
	json_object_foreach(v, name, one)
	{
		json_t *of = json_object_get(properties, name);
		if (!of && !open)
			fail(event, name, "is no member that the schema names");
		if (of)
			check_value(event, of, one, name);
	}
	(void)where;
}

static void check_value(const json_t *event, const json_t *schema, const json_t *v, const char *where)
{
	json_t *fixed = json_object_get(schema, "const");

	if (fixed && !json_equal(fixed, v))
		fail(event, where, "is another");
	if (!fits_type(v, json_object_get(schema, "type")))
		fail(event, where, "is of another type");
	if (json_is_object(v) && json_object_get(schema, "properties"))
		check_object(event, schema, (json_t *)v, where);
}

void rig_check_events(const struct rig *r)
{
	json_t *types = rig_expect(r, 200, "GET", "/v1/event-types", NULL), *e;
	json_t *known = json_object();
	char path[128] = "/v1/events?limit=500";
	size_t i, n = 0;

	json_array_foreach(json_object_get(types, "items"), i, e)
		json_object_set(known, json_str(e, "type"), json_object_get(e, "jsonSchema"));
	for (bool more = true; more;) {
		json_t *page = rig_expect(r, 200, "GET", path, NULL), *items = json_object_get(page, "items");
		json_array_foreach(items, i, e)
		{
			json_t *schema = json_object_get(known, json_str(e, "type"));
			if (!schema)
				fail(e, "type", "is not in the catalogue");
			check_value(e, schema, e, "event");
			n++;
		}
		more = json_array_size(items) > 0;
		snprintf(path, sizeof(path), "/v1/events?limit=500&after=%s", json_str(page, "nextCursor"));
		json_decref(page);
	}
	CHECK(n > 0);
	json_decref(known);
	json_decref(types);
}
