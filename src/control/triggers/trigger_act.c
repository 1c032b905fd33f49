#include "control/triggers/trigger_act.h"

#include "control/downloads/download_create.h"
#include "control/engine/submit.h"
#include "control/webhooks/webhook_fill.h"
#include "control/webhooks/webhook_row.h"

#include <string.h>

static enum rc make_job(
	struct tx *tx, const struct trigger *t, const char *job, struct field_reader *r, const char **ret_id)
{
	auto_json struct json_t *j = NULL;
	struct submit_job *in = arena_take(tx->arena, sizeof(*in));
	const struct submit_fire by = {
		.created_by = arena_fmt(tx->arena, "trigger:%s", t->id), .tenant_id = t->tenant_id, .reader = r
	};

	enum rc rc = in && by.created_by ? json_read(job, strlen(job), &j, tx->fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = field_json_decode(submit_fields, j, r, in, tx->fault);
	return rc == RC_OK ? submit_fired(tx, &by, in, ret_id) : rc;
}

/* In the name of who made the trigger: their limits count. */
static enum rc make_download(struct tx *tx, const struct trigger *t, const char *request, const char **ret_id)
{
	const char *actor = tx->actor, *tenant = tx->tenant_id;

	tx->actor = t->created_by;
	tx->tenant_id = t->tenant_id;
	enum rc rc = download_create_fired(tx, request, ret_id);
	tx->actor = actor;
	tx->tenant_id = tenant;
	return rc;
}

static enum rc tell_endpoint(struct tx *tx, const struct trigger *t, const char *webhook_id, const char *body,
	const struct trigger_fire *f, const char **ret_id)
{
	struct webhook_row w = { 0 };

	enum rc rc = webhook_row_load(tx, webhook_id, &w);
	if (rc == RC_MISSING || (rc == RC_OK && strcmp(w.tenant_id, t->tenant_id) != 0))
		return fault_set(tx->fault, RC_MISSING, "there is no webhook %.64s", webhook_id);
	if (rc == RC_OK && !w.enabled)
		return fault_set(tx->fault, RC_CONFLICT, "the webhook %s is disabled", w.id);
	return rc == RC_OK ? webhook_fill_fired(tx, &w, f->id, body, ret_id) : rc;
}

enum rc trigger_act_make(struct tx *tx, const struct trigger *t, const struct trigger_fire *f, const char *body,
	struct field_reader *r, const char **ret_id)
{
	struct trigger_action act;
	enum rc rc = trigger_row_action(tx, t->action, &act);

	if (rc != RC_OK)
		return rc;
	if (act.job)
		return make_job(tx, t, body, r, ret_id);
	if (act.download)
		return make_download(tx, t, body, ret_id);
	return tell_endpoint(tx, t, act.webhook_id, body, f, ret_id);
}
