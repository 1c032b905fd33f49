#include "model/give.h"

#include "tests/unit/check.h"

#define LIST(...)                                                                                                 \
	{                                                                                                         \
		(void *)(const char *[]){ __VA_ARGS__ }, sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *) \
	}

int main(void)
{
	struct field_pair red[] = { { "team", "red" } }, both[] = { { "team", "red" }, { "tier", "1" } },
			  blue[] = { { "team", "blue" } };
	const struct selector eu = { .regions = LIST("rgn_eu") }, eu_us = { .regions = LIST("rgn_eu", "rgn_us") },
			      own = { .own = true }, trade = { .actions = LIST("trade.*") },
			      send = { .actions = LIST("trade.send") },
			      most = { .actions = LIST("tra*", "pics.*") }, of_red = { .labels = { red, 1 } },
			      of_both = { .labels = { both, 2 } }, of_blue = { .labels = { blue, 1 } },
			      none = { 0 };
	const struct {
		const char *have;
		const struct selector *have_only;
		const char *give;
		const struct selector *give_only;
		bool ok;
	} cases[] = {
		{ "jobs:read", NULL, "jobs:read", NULL, true },
		{ "jobs:read", NULL, "jobs:read", &eu, true },
		{ "jobs:read", &none, "jobs:read", NULL, true },
		{ "jobs:read", NULL, "jobs:write", NULL, false },
		{ "jobs:read", NULL, "jobs:*", NULL, false },
		{ "jobs:*", NULL, "jobs:write", NULL, true },
		{ "*:read", NULL, "*:read", NULL, true },
		{ "*:read", NULL, "admin:*", NULL, false },
		{ "admin:*", NULL, "admin:*", NULL, true },
		{ "admin:*", &eu, "admin:*", NULL, false },
		{ "admin:*", &eu, "jobs:read", NULL, false },
		{ "admin:*", &eu, "jobs:read", &eu, true },
		{ "jobs:read", &eu, "jobs:read", &eu_us, false },
		{ "jobs:read", &eu_us, "jobs:read", &eu, true },
		{ "jobs:read", &eu, "jobs:read", NULL, false },
		{ "jobs:read", &eu, "jobs:read", &none, false },
		{ "jobs:read", &own, "jobs:read", NULL, false },
		{ "jobs:read", &own, "jobs:read", &own, true },
		{ "jobs:read", NULL, "jobs:read", &own, true },
		{ "jobs:read", &trade, "jobs:read", &send, true },
		{ "jobs:read", &send, "jobs:read", &trade, false },
		{ "jobs:read", &most, "jobs:read", &trade, true },
		{ "jobs:read", &trade, "jobs:read", &most, false },
		{ "jobs:read", &of_red, "jobs:read", &of_both, true },
		{ "jobs:read", &of_both, "jobs:read", &of_red, false },
		{ "jobs:read", &of_red, "jobs:read", &of_blue, false },
		{ "jobs:read", &eu, "jobs:read", &of_red, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *have = cases[i].have, *give = cases[i].give;
		const struct grant mine = { { &have, 1 }, cases[i].have_only },
				   it = { { &give, 1 }, cases[i].give_only };
		if (give_is_within(&(struct grants){ &mine, 1 }, &it) == cases[i].ok)
			continue;
		fprintf(stderr, "case %zu\n", i);
		CHECK_NEVER("what may be given");
	}

	/* Every scope, one by one, is not admin:*: it means the scopes to come as well, and what only an administrator may. */
	const char *all[SCOPE_COUNT], *admin = "admin:*", *audit = "audit:read";
	size_t n = 0;
	for (int s = SCOPE_NONE + 1; s < SCOPE_COUNT; s++)
		all[n++] = scope_text((enum scope)s);
	const struct grant mine = { { all, n }, NULL }, it = { { &admin, 1 }, NULL },
			   little = { { &audit, 1 }, NULL };
	CHECK(!give_is_within(&(struct grants){ &mine, 1 }, &it) &&
		give_is_within(&(struct grants){ &mine, 1 }, &little));
	CHECK(!give_is_within(&(struct grants){ 0 }, &little));
	return 0;
}
