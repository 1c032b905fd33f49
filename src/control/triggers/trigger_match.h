/* trigger_match: does an event of titles concern a trigger, what is it about, and what does a template become of it? */
#pragma once

#include "control/triggers/trigger_row.h"

struct json_t;

/* An event of the log. */
struct trigger_event {
	int64_t pos;
	const char *type, *tenant_id, *data; /* data: without its first brace, as the log has it */
	struct json_t *payload;              /* borrowed */
};

/* A text of its payload; NULL: none. */
const char *trigger_match_text(const struct trigger_event *e, const char *name);

must_check enum rc trigger_match(
	struct tx *tx, const struct trigger_on *on, const struct trigger_event *e, bool *ret);

/* What it is about, each once for a trigger: the build, or the change. In the arena; NULL without memory. */
const char *trigger_match_key(struct tx *tx, const struct trigger_event *e);
/* The line of builds that it belongs to: a newer one of the same takes its place while it waits. */
const char *trigger_match_line(struct tx *tx, const struct trigger_event *e);

/* The template with {{name}} replaced by texts and numbers of the payload, an unknown one by nothing. In the arena. `payload`: JSON. */
must_check enum rc trigger_match_fill(struct tx *tx, const char *template, const char *payload, const char **ret);
