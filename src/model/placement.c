#include "model/placement.h"

#include <string.h>

const char *const placement_code_words[] = { "chosen", "not_connected", "cordoned", "draining", "held_by_another",
	"region", "egress_region", "capability", "avoided", "downloads_full", "sessions_full", "rule_pin",
	"rule_forbid", "rule_region", "rule_egress_kind", "rule_capability", "rule_country", "rule_compliance",
	"rule_labels", "rule_agent", "no_room", "less_preferred", "more_loaded", "lost_tie", NULL };

const char *const placement_code_doc[] = { "it is the one", "it is not connected", "it, or its region, is cordoned",
	"it is drained", "another agent has the account's session", "the task is for another region",
	"the account's egress is of another region", "it cannot run the action",
	"what the task asks is not asked by its address now", "it has as many downloads as it takes",
	"it holds as many accounts as it may", "the rule pins another agent", "the rule forbids it",
	"the rule requires another region", "the rule requires another kind of egress",
	"the rule requires what it cannot run", "the rule requires another country",
	"its region lacks a compliance that the rule requires", "its region lacks a label that the rule requires",
	"the rule requires another agent", "it has no room, and the task has waited long enough",
	"another meets an earlier preference of the rule", "another is less loaded",
	"another is as good, and the hash chose that one", NULL };

/* Does the text fit the pattern, in which `*` stands for anything? */
static bool fits_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *back = text;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			back = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++back;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == 0;
}

static const char *label_of(const struct field_list *labels, const char *key)
{
	const struct field_pair *p = labels->at;
	for (size_t i = 0; i < labels->n; i++)
		if (!strcmp(p[i].key, key))
			return p[i].value;
	return NULL;
}

static bool has_labels(const struct field_list *have, const struct field_list *want)
{
	const struct field_pair *w = want->at;
	for (size_t i = 0; i < want->n; i++) {
		const char *value = label_of(have, w[i].key);
		if (!value || strcmp(value, w[i].value) != 0)
			return false;
	}
	return true;
}

/* Is the word in the text between two marks? */
static bool has_word(const char *text, char mark, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = text; at && n && (at = strstr(at, word)); at++)
		if (at > text && at[-1] == mark && at[n] == mark)
			return true;
	return false;
}

/* Is it one of the words that commas part? */
static bool is_among(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *at = list; at; at = strchr(at, ',')) {
		at += strspn(at, ", ");
		if (n && !strncmp(at, word, n) && (!at[n] || at[n] == ',' || at[n] == ' '))
			return true;
	}
	return false;
}

static bool has_all(const struct field_list *have, const struct field_list *want)
{
	const char *const *h = have->at, *const *w = want->at;
	for (size_t i = 0; i < want->n; i++) {
		size_t k = 0;
		while (k < have->n && strcmp(h[k], w[i]) != 0)
			k++;
		if (k == have->n)
			return false;
	}
	return true;
}

static bool applies(const struct placement_rule *r, const struct placement_task *t)
{
	const struct placement_when *w = &r->when;
	const char *country = label_of(&t->labels, PLACEMENT_COUNTRY);
	const char *compliance = label_of(&t->labels, PLACEMENT_COMPLIANCE);

	if (r->tenant_id && (!t->tenant_id || strcmp(r->tenant_id, t->tenant_id) != 0))
		return false;
	if (w->action && (!t->action || !fits_glob(w->action, t->action)))
		return false;
	if (w->country && (!country || strcmp(country, w->country) != 0))
		return false;
	if (w->compliance && (!compliance || !is_among(compliance, w->compliance)))
		return false;
	return has_labels(&t->labels, &w->labels);
}

const struct placement_rule *placement_rule_of(const struct placement_task *t, struct placement_rules rules)
{
	for (size_t i = 0; i < rules.n; i++)
		if (applies(&rules.at[i], t))
			return &rules.at[i];
	return NULL;
}

static bool goes_out_by(const struct placement_task *t, const struct placement_agent *a, const char *kind)
{
	if (t->account)
		return !strcmp(t->egress_kind ? t->egress_kind : "direct", kind);
	return has_word(a->egress_kinds, ',', kind);
}

