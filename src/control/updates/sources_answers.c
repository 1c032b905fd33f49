#include "control/updates/sources_answers.h"
#include "control/updates/builds.h"
#include "model/action_download.h"
#include "wire/field_json.h"
#include "wire/json.h"

enum rc sources_answers_titles(struct tx *tx, const char *text, struct action_titles_result *ret)
{
	struct field_reader r = { .arena = tx->arena };
	auto_json struct json_t *j = NULL;

	enum rc rc = text ? json_read(text, strlen(text), &j, tx->fault) : RC_INVALID;
	if (rc == RC_OK)
		rc = field_json_decode(action_titles_poll.result, j, &r, ret, tx->fault);
	if (rc == RC_INVALID && r.problems_n)
		return fault_set(tx->fault, rc, "%s %s", r.problems[0].pointer, r.problems[0].detail);
	return rc;
}

enum rc sources_answers_available(struct tx *tx, const struct source_ask *a, const char *text)
{
	struct action_manifests_probe_result got = { 0 };
	struct field_reader r = { .arena = tx->arena };
	auto_json struct json_t *j = NULL;

	enum rc rc = text ? json_read(text, strlen(text), &j, tx->fault) : RC_MISSING;
	if (rc == RC_OK)
		rc = field_json_decode(action_manifests_probe.result, j, &r, &got, tx->fault);
	bool ok = rc == RC_OK && got.available;
	rc = sources_ask_drop(tx, a->id);
	return rc == RC_OK ? builds_probed(tx, a->page, ok) : rc;
}
