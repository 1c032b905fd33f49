#include "control/access/audit.h"
#include "control/audit/trail.h"
#include "control/http/route.h"

/* Empty is none, for what a request may or may not have. */
static const char *or_null(const char *s) { return s && *s ? s : NULL; }

enum rc audit_write(struct tx *tx, const struct audit_new *n)
{
	struct audit_record r = { .ts = tx->now_ms,
		.tenant_id = n->tenant_id    ? n->tenant_id
			     : tx->tenant_id ? tx->tenant_id
					     : ROUTE_TENANT_DEFAULT,
		.actor = n->actor    ? n->actor
			 : tx->actor ? tx->actor
				     : "",
		.session_id = or_null(tx->session_id),
		.peer = tx->peer ? tx->peer : "",
		.agent = or_null(tx->user_agent),
		.action = n->action,
		.resource = n->resource ? n->resource : "",
		.outcome = n->outcome ? n->outcome : "done",
		.request_id = or_null(tx->request_id),
		.trace_id = or_null(tx->trace_id),
		.words = or_null(n->words) };

	for (const struct field *f = audit_record_fields; f->type != FIELD_END; f++) {
		const char **at = (const char **)(void *)((char *)&r + f->at);
		if (f->type != FIELD_STR || !*at)
			continue;
		size_t most = at == &r.words ? AUDIT_RECORD_WORDS : AUDIT_RECORD_SHORT;
		*at = audit_record_clean(tx->arena, *at, most);
		if (!*at)
			return RC_NOMEM;
	}
	return trail_add(tx, &r);
}

enum rc audit_note(struct tx *tx, const char *action, const char *resource, const char *words)
{
	return audit_write(tx, &(struct audit_new){ .action = action, .resource = resource, .words = words });
}

enum rc audit_add(struct tx *tx, const char *action, const char *resource)
{
	return audit_note(tx, action, resource, NULL);
}
