#include "sim/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *doc;
} requests[] = {
#define REQUEST(id, name, doc) { name, doc },
#include "sim/requests.def"
#undef REQUEST
};

enum effect_kind { EFFECT_BOOL, EFFECT_NUMBER, EFFECT_PRESET };

#define AT(member) offsetof(struct effect, member)

static const struct {
	const char *name;
	enum effect_kind kind;
	uint32_t at;
	const char *doc;
	uint32_t preset; /* EFFECT_PRESET: when no number is given */
} effects[] = {
	{ "latency", EFFECT_NUMBER, AT(latency_ms), "=MS: the answer comes so much later", 0 },
	{ "pics_hang", EFFECT_PRESET, AT(latency_ms), "[=MS]: the same, 30000 when no number is given", 30000 },
	{ "eresult", EFFECT_NUMBER, AT(eresult), "=N: the answer is this EResult, and nothing is done", 0 },
	{ "http", EFFECT_NUMBER, AT(http), "=STATUS: web pages, directory and connect answer it", 0 },
	{ "retry_after", EFFECT_NUMBER, AT(retry_after_s), "=SECONDS: a web page answers 429 with it", 0 },
	{ "drop", EFFECT_BOOL, AT(drop), ": no answer, and nothing is done", 0 },
	{ "timeout", EFFECT_BOOL, AT(drop), ": the same", 0 },
	{ "cm_drop", EFFECT_BOOL, AT(cm_drop), ": the connection is closed instead", 0 },
	{ "half_open", EFFECT_BOOL, AT(half_open), ": the connection stays open and is dead", 0 },
	{ "commit_then_drop", EFFECT_BOOL, AT(commit_drop), ": it is done, but no answer comes", 0 },
	{ "commit_then_5xx", EFFECT_BOOL, AT(commit_5xx),
		": it is done, but the answer says that it failed (502; of CM requests the job fails)", 0 },
	{ "commit_then_reset", EFFECT_BOOL, AT(commit_reset),
		": it is done, and the connection is closed instead of an answer", 0 },
	{ "html_login_redirect", EFFECT_BOOL, AT(login_redirect), ": a web page sends to the login page", 0 },
	{ "session_expired", EFFECT_BOOL, AT(session_expired), ": a web page sees nobody logged on", 0 },
	{ "token_revoked", EFFECT_BOOL, AT(token_revoked), ": the account's tokens are revoked, for good", 0 },
	{ "logged_in_elsewhere", EFFECT_BOOL, AT(logged_in_elsewhere), ": the session is logged off with 6", 0 },
	{ "login_throttle", EFFECT_PRESET, AT(login_throttle_s),
		"[=SECONDS]: logons of this address are answered 84; 1500 when no number is given", 1500 },
	{ "clock_skew", EFFECT_NUMBER, AT(clock_skew_s), "=SECONDS: the time that is told is so much later", 0 },
	{ "pics_empty", EFFECT_BOOL, AT(empty), ": an answer that leaves out all that was asked", 0 },
	{ "pics_gap", EFFECT_BOOL, AT(gap), ": changes since says that a full update is needed", 0 },
	{ "pics_coalesce", EFFECT_BOOL, AT(coalesce), ": changes since leaves out what changed with an odd number",
		0 },
	{ "missing_token", EFFECT_BOOL, AT(missing_token), ": product info pretends that tokens are missing", 0 },
	{ "cdn_403", EFFECT_PRESET, AT(http), ": a content server answers 403", 403 },
	{ "cdn_404", EFFECT_PRESET, AT(http), ": a content server answers 404", 404 },
	{ "cdn_slow", EFFECT_PRESET, AT(cdn_slow_ms),
		"[=MS]: its body comes so much later for each 16 KiB of it; 200 when no number is given", 200 },
	{ "cdn_corrupt", EFFECT_BOOL, AT(cdn_corrupt), ": its body has a wrong byte", 0 },
	{ "server", EFFECT_NUMBER, AT(server), "=N: the rule is for the Nth content server alone", 0 },
	{ "cdn_truncate", EFFECT_BOOL, AT(cdn_truncate), ": its body ends half way", 0 },
	{ "listing_lag", EFFECT_NUMBER, AT(listing_lag_s), "=SECONDS: the offer it sends is listed so much later",
		0 },
	{ "listing_omits", EFFECT_NUMBER, AT(listing_omits), "=N: a list of offers leaves out the newest", 0 },
	{ "glitched_offer", EFFECT_BOOL, AT(glitched),
		": the offer it sends is always listed without its items; of econ_api: all, this once", 0 },
	{ "escrow", EFFECT_PRESET, AT(escrow_days),
		"[=DAYS]: the accepted trade is held; 15 when no number is given", 15 },
	{ "rollback", EFFECT_BOOL, AT(rollback), ": the accepted trade is undone at once", 0 },
	{ "protection", EFFECT_PRESET, AT(protection_days),
		"[=DAYS]: what the accepted trade brings is protected so long; 7 when no number is given", 7 },
	{ "reversal", EFFECT_PRESET, AT(reversal_s),
		"[=SECONDS]: the accepted trade is reversed so much later; 3600 when no number is given", 3600 },
	{ "stale_inventory", EFFECT_NUMBER, AT(stale_s), "=SECONDS: the inventory is shown as it was then", 0 },
	{ "inventory_private", EFFECT_BOOL, AT(inventory_private), ": the inventory is not shown (403)", 0 },
	{ "inventory_full", EFFECT_BOOL, AT(inventory_full), ": the accept fails: no room", 0 },
	{ "confirmation_lag", EFFECT_NUMBER, AT(confirmation_lag_s),
		"=SECONDS: what it wants confirmed is listed so much later", 0 },
	{ "duplicate_confirmation", EFFECT_BOOL, AT(duplicate_confirmation),
		": what it wants confirmed is listed twice", 0 },
	{ "confirmation_list_429", EFFECT_PRESET, AT(http), ": of conf_list: 429", 429 },
};

