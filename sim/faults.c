#include "sim/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HANG_MS 30000

static const struct {
	const char *name, *doc;
} requests[] = {
#define REQUEST(id, name, doc) { name, doc },
#include "sim/requests.def"
#undef REQUEST
};

enum effect_kind { EFFECT_BOOL, EFFECT_NUMBER, EFFECT_HANG };

static const struct {
	const char *name;
	enum effect_kind kind;
	size_t at;
	const char *doc;
} effects[] = {
	{ "latency", EFFECT_NUMBER, offsetof(struct effect, latency_ms), "=MS: the answer comes so much later" },
	{ "pics_hang", EFFECT_HANG, offsetof(struct effect, latency_ms),
		"[=MS]: the same, 30000 when no number is given" },
	{ "eresult", EFFECT_NUMBER, offsetof(struct effect, eresult),
		"=N: a logon answers it; of other requests the job fails" },
	{ "http", EFFECT_NUMBER, offsetof(struct effect, http), "=STATUS: directory and connect answer it" },
	{ "drop", EFFECT_BOOL, offsetof(struct effect, drop), ": no answer" },
	{ "cm_drop", EFFECT_BOOL, offsetof(struct effect, cm_drop), ": the connection is closed instead" },
	{ "half_open", EFFECT_BOOL, offsetof(struct effect, half_open), ": the connection stays open and is dead" },
	{ "pics_empty", EFFECT_BOOL, offsetof(struct effect, empty),
		": an answer that leaves out all that was asked" },
	{ "pics_gap", EFFECT_BOOL, offsetof(struct effect, gap),
		": changes since says that a full update is needed" },
	{ "missing_token", EFFECT_BOOL, offsetof(struct effect, missing_token),
		": product info pretends that tokens are missing" },
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
		if (!value && effects[i].kind == EFFECT_HANG)
			v = HANG_MS;
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

struct effect faults_on(struct faults *fs, enum request r, uint64_t call)
{
	struct effect all = { 0 };
	for (size_t i = 0; i < fs->n; i++) {
		struct rule *rule = &fs->at[i];
		const struct effect *e = &rule->effect;
		if (!fits(rule, r, call))
			continue;
		rule->hits++;
		all.latency_ms += e->latency_ms;
		all.eresult = e->eresult ? e->eresult : all.eresult;
		all.http = e->http ? e->http : all.http;
		all.drop |= e->drop;
		all.cm_drop |= e->cm_drop;
		all.half_open |= e->half_open;
		all.empty |= e->empty;
		all.gap |= e->gap;
		all.missing_token |= e->missing_token;
	}
	return all;
}