/* What the agent lacks of it; PLACEMENT_CHOSEN: nothing. */
static enum placement_code lacks(
	const struct placement_need *n, const struct placement_task *t, const struct placement_agent *a)
{
	if (n->agent_id && strcmp(n->agent_id, a->id) != 0)
		return PLACEMENT_RULE_AGENT;
	if (n->region_id && strcmp(n->region_id, a->region_id) != 0)
		return PLACEMENT_RULE_REGION;
	if (n->egress_kind && !goes_out_by(t, a, n->egress_kind))
		return PLACEMENT_RULE_EGRESS_KIND;
	if (n->capability && !has_word(a->capabilities, a->mark, n->capability))
		return PLACEMENT_RULE_CAPABILITY;
	if (n->country && (!a->country || strcmp(n->country, a->country) != 0))
		return PLACEMENT_RULE_COUNTRY;
	if (!has_all(&a->compliance, &n->compliance))
		return PLACEMENT_RULE_COMPLIANCE;
	return has_labels(&a->labels, &n->labels) ? PLACEMENT_CHOSEN : PLACEMENT_RULE_LABELS;
}

static bool is_nothing(const struct placement_need *n)
{
	return !n->agent_id && !n->region_id && !n->egress_kind && !n->capability && !n->country && !n->labels.n &&
	       !n->compliance.n;
}

static enum placement_code against_rule(
	const struct placement_rule *r, const struct placement_task *t, const struct placement_agent *a)
{
	const struct placement_need *no = r->forbid.at;

	if (r->pin && strcmp(r->pin, a->id) != 0)
		return PLACEMENT_RULE_PIN;
	for (size_t i = 0; i < r->forbid.n; i++)
		if (!is_nothing(&no[i]) && lacks(&no[i], t, a) == PLACEMENT_CHOSEN)
			return PLACEMENT_RULE_FORBID;
	return lacks(&r->require, t, a);
}

static enum placement_code of_state(enum placement_state s)
{
	switch (s) {
	case PLACEMENT_AWAY:
		return PLACEMENT_NOT_CONNECTED;
	case PLACEMENT_CORDONED:
		return PLACEMENT_IS_CORDONED;
	case PLACEMENT_DRAINING:
		return PLACEMENT_IS_DRAINING;
	case PLACEMENT_UP:
		break;
	}
	return PLACEMENT_CHOSEN;
}

static bool is_its(const struct placement_task *t, const struct placement_agent *a)
{
	return t->agent_id && !strcmp(t->agent_id, a->id);
}

static bool is_avoided(const struct placement_task *t, const struct placement_agent *a)
{
	const char *const *avoid = t->avoid.at;

	if (t->only && strcmp(t->only, a->id) != 0)
		return true;
	for (size_t i = 0; i < t->avoid.n; i++)
		if (!strcmp(avoid[i], a->id))
			return true;
	return false;
}

/* Why the agent cannot have it; PLACEMENT_CHOSEN: it can. A session that is there is not moved by a rule. */
static enum placement_code against(
	const struct placement_rule *r, const struct placement_task *t, const struct placement_agent *a)
{
	enum placement_code code = of_state(a->state);

	if (code != PLACEMENT_CHOSEN)
		return code;
	if (t->bound && !is_its(t, a))
		return PLACEMENT_HELD_BY_ANOTHER;
	if (t->region_id && strcmp(t->region_id, a->region_id) != 0)
		return PLACEMENT_REGION;
	if (t->egress_region && strcmp(t->egress_region, a->region_id) != 0)
		return PLACEMENT_EGRESS_REGION;
	if (t->action && !has_word(a->capabilities, a->mark, t->action))
		return PLACEMENT_CAPABILITY;
	if (is_avoided(t, a))
		return PLACEMENT_AVOIDED;
	if (t->download && a->downloads_most && a->downloads >= a->downloads_most)
		return PLACEMENT_DOWNLOADS_FULL;
	if (t->bound)
		return PLACEMENT_CHOSEN;
	if (t->account && a->sessions_most && a->sessions >= a->sessions_most)
		return PLACEMENT_SESSIONS_FULL;
	return r ? against_rule(r, t, a) : PLACEMENT_CHOSEN;
}

