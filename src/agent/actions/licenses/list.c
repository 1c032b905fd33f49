/* licenses.list: the packages that the account has a licence for. */
#include "agent/actions/licenses/owned.h"
#include "model/action_library.h"

extern const struct action_run licenses_list;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_licenses *want = in;
	struct action_licenses_result *result = out;
	CMsgClientLicenseList *all;

	enum rc rc = owned_read(t, &all, f);
	if (rc != RC_OK)
		return rc;
	struct action_license *to = arena_take(t->arena, (all->n_licenses + 1) * sizeof(*to));
	if (!to)
		return RC_NOMEM;
	result->packages.at = to;
	for (size_t i = 0; i < all->n_licenses; i++) {
		const CMsgClientLicenseList__License *l = all->licenses[i];
		int64_t created_ms = (int64_t)l->time_created * 1000;
		if (created_ms < want->since_ms)
			continue;
		to[result->packages.n++] = (struct action_license){
			.sub = l->package_id, .flags = l->flags, .created_ms = created_ms, .owner = l->owner_id
		};
	}
	return RC_OK;
}

const struct action_run licenses_list = { .name = "licenses.list", .run = run };
