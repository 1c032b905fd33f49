#include "control/downloads/download_create.h"
#include "base/metric.h"
#include "control/access/audit.h"
#include "control/access/vault.h"
#include "control/control.h"
#include "control/downloads/download_queue.h"
#include "control/downloads/download_request.h"
#include "control/events/events.h"
#include "control/fleet/labels.h"

#include <stdio.h>

static enum rc seal_password(struct tx *tx, const char *id, const char *password)
{
	struct hush value = { 0 };

	if (!password)
		return RC_OK;
	enum rc rc = hush_set(&value, password, strlen(password));
	if (rc == RC_OK)
		rc = vault_put(tx, &(struct vault_at){ "download", id, "branch_password" }, &value, NULL);
	hush_done(&value);
	return rc;
}

enum rc download_create_add(struct tx *tx, const struct download_request *in,
	const struct action_download_source *s, const char **ret_id)
{
	struct download_row d = { .id = tx_id(tx, "dl"),
		.state = DOWNLOAD_QUEUED,
		.reason = download_reason_words[DOWNLOAD_FOR_CONCURRENCY],
		.priority = in->priority,
		.rank = download_rank(in->priority, tx->now_ms),
		.bandwidth_bps = in->limits.bandwidth_bps,
		.labels = labels_json(tx->arena, &in->labels),
		.tenant_id = tx_tenant(tx),
		.created_by = tx->actor,
		.version = 1,
		.created_at = tx->now_ms };

	if (!d.id || !d.labels)
		return RC_NOMEM;
	*ret_id = d.id;
	d.content_key = download_request_key(tx, in, s, in->branch_password ? d.id : NULL);
	enum rc rc = d.content_key ? download_request_put(tx, in, s, &d.request, &d.source) : RC_NOMEM;
	if (rc == RC_OK)
		rc = download_row_add(tx, &d);
	if (rc == RC_OK)
		rc = seal_password(tx, d.id, in->branch_password);
	if (rc == RC_OK)
		rc = download_row_log(tx, d.id, "queued");
	if (rc == RC_OK)
		rc = events_add(tx, &(struct event){ .type = "download.created",
					    .resource = d.id,
					    .tenant_id = d.tenant_id,
					    .payload = arena_fmt(tx->arena,
						    "{\"kind\":\"%s\",\"state\":\"queued\"}", s->kind) });
	return rc == RC_OK ? audit_add(tx, "download.create", d.id) : rc;
}

void download_create_count(struct call *c)
{
	char labels[METRIC_LABELS_MAX];

	if (c->who->kind != PRINCIPAL_KEY)
		return;
	snprintf(labels, sizeof(labels), "%s\n%s", c->who->id, c->route->path);
	metric_add(c->tx.control->metrics, METRIC_DOWNLOAD_KEY_USE, labels, 1);
}

enum rc download_create_called(struct call *c, const struct download_request *in, const char **ret_id)
{
	enum rc rc = download_request_check(c, in, &in->source, "/source");

	download_create_count(c);
	if (rc == RC_OK)
		rc = download_create_check_all(c, in);
	if (rc == RC_OK)
		rc = download_create_add(&c->tx, in, &in->source, ret_id);
	return rc == RC_OK ? download_queue_pump(&c->tx) : rc;
}

enum rc download_create_fired(struct tx *tx, const char *request, const char **ret_id)
{
	struct download_request *in = arena_take(tx->arena, sizeof(*in));

	enum rc rc = in ? download_request_parse(tx, NULL, request, in, tx->fault) : RC_NOMEM;
	if (rc == RC_OK)
		rc = download_create_add(tx, in, &in->source, ret_id);
	return rc == RC_OK ? download_queue_pump(tx) : rc;
}
