#include "control/fleet/import_rows.h"
#include "base/buf.h"
#include "base/hush.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#define COLUMNS_MAX 32

const char *const import_rows_words[] = { "csv", "jsonl", "asf", "maFile", NULL };
const char *const import_rows_secrets[] = { "password", "shared_secret", "identity_secret", "parental_pin",
	"refresh_token", "email_code_source", NULL };

/* What a CSV's heading may name. The switches are true or false, the rest are texts. */
static const char *const columns[] = { "login", "steamId", "regionHint", "egressId", "password", "shared_secret",
	"identity_secret", "parental_pin", "refresh_token", "email_code_source", "anonymous", "enabled", NULL };

static bool is_switch(const char *column) { return !strcmp(column, "anonymous") || !strcmp(column, "enabled"); }

/* One field at *at, into `to`; *at is behind it and its comma. False: a quote that does not end. */
static bool take_field(const char **at, struct buf *to, bool *ret_last)
{
	const char *s = *at;
	bool quoted = *s == '"';

	to->n = 0;
	for (s += quoted; *s; s++) {
		if (quoted && *s == '"' && *++s != '"') {
			quoted = false;
			break;
		}
		if (!quoted && (*s == ',' || *s == '\n' || *s == '\r'))
			break;
		buf_u8(to, (uint8_t)*s);
	}
	*ret_last = *s != ',';
	if (quoted || (*s && *s != ',' && *s != '\n' && *s != '\r'))
		return false;
	*at = s + (*s == ',');
	return true;
}

static void skip_ends(const char **at) { *at += strspn(*at, "\r\n"); }

static enum rc read_heading(const char **at, const char *names[static COLUMNS_MAX], size_t *ret_n, struct fault *f)
{
	struct buf name = { 0 };
	bool last = false, login = false, known = false;
	size_t n = 0;

	while (!last && n < COLUMNS_MAX && take_field(at, &name, &last)) {
		size_t i = 0;
		while (columns[i] && strcmp(columns[i], buf_text(&name)) != 0)
			i++;
		known = columns[i] != NULL;
		if (!known)
			break;
		login |= i == 0;
		names[n++] = columns[i];
	}
	buf_done(&name);
	*ret_n = n;
	/* The column is not shown: without a heading it is somebody's password. */
	if (!last || !known)
		return fault_set(f, RC_INVALID,
			"column %zu of the first line is no name of a column; it may have login, steamId, "
			"regionHint, "
			"egressId, anonymous, enabled, and names of secrets",
			n + 1);
	return login ? RC_OK : fault_set(f, RC_INVALID, "the first line must name the columns, login among them");
}

static json_t *csv_row(const char **at, const char *const *names, size_t n, struct buf *field)
{
	json_t *row = json_object();
	bool last = false, good = row != NULL;
	size_t i = 0;

	while (good && !last) {
		good = take_field(at, field, &last) && i < n;
		const char *text = buf_text(field);
		if (good && *text && is_switch(names[i]))
			good = (!strcmp(text, "true") || !strcmp(text, "false")) &&
			       json_object_set_new(row, names[i], json_boolean(*text == 't')) == 0;
		else if (good && *text)
			good = json_object_set_new(row, names[i], json_string(text)) == 0;
		i++;
	}
	if (good && i == n)
		return row;
	*at += strcspn(*at, "\n");
	json_decref(row);
	return json_null();
}

static enum rc read_csv(const char *text, size_t max, json_t *rows, struct fault *f)
{
	const char *names[COLUMNS_MAX] = { 0 };
	struct buf field = { 0 };
	size_t n = 0;

	skip_ends(&text);
	enum rc rc = read_heading(&text, names, &n, f);
	for (skip_ends(&text); rc == RC_OK && *text; skip_ends(&text))
		if (json_array_size(rows) == max ||
			json_array_append_new(rows, csv_row(&text, names, n, &field)) != 0)
			rc = RC_TOO_LARGE;
	hush_wipe(field.p, field.n);
	buf_done(&field);
	return rc;
}

/* Moves a member to another name, when it is a text that says something. */
static void rename_to(const json_t *from, const char *name, json_t *to, const char *as)
{
	const json_t *v = json_object_get(from, name);
	if (json_is_string(v) && *json_string_value(v))
		json_object_set_new(to, as, json_string(json_string_value(v)));
}

/* ASF's passwords can be encrypted with a key that only ASF has: such a bot is refused, not taken without its password. */
static json_t *of_asf(const json_t *bot)
{
	json_t *to = json_object();
	const json_t *on = json_object_get(bot, "Enabled");
	const char *pin = json_string_value(json_object_get(bot, "SteamParentalCode"));

	if (json_integer_value(json_object_get(bot, "PasswordFormat")) != 0) {
		json_decref(to);
		return json_null();
	}
	rename_to(bot, "SteamLogin", to, "login");
	rename_to(bot, "SteamPassword", to, "password");
	if (pin && strcmp(pin, "0") != 0)
		rename_to(bot, "SteamParentalCode", to, "parental_pin");
	json_object_set_new(to, "enabled", json_boolean(json_is_true(on)));
	return to;
}

static json_t *of_mafile(const json_t *file)
{
	json_t *to = json_object();
	const json_t *session = json_object_get(file, "Session"), *id = json_object_get(session, "SteamID");
	char text[24];

	rename_to(file, "account_name", to, "login");
	rename_to(file, "shared_secret", to, "shared_secret");
	rename_to(file, "identity_secret", to, "identity_secret");
	rename_to(session, "RefreshToken", to, "refresh_token");
	rename_to(session, "SteamID", to, "steamId");
	if (json_is_integer(id) && json_integer_value(id) > 0) {
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(id));
		json_object_set_new(to, "steamId", json_string(text));
	}
	return to;
}

static json_t *row_of(enum import_rows_format format, const char *line, size_t n)
{
	auto_json struct json_t *j = NULL;

	if (json_read(line, n, &j, NULL) != RC_OK || !json_is_object(j))
		return json_null();
	switch (format) {
	case IMPORT_ROWS_ASF:
		return of_asf(j);
	case IMPORT_ROWS_MAFILE:
		return of_mafile(j);
	case IMPORT_ROWS_JSONL:
	case IMPORT_ROWS_CSV:
		break;
	}
	return json_incref(j);
}

static enum rc read_lines(enum import_rows_format format, const char *text, size_t max, json_t *rows)
{
	for (skip_ends(&text); *text; skip_ends(&text)) {
		size_t n = strcspn(text, "\r\n");
		if (json_array_size(rows) == max || json_array_append_new(rows, row_of(format, text, n)) != 0)
			return RC_TOO_LARGE;
		text += n;
	}
	return RC_OK;
}

enum rc import_rows_read(
	enum import_rows_format format, const char *text, size_t max, struct json_t **ret_rows, struct fault *f)
{
	auto_json struct json_t *rows = json_array();

	if (!rows)
		return RC_NOMEM;
	if (!strncmp(text, "\xef\xbb\xbf", 3)) /* spreadsheets put it there */
		text += 3;
	enum rc rc = format == IMPORT_ROWS_CSV ? read_csv(text, max, rows, f) : read_lines(format, text, max, rows);
	if (rc == RC_TOO_LARGE)
		return fault_set(f, RC_INVALID, "at most %zu rows at once; send the file in pieces", max);
	if (rc == RC_OK)
		*ret_rows = take(rows);
	return rc;
}
