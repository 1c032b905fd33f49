/* Tables, YAML, CSV, problems and their exit codes: bytes that are compared whole. */
#include "base/rc.h"
#include "cli/columns.h"
#include "cli/csv.h"
#include "cli/problem.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/yaml.h"
#include "tests/unit/check.h"
#include "wire/json.h"

#include <jansson.h>

static struct buf out;

static json_t *read_json(const char *text)
{
	json_t *j = NULL;
	struct fault f = { 0 };
	if (json_read(text, strlen(text), &j, &f) != RC_OK)
		fprintf(stderr, "%s: %s\n", text, f.text);
	CHECK(j != NULL);
	return j;
}

typedef void put(struct buf *to, const json_t *v);

static const char *put_with(put *how, const char *text)
{
	json_t *j = read_json(text);
	out.n = 0;
	how(&out, j);
	json_decref(j);
	return buf_text(&out);
}

#define COLUMNS "id,summary.total:TASKS,createdAt"
static void plain_list(struct buf *to, const json_t *v) { table_list(to, v, COLUMNS, false); }
static void coloured_list(struct buf *to, const json_t *v) { table_list(to, v, "id,status", true); }
static void object(struct buf *to, const json_t *v) { table_object(to, v, false); }
static void rows(struct buf *to, const json_t *v)
{
	csv_heading(to, COLUMNS);
	for (size_t i = 0; i < json_array_size(v); i++)
		csv_row(to, json_array_get(v, i), COLUMNS);
}

static void tables(void)
{
	CHECK_STR(put_with(plain_list, "[{\"id\":\"a\",\"summary\":{\"total\":12},\"createdAt\":null},"
				       "{\"id\":\"\xc3\xa4\xc3\xb6\xc3\xbc"
				       "d\",\"summary\":{\"total\":3},\"createdAt\":\"now\"},{}]"),
		"ID    TASKS  CREATED AT\n"
		"a     12     -\n"
		"\xc3\xa4\xc3\xb6\xc3\xbc"
		"d  3      now\n"
		"-     -      -\n");
	CHECK_STR(put_with(plain_list, "[]"), "ID  TASKS  CREATED AT\n");
	CHECK_STR(put_with(coloured_list,
			  "[{\"id\":\"a\",\"status\":\"failed\"},{\"id\":\"b\",\"status\":\"queued\"}]"),
		"\033[1mID\033[0m  \033[1mSTATUS\033[0m\n"
		"a   \033[31mfailed\033[0m\n"
		"b   queued\n");
	CHECK_STR(put_with(object, "{\"id\":\"x\",\"summary\":{\"total\":1,\"deep\":{\"er\":true}},\"labels\":{},"
				   "\"list\":[1,\"b\",null],\"odd\":[{\"a\":1}],\"none\":null}"),
		"id               x\n"
		"summary.total    1\n"
		"summary.deep.er  true\n"
		"labels           -\n"
		"list             1,b,-\n"
		"odd              [{\"a\":1}]\n"
		"none             -\n");
}

static void terminals_are_safe(void)
{
	CHECK_STR(put_with(object, "{\"a\\u001b[2J\":\"x\\u001b]0;y\\u0007\\n\\u009bz\\u202e\"}"),
		"a?[2J  x?]0;y??\?z?\n");
	out.n = 0;
	text_put(&out, "a\xff\xc3(\xe2\x82", 6);
	CHECK_STR(buf_text(&out), "a??"
				  "(??");
	CHECK(text_columns("\xe6\x97\xa5x", 4) == 3);
	CHECK(text_columns("e\xcc\x81", 3) == 1);
}

/* Names that a server makes as long and as deep as it likes. */
static void long_names(void)
{
	struct buf in = { 0 };
	char key[201];

	memset(key, 'k', 200);
	key[200] = 0;
	for (int i = 0; i < 12; i++)
		buf_fmt(&in, "{\"%s\":", key);
	buf_str(&in, "1");
	for (int i = 0; i < 12; i++)
		buf_str(&in, "}");
	const char *shown = put_with(object, buf_text(&in));
	CHECK(strlen(shown) > 7 * 64 && !memcmp(shown + 64, "\xe2\x80\xa6.kkk", 7) && strstr(shown, "{\"kkk"));
	in.n = 0;
	key[63] = 0;
	buf_fmt(&in, "{\"%s\xc3\xa4\xc3\xa4\":1}", key); /* not cut in the middle of a character */
	shown = put_with(object, buf_text(&in));
	CHECK(!memcmp(shown + 62, "k\xe2\x80\xa6  1\n", 7));
	buf_done(&in);
}

static void columns(void)
{
	struct columns c = columns_read("id,summary.total:TASKS,lastSeen");
	CHECK(c.n == 3);
	CHECK_STR(c.at[0].heading, "ID");
	CHECK_STR(c.at[1].path, "summary.total");
	CHECK_STR(c.at[1].heading, "TASKS");
	CHECK_STR(c.at[2].heading, "LAST SEEN");
	CHECK(columns_read(NULL).n == 0);
}

