#include "control/updates/sources_builds.h"
#include "base/buf.h"
#include "control/updates/builds.h"
#include "model/action_download.h"
#include "wire/json.h"

#define PROBES 8 /* builds that are looked for at once; as many with accounts */

static void put_probe(struct buf *to, const struct builds_due *b)
{
	const struct action_download_depot *d = b->depots.at;

	buf_fmt(to, "{\"app\":%s,\"branch\":", b->ref);
	json_put_str(to, b->branch);
	buf_str(to, ",\"depots\":[");
	for (size_t i = 0; i < b->depots.n; i++) {
		buf_fmt(to, "%s{\"id\":%u,\"manifest\":", i ? "," : "", d[i].id);
		json_put_str(to, d[i].manifest ? d[i].manifest : "");
		buf_u8(to, '}');
	}
	buf_str(to, "]}");
}

enum rc sources_builds_ask(struct tx *tx, const struct field_list *asks, bool owned)
{
	const struct source_ask *out = asks->at;
	struct field_list due = { 0 };
	struct source s = { 0 };
	unsigned n = 0;

	for (size_t i = 0; i < asks->n; i++)
		n += out[i].kind == ASK_AVAILABLE && owned == (out[i].scope != NULL);
	enum rc rc = sources_load(tx, "steam.pics", &s);
	if (rc == RC_OK && (owned || sources_is_asked(&s)))
		rc = n < PROBES && action_find("manifests.probe") ? builds_due(tx, owned, PROBES - n, &due) : RC_OK;
	const struct builds_due *b = due.at;
	for (size_t i = 0; rc == RC_OK && i < due.n; i++) {
		struct source_ask a = { .source = "steam.pics",
			.kind = ASK_AVAILABLE,
			.page = b[i].id,
			.account_id = b[i].account_id,
			.scope = b[i].scope };
		struct buf payload = { 0 };
		put_probe(&payload, &b[i]);
		rc = payload.bad ? RC_NOMEM : sources_ask_new(tx, &a, "manifests.probe", buf_text(&payload));
		buf_done(&payload);
	}
	return rc;
}
