/*
 * policy_rule: the rules of placement (model/placement) as JSON, in requests, answers and rows alike.
 */
#pragma once

#include "control/tx.h"
#include "model/placement.h"

extern const struct field policy_rule_when_fields[], policy_rule_need_fields[];

/* A rule without its name, over struct placement_rule: as it stands in a row. */
extern const struct field policy_rule_fields[];

/* The same rows over `owner`, whose member `rule` is a struct placement_rule. */
#define POLICY_RULE_FIELDS(owner, prefix)                                                                          \
	{ .name = "when",                                                                                          \
		.type = FIELD_OBJ,                                                                                 \
		FIELD_AT(owner, prefix when),                                                                      \
		.flags = FIELD_NULLABLE,                                                                           \
		.sub = policy_rule_when_fields,                                                                    \
		.sub_size = sizeof(struct placement_when),                                                         \
		.doc = "Which tasks it is for; the first rule that fits a task holds." },                          \
		{ .name = "require",                                                                               \
			.type = FIELD_OBJ,                                                                         \
			FIELD_AT(owner, prefix require),                                                           \
			.flags = FIELD_NULLABLE,                                                                   \
			.sub = policy_rule_need_fields,                                                            \
			.sub_size = sizeof(struct placement_need),                                                 \
			.doc = "What an agent must give; who does not is out." },                                  \
		{ .name = "prefer",                                                                                \
			.type = FIELD_LIST,                                                                        \
			FIELD_AT(owner, prefix prefer),                                                            \
			.item = FIELD_OBJ,                                                                         \
			.sub = policy_rule_need_fields,                                                            \
			.sub_size = sizeof(struct placement_need),                                                 \
			.max = POLICY_RULE_NEEDS_MAX,                                                              \
			.doc = "What is wanted of an agent, the most wanted first; before its load." },            \
		{ .name = "forbid",                                                                                \
			.type = FIELD_LIST,                                                                        \
			FIELD_AT(owner, prefix forbid),                                                            \
			.item = FIELD_OBJ,                                                                         \
			.sub = policy_rule_need_fields,                                                            \
			.sub_size = sizeof(struct placement_need),                                                 \
			.max = POLICY_RULE_NEEDS_MAX,                                                              \
			.doc = "Agents that are out: those that give all of one of these." },                      \
	{                                                                                                          \
		.name = "pin", .type = FIELD_STR, FIELD_AT(owner, prefix pin), .flags = FIELD_NULLABLE, .max = 64, \
		.doc = "The one agent that may have it."                                                           \
	}
#define POLICY_RULE_NEEDS_MAX 16

/* The text of a row. In the arena; NULL without memory. */
const char *policy_rule_text(struct arena *a, const struct placement_rule *rule);
must_check enum rc policy_rule_read(struct tx *tx, const char *text, struct placement_rule *ret);

/* All rules, in their order. In the arena. */
#define POLICY_RULE_ALL 2000 /* rules of all tenants together */

must_check enum rc policy_rule_all(struct tx *tx, struct placement_rules *ret);
