#include "control/engine/given.h"
#include "wire/json_check.h"
#include "wire/packed.h"
#include "wire/tunnel_msg.h"

#include <stdlib.h>

static enum rc unpack(const struct tunnel_msg_result *m, char **ret_text, size_t *ret_n, struct fault *f)
{
	size_t n = 0;
	enum rc rc = packed_size(m->result, m->result_n, &n, f);
	auto_free char *text = rc == RC_OK ? malloc(n + 1) : NULL;

	if (rc == RC_OK)
		rc = text ? packed_open(m->result, m->result_n, text, f) : RC_NOMEM;
	if (rc != RC_OK)
		return rc;
	*ret_text = take(text);
	*ret_n = n;
	return RC_OK;
}

enum rc given_read(const struct tunnel_msg_result *m, char **ret_text, struct fault *f)
{
	auto_free char *text = NULL;
	size_t n = m->result_n;
	enum rc rc = m->result && packed_is(m->result, n) ? unpack(m, &text, &n, f) : RC_OK;

	if (rc == RC_OK && m->result && !json_check(text ? text : m->result, n))
		rc = fault_set(f, RC_MALFORMED, "the agent's result is not JSON");
	if (rc == RC_OK)
		*ret_text = take(text);
	return rc;
}