static void yaml(void)
{
	CHECK_STR(put_with(yaml_put,
			  "{\"a\":1,\"b\":\"text\",\"c\":{\"d\":[],\"e\":{}},\"f\":[1,{\"g\":2,\"h\":[3]},[4,5]],"
			  "\"i\":null,\"j\":1.5,\"k\":true}"),
		"a: 1\nb: text\nc:\n  d: []\n  e: {}\nf:\n  - 1\n  - g: 2\n    h:\n      - 3\n  - - 4\n    - 5\n"
		"i: null\nj: 1.5\nk: true\n");
	CHECK_STR(put_with(yaml_put,
			  "{\"a\":\"yes\",\"b\":\"Null\",\"c\":\"1e3\",\"d\":\"\",\"e\":\"a: b\",\"f\":\"# no\","
			  "\"g\":\"-\",\"h\":\"a\\nb\",\"i\":\"\\\"q\\\"\",\"2030-01-01\":\"x y\",\"j\":\"0x1F\"}"),
		"a: \"yes\"\nb: \"Null\"\nc: \"1e3\"\nd: \"\"\ne: \"a: b\"\nf: \"# no\"\ng: \"-\"\nh: \"a\\nb\"\n"
		"i: \"\\\"q\\\"\"\n\"2030-01-01\": \"x y\"\nj: \"0x1F\"\n");
	CHECK_STR(put_with(yaml_put, "[\"a\\u0085b\",\"\\u2028\",\"\\ufeff\",\"\xc3\xa4\"]"),
		"- \"a\\u0085b\"\n- \"\\u2028\"\n- \"\\uFEFF\"\n- \"\xc3\xa4\"\n");
	CHECK_STR(put_with(yaml_put, "[]"), "[]\n");
	CHECK_STR(put_with(yaml_put, "\"x\""), "x\n");
}

static void csv(void)
{
	CHECK_STR(put_with(rows, "[{\"id\":\"a,b\",\"summary\":{\"total\":1},\"createdAt\":null},"
				 "{\"id\":\"say \\\"x\\\"\",\"createdAt\":\"l1\\nl2\"}]"),
		"id,summary.total,createdAt\r\n\"a,b\",1,\r\n\"say \"\"x\"\"\",,\"l1\nl2\"\r\n");
	CHECK_STR(
		put_with(csv_object,
			"{\"id\":\"a\",\"summary\":{\"total\":1,\"ok\":0},\"labels\":{},\"scopes\":[\"x\",\"y\"]}"),
		"id,summary.total,summary.ok,labels,scopes\r\na,1,0,,\"x,y\"\r\n");
}

static enum cli_exit exit_of(int status, const char *problem, bool writes)
{
	json_t *j = problem ? read_json(problem) : NULL;
	enum cli_exit code = problem_exit(status, j, writes);
	json_decref(j);
	return code;
}

static enum cli_exit exit_of_code(const char *code, int status, bool writes)
{
	char text[128];
	snprintf(text, sizeof(text), "{\"code\":\"%s\"}", code);
	return exit_of(status, text, writes);
}

static void exit_codes(void)
{
	static const struct {
		enum rc rc;
		enum cli_exit code;
	} all[] = {
		{ RC_MALFORMED, 2 },
		{ RC_INVALID, 2 },
		{ RC_UNAUTHENTICATED, 5 },
		{ RC_DENIED, 5 },
		{ RC_MISSING, 4 },
		{ RC_METHOD, 1 },
		{ RC_CONFLICT, 6 },
		{ RC_EXISTS, 6 },
		{ RC_KEY_MISSING, 2 },
		{ RC_KEY_BUSY, 6 },
		{ RC_KEY_REUSED, 6 },
		{ RC_STALE, 6 },
		{ RC_NEED_MATCH, 6 },
		{ RC_TOO_LARGE, 1 },
		{ RC_MEDIA, 1 },
		{ RC_LIMIT, 7 },
		{ RC_OVERLOADED, 7 },
		{ RC_AWAY, 1 },
		{ RC_CANCELED, 6 },
		{ RC_REFUSED, 1 },
		{ RC_NOMEM, 1 },
		{ RC_IO, 1 },
		{ RC_INTERNAL, 1 },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		CHECK(exit_of_code(rc_code(all[i].rc), rc_http(all[i].rc), true) == all[i].code);
	CHECK(exit_of_code("timeout", 504, true) == CLI_UNKNOWN);
	CHECK(exit_of_code("timeout", 504, false) == CLI_FAILED);
	CHECK(exit_of_code("outcome_unknown", 409, true) == CLI_UNKNOWN);
	CHECK(exit_of_code("needs_attention", 409, true) == CLI_UNKNOWN);
	CHECK(exit_of_code("quota_exceeded", 403, true) == CLI_LIMITED);
	CHECK(exit_of_code("of_a_newer_server", 404, false) == CLI_MISSING);
	CHECK(exit_of(502, NULL, false) == CLI_AWAY && exit_of(500, NULL, false) == CLI_FAILED);
	CHECK(exit_of(403, NULL, false) == CLI_DENIED && exit_of(302, NULL, false) == CLI_FAILED);
	CHECK(CLI_WAIT_EXPIRED == 124);
}

static const char *line_of(const char *problem, const char *request_id)
{
	json_t *j = problem ? read_json(problem) : NULL;
	out.n = 0;
	problem_line(&out, 502, j, request_id);
	json_decref(j);
	return buf_text(&out);
}

static void problem_lines(void)
{
	CHECK_STR(line_of("{\"code\":\"validation_failed\",\"title\":\"T\",\"detail\":\"two things\",\"errors\":["
			  "{\"pointer\":\"/targets/0\",\"detail\":\"there is no such "
			  "account\"},{\"pointer\":\"/x\",\"detail\":\"y\\nz\"}]}",
			  "req_1"),
		"validation_failed: two things; /targets/0: there is no such account; /x: y?z (request req_1)");
	CHECK_STR(line_of("{\"code\":\"not_found\",\"title\":\"There is no such resource\"}", NULL),
		"not_found: There is no such resource");
	CHECK_STR(line_of(NULL, ""), "the server answered 502 without saying why");
	CHECK_STR(line_of("{\"code\":7,\"errors\":[1]}", ""), "the server answered 502 without saying why; : ");
}

int main(void)
{
	tables();
	terminals_are_safe();
	long_names();
	columns();
	yaml();
	csv();
	exit_codes();
	problem_lines();
	buf_done(&out);
	return 0;
}
