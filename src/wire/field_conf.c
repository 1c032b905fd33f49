#include "wire/field_conf.h"
#include "wire/field_json.h"

#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_CHARS 64

static enum rc unknown(const struct field *t, const char *what, const char *name, struct fault *f)
{
	const char *near = field_nearest(t, name);
	if (near)
		return fault_set(f, RC_INVALID, "there is no %s \"%.60s\"; did you mean \"%s\"?", what, name, near);
	return fault_set(f, RC_INVALID, "there is no %s \"%.60s\"", what, name);
}

static enum rc set(
	const struct field *section, const char *key, const char *value, struct arena *a, void *to, struct fault *f)
{
	const struct field *row = field_find(section->sub, key);
	if (!row)
		return unknown(section->sub, "key", key, f);
	return field_json_text(row, value, a, (char *)to + section->at + row->at, f);
}

enum rc field_conf_set(
	const struct field *t, const char *key, const char *value, struct arena *a, void *to, struct fault *f)
{
	char name[NAME_MAX_CHARS];
	const char *dot = strchr(key, '.');

	if (!dot || dot - key >= NAME_MAX_CHARS)
		return fault_set(f, RC_INVALID, "\"%.60s\" is not section.key", key);
	snprintf(name, sizeof(name), "%.*s", (int)(dot - key), key);
	const struct field *section = field_find(t, name);
	return section ? set(section, dot + 1, value, a, to, f) : unknown(t, "section", name, f);
}

/* Cuts off a comment that is outside a text, and the spaces at both ends. */
static char *trim(char *s)
{
	bool quoted = false;
	for (char *p = s; *p; p++) {
		if (*p == '\\' && quoted && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '#' && !quoted)
			*p = 0;
		if (!*p)
			break;
	}
	while (isspace((unsigned char)*s))
		s++;
	for (size_t n = strlen(s); n && isspace((unsigned char)s[n - 1]); n--)
		s[n - 1] = 0;
	return s;
}

static enum rc take_line(
	char *line, const struct field *t, const struct field **section, struct arena *a, void *to, struct fault *f)
{
	size_t n = strlen(line);

	if (*line == '[' && line[n - 1] == ']') {
		line[n - 1] = 0;
		*section = field_find(t, line + 1);
		return *section ? RC_OK : unknown(t, "section", line + 1, f);
	}
	char *equals = strchr(line, '=');
	if (!equals)
		return fault_set(f, RC_INVALID, "neither [section] nor key = value");
	*equals = 0;
	const char *key = trim(line), *value = trim(equals + 1);
	auto_json json_t *text = NULL;
	if (!*section)
		return fault_set(f, RC_INVALID, "%.60s: stands before the first [section]", key);
	/* A text in quotes is spelt as in JSON, which field_conf_print writes. */
	if (*value == '"' && json_read(value, strlen(value), &text, NULL) != RC_OK)
		return fault_set(f, RC_INVALID,
			"%.60s: the quotes do not close, or hold what must be written as an escape "
			"(\\\" \\\\ \\n \\t \\u00e9)",
			key);
	return set(*section, key, text ? json_string_value(text) : value, a, to, f);
}

enum rc field_conf_read(const struct field *t, const char *text, struct arena *a, void *to, struct fault *f)
{
	const struct field *section = NULL;
	char *copy = arena_str(a, text);

	if (!copy)
		return RC_NOMEM;
	for (int no = 1; copy; no++) {
		char *line = copy, *end = strchr(copy, '\n');
		copy = end ? end + 1 : NULL;
		if (end)
			*end = 0;
		line = trim(line);
		struct fault why = { 0 };
		enum rc rc = *line ? take_line(line, t, &section, a, to, &why) : RC_OK;
		if (rc != RC_OK)
			return fault_set(f, rc, "line %d: %s", no, why.text);
	}
	return RC_OK;
}

static void twin(char *to, size_t n, const char *section, const char *key)
{
	int used = snprintf(to, n, "FOOTPLATE_%s__%s", section, key);
	for (int i = 0; i < used && to[i]; i++)
		to[i] = (char)toupper((unsigned char)to[i]);
}

