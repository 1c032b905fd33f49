#include "model/chunk_error.h"

const char *const chunk_error_words[] = { "bad_hash", "connect", "http_401", "http_403", "http_404", "http_429",
	"http_5xx", "http_other", "timeout", NULL };

#define ROW(name_, kind, doc_)                                                                            \
	{                                                                                                 \
		.name = (name_), .type = FIELD_U32, .at = (kind) * sizeof(uint32_t), .flags = FIELD_OMIT, \
		.doc = (doc_)                                                                             \
	}

const struct field chunk_error_fields[] = {
	ROW("badHash", CHUNK_ERROR_BAD_HASH, "Chunks that were not what was promised."),
	ROW("connect", CHUNK_ERROR_CONNECT, "No connection, or one that broke."),
	ROW("http401", CHUNK_ERROR_401, "Answers of 401."),
	ROW("http403", CHUNK_ERROR_403, "Answers of 403."),
	ROW("http404", CHUNK_ERROR_404, "Answers of 404 or 410."),
	ROW("http429", CHUNK_ERROR_429, "Answers of 429."),
	ROW("http5xx", CHUNK_ERROR_5XX, "Answers of 500 and above."),
	ROW("httpOther", CHUNK_ERROR_OTHER, "Other answers."),
	ROW("timeout", CHUNK_ERROR_TIMEOUT, "Servers that were too slow."),
	{ 0 },
};

enum chunk_error chunk_error_of_status(int status)
{
	switch (status) {
	case 401:
		return CHUNK_ERROR_401;
	case 403:
		return CHUNK_ERROR_403;
	case 404:
	case 410:
		return CHUNK_ERROR_404;
	case 429:
		return CHUNK_ERROR_429;
	default:
		return status >= 500 && status <= 599 ? CHUNK_ERROR_5XX : CHUNK_ERROR_OTHER;
	}
}

enum chunk_error chunk_error_of_rc(enum rc rc)
{
	if (rc == RC_TOO_LARGE || rc == RC_MALFORMED)
		return CHUNK_ERROR_BAD_HASH;
	return rc == RC_TIMEOUT ? CHUNK_ERROR_TIMEOUT : CHUNK_ERROR_CONNECT;
}

void chunk_error_since(const uint32_t was[static CHUNK_ERROR_KINDS], const uint32_t is[static CHUNK_ERROR_KINDS],
	uint32_t ret[static CHUNK_ERROR_KINDS])
{
	bool another = false;

	for (int i = 0; i < CHUNK_ERROR_KINDS; i++)
		another |= is[i] < was[i];
	for (int i = 0; i < CHUNK_ERROR_KINDS; i++)
		ret[i] = another ? is[i] : is[i] - was[i];
}
