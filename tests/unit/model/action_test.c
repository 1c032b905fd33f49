#include "model/action_download.h"

#include "tests/unit/check.h"

/* A table documents each of its fields, spells it in camelCase, names none twice, and keeps within its struct. */
static void shape(const struct field *t, size_t size)
{
	CHECK(t && size > 0);
	for (const struct field *row = t; row->type != FIELD_END; row++) {
		CHECK(*row->name >= 'a' && *row->name <= 'z' && !strpbrk(row->name, "_- "));
		CHECK(row->doc && *row->doc && row->doc[strlen(row->doc) - 1] == '.');
		CHECK(field_find(t, row->name) == row);
		CHECK(row->at < size);
		CHECK(row->type != FIELD_ENUM || row->words);
		if (row->type == FIELD_OBJ || (row->type == FIELD_LIST && row->item == FIELD_OBJ))
			shape(row->sub, row->type == FIELD_OBJ ? size : row->sub_size);
		if (row->type == FIELD_LIST)
			CHECK(row->item == FIELD_STR || row->item == FIELD_U32 || row->item == FIELD_OBJ);
	}
}

static bool is_lane(const char *name)
{
	static const char *const lanes[] = {
#define LANE(id, name, key, every_ms, burst, cool_ms, cool_max_ms, where, doc) name,
#include "model/lanes.def"
#undef LANE
	};
	for (size_t i = 0; i < sizeof(lanes) / sizeof(*lanes); i++)
		if (!strcmp(lanes[i], name))
			return true;
	return false;
}

/* What must not be in a database or a log is marked, and nothing else is. */
static void secrets(void)
{
	for (size_t i = 0; action_all[i]; i++)
		for (const struct field *row = action_all[i]->payload; row->type != FIELD_END; row++) {
			bool secret =
				(!strcmp(action_all[i]->name, "keys.redeem") && !strcmp(row->name, "key")) ||
				(!strcmp(action_all[i]->name, "wallet.redeem") && !strcmp(row->name, "code")) ||
				(!strcmp(action_all[i]->name, "shops.log_in") && !strcmp(row->name, "code")) ||
				!strcmp(row->name, "branchPassword");
			CHECK(secret == ((row->flags & FIELD_SECRET) != 0));
		}
}

static void whole(const struct action *a)
{
	const char *dot = strchr(a->name, '.');

	CHECK(dot && dot > a->name && dot[1]);
	CHECK(strspn(a->name, "abcdefghijklmnopqrstuvwxyz_.") == strlen(a->name));
	CHECK(a->scope > SCOPE_NONE && a->scope < SCOPE_COUNT);
	CHECK(a->class <= TASK_ONCE && a->timeout_s > 0 && a->timeout_s <= ACTION_TIMEOUT_MAX_S);
	CHECK(a->doc && a->doc[strlen(a->doc) - 1] == '.');
	CHECK(a->lanes && a->mutates == (a->class != TASK_READ) && a->probe == (a->class == TASK_GUARDED));
	for (size_t i = 0; a->lanes[i]; i++)
		CHECK(is_lane(a->lanes[i]));
	const struct task_policy p = task_policy_of(a->class, a->retry, NULL);
	CHECK(p.max_attempts >= 1 && p.max_attempts <= (task_may_repeat(a->class) ? 5 : 3));
	CHECK(p.backoff_ms >= 1 && p.backoff_ms <= p.backoff_max_ms);
	shape(a->payload, a->payload_size);
	shape(a->result, a->result_size);
}

int main(void)
{
	size_t n = 0;

	for (; action_all[n]; n++) {
		whole(action_all[n]);
		CHECK(n == 0 || strcmp(action_all[n - 1]->name, action_all[n]->name) < 0);
		CHECK(action_find(action_all[n]->name) == action_all[n]);
	}
	CHECK(n >= 34);
	whole(&action_download_run);
	whole(&action_manifests_diff);
	whole(&action_manifests_list);
	whole(&action_manifests_probe);
	whole(&action_prefill_run);
	secrets();
	CHECK(!action_find("") && !action_find("session") && !action_find("session.logi") &&
		!action_find("Session.login"));
	CHECK(!action_find("session.loginx") && !action_find("session.login "));
	const struct action *login = action_find("session.login");
	CHECK(login && login->class == TASK_IDEMPOTENT && login->target == ACTION_TARGET_ACCOUNT);
	CHECK(login->scope == SCOPE_SESSIONS_WRITE && field_count(login->payload) == 1);
	return 0;
}
