#include "cli/options.h"
#include "base/when.h"
#include "cli/params.h"
#include "io/clock.h"
#include "io/file.h"
#include "wire/field_json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 64

bool options_is(const char *word) { return word[0] == '-' && word[1] != 0 && strcmp(word, "--") != 0; }

const struct verb_option *options_find(const struct verb_option *t, const char *name, size_t n)
{
	for (; t && t->row.name; t++)
		if (strlen(t->row.name) == n && !strncmp(t->row.name, name, n))
			return t;
	return NULL;
}

static const struct verb_option *by_letter(const struct verb_option *t, char letter)
{
	for (; t && t->row.name; t++)
		if (t->letter == letter)
			return t;
	return NULL;
}

static const char *nearest(const struct options *o, const char *name)
{
	unsigned best = (unsigned)(strlen(name) / 3 + 1);
	const char *found = NULL;

	for (int i = 0; i < 2; i++)
		for (const struct verb_option *t = o->tables[i]; t && t->row.name; t++) {
			unsigned d = field_distance(t->row.name, name, best + 1);
			if (d <= best && (!found || d < best)) {
				best = d;
				found = t->row.name;
			}
		}
	return found;
}

/* A credential is what people most often try to give as an argument. */
static bool is_credential(const char *name)
{
	static const char *const words[] = { "key", "api-key", "token", "secret", "password", NULL };
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], name))
			return true;
	return false;
}

static enum rc unknown(const struct options *o, const char *name, struct fault *f)
{
	const char *near = nearest(o, name);

	if (is_credential(name))
		return fault_set(f, RC_INVALID,
			"a secret is never an argument, for others can see it: use --key-file FILE or --key-fd N");
	if (near)
		return fault_set(f, RC_INVALID, "there is no option --%.60s here; did you mean --%s?", name, near);
	return fault_set(f, RC_INVALID, "there is no option --%.60s here", name);
}

/* "90d" is a time from now on. */
static bool is_span(const char *text, int64_t *ret_ms)
{
	static const char units[] = "smhdw";
	static const int64_t each[] = { 1000, 60000, 3600000, 86400000, 604800000 };
	size_t n = strspn(text, "0123456789");
	const char *unit = n > 0 && n < 7 && text[n] && !text[n + 1] ? strchr(units, text[n]) : NULL;

	if (!unit)
		return false;
	*ret_ms = strtoll(text, NULL, 10) * each[unit - units];
	return true;
}

/* Checks the text by its row, and makes the JSON value of what the row read. */
static enum rc scalar(
	struct options *o, const struct verb_option *row, const char *text, json_t **ret, struct fault *f)
{
	union {
		uint32_t u32;
		int64_t i64;
		const char *s;
		int word;
	} room = { 0 };
	struct field one[2] = { row->row, { 0 } };
	char when[WHEN_MAX];
	struct buf encoded = { 0 };
	int64_t span;
	auto_json json_t *object = NULL;

	if (row->row.type == FIELD_TIME && is_span(text, &span)) {
		when_text(when, clock_wall_ms() + span);
		text = when;
	}
	one[0].at = 0;
	one[0].flags = 0;
	enum rc rc = field_json_text(&row->row, text, o->arena, &room, f);
	if (rc != RC_OK)
		return rc;
	field_json_encode(one, &room, &encoded);
	rc = json_read((const char *)encoded.p, encoded.n, &object, f);
	buf_done(&encoded);
	if (rc == RC_OK)
		*ret = json_incref(json_object_get(object, row->row.name));
	return rc;
}

static json_t *list_item(const struct verb_option *row, const char *text, size_t n)
{
	if (row->row.item != FIELD_U32)
		return n ? json_stringn(text, n) : NULL;
	return n && n < 11 && strspn(text, "0123456789") >= n ? json_integer(strtoll(text, NULL, 10)) : NULL;
}

static enum rc put_list(struct options *o, const struct verb_option *row, const char *text, struct fault *f)
{
	json_t *list = json_object_get(o->given, row->row.name);
	size_t max = row->row.max ? (size_t)row->row.max : OPTIONS_LIST_MAX;

	if (!list) {
		list = json_array();
		if (json_object_set_new(o->given, row->row.name, list) != 0)
			return RC_NOMEM;
	}
	for (const char *at = text; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
		json_t *item = list_item(row, at, strcspn(at, ","));
		if (!item)
			return fault_set(f, RC_INVALID, "--%s: an item is %s", row->row.name,
				row->row.item == FIELD_U32 ? "no whole number" : "empty or not UTF-8");
		if (json_array_append_new(list, item) != 0 || json_array_size(list) > max)
			return fault_set(f, RC_INVALID, "--%s: at most %zu items", row->row.name, max);
	}
	return RC_OK;
}

/* What may be JSON stays as it was typed: which table reads it is known when all was typed. */
static enum rc keep_pair(struct options *o, const struct verb_option *row, const char *text)
{
	json_t *list = json_object_get(o->given, row->row.name);