enum rc field_conf_env(
	const struct field *t, const char *(*get)(const char *name), struct arena *a, void *to, struct fault *f)
{
	char name[2 * NAME_MAX_CHARS + 16];

	for (; t->type != FIELD_END; t++)
		for (const struct field *row = t->sub; row->type != FIELD_END; row++) {
			twin(name, sizeof(name), t->name, row->name);
			const char *value = get(name);
			struct fault why = { 0 };
			enum rc rc = value ? set(t, row->name, value, a, to, &why) : RC_OK;
			if (rc != RC_OK)
				return fault_set(f, rc, "environment %s: %s", name, why.text);
		}
	return RC_OK;
}

static void put_value(const struct field *row, const void *at, struct buf *to)
{
	switch (row->type) {
	case FIELD_BOOL:
		buf_str(to, *(const bool *)at ? "true" : "false");
		return;
	case FIELD_U32:
		buf_dec(to, *(const uint32_t *)at);
		return;
	case FIELD_I64:
		buf_fmt(to, "%" PRId64, *(const int64_t *)at);
		return;
	case FIELD_ENUM:
		json_put_str(to, row->words[*(const int *)at]);
		return;
	case FIELD_STR:
		if (*(const char *const *)at && (row->flags & FIELD_SECRET))
			json_put_str(to, "(set)");
		else
			json_put_str(to, *(const char *const *)at ? *(const char *const *)at : "");
		return;
	case FIELD_ID64:
	case FIELD_TIME:
	case FIELD_JSON:
	case FIELD_OBJ:
	case FIELD_MAP:
	case FIELD_LIST:
	case FIELD_END:
		break;
	}
	buf_str(to, "\"\""); /* no key has such a type */
}

/* A text that is not there is printed as a comment: read again, it is not there either. */
static bool is_unset(const struct field *row, const void *at)
{
	return row->type == FIELD_STR && !*(const char *const *)at;
}

void field_conf_print(const struct field *t, const void *from, struct buf *to)
{
	for (; t->type != FIELD_END; t++) {
		buf_fmt(to, "[%s]\n", t->name);
		for (const struct field *row = t->sub; row->type != FIELD_END; row++) {
			const void *at = (const char *)from + t->at + row->at;
			buf_fmt(to, "%s%s = ", is_unset(row, at) ? "# " : "", row->name);
			put_value(row, at, to);
			buf_u8(to, '\n');
		}
		buf_u8(to, '\n');
	}
}

static void put_default(const struct field *row, struct buf *to)
{
	switch (row->type) {
	case FIELD_BOOL:
		buf_str(to, row->def ? "true" : "false");
		break;
	case FIELD_ENUM:
		buf_str(to, row->words[row->def]);
		break;
	case FIELD_STR:
		buf_str(to, row->def_text ? row->def_text : "–");
		break;
	case FIELD_U32:
	case FIELD_I64:
		buf_fmt(to, "%" PRId64, row->def);
		break;
	case FIELD_ID64:
	case FIELD_TIME:
	case FIELD_JSON:
	case FIELD_OBJ:
	case FIELD_MAP:
	case FIELD_LIST:
	case FIELD_END:
		break;
	}
}

void field_conf_document(const struct field *t, struct buf *to)
{
	char name[2 * NAME_MAX_CHARS + 16];

	buf_str(to, "# Configuration\n\nA flag goes before the environment, the environment before the file, the "
		    "file before the default.\n");
	for (; t->type != FIELD_END; t++) {
		buf_fmt(to, "\n## [%s]\n\n%s\n\n| key | environment | default | what it is |\n|---|---|---|---|\n",
			t->name, t->doc);
		for (const struct field *row = t->sub; row->type != FIELD_END; row++) {
			twin(name, sizeof(name), t->name, row->name);
			buf_fmt(to, "| `%s` | `%s` | ", row->name, name);
			put_default(row, to);
			buf_fmt(to, " | %s |\n", row->doc);
		}
	}
}
