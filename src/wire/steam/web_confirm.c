#include "wire/steam/web_confirm.h"

#include "wire/steam/web_json.h"

/* Why success is false. */
static enum rc refusal(const json_t *j, struct fault *f)
{
	struct arena a = { .limit = 65536 };
	const char *why = web_json_text(j, "message", &a);

	if (!why)
		why = web_json_text(j, "detail", &a);
	enum rc rc = web_json_bool(j, "needauth")
			     ? fault_set(f, RC_DENIED, "Steam does not accept the session for confirmations")
			     : fault_set(f, RC_REFUSED, "Steam did not give the confirmations: %.120s",
				       why ? why : "no reason was given");
	arena_done(&a);
	return rc;
}

static bool read_one(const json_t *o, struct arena *a, struct web_confirmation *ret)
{
	*ret = (struct web_confirmation){ .id = web_json_id(o, "id", a),
		.creator = web_json_id(o, "creator_id", a),
		.nonce = web_json_id(o, "nonce", a),
		.type = web_json_u32(o, "type"),
		.headline = web_json_text(o, "headline", a),
		.created_ms = web_json_time(o, "creation_time") };
	return ret->id && ret->creator && ret->nonce;
}

enum rc web_confirm_list(const char *p, size_t n, struct arena *a, struct web_confirmations *ret, struct fault *f)
{
	struct web_confirmations got = { 0 };
	json_t *j = NULL, *o;
	size_t i;

	enum rc rc = web_json_read(p, n, "a list of confirmations", &j, f);
	if (rc != RC_OK)
		return rc;
	const json_t *list = json_object_get(j, "conf");
	if (!web_json_bool(j, "success"))
		rc = refusal(j, f);
	got.at = arena_take(a, (json_array_size(list) + 1) * sizeof(*got.at));
	if (!got.at)
		rc = RC_NOMEM;
	if (rc == RC_OK)
		json_array_foreach(list, i, o)
		{
			if (!read_one(o, a, &got.at[got.n])) {
				rc = fault_set(f, RC_MALFORMED, "Steam answered a confirmation without its ids");
				break;
			}
			got.n++;
		}
	json_drop(j);
	if (rc == RC_OK)
		*ret = got;
	return rc;
}

enum rc web_confirm_answer(const char *p, size_t n, bool *ret_done, struct fault *f)
{
	json_t *j = NULL;

	enum rc rc = web_json_read(p, n, "the answer to a confirmation", &j, f);
	if (rc != RC_OK)
		return rc;
	*ret_done = web_json_bool(j, "success");
	if (!*ret_done)
		rc = refusal(j, f);
	json_drop(j);
	return rc == RC_DENIED ? rc : RC_OK;
}

const char *web_confirm_type(uint32_t type)
{
	switch (type) {
	case 1:
		return "generic";
	case WEB_CONFIRM_TRADE:
		return "trade";
	case WEB_CONFIRM_MARKET:
		return "market";
	case 4:
		return "feature_opt_out";
	case 5:
		return "phone_change";
	case 6:
		return "recovery";
	case 9:
		return "api_key";
	case 11:
		return "family";
	default:
		return "other";
	}
}