#define EFFECTS (sizeof(effects) / sizeof(effects[0]))

const char *faults_request_name(enum request r) { return r < REQUEST_COUNT ? requests[r].name : "any"; }

void faults_help(struct buf *to)
{
	buf_str(to, "  names:\n");
	for (int i = 0; i < REQUEST_COUNT; i++)
		buf_fmt(to, "    %-14s %s\n", requests[i].name, requests[i].doc);
	buf_str(to, "    any            each of these\n  effects:\n");
	for (size_t i = 0; i < EFFECTS; i++)
		buf_fmt(to, "    %s%s\n", effects[i].name, effects[i].doc);
}

static bool number(const char **at, uint64_t *ret)
{
	char *end;
	if (**at < '0' || **at > '9')
		return false;
	*ret = strtoull(*at, &end, 10);
	*at = end;
	return true;
}

/* "3,17,40-44,90+" or "*" */
static bool read_calls(struct rule *r, const char *s)
{
	if (!strcmp(s, "*")) {
		r->spans[0].first = 1;
		r->spans[0].last = UINT64_MAX;
		r->spans_n = 1;
		return true;
	}
	for (;; s++) {
		uint64_t first, last;
		if (r->spans_n == FAULTS_SPANS || !number(&s, &first))
			return false;
		last = first;
		if (*s == '+') {
			last = UINT64_MAX;
			s++;
		} else if (*s == '-') {
			s++;
			if (!number(&s, &last) || last < first)
				return false;
		}
		r->spans[r->spans_n].first = first;
		r->spans[r->spans_n++].last = last;
		if (*s != ',')
			return *s == 0;
	}
}

static bool read_name(struct rule *r, const char *s)
{
	for (int i = 0; i < REQUEST_COUNT; i++)
		if (!strcmp(s, requests[i].name)) {
			r->request = (enum request)i;
			return true;
		}
	r->request = REQUEST_COUNT;
	return !strcmp(s, "any");
}

static bool read_effect(struct effect *e, char *s)
{
	char *value = strchr(s, '=');
	uint64_t v = 0;

	if (value) {
		const char *digits = value + 1;
		*value = 0;
		if (!number(&digits, &v) || *digits || v == 0 || v > 3600000)
			return false;
	}
	for (size_t i = 0; i < EFFECTS; i++) {
		if (strcmp(s, effects[i].name) != 0)
			continue;
		void *at = (char *)e + effects[i].at;
		if (effects[i].kind == EFFECT_BOOL) {
			*(bool *)at = true;
			return !value;
		}
		if (!value && effects[i].kind == EFFECT_PRESET)
			v = effects[i].preset;
		*(uint32_t *)at = (uint32_t)v;
		return v != 0;
	}
	return false;
}

