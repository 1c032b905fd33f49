#include "control/audit/verify_text.h"
#include "base/when.h"
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>

#define LINE_MAX_BYTES 65536

/* The line at *at, without its end; false: there is none. */
static bool next_line(const char **at, const char *end, const char **ret, size_t *ret_n)
{
	if (*at >= end)
		return false;
	const char *lf = memchr(*at, '\n', (size_t)(end - *at));
	*ret = *at;
	*ret_n = (size_t)((lf ? lf : end) - *at);
	*at = lf ? lf + 1 : end;
	return true;
}

/* An object with a member note: the whole line, or {"note":"…"} from somewhere in it on. */
static bool note_of_json(struct verify *v, const char *p, size_t n)
{
	auto_json struct json_t *j = NULL;
	const char *begin = n && *p == '{' ? p : memmem(p, n, "{\"note\":", 8);

	if (!begin || json_read(begin, n - (size_t)(begin - p), &j, NULL) != RC_OK)
		return false;
	const char *note = json_string_value(json_object_get(j, "note"));
	if (note)
		verify_note(v, note, strlen(note), NULL);
	return note != NULL;
}

bool verify_text_notes(struct verify *v, const struct buf *file)
{
	static const char dash[] = "\xe2\x80\x94 ";
	const char *at = (const char *)file->p, *end = at ? at + file->n : at, *line, *begin = NULL;
	bool any = false;
	size_t n;

	while (next_line(&at, end, &line, &n)) {
		if (note_of_json(v, line, n)) {
			begin = NULL;
			any = true;
		} else if (n >= sizeof(dash) - 1 && !memcmp(line, dash, sizeof(dash) - 1) && begin) {
			verify_note(v, begin, (size_t)(at - begin), NULL);
			begin = NULL;
			any = true;
		} else if (!begin && n > 0) {
			begin = line;
		}
	}
	return any;
}

static bool take_int(const json_t *j, const char *name, uint64_t *ret)
{
	const json_t *v = json_object_get(j, name);
	*ret = json_is_integer(v) && json_integer_value(v) >= 0 ? (uint64_t)json_integer_value(v) : 0;
	return json_is_integer(v);
}

static bool take_member(const json_t *v, const struct field *f, struct audit_record *to)
{
	void *at = (char *)to + f->at;

	if (f->type == FIELD_TIME)
		return json_is_string(v) && when_parse(json_string_value(v), at);
	if (f->type == FIELD_I64)
		*(int64_t *)at = json_integer_value(v);
	else
		*(const char **)at = json_string_value(v);
	return f->type == FIELD_I64 ? json_is_integer(v) : json_is_string(v) || json_is_null(v);
}

/* Every member and no other: one that is not in the hash would pass for proven. */
static bool take_record(const json_t *j, struct audit_record *to)
{
	bool ok = json_object_size(j) == field_count(audit_record_fields);

	for (const struct field *f = audit_record_fields; ok && f->type != FIELD_END; f++)
		ok = take_member(json_object_get(j, f->name), f, to);
	return ok;
}

static void take_line(struct verify *v, const char *p, size_t n, uint64_t line)
{
	auto_json struct json_t *j = NULL;
	struct audit_record r = { 0 };
	uint64_t number;

	bool is_json =
		n <= LINE_MAX_BYTES && json_read(p, n, &j, NULL) == RC_OK; /* else j is NULL and has no member */
	if (json_object_get(j, "leaves") && json_object_size(j) == 2 && take_int(j, "block", &number))
		verify_pruned(v, number, json_string_value(json_object_get(j, "leaves")));
	else if (json_object_get(j, "leaf") && json_object_size(j) == 2 && take_int(j, "seq", &number))
		verify_leaf(v, number, json_string_value(json_object_get(j, "leaf")));
	else if (is_json && take_record(j, &r))
		verify_record(v, &r, NULL);
	else
		verify_wrong(v, 0, "line %" PRIu64 " is not of an export", line);
}

enum rc verify_text(const struct buf *file, const struct buf *notes, const struct checkpoint_key *key,
	struct verify_verdict *ret, struct fault *f)
{
	const char *at = (const char *)file->p, *end = at ? at + file->n : at, *line;
	auto_of(verify) struct verify *v = NULL;
	uint64_t number = 0;
	size_t n;
	enum rc rc = verify_new(key, &v);

	if (rc != RC_OK)
		return rc;
	if (notes && !verify_text_notes(v, notes))
		return fault_set(f, RC_MALFORMED, "there is no checkpoint in what was given as such");
	while (next_line(&at, end, &line, &n))
		take_line(v, line, n, ++number);
	return verify_end(v, NULL, ret);
}
