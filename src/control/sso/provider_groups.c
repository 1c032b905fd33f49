#include "control/sso/provider_groups.h"
#include "control/people/gives.h"
#include "wire/field_json.h"

static enum rc check_one(struct call *c, const struct provider *p, const char *group_id, size_t i)
{
	static const struct store_query find = { .sql = "SELECT id FROM groups WHERE id = $1 AND tenant_id = $2" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(
		c->tx.db, &find, STORE_ARGS(store_text(group_id), store_text(p->row.tenant_id)), &r, c->tx.fault);

	if (rc == RC_MISSING)
		return field_json_problem(c->reader, arena_fmt(c->tx.arena, "/people/groupMap/%zu/groupId", i),
			"not_one_of", "the tenant has no such group");
	return rc == RC_OK ? gives_subject(c, group_id) : rc;
}

enum rc provider_groups_check(struct call *c, const struct provider *p)
{
	const struct claims_group *map = p->people.group_map.at;
	enum rc rc = RC_OK;

	for (size_t i = 0; i < p->people.group_map.n; i++) {
		enum rc this = check_one(c, p, map[i].group_id, i);
		if (this != RC_OK && this != RC_INVALID)
			return this;
		rc = this == RC_OK ? rc : this;
	}
	return rc;
}
