#include "model/action.h"

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

static void whole(const struct action *a)
{
	const char *dot = strchr(a->name, '.');

	CHECK(dot && dot > a->name && dot[1]);
	CHECK(strspn(a->name, "abcdefghijklmnopqrstuvwxyz_.") == strlen(a->name));
	CHECK(a->scope > SCOPE_NONE && a->scope < SCOPE_COUNT);
	CHECK(a->class <= TASK_ONCE && a->timeout_s > 0 && a->timeout_s <= 86400);
	CHECK(a->doc && a->doc[strlen(a->doc) - 1] == '.');
	CHECK(a->lanes);
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
	CHECK(n >= 5);
	CHECK(!action_find("") && !action_find("session") && !action_find("session.logi") &&
		!action_find("Session.login"));
	CHECK(!action_find("session.loginx") && !action_find("session.login "));
	const struct action *login = action_find("session.login");
	CHECK(login && login->class == TASK_IDEMPOTENT && login->target == ACTION_TARGET_ACCOUNT);
	CHECK(login->scope == SCOPE_SESSIONS_WRITE && field_count(login->payload) == 0);
	return 0;
}
