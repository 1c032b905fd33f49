#include "control/sso/sealed_cookie.h"
#include "control/control.h"
#include "io/clock.h"
#include "wire/base64.h"
#include "wire/field_json.h"

#include <string.h>

#define RANDOM_MAX 64

const char *sealed_cookie_random(struct arena *a, size_t bytes)
{
	uint8_t random[RANDOM_MAX];
	struct buf b = { 0 };

	clock_random(random, bytes);
	base64_put_url(&b, random, bytes);
	const char *s = b.bad ? NULL : arena_str(a, buf_text(&b));
	buf_done(&b);
	return s;
}

enum rc sealed_cookie_put(
	struct tx *tx, const struct vault_at *at, const struct field *fields, const void *from, struct buf *to)
{
	struct hush value = { 0 };
	struct buf text = { 0 };

	field_json_encode(fields, from, &text);
	enum rc rc = text.bad ? RC_NOMEM : hush_set(&value, text.p, text.n);
	if (rc == RC_OK)
		rc = vault_seal(&tx->control->secrets, at, 1, &value, to);
	if (text.p)
		hush_wipe(text.p, text.n);
	buf_done(&text);
	hush_done(&value);
	return rc;
}

/* The one value by that name; NULL: there is none, or there are several. */
static const char *only_value(const char *cookies, const char *span, struct arena *a)
{
	const char *found = NULL;
	size_t span_n = strlen(span);

	for (const char *at = cookies; at && *at;) {
		at += strspn(at, " ;");
		size_t n = strcspn(at, ";");
		if (n > span_n && !strncmp(at, span, span_n)) {
			if (found)
				return NULL;
			found = arena_strn(a, at + span_n, n - span_n);
		}
		at += n;
	}
	return found;
}

enum rc sealed_cookie_get(struct tx *tx, const struct vault_at *at, const struct field *fields, const char *cookies,
	const char *span, void *ret)
{
	const char *sealed = only_value(cookies, span, tx->arena);
	struct field_reader r = { .arena = tx->arena };
	auto_json struct json_t *j = NULL;
	struct hush value = { 0 };
	struct fault f = { 0 };

	if (!sealed)
		return RC_MISSING;
	enum rc rc = vault_open(&tx->control->secrets, at, 1, sealed, &value, &f);
	if (rc == RC_OK)
		rc = json_read((const char *)value.p, value.n, &j, &f);
	if (rc == RC_OK)
		rc = field_json_decode(fields, j, &r, ret, &f);
	hush_done(&value);
	return rc;
}
