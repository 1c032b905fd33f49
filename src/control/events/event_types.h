/*
 * event_types: the catalogue of events: what each type means and what its payload has, from types.def and payloads.def. One source
 * for GET /v1/event-types, the reference in docs/generated, and the filters. Pure; any thread.
 *
 * A schema has a name of its own, TYPE/VERSION. The version grows when a member changes its meaning or goes; a new member does not
 * count, so readers skip what they do not know.
 */
#pragma once

#include "base/buf.h"
#include "control/http/route.h"

#define EVENT_TYPES_VERSION 1

/* Is it a type, or a pattern ("task.*", "*") that fits one? */
bool event_types_fits(const char *text);

/* Does this type fit the pattern? */
bool event_types_match(const char *pattern, const char *type);

/* Writes the JSON Schema (2020-12) of a whole event of this type. */
must_check enum rc event_types_schema(const char *type, struct buf *to);

/* Writes the list of types, for docs/generated/events.md. */
void event_types_document(struct buf *to);

/* GET /v1/event-types, for the table of routes. */
struct event_types_view {
	const char *type, *doc, *schema, *json_schema;
};
struct event_types_query {
	uint32_t limit;
	const char *cursor;
};
extern const struct field event_types_fields[], event_types_query[];
enum rc event_types_list(struct call *c, void *ret_out);