	if (!list) {
		list = json_array();
		if (json_object_set_new(o->given, row->row.name, list) != 0)
			return RC_NOMEM;
	}
	return json_array_append_new(list, json_string(text)) == 0 ? RC_OK : RC_INVALID;
}

static enum rc put_pair(struct options *o, const struct verb_option *row, const char *text, struct fault *f)
{
	json_t *map = json_object_get(o->given, row->row.name);
	char name[WORD_MAX + 1];
	const char *value = params_split(text, name, sizeof(name));

	if (!value)
		return fault_set(
			f, RC_INVALID, "--%s: \"%.60s\" is not of the form name=value", row->row.name, text);
	if (row->values)
		return keep_pair(o, row, text) == RC_OK
			       ? RC_OK
			       : fault_set(f, RC_INVALID, "--%s: %s is not UTF-8", row->row.name, name);
	if (!map) {
		map = json_object();
		if (json_object_set_new(o->given, row->row.name, map) != 0)
			return RC_NOMEM;
	}
	if (json_object_set_new(map, name, json_string(value)) != 0)
		return fault_set(f, RC_INVALID, "--%s: %s is not UTF-8", row->row.name, name);
	return RC_OK;
}

static enum rc read_json(const struct verb_option *row, const char *text, json_t **ret, struct fault *f)
{
	struct buf file = { 0 };
	struct fault why = { 0 };
	const char *p = text;
	size_t n = strlen(text);
	enum rc rc = RC_OK;

	if (*text == '@') {
		rc = file_read(strcmp(text, "@-") ? text + 1 : "/dev/stdin", OPTIONS_FILE_MAX, &file, &why);
		p = (const char *)file.p;
		n = file.n;
	}
	if (rc == RC_OK)
		rc = json_read(p, n, ret, &why);
	buf_done(&file);
	return rc == RC_OK ? rc : fault_set(f, RC_INVALID, "--%s: %s", row->row.name, why.text);
}

enum rc options_put(struct options *o, const struct verb_option *row, const char *text, struct fault *f)
{
	json_t *v = NULL;
	enum rc rc;

	if (row->row.type == FIELD_LIST)
		return put_list(o, row, text, f);
	if (row->row.type == FIELD_MAP)
		return put_pair(o, row, text, f);
	if (json_object_get(o->given, row->row.name) && row->row.type != FIELD_BOOL)
		return fault_set(f, RC_INVALID, "--%s was given twice", row->row.name);
	if (row->row.type == FIELD_JSON)
		rc = read_json(row, text, &v, f);
	else if (row->row.type == FIELD_BOOL)
		rc = json_read(row->json ? row->json : "true", strlen(row->json ? row->json : "true"), &v, f);
	else
		rc = scalar(o, row, text, &v, f);
	if (rc == RC_OK && json_object_set_new(o->given, row->row.name, v) != 0)
		rc = RC_NOMEM;
	return rc;
}

/* The row has no value of its own yet: it stands behind '=', or is the next word. */
static enum rc take_value(struct options *o, const struct verb_option *row, const char *joined, struct fault *f)
{
	if (row->row.type == FIELD_BOOL)
		return joined ? fault_set(f, RC_INVALID, "--%s takes no value", row->row.name)
			      : options_put(o, row, "", f);
	if (!joined && row->optional)
		return json_object_set_new(o->given, row->row.name, json_null()) == 0 ? RC_OK : RC_NOMEM;
	if (!joined && o->at >= o->argc)
		return fault_set(f, RC_INVALID, "--%s needs a value: %s", row->row.name, row->value);
	return options_put(o, row, joined ? joined : o->argv[o->at++], f);
}

/* -x, -xVALUE, or several flags in one word: -qx. */
static enum rc take_letters(struct options *o, const char *word, struct fault *f)
{
	for (const char *at = word + 1; *at; at++) {
		const struct verb_option *row = by_letter(o->tables[0], *at);
		row = row ? row : by_letter(o->tables[1], *at);
		if (!row)
			return fault_set(
				f, RC_INVALID, "there is no option -%c here", *at >= 32 && *at < 127 ? *at : '?');
		if (row->row.type != FIELD_BOOL)
			return take_value(o, row, at[1] ? at + 1 : NULL, f);
		enum rc rc = take_value(o, row, NULL, f);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc options_take(struct options *o, struct fault *f)
{
	const char *word = o->argv[o->at++];
	char name[WORD_MAX + 1];

	if (word[1] != '-')
		return take_letters(o, word, f);
	word += 2;
	const char *value = strchr(word, '=');
	size_t n = value ? (size_t)(value - word) : strlen(word);
	const struct verb_option *row = options_find(o->tables[0], word, n);
	row = row ? row : options_find(o->tables[1], word, n);
	if (row)
		return take_value(o, row, value ? value + 1 : NULL, f);
	snprintf(name, sizeof(name), "%.*s", (int)(n < WORD_MAX ? n : WORD_MAX), word);
	return unknown(o, name, f);
}
