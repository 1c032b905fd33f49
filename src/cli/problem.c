#include "cli/problem.h"
#include "base/rc.h"
#include "cli/text.h"

#include <jansson.h>
#include <string.h>

static enum cli_exit exit_of_status(int status)
{
	switch (status) {
	case 400:
	case 422:
		return CLI_USAGE;
	case 401:
	case 403:
		return CLI_DENIED;
	case 404:
	case 410:
		return CLI_MISSING;
	case 409:
	case 412:
	case 428:
		return CLI_CONFLICT;
	case 429:
		return CLI_LIMITED;
	case 502:
	case 503:
	case 504:
		return CLI_AWAY;
	default:
		return CLI_FAILED;
	}
}

/* What our own server says, more finely than by the status. Codes it does not make here fall to the status. */
static enum cli_exit exit_of_rc(enum rc rc, int status, bool writes)
{
	switch (rc) {
	case RC_KEY_REUSED:
		return CLI_CONFLICT;
	case RC_OVERLOADED:
		return CLI_LIMITED;
	case RC_TIMEOUT:
		return writes ? CLI_UNKNOWN : CLI_FAILED;
	case RC_AWAY:
	case RC_REFUSED:
	case RC_NOMEM:
		return CLI_FAILED;
	case RC_OK:
	case RC_MORE:
	case RC_MALFORMED:
	case RC_INVALID:
	case RC_UNAUTHENTICATED:
	case RC_DENIED:
	case RC_STEP_UP:
	case RC_MISSING:
	case RC_METHOD:
	case RC_CONFLICT:
	case RC_EXISTS:
	case RC_EXPIRED:
	case RC_KEY_MISSING:
	case RC_KEY_BUSY:
	case RC_READ_ONLY:
	case RC_STALE:
	case RC_NEED_MATCH:
	case RC_TOO_LARGE:
	case RC_MEDIA:
	case RC_RANGE:
	case RC_LIMIT:
	case RC_QUOTA:
	case RC_CONCURRENCY:
	case RC_CANCELED:
	case RC_IO:
	case RC_INTERNAL:
	case RC_COUNT:
		break;
	}
	return exit_of_status(status);
}

enum cli_exit problem_exit(int status, const json_t *problem, bool writes)
{
	const char *code = json_string_value(json_object_get(problem, "code"));

	if (!code)
		return exit_of_status(status);
	if (!strcmp(code, "outcome_unknown") || !strcmp(code, "needs_attention"))
		return CLI_UNKNOWN;
	if (!strncmp(code, "quota_", 6))
		return CLI_LIMITED;
	return exit_of_rc(rc_of_code(code), status, writes);
}

static void put(struct buf *to, const json_t *object, const char *member)
{
	const json_t *v = json_object_get(object, member);
	text_put(to, v ? json_string_value(v) : "", v ? json_string_length(v) : 0);
}

void problem_line(struct buf *to, int status, const json_t *problem, const char *request_id)
{
	const json_t *errors = json_object_get(problem, "errors");

	if (!json_is_string(json_object_get(problem, "code"))) {
		buf_fmt(to, "the server answered %d without saying why", status);
	} else {
		put(to, problem, "code");
		buf_str(to, ": ");
		put(to, problem, json_is_string(json_object_get(problem, "detail")) ? "detail" : "title");
	}
	for (size_t i = 0; i < json_array_size(errors); i++) {
		const json_t *e = json_array_get(errors, i);
		buf_str(to, "; ");
		put(to, e, "pointer");
		buf_str(to, ": ");
		put(to, e, "detail");
	}
	if (request_id && *request_id) {
		buf_str(to, " (request ");
		text_put(to, request_id, strlen(request_id));
		buf_u8(to, ')');
	}
}
