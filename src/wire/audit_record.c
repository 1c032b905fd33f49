#include "wire/audit_record.h"
#include "base/buf.h"
#include "base/utf8.h"

#include <string.h>

const struct field audit_record_fields[] = {
	{ .name = "seq",
		.type = FIELD_I64,
		FIELD_AT(struct audit_record, seq),
		.doc = "Its number: from 1, none is left out." },
	{ .name = "ts", .type = FIELD_TIME, FIELD_AT(struct audit_record, ts), .doc = "When it was written." },
	{ .name = "tenantId",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, tenant_id),
		.doc = "Whose record it is." },
	{ .name = "actor",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, actor),
		.doc = "Who did it: key:, user: or agent: and an id, or system." },
	{ .name = "sessionId",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, session_id),
		.doc = "The log-on of the person who did it; null: by a key." },
	{ .name = "address", .type = FIELD_STR, FIELD_AT(struct audit_record, peer), .doc = "Where it came from." },
	{ .name = "userAgent",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, agent),
		.doc = "The program it came from, as it calls itself." },
	{ .name = "action", .type = FIELD_STR, FIELD_AT(struct audit_record, action), .doc = "What was done." },
	{ .name = "resource",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, resource),
		.doc = "What it was done to." },
	{ .name = "outcome",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, outcome),
		.doc = "done, denied or failed." },
	{ .name = "requestId",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, request_id),
		.doc = "The request's X-Request-Id." },
	{ .name = "traceId", .type = FIELD_STR, FIELD_AT(struct audit_record, trace_id), .doc = "The trace's id." },
	{ .name = "words",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, words),
		.doc = "Why it was done, or what else is to be said of it." },
	{ .name = "after",
		.type = FIELD_STR,
		FIELD_AT(struct audit_record, after),
		.doc = "SHA-256 of the answer's body: of the thing as the API showed it after the change." },
	{ 0 },
};

/* How many bytes the character at p has when it may stand in a record; 0: it may not, and *ret_n bytes are to be shown otherwise. */
static size_t harmless(const uint8_t *p, size_t n, size_t *ret_n, uint32_t *ret_code)
{
	size_t k = utf8_len(p, n);
	uint32_t c = k == 1   ? p[0]
		     : k == 2 ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
		     : k == 3 ? (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)
			      : 0x10000;

	*ret_n = k ? k : 1;
	*ret_code = k ? c : 0xfffd;
	if (!k || c < 0x20 || (c >= 0x7f && c < 0xa0))
		return 0;
	bool turns = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
		     (c >= 0x2066 && c <= 0x2069);
	return turns || c == 0x2028 || c == 0x2029 || c == 0xfeff ? 0 : k;
}

bool audit_record_is_clean(const char *s, size_t most)
{
	size_t n = strlen(s), k;
	uint32_t code;

	if (n > most)
		return false;
	for (const uint8_t *p = (const uint8_t *)s; n > 0; p += k, n -= k)
		if (harmless(p, n, &k, &code) == 0)
			return false;
	return true;
}

const char *audit_record_clean(struct arena *a, const char *s, size_t most)
{
	struct buf b = { 0 };
	size_t n = s ? strlen(s) : 0, k;
	uint32_t code;

	if (!s || audit_record_is_clean(s, most))
		return s;
	for (const uint8_t *p = (const uint8_t *)s; n > 0; p += k, n -= k) {
		size_t had = b.n, fits = harmless(p, n, &k, &code);
		if (fits)
			buf_put(&b, p, fits);
		else if (code == 0xfffd)
			buf_str(&b, "\xef\xbf\xbd");
		else
			buf_fmt(&b, "\\u{%x}", (unsigned)code);
		if (b.n > most) {
			b.n = had;
			break;
		}
	}
	const char *ret = b.bad ? NULL : arena_strn(a, b.p ? (const char *)b.p : "", b.n);
	buf_done(&b);
	return ret;
}

static void put_text(struct buf *b, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	buf_u32(b, s ? (uint32_t)n : UINT32_MAX);
	buf_put(b, s ? s : "", n);
}

enum rc audit_record_leaf(const struct audit_record *r, uint8_t ret[static MERKLE_HASH])
{
	const char *const texts[AUDIT_RECORD_TEXTS] = { r->tenant_id, r->actor, r->session_id, r->peer, r->agent,
		r->action, r->resource, r->outcome, r->request_id, r->trace_id, r->words, r->after };
	struct buf b = { 0 };

	buf_str(&b, "footplate audit 1\n");
	buf_u64(&b, (uint64_t)r->seq);
	buf_u64(&b, (uint64_t)r->ts);
	for (size_t i = 0; i < AUDIT_RECORD_TEXTS; i++)
		put_text(&b, texts[i]);
	if (!b.bad)
		merkle_leaf(b.p, b.n, ret);
	enum rc rc = b.bad ? RC_NOMEM : RC_OK;
	buf_done(&b);
	return rc;
}
