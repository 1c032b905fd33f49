#include "cli/import.h"
#include "cli/import_text.h"
#include "cli/output.h"
#include "cli/run.h"
#include "cli/text.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

struct importing {
	struct cmd *c;
	const struct request *request;
	struct import_text *text;
	json_t *results; /* of all pieces, a list */
	size_t sent;     /* rows of the pieces before */
	json_int_t created, updated, unchanged, refused;
};

/* Sends one piece; its text is wiped from the body that was made of it. */
static enum cli_exit send(struct importing *im, struct buf *piece, struct api_answer *ret)
{
	/* What people keep as logins travels as rows of JSON. */
	static const char *const formats[] = { "jsonl", "csv", "jsonl", "asf", "maFile" };
	struct buf body = { 0 };
	char key[64];

	api_new_key(key, sizeof(key));
	(void)!buf_room(&body, piece->n * 2 + 64);
	buf_fmt(&body, "{\"format\":\"%s\",\"content\":", formats[im->text->format]);
	json_put_strn(&body, (const char *)piece->p, piece->n);
	buf_u8(&body, '}');
	const struct api_request ask = { .method = im->c->verb->method,
		.path = (const char *)im->request->path.p,
		.body = buf_text(&body),
		.key = key };
	enum cli_exit code = CLI_FAILED;
	if (body.bad)
		cmd_say(im->c, "out of memory");
	else
		code = api_ask(im->c, &ask, ret);
	hush_wipe(body.p, body.room);
	buf_done(&body);
	return code;
}

/* Rows count from 1 over all pieces; a file of a folder is named. */
static void take_result(struct importing *im, json_t *result)
{
	size_t row = im->sent + (size_t)json_integer_value(json_object_get(result, "index"));
	const char *file = json_string_value(json_array_get(im->text->files, row));

	json_object_del(result, "index");
	json_object_set_new(result, "row", json_integer((json_int_t)row + 1));
	if (file)
		json_object_set_new(result, "file", json_string(file));
	json_array_append(im->results, result);
	if (json_is_null(json_object_get(result, "code")))
		return;
	struct buf line = { 0 };
	text_cell(&line, json_object_get(result, "detail"));
	cmd_say(im->c, "%s%srow %zu: %s", file ? file : "", file ? ", " : "", row + 1, buf_text(&line));
	buf_done(&line);
}

static json_int_t count_of(const struct api_answer *a, const char *member)
{
	return json_integer_value(json_object_get(a->json, member));
}

static void take_answer(struct importing *im, const struct api_answer *a)
{
	json_t *results = json_object_get(a->json, "results"), *result;
	size_t i;

	json_array_foreach(results, i, result) take_result(im, result);
	im->created += count_of(a, "created");
	im->updated += count_of(a, "updated");
	im->unchanged += count_of(a, "unchanged");
	im->refused += count_of(a, "refused");
}

static enum cli_exit send_all(struct importing *im)
{
	struct buf piece = { 0 };
	enum cli_exit code = CLI_OK;
	size_t rows;

	while (code == CLI_OK && import_text_next(im->text, &piece, &rows)) {
		struct api_answer a = { 0 };
		code = send(im, &piece, &a);
		if (code == CLI_OK)
			take_answer(im, &a);
		api_answer_done(&a);
		im->sent += rows;
	}
	hush_wipe(piece.p, piece.room);
	buf_done(&piece);
	return code;
}

static enum cli_exit finish(struct importing *im, enum cli_exit code)
{
	if (json_array_size(im->results))
		output_list(im->c, im->results);
	if (!im->c->quiet)
		cmd_say(im->c,
			"%" JSON_INTEGER_FORMAT " made, %" JSON_INTEGER_FORMAT
			" got new secrets, %" JSON_INTEGER_FORMAT " were there, %" JSON_INTEGER_FORMAT " refused",
			im->created, im->updated, im->unchanged, im->refused);
	if (code == CLI_OK && im->refused == 0)
		return CLI_OK;
	if (im->created + im->updated + im->unchanged > 0)
		return CLI_PARTIAL;
	return code != CLI_OK ? code : CLI_USAGE;
}

static enum import_text_format format_of(const struct cmd *c)
{
	const char *word = cmd_text(c, "format");
	int i = 0;

	while (word && strcmp(import_text_words[i], word) != 0)
		i++;
	return word ? (enum import_text_format)i : import_text_guess(c->arg[0]);
}

static enum cli_exit begin(struct cmd *c, struct request *r, struct import_text *text)
{
	enum import_text_format format = format_of(c);
	struct fault f = { 0 };
	enum cli_exit code = run_prepare(c, r);

	if (code != CLI_OK)
		return code;
	if (format != IMPORT_TEXT_LOGINS && json_object_size(r->body) > 0)
		return cmd_usage(
			c, "only a list of logins takes options for its accounts; other formats say it themselves");
	enum rc rc = import_text_read(c->arg[0], format, r->body, text, &f);
	if (rc != RC_OK)
		cmd_say(c, "%s", *f.text ? f.text : rc_title(rc));
	return rc == RC_OK ? CLI_OK : rc == RC_DENIED ? CLI_DENIED : CLI_USAGE;
}

enum cli_exit import_accounts(struct cmd *c)
{
	auto_json json_t *results = json_array();
	struct import_text text = { 0 };
	struct request r = { 0 };
	struct importing im = { .c = c, .request = &r, .text = &text, .results = results };
	enum cli_exit code = begin(c, &r, &text);

	if (code == CLI_OK) {
		code = send_all(&im);
		code = finish(&im, code);
	}
	import_text_done(&text);
	request_done(&r);
	return code;
}
