#include "control/sso/arrive_groups.h"
#include "base/buf.h"
#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/rows.h"

#define ROLES_MAX 1000

/* What is there and should not be, and the other way. */
struct change {
	const struct provider *idp;
	const char *user_id;
	uint32_t added, removed;
	struct buf words;
};

static bool has(const struct field_list *list, const char *id)
{
	const char *const *at = list->at;

	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(at[i], id))
			return true;
	return false;
}

static enum rc read_now(struct tx *tx, const struct change *ch, struct field_list *ret)
{
	static const struct store_query now = {
		.sql = "SELECT group_id FROM group_members WHERE user_id = $1 AND source = $2 ORDER BY group_id"
	};
	auto_rows struct store_rows *r = NULL;
	const char **at = arena_take(tx->arena, (CLAIMS_RULES_MAX + 1) * sizeof(*at));
	bool row = true;

	if (!at)
		return RC_NOMEM;
	*ret = (struct field_list){ at, 0 };
	enum rc rc = store_run(
		tx->db, &now, STORE_ARGS(store_text(ch->user_id), store_text(ch->idp->row.id)), &r, tx->fault);
	while (rc == RC_OK && ret->n < CLAIMS_RULES_MAX && (rc = store_next(r, &row, tx->fault)) == RC_OK && row) {
		at[ret->n] = arena_str(tx->arena, store_col_text(r, 0));
		rc = at[ret->n++] ? RC_OK : RC_NOMEM;
	}
	return rc;
}

static enum rc add(struct tx *tx, struct change *ch, const char *group)
{
	static const struct store_query put = { .sql = "INSERT INTO group_members (group_id, user_id, source) "
						       "SELECT id, $2, $3 FROM groups WHERE id = $1 "
						       "AND tenant_id = $4 RETURNING group_id" };
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(tx->db, &put,
		STORE_ARGS(store_text(group), store_text(ch->user_id), store_text(ch->idp->row.id),
			store_text(ch->idp->row.tenant_id)),
		&r, tx->fault);

	if (rc == RC_MISSING)
		return RC_OK;
	ch->added++;
	buf_fmt(&ch->words, "%s+%s", ch->words.n ? " " : "", group);
	return rc;
}

static enum rc drop(struct tx *tx, struct change *ch, const char *group)
{
	static const struct store_query delete = {
		.sql = "DELETE FROM group_members WHERE group_id = $1 AND user_id = $2 AND source = $3"
	};
	ch->removed++;
	buf_fmt(&ch->words, "%s-%s", ch->words.n ? " " : "", group);
	return store_do(tx->db, &delete,
		STORE_ARGS(store_text(group), store_text(ch->user_id), store_text(ch->idp->row.id)), tx->fault);
}

static enum rc tell(struct tx *tx, const struct change *ch, const char *words)
{
	const char *payload = arena_fmt(tx->arena, "{\"providerId\":\"%s\",\"added\":%u,\"removed\":%u}",
		ch->idp->row.id, ch->added, ch->removed);
	enum rc rc = payload && words ? events_add(tx, &(struct event){ .type = "user.regrouped",
							       .resource = ch->user_id,
							       .payload = payload })
				      : RC_NOMEM;
	return rc == RC_OK ? audit_note(tx, "user.regroup", ch->user_id, words) : rc;
}

enum rc arrive_groups_set(
	struct tx *tx, const struct provider *idp, const char *user_id, const struct field_list *groups)
{
	struct change ch = { .idp = idp, .user_id = user_id };
	struct field_list now = { 0 };
	const char *const *want = groups->at;
	enum rc rc = read_now(tx, &ch, &now);
	const char *const *have = now.at;

	for (size_t i = 0; rc == RC_OK && i < now.n; i++)
		if (!has(groups, have[i]))
			rc = drop(tx, &ch, have[i]);
	for (size_t i = 0; rc == RC_OK && i < groups->n; i++)
		if (!has(&now, want[i]))
			rc = add(tx, &ch, want[i]);
	if (rc == RC_OK && (ch.added || ch.removed))
		rc = tell(tx, &ch, arena_str(tx->arena, buf_text(&ch.words)));
	buf_done(&ch.words);
	return rc;
}

const struct field arrive_role_fields[] = {
	{ .name = "subjectId",
		.type = FIELD_STR,
		FIELD_AT(struct arrive_role, subject_id),
		.doc = "The group or user that it is bound to." },
	{ .name = "role", .type = FIELD_STR, FIELD_AT(struct arrive_role, role), .doc = "The role." },
	{ 0 },
};

/* The roles of one subject are added to a list with room for ROLES_MAX. */
static enum rc add_roles(struct tx *tx, const char *subject, struct field_list *to)
{
	static const struct store_query all = {
		.sql = "SELECT subject_id, role FROM role_bindings WHERE subject_id = $1 ORDER BY id LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list some = { 0 };
	enum rc rc = store_run(tx->db, &all,
		STORE_ARGS(store_text(subject), store_int((int64_t)(ROLES_MAX - to->n))), &r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ arrive_role_fields, tx->arena, NULL },
			sizeof(struct arrive_role), ROLES_MAX - to->n, &some, tx->fault);
	if (rc == RC_OK && some.n)
		memcpy((struct arrive_role *)to->at + to->n, some.at, some.n * sizeof(struct arrive_role));
	to->n += rc == RC_OK ? some.n : 0;
	return rc;
}

enum rc arrive_groups_roles(
	struct tx *tx, const char *user_id, const struct field_list *groups, struct field_list *ret)
{
	const char *const *at = groups->at;
	*ret = (struct field_list){ arena_take(tx->arena, ROLES_MAX * sizeof(struct arrive_role)), 0 };
	enum rc rc = !ret->at ? RC_NOMEM : user_id ? add_roles(tx, user_id, ret) : RC_OK;

	for (size_t i = 0; rc == RC_OK && i < groups->n; i++)
		rc = add_roles(tx, at[i], ret);
	return rc;
}
