#include "../check.h"
#include "model/grant.h"

static const struct field_pair eu[] = { { "team", "eu" }, { "tier", "gold" } };

static bool may(const struct selector *only, const struct grant_object *o)
{
	const char *scopes[] = { "jobs:read", "accounts:*" };
	struct grant g = { { scopes, 2 }, only };
	return grant_covers_object(&(struct grants){ &g, 1 }, SCOPE_ACCOUNTS_WRITE, "user:usr_1", o);
}

static void a_grant_that_is_not_narrowed_lets_all_through(void)
{
	CHECK(may(NULL, &(struct grant_object){ 0 }));
	CHECK(may(&(struct selector){ 0 }, &(struct grant_object){ 0 }));
}

static void own_means_what_the_caller_made(void)
{
	const struct selector own = { .own = true };
	CHECK(may(&own, &(struct grant_object){ .owner = "user:usr_1" }));
	CHECK(!may(&own, &(struct grant_object){ .owner = "user:usr_2" }));
	CHECK(!may(&own, &(struct grant_object){ 0 }));
}

static void regions_labels_and_actions_must_all_be_there(void)
{
	const char *regions[] = { "reg_eu", "reg_us" }, *actions[] = { "trade.*", "agent.ping" };
	const struct selector by_region = { .regions = { regions, 2 } }, by_action = { .actions = { actions, 2 } };
	const struct selector by_label = { .labels = { (void *)eu, 2 } };

	CHECK(may(&by_region, &(struct grant_object){ .region_id = "reg_us" }));
	CHECK(!may(&by_region, &(struct grant_object){ .region_id = "reg_u" }));
	CHECK(!may(&by_region, &(struct grant_object){ 0 }));
	CHECK(may(&by_action, &(struct grant_object){ .action = "trade.send" }));
	CHECK(may(&by_action, &(struct grant_object){ .action = "agent.ping" }));
	CHECK(!may(&by_action, &(struct grant_object){ .action = "agent.ping.all" }));
	CHECK(may(&by_label, &(struct grant_object){ .labels = { (void *)eu, 2 } }));
	CHECK(!may(&by_label, &(struct grant_object){ .labels = { (void *)eu, 1 } }));
}

static void the_maker_of_what_was_held_against_the_grants_is_not_asked_again(void)
{
	const char *regions[] = { "reg_eu" }, *actions[] = { "trade.*" };
	const struct selector only = {
		.regions = { regions, 1 }, .labels = { (void *)eu, 1 }, .actions = { actions, 1 }
	};

	CHECK(may(&only, &(struct grant_object){ .owner = "user:usr_1", .action = "trade.send", .held = true }));
	CHECK(!may(&only, &(struct grant_object){ .owner = "user:usr_1", .action = "trade.send" }));
	CHECK(!may(&only, &(struct grant_object){ .owner = "user:usr_2", .action = "trade.send", .held = true }));
	CHECK(!may(&only, &(struct grant_object){ .action = "trade.send", .held = true }));
	CHECK(!may(&only, &(struct grant_object){ .owner = "user:usr_1", .action = "agent.ping", .held = true }));
}

static void several_grants_add_up_but_do_not_mix(void)
{
	const char *read[] = { "jobs:read" }, *all[] = { "admin:*" };
	const struct selector own = { .own = true };
	const struct grant g[] = { { { read, 1 }, NULL }, { { all, 1 }, &own } };
	const struct grants both = { g, 2 };

	CHECK(grant_covers(&both, SCOPE_KEYS_WRITE));
	CHECK(grant_covers_object(&both, SCOPE_JOBS_READ, "user:usr_1", &(struct grant_object){ 0 }));
	CHECK(!grant_covers_object(
		&both, SCOPE_KEYS_WRITE, "user:usr_1", &(struct grant_object){ .owner = "user:usr_2" }));
	CHECK(!grant_is_admin(&both)); /* of their own things only */
	CHECK(grant_is_admin(&(struct grants){ &(struct grant){ { all, 1 }, NULL }, 1 }));
	CHECK(!grant_covers(&(struct grants){ 0 }, SCOPE_JOBS_READ));
	CHECK(grant_covers(&(struct grants){ 0 }, SCOPE_NONE));
}

int main(void)
{
	a_grant_that_is_not_narrowed_lets_all_through();
	own_means_what_the_caller_made();
	regions_labels_and_actions_must_all_be_there();
	the_maker_of_what_was_held_against_the_grants_is_not_asked_again();
	several_grants_add_up_but_do_not_mix();
	return 0;
}
