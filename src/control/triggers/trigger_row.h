/*
 * trigger_row: a trigger and a fire of it as their rows have them, and what stands in a trigger's JSON: on what, what, and when not.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/quiet.h"

struct trigger {
	const char *id, *name;
	bool enabled;
	const char *on;     /* JSON: struct trigger_on */
	const char *action; /* JSON: struct trigger_action */
	uint32_t debounce_s;
	const char *quiet; /* JSON: struct trigger_quiet; NULL: none */
	int64_t after_pos; /* events up to here were looked at */
	const char *tenant_id, *created_by;
	int64_t version, created_at, updated_at;
};
/* All of it but after_pos as an answer has it; TRIGGER_ROW_COLUMNS in its order. */
extern const struct field trigger_row_fields[];
#define TRIGGER_ROW_COLUMNS                                                                                 \
	"id, name, enabled, match, action, debounce_s, quiet, tenant_id, created_by, version, created_at, " \
	"updated_at"
#define TRIGGER_ROW_NAME_MAX 63

struct trigger_on {
	const char *type, *store, *title; /* store, title NULL: any */
	struct field_list labels;         /* of the watch: struct field_pair, all of them */
	const char *branch, *os, *class;  /* NULL: any */
};
extern const struct field trigger_on_fields[];

/* One of the three. */
struct trigger_action {
	const char *job; /* JSON as createJob takes it; {{titleId}} and the like stand for members of the event */
	const char *webhook_id; /* is told, whatever types it asks for */
	const char *download;   /* JSON as createDownload takes it, a template as well */
};
extern const struct field trigger_action_fields[];

struct trigger_quiet {
	const char *timezone, *from, *to;
};
extern const struct field trigger_quiet_fields[];

must_check enum rc trigger_row_load(struct tx *tx, const char *id, struct trigger *ret);
/* after_pos is where the log ends now. */
must_check enum rc trigger_row_add(struct tx *tx, const struct trigger *t);
/* `again`: what came while it rested is not looked at. */
must_check enum rc trigger_row_keep(struct tx *tx, const struct trigger *t, bool again);

/* What stands in the JSON, in the arena. */
must_check enum rc trigger_row_on(struct tx *tx, const char *json, struct trigger_on *ret);
must_check enum rc trigger_row_action(struct tx *tx, const char *json, struct trigger_action *ret);
/* Its hours; json NULL: there are none, from and to are the same. RC_INVALID: the time zone, or a time. */
must_check enum rc trigger_row_quiet(struct tx *tx, const char *json, struct quiet *ret);

#define TRIGGER_FIRE_PENDING    "pending"
#define TRIGGER_FIRE_FIRED      "fired"
#define TRIGGER_FIRE_SUCCEEDED  "succeeded"
#define TRIGGER_FIRE_FAILED     "failed"
#define TRIGGER_FIRE_SUPERSEDED "superseded" /* a newer build of the title came within the debounce */

struct trigger_fire {
	const char *id, *trigger_id, *build_key, *status;
	int64_t not_before;
	const char *made; /* id of the job or the delivery */
	const char *problem;
	const char *event; /* JSON: the payload that it is about */
	int64_t created_at, fired_at, finished_at;
};
extern const struct field trigger_fire_fields[];
#define TRIGGER_FIRE_COLUMNS \
	"id, trigger_id, build_key, status, not_before, made, problem, event, created_at, fired_at, finished_at"