static uint32_t preference_of(
	const struct placement_rule *r, const struct placement_task *t, const struct placement_agent *a)
{
	const struct placement_need *p = r ? r->prefer.at : NULL;
	uint32_t i = 0;

	while (r && i < r->prefer.n && lacks(&p[i], t, a) != PLACEMENT_CHOSEN)
		i++;
	return i;
}

static int part(uint32_t n, uint32_t most)
{
	return most ? (int)((uint64_t)(n < most ? n : most) * PLACEMENT_LOAD_FULL / most) : 0;
}

static int load_of(const struct placement_task *t, const struct placement_agent *a)
{
	int load = (part(a->tasks, a->tasks_most) + part(a->sessions, a->sessions_most)) / 2;
	return is_its(t, a) ? load - PLACEMENT_AFFINITY : load;
}

/* FNV-1a over both ids, then stirred: who is best for a key does not depend on who else is there. */
static uint64_t hash_of(const char *key, const char *id)
{
	uint64_t h = 14695981039346656037u;

	for (const char *p = key; *p; p++)
		h = (h ^ (uint8_t)*p) * 1099511628211u;
	h *= 1099511628211u;
	for (const char *p = id; *p; p++)
		h = (h ^ (uint8_t)*p) * 1099511628211u;
	h ^= h >> 32;
	h *= 0x9E3779B97F4A7C15u;
	return h ^ h >> 29;
}

static bool is_full(const struct placement_task *t, const struct placement_agent *a)
{
	return t->action && a->tasks_most && a->tasks >= a->tasks_most;
}

/* Why the first stands behind the second, both being fit; PLACEMENT_CHOSEN: it does not. */
static enum placement_code behind(const struct placement_task *t, const struct placement_agent *agents,
	const struct placement_verdict *v, size_t a, size_t b)
{
	bool full_a = t->waited && is_full(t, &agents[a]), full_b = t->waited && is_full(t, &agents[b]);

	if (full_a != full_b)
		return full_a ? PLACEMENT_NO_ROOM : PLACEMENT_CHOSEN;
	if (v[a].preference != v[b].preference)
		return v[a].preference > v[b].preference ? PLACEMENT_LESS_PREFERRED : PLACEMENT_CHOSEN;
	if (v[a].load != v[b].load)
		return v[a].load > v[b].load ? PLACEMENT_MORE_LOADED : PLACEMENT_CHOSEN;
	uint64_t x = hash_of(t->key, agents[a].id), y = hash_of(t->key, agents[b].id);
	bool first = x != y ? x > y : strcmp(agents[a].id, agents[b].id) < 0;
	return first ? PLACEMENT_CHOSEN : PLACEMENT_LOST_TIE;
}

void placement_choose(const struct placement_task *t, const struct placement_agent *agents, size_t n,
	struct placement_rules rules, struct placement_verdict *verdicts, struct placement *ret)
{
	*ret = (struct placement){ .chosen = n, .rule = t->bound ? NULL : placement_rule_of(t, rules) };
	for (size_t i = 0; i < n; i++) {
		verdicts[i] = (struct placement_verdict){ .code = against(ret->rule, t, &agents[i]) };
		if (verdicts[i].code != PLACEMENT_CHOSEN)
			continue;
		ret->fit++;
		verdicts[i].preference = preference_of(ret->rule, t, &agents[i]);
		verdicts[i].load = load_of(t, &agents[i]);
		if (ret->chosen == n || behind(t, agents, verdicts, i, ret->chosen) == PLACEMENT_CHOSEN)
			ret->chosen = i;
	}
	for (size_t i = 0; ret->chosen < n && i < n; i++)
		if (i != ret->chosen && verdicts[i].code == PLACEMENT_CHOSEN)
			verdicts[i].code = behind(t, agents, verdicts, i, ret->chosen);
}
