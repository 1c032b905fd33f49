#include "cli/nouns.h"

#include <string.h>

/* The words that print something of the command line itself. */
static const struct verb own_verbs[] = { 0 };

const struct noun nouns[] = {
	{ "job", "Work that was asked for: submit, follow, cancel, retry.", job_verbs },
	{ "task", "One action on one account, as a part of a job.", task_verbs },
	{ "schedule", "Jobs that are made again and again, by the clock.", schedule_verbs },
	{ "watch", "Titles of stores whose changes are told.", watch_verbs },
	{ "title", "What is known of a title that is watched.", title_verbs },
	{ "poll", "Asks the stores now.", poll_verbs },
	{ "change", "What changed of the titles that are watched.", change_verbs },
	{ "dead-letter", "Tasks that failed after all their attempts.", dead_letter_verbs },
	{ "account", "The Steam accounts.", account_verbs },
	{ "challenge", "What Steam wants from a person before an account is logged on.", challenge_verbs },
	{ "confirm", "What waits for an account's mobile confirmation.", confirm_verbs },
	{ "agent", "The programs in the regions that do the work.", agent_verbs },
	{ "region", "Where agents are.", region_verbs },
	{ "route", "Where a task would run.", route_verbs },
	{ "routing-policy", "The rules of what runs where.", routing_policy_verbs },
	{ "egress", "The addresses that accounts go out by.", egress_verbs },
	{ "budget", "How often Steam may be asked for what, and what is left of it.", budget_verbs },
	{ "certificate", "What our certificate authorities have signed.", certificate_verbs },
	{ "authority", "The certificate authorities of agents.", authority_verbs },
	{ "auth", "Who you are: log in, log out, your sessions.", auth_verbs },
	{ "auth-session", "Where the tenant's people are logged in.", auth_session_verbs },
	{ "user", "The people who can log in.", user_verbs },
	{ "group", "People who may the same.", group_verbs },
	{ "role", "What people may, under a name.", role_verbs },
	{ "binding", "Who has which role, and for what.", binding_verbs },
	{ "source", "The ways to ask stores what is new.", source_verbs },
	{ "trigger", "What is done when a title has a new build.", trigger_verbs },
	{ "manifest", "What depots are made of, as Steam says now.", manifest_verbs },
	{ "artifact", "What was fetched and can be downloaded.", artifact_verbs },
	{ "storage", "The disk of what was fetched.", storage_verbs },
	{ "prefill", "Filling the cache in an agent's network.", prefill_verbs },
	{ "quota", "How much somebody may have at once.", quota_verbs },
	{ "identity-provider", "Who vouches for people: OpenID Connect and SAML.", identity_provider_verbs },
	{ "mfa-policy", "Who has to have a second factor.", mfa_policy_verbs },
	{ "key", "API keys.", key_verbs },
	{ "key-batch", "Product keys to be redeemed by accounts.", key_batch_verbs },
	{ "keyring", "The keys that secrets at rest are under.", keyring_verbs },
	{ "audit", "Who did what, and the proof that nothing of it was altered.", audit_verbs },
	{ "tenant", "Whose jobs jobs are, and their shares of the agents.", tenant_verbs },
	{ "download", "What is fetched from stores: make, follow, pause, cancel.", download_verbs },
	{ "action", "The catalogue of what a job can do.", action_verbs },
	{ "event", "The log of all that happened.", event_verbs },
	{ "webhook", "Who is told of events by HTTP.", webhook_verbs },
	{ "server", "The control plane itself.", server_verbs },
	{ "dev", "For people who debug.", dev_verbs },
	{ "completion", "Prints a completion script: completion bash|zsh|fish.", own_verbs },
	{ "man", "Prints this manual as a man page.", own_verbs },
	{ "help", "Explains a noun or a verb: help [NOUN [VERB]].", own_verbs },
	{ 0 },
};

const struct noun *nouns_find(const char *name)
{
	for (const struct noun *n = nouns; n->name; n++)
		if (!strcmp(n->name, name))
			return n;
	return NULL;
}

const struct verb *nouns_verb(const struct noun *n, const char *name)
{
	for (const struct verb *v = n ? n->verbs : NULL; v && v->name; v++)
		if (!strcmp(v->name, name))
			return v;
	return NULL;
}

const struct cli_extra *nouns_extra(const struct cli_extra *all, const char *noun, const char *verb)
{
	for (const struct cli_extra *e = all; e && e->noun; e++)
		if (!strcmp(e->noun, noun) && (verb ? e->verb && !strcmp(e->verb, verb) : !e->verb))
			return e;
	return NULL;
}

bool nouns_is_noun(const struct cli_extra *all, const char *name)
{
	for (const struct cli_extra *e = all; e && e->noun; e++)
		if (!strcmp(e->noun, name))
			return true;
	return nouns_find(name) != NULL;
}

/* Is row i the first of main's with this noun, which is none of ours? */
static bool is_new_noun(const struct cli_extra *all, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(all[k].noun, all[i].noun))
			return false;
	return !nouns_find(all[i].noun);
}

static bool next_noun(const struct cli_extra *all, size_t *at, struct nouns_word *ret)
{
	size_t ours = sizeof(nouns) / sizeof(*nouns) - 1, i = (*at)++;

	if (i < ours) {
		*ret = (struct nouns_word){ .name = nouns[i].name, .doc = nouns[i].doc, .noun = &nouns[i] };
		return true;
	}
	for (i -= ours; all && all[i].noun && !is_new_noun(all, i); i++)
		(*at)++;
	if (!all || !all[i].noun)
		return false;
	*ret = (struct nouns_word){ .name = all[i].noun, .doc = all[i].doc, .extra = &all[i] };
	return true;
}

static bool next_verb(const struct cli_extra *all, const char *noun, size_t *at, struct nouns_word *ret)
{
	const struct noun *n = nouns_find(noun);
	size_t ours = 0, i = (*at)++;

	while (n && n->verbs[ours].name)
		ours++;
	if (i < ours) {
		*ret = (struct nouns_word){
			.name = n->verbs[i].name, .doc = n->verbs[i].doc, .verb = &n->verbs[i]
		};
		return true;
	}
	for (i -= ours; all && all[i].noun && (!all[i].verb || strcmp(all[i].noun, noun) != 0); i++)
		(*at)++;
	if (!all || !all[i].noun)
		return false;
	*ret = (struct nouns_word){ .name = all[i].verb, .doc = all[i].doc, .extra = &all[i] };
	return true;
}

bool nouns_next(const struct cli_extra *all, const char *noun, size_t *at, struct nouns_word *ret)
{
	return noun ? next_verb(all, noun, at, ret) : next_noun(all, at, ret);
}

const char *nouns_nearest(const struct cli_extra *all, const char *noun, const char *typed)
{
	unsigned best = (unsigned)(strlen(typed) / 3 + 1);
	const char *found = NULL;
	struct nouns_word w;

	for (size_t at = 0; nouns_next(all, noun, &at, &w);) {
		unsigned d = field_distance(w.name, typed, best + 1);
		if (d <= best && (!found || d < best)) {
			best = d;
			found = w.name;
		}
	}
	return found;
}
