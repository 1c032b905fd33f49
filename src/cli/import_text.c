#include "cli/import_text.h"
#include "base/hush.h"
#include "io/file.h"
#include "wire/json.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

const char *const import_text_words[] = { "logins", "csv", "jsonl", "asf", "maFile", NULL };

static bool ends(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n > k && !strcasecmp(s + n - k, end);
}

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum import_text_format import_text_guess(const char *path)
{
	if (ends(path, ".csv"))
		return IMPORT_TEXT_CSV;
	if (ends(path, ".jsonl"))
		return IMPORT_TEXT_JSONL;
	if (ends(path, ".maFile"))
		return IMPORT_TEXT_MAFILE;
	return is_folder(path) ? IMPORT_TEXT_ASF : IMPORT_TEXT_LOGINS;
}

static enum rc put_row(struct buf *to, const json_t *row)
{
	enum rc rc = json_put(to, row, false);
	buf_u8(to, '\n');
	return rc;
}

/* One login a line; what stands behind it, and lines that begin with '#', are left out. */
static enum rc of_logins(char *text, const json_t *base, struct buf *to, struct fault *f)
{
	enum rc rc = RC_OK;

	for (char *save, *line = strtok_r(text, "\r\n", &save); rc == RC_OK && line;
		line = strtok_r(NULL, "\r\n", &save)) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = 0;
		if (!*line || *line == '#')
			continue;
		auto_json json_t *row = base ? json_copy((json_t *)base) : json_object();
		if (!row || json_object_set_new(row, "login", json_string(line)) != 0)
			return fault_set(f, RC_INVALID, "a login is not UTF-8");
		rc = put_row(to, row);
	}
	return rc;
}

static const char *without_mark(struct buf *b)
{
	const char *text = buf_text(b);
	return strncmp(text, "\xef\xbb\xbf", 3) ? text : text + 3;
}

/* One object over several lines becomes one line. */
static enum rc of_object(const char *path, struct buf *file, struct buf *to, struct fault *f)
{
	const char *text = without_mark(file);
	struct json_t *j = NULL;
	struct fault why = { 0 };
	enum rc rc = json_read(text, strlen(text), &j, &why);

	if (rc == RC_OK)
		rc = put_row(to, j);
	else
		rc = fault_set(f, RC_INVALID, "%s: %s", path, why.text);
	json_wipe(j);
	json_drop(j);
	return rc;
}

static bool is_bot(enum import_text_format format, const char *name)
{
	if (format == IMPORT_TEXT_MAFILE)
		return ends(name, ".maFile");
	return ends(name, ".json") && strcasecmp(name, "ASF.json") != 0;
}

static enum rc add_file(struct import_text *t, const char *path, const char *name, struct fault *f)
{
	struct buf whole = { 0 }, file = { 0 };

	buf_fmt(&whole, "%s/%s", path, name);
	enum rc rc = file_read_secret(buf_text(&whole), IMPORT_TEXT_FILE, &file, f);
	if (rc == RC_OK)
		rc = of_object(buf_text(&whole), &file, &t->all, f);
	if (rc == RC_OK && json_array_append_new(t->files, json_string(name)) != 0)
		rc = fault_set(f, RC_INVALID, "a file's name is not UTF-8");
	if (rc == RC_OK && t->all.n > IMPORT_TEXT_MAX)
		rc = fault_set(f, RC_TOO_LARGE, "%s holds more than %u bytes", path, IMPORT_TEXT_MAX);
	hush_wipe(file.p, file.n);
	buf_done(&file);
	buf_done(&whole);
	return rc;
}

static enum rc read_folder(struct import_text *t, const char *path, struct fault *f)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort);
	enum rc rc = n < 0 ? fault_set(f, RC_IO, "cannot read %s: %s", path, strerror(errno)) : RC_OK;

	t->files = json_array();
	for (int i = 0; i < n; i++) {
		if (rc == RC_OK && is_bot(t->format, names[i]->d_name))
			rc = add_file(t, path, names[i]->d_name, f);
		free(names[i]);
	}
	free(names);
	if (rc == RC_OK && t->all.n == 0)
		return fault_set(
			f, RC_INVALID, "%s has no file of the format %s", path, import_text_words[t->format]);
	return rc;
}

/* An object over several lines is one row; what is no object is left to the server, line by line. */
static enum rc of_file(
	struct import_text *t, const char *path, struct buf *file, const json_t *base, struct fault *f)
{
	struct fault none = { 0 };

	if (t->format == IMPORT_TEXT_LOGINS) {
		buf_text(file);
		return of_logins((char *)file->p, base, &t->all, f);
	}
	if ((t->format == IMPORT_TEXT_ASF || t->format == IMPORT_TEXT_MAFILE) &&
		of_object(path, file, &t->all, &none) == RC_OK)
		return RC_OK;
	const char *text = without_mark(file);
	t->all.n = 0;
	buf_str(&t->all, text + strspn(text, "\r\n"));
	return RC_OK;
}

enum rc import_text_read(const char *path, enum import_text_format format, const json_t *base,
	struct import_text *ret, struct fault *f)
{
	bool plain = !strcmp(path, "-") || format == IMPORT_TEXT_LOGINS;
	const char *from = strcmp(path, "-") ? path : "/dev/stdin";
	struct buf file = { 0 };

	*ret = (struct import_text){ .format = format };
	if (is_folder(path)) {
		if (format != IMPORT_TEXT_ASF && format != IMPORT_TEXT_MAFILE)
			return fault_set(
				f, RC_INVALID, "%s is a folder: a folder is of the format asf or maFile", path);
		return read_folder(ret, path, f);
	}
	enum rc rc = plain ? file_read(from, IMPORT_TEXT_MAX, &file, f)
			   : file_read_secret(from, IMPORT_TEXT_MAX, &file, f);
	if (rc == RC_OK && file.n > 0)
		rc = of_file(ret, path, &file, base, f);
	hush_wipe(file.p, file.n);
	buf_done(&file);
	return rc == RC_OK && ret->all.bad ? RC_NOMEM : rc;
}

/* Where the row that begins at `at` ends, behind its line end. A quoted field of a CSV may hold line ends. */
static size_t row_end(const struct import_text *t, size_t at)
{
	bool quoted = false;

	for (; at < t->all.n; at++) {
		if (t->format == IMPORT_TEXT_CSV && t->all.p[at] == '"')
			quoted = !quoted;
		else if (!quoted && t->all.p[at] == '\n')
			return at + 1;
	}
	return at;
}

static size_t skip_empty(const struct import_text *t, size_t at)
{
	while (at < t->all.n && (t->all.p[at] == '\n' || t->all.p[at] == '\r'))
		at++;
	return at;
}

bool import_text_next(struct import_text *t, struct buf *ret, size_t *ret_rows)
{
	size_t rows = 0;

	ret->n = 0;
	if (t->format == IMPORT_TEXT_CSV && t->heading == 0)
		t->at = t->heading = row_end(t, 0);
	buf_put(ret, t->all.p, t->heading);
	for (;;) {
		size_t from = skip_empty(t, t->at), end = row_end(t, from);
		if (from == end || rows == IMPORT_TEXT_ROWS ||
			(rows > 0 && ret->n + (end - from) > IMPORT_TEXT_PIECE))
			break;
		buf_put(ret, t->all.p + from, end - from);
		t->at = end;
		rows++;
	}
	*ret_rows = rows;
	return rows > 0;
}

void import_text_done(struct import_text *t)
{
	hush_wipe(t->all.p, t->all.room);
	buf_done(&t->all);
	json_decref(t->files);
	t->files = NULL;
}
