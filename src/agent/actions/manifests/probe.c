/* manifests.probe: can it be fetched already? Steam announces a build before its content servers have it. */
#include "agent/action_run.h"
#include "agent/content/cdn.h"
#include "base/arena.h"
#include "model/action_download.h"

#include <stdlib.h>
#include <string.h>

extern const struct action_run manifests_probe;

/* Of a manifest that the branch does not have yet, Steam gives no code, as it does of one that is not for this account. */
static bool is_absent(const char *code)
{
	return code && (!strcmp(code, "not_found") || !strcmp(code, "access_denied"));
}

/* RC_MISSING: not there yet. */
static enum rc look(struct action_task *t, const struct content_manifest *m, struct fault *f)
{
	struct buf manifest = { 0 };
	uint64_t code;

	enum rc rc = content_code(t, m, true, &code, f);
	if (rc == RC_OK)
		rc = cdn_manifest(t, m, NULL, NULL, &manifest, f);
	buf_done(&manifest);
	if (rc != RC_OK && is_absent(t->code)) {
		t->code = NULL;
		t->eresult = 0;
		return RC_MISSING;
	}
	return rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_manifests_probe *want = in;
	struct action_manifests_probe_result *to = out;
	const struct action_download_depot *depots = want->depots.at;
	const char **missing = arena_take(t->arena, (want->depots.n + 1) * sizeof(*missing));

	if (!missing)
		return RC_NOMEM;
	to->missing.at = missing;
	for (size_t i = 0; i < want->depots.n; i++) {
		struct content_manifest m = { .app = want->app, .depot = depots[i].id, .branch = want->branch };
		m.gid = depots[i].manifest ? strtoull(depots[i].manifest, NULL, 10) : 0;
		if (m.gid == 0)
			return fault_set(f, RC_INVALID, "depots: depot %u names no manifest", m.depot);
		enum rc rc = look(t, &m, f);
		if (rc != RC_OK && rc != RC_MISSING)
			return rc;
		if (rc == RC_OK)
			continue;
		missing[to->missing.n] = arena_fmt(t->arena, "%u", m.depot);
		if (!missing[to->missing.n++])
			return RC_NOMEM;
	}
	to->available = to->missing.n == 0;
	return RC_OK;
}

const struct action_run manifests_probe = { .name = "manifests.probe", .run = run };
