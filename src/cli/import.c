#include "cli/import.h"
#include "cli/output.h"
#include "cli/problem.h"
#include "cli/run.h"
#include "io/file.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

struct importing {
	struct cmd *c;
	struct json_t *made; /* the accounts, a list */
	size_t made_n, there_n, refused_n;
	enum cli_exit first; /* of the refusals */
};

/* Sends one account: the options' body with this login. */
static enum cli_exit send(struct importing *im, const struct request *r, const char *login, struct api_answer *ret)
{
	struct buf body = { 0 };
	char key[64];
	auto_json json_t *object = json_copy(r->body);

	api_new_key(key, sizeof(key));
	if (!object || json_object_set_new(object, "login", json_string(login)) != 0 ||
		json_put(&body, object, false) != RC_OK) {
		buf_done(&body);
		return cmd_usage(im->c, "a login is not UTF-8");
	}
	const struct api_request ask = {
		.method = "POST", .path = (const char *)r->path.p, .body = buf_text(&body), .key = key
	};
	enum cli_exit code = api_call(im->c, &ask, ret);
	buf_done(&body);
	return code;
}

static bool is_there(const struct api_answer *a)
{
	const char *code = json_string_value(json_object_get(a->json, "code"));
	return a->status == 409 && code && !strcmp(code, "conflict");
}

static void refuse(struct importing *im, const char *login, const struct api_answer *a)
{
	struct buf line = { 0 };

	problem_line(&line, a->status, a->json, a->request_id);
	cmd_say(im->c, "%.100s: %s", login, buf_text(&line));
	buf_done(&line);
	if (im->refused_n++ == 0)
		im->first = problem_exit(a->status, a->json, true);
}

/* CLI_OK also when the account was refused: the next may not be. */
static enum cli_exit import_one(struct importing *im, const struct request *r, const char *login)
{
	struct api_answer a = { 0 };
	enum cli_exit code = send(im, r, login, &a);

	if (code != CLI_OK)
		return code;
	if (a.status >= 200 && a.status < 300) {
		im->made_n++;
		json_array_append(im->made, a.json);
	} else if (is_there(&a)) {
		im->there_n++;
	} else {
		refuse(im, login, &a);
		/* Without the right to make one there is none for the others either; and who is asked to slow down, stops. */
		if (im->first == CLI_DENIED || a.status == 429 || a.status == 503)
			code = im->first;
	}
	api_answer_done(&a);
	return code;
}

static enum cli_exit import_lines(struct importing *im, const struct request *r, char *text)
{
	enum cli_exit code = CLI_OK;

	for (char *save, *line = strtok_r(text, "\r\n", &save); code == CLI_OK && line;
		line = strtok_r(NULL, "\r\n", &save)) {
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = 0;
		if (*line && *line != '#')
			code = import_one(im, r, line);
	}
	return code;
}

static enum cli_exit finish(struct importing *im, enum cli_exit code)
{
	if (json_array_size(im->made))
		output_list(im->c, im->made);
	if (!im->c->quiet)
		cmd_say(im->c, "%zu made, %zu were there, %zu refused", im->made_n, im->there_n, im->refused_n);
	if (code == CLI_OK && im->refused_n == 0)
		return CLI_OK;
	if (im->made_n + im->there_n > 0)
		return CLI_PARTIAL;
	return code != CLI_OK ? code : im->first;
}

enum cli_exit import_accounts(struct cmd *c)
{
	auto_json json_t *made = json_array();
	struct importing im = { .c = c, .made = made };
	const char *path = strcmp(c->arg[0], "-") ? c->arg[0] : "/dev/stdin";
	struct request r = { 0 };
	struct buf file = { 0 };
	struct fault f = { 0 };
	enum cli_exit code = CLI_OK;

	if (file_read(path, IMPORT_BYTES_MAX, &file, &f) != RC_OK)
		return cmd_usage(c, "%s", f.text);
	code = run_prepare(c, &r);
	if (code == CLI_OK) {
		buf_text(&file); /* ends it in a NUL */
		code = import_lines(&im, &r, (char *)file.p);
		code = finish(&im, code);
	}
	request_done(&r);
	buf_done(&file);
	return code;
}
