#include "control/http/problem.h"

static void put_errors(struct buf *to, const struct field_reader *r)
{
	buf_str(to, ",\"errors\":[");
	for (size_t i = 0; i < r->problems_n; i++) {
		buf_str(to, i ? ",{\"pointer\":" : "{\"pointer\":");
		json_put_str(to, r->problems[i].pointer);
		buf_str(to, ",\"code\":");
		json_put_str(to, r->problems[i].code);
		buf_str(to, ",\"detail\":");
		json_put_str(to, r->problems[i].detail);
		buf_u8(to, '}');
	}
	buf_u8(to, ']');
}

void problem_write(struct buf *to, enum rc rc, const char *detail, const struct field_reader *r,
	const char *request_id, const char *violated)
{
	buf_fmt(to, "{\"type\":\"urn:footplate:problem:%s\",\"title\":", rc_code(rc));
	json_put_str(to, rc_title(rc));
	buf_fmt(to, ",\"status\":%d,\"code\":\"%s\",\"retryable\":%s", rc_http(rc), rc_code(rc),
		rc_retry(rc) ? "true" : "false");
	if (detail && *detail) {
		buf_str(to, ",\"detail\":");
		json_put_str(to, detail);
	}
	if (request_id && *request_id) {
		buf_str(to, ",\"instance\":\"/requests/");
		buf_str(to, request_id);
		buf_u8(to, '"');
	}
	if (violated)
		buf_fmt(to, ",\"violatedPolicies\":[\"%s\"]", violated);
	if (r && r->problems_n)
		put_errors(to, r);
	buf_u8(to, '}');
}

void problem_document(struct buf *to)
{
	buf_str(to, "# Problems\n\nEvery error of the API is an `application/problem+json` document (RFC 9457) "
		    "with one of these codes.\n\n"
		    "| code | status | a retry can help | title |\n|---|---|---|---|\n");
	for (int i = RC_OK + 1; i < RC_COUNT; i++)
		buf_fmt(to, "| `%s` | %d | %s | %s |\n", rc_code((enum rc)i), rc_http((enum rc)i),
			rc_retry((enum rc)i) ? "yes" : "no", rc_title((enum rc)i));
}