enum rc faults_add(struct faults *fs, const char *line, struct fault *f)
{
	struct rule r = { 0 };
	char text[FAULTS_TEXT_MAX], *rest = NULL;

	if (strlen(line) >= sizeof(text) || fs->n == FAULTS_MAX)
		return fault_set(f, RC_TOO_LARGE,
			"a fault rule has less than %d characters, and there are at most %d", FAULTS_TEXT_MAX,
			FAULTS_MAX);
	snprintf(r.text, sizeof(r.text), "%s", line);
	snprintf(text, sizeof(text), "%s", line);
	char *calls = strchr(text, '@'), *what = strchr(text, ':');
	if (!calls || !what || calls > what)
		return fault_set(f, RC_INVALID,
			"fault '%s': write NAME@CALLS:EFFECT, for example product_info@*:latency=250", line);
	*calls++ = 0;
	*what++ = 0;
	if (!read_name(&r, text))
		return fault_set(f, RC_INVALID, "fault '%s': there is no request named '%s'", line, text);
	if (!read_calls(&r, calls))
		return fault_set(f, RC_INVALID, "fault '%s': '%s' is no list of calls such as 3,17,40-44,90+ or *",
			line, calls);
	char *e = strtok_r(what, ",", &rest);
	if (!e)
		return fault_set(f, RC_INVALID, "fault '%s': has no effect", line);
	for (; e; e = strtok_r(NULL, ",", &rest))
		if (!read_effect(&r.effect, e))
			return fault_set(
				f, RC_INVALID, "fault '%s': '%s' is no effect, or its number is not good", line, e);

	struct rule *at = realloc(fs->at, (fs->n + 1) * sizeof(*at));
	if (!at)
		return fault_set(f, RC_NOMEM, "no memory for a fault rule");
	at[fs->n] = r;
	fs->at = at;
	fs->n++;
	return RC_OK;
}

void faults_clear(struct faults *fs)
{
	free(fs->at);
	*fs = (struct faults){ 0 };
}

static bool fits(const struct rule *r, enum request request, uint64_t call)
{
	if (r->request != REQUEST_COUNT && r->request != request)
		return false;
	for (size_t i = 0; i < r->spans_n; i++)
		if (call >= r->spans[i].first && call <= r->spans[i].last)
			return true;
	return false;
}

/* Adds up the latencies; of other numbers the newest counts, of the rest any. */
static void join(struct effect *all, const struct effect *e)
{
	all->latency_ms += e->latency_ms;
	for (size_t i = 0; i < EFFECTS; i++) {
		const void *from = (const char *)e + effects[i].at;
		void *to = (char *)all + effects[i].at;
		if (effects[i].kind == EFFECT_BOOL)
			*(bool *)to |= *(const bool *)from;
		else if (effects[i].at != AT(latency_ms) && *(const uint32_t *)from)
			*(uint32_t *)to = *(const uint32_t *)from;
	}
}

bool effect_runs(const struct effect *e)
{
	return !e->drop && !e->cm_drop && !e->half_open && !e->http && !e->retry_after_s && !e->eresult &&
	       !e->login_redirect && !e->session_expired;
}

bool effect_tells(const struct effect *e)
{
	return !e->drop && !e->cm_drop && !e->half_open && !e->commit_drop && !e->commit_reset;
}

struct effect faults_on(struct faults *fs, enum request r, uint64_t call)
{
	return faults_on_server(fs, r, call, 0);
}

struct effect faults_on_server(struct faults *fs, enum request r, uint64_t call, uint32_t server)
{
	struct effect all = { 0 };
	for (size_t i = 0; i < fs->n; i++) {
		struct rule *rule = &fs->at[i];
		const struct effect *e = &rule->effect;
		if (!fits(rule, r, call) || (e->server && e->server != server))
			continue;
		rule->hits++;
		join(&all, e);
	}
	return all;
}
