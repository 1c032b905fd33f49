/*
 * nouns: the table of all that can be typed. The rows stand in one file per noun.
 */
#pragma once

#include "cli/extra.h"
#include "cli/verb.h"

extern const struct noun nouns[]; /* in the order of help; ends in { 0 } */

extern const struct verb artifact_verbs[], manifest_verbs[], storage_verbs[];
extern const struct verb audit_verbs[], identity_provider_verbs[], quota_verbs[], source_verbs[];
extern const struct verb auth_session_verbs[], auth_verbs[], binding_verbs[], group_verbs[], mfa_policy_verbs[],
	role_verbs[], user_verbs[];
extern const struct verb trigger_verbs[];
extern const struct verb account_verbs[], action_verbs[], agent_verbs[], authority_verbs[], budget_verbs[],
	certificate_verbs[], challenge_verbs[], confirm_verbs[], dead_letter_verbs[], dev_verbs[], egress_verbs[],
	event_verbs[], job_verbs[], key_batch_verbs[], keyring_verbs[], key_verbs[], prefill_verbs[],
	region_verbs[], route_verbs[], routing_policy_verbs[], schedule_verbs[], server_verbs[], task_verbs[],
	tenant_verbs[], webhook_verbs[];
extern const struct verb change_verbs[], download_verbs[], poll_verbs[], title_verbs[], watch_verbs[];

const struct noun *nouns_find(const char *name); /* NULL when there is none */
const struct verb *nouns_verb(const struct noun *n, const char *name);

/* The row of main's with these words; verb NULL: one that stands alone. */
const struct cli_extra *nouns_extra(const struct cli_extra *all, const char *noun, const char *verb);

/* Is there a noun, or one of main's words, that is called so? */
bool nouns_is_noun(const struct cli_extra *all, const char *name);

/* The word closest to what was typed, among nouns, or among the verbs of `noun`; NULL when none is close. */
const char *nouns_nearest(const struct cli_extra *all, const char *noun, const char *typed);

/* Walks the words that may stand here: nouns (`noun` NULL) or its verbs, main's among them, each once. `at` begins at 0. */
struct nouns_word {
	const char *name, *doc;
	const struct noun *noun;       /* one of ours, while nouns are walked */
	const struct verb *verb;       /* one of ours, while verbs are walked */
	const struct cli_extra *extra; /* one of main's */
};
bool nouns_next(const struct cli_extra *all, const char *noun, size_t *at, struct nouns_word *ret);
