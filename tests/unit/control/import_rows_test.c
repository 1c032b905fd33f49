/* What files of accounts become, and what is said of those that cannot be read: never what stands in them. */
#include "control/fleet/import_rows.h"
#include "wire/json.h"

#include "tests/unit/check.h"

static struct fault fault;

/* The rows as sorted JSON. */
static char *reads(enum import_rows_format format, const char *text)
{
	auto_json struct json_t *rows = NULL;
	struct buf b = { 0 };

	if (import_rows_read(format, text, 4, &rows, &fault) != RC_OK)
		return strdup("refused");
	CHECK(json_put(&b, rows, true) == RC_OK);
	char *to = strdup(buf_text(&b));
	buf_done(&b);
	return to;
}

static void is(enum import_rows_format format, const char *text, const char *want)
{
	char *got = reads(format, text);
	CHECK_STR(got, want);
	free(got);
}

int main(void)
{
	is(IMPORT_ROWS_CSV, "login,password\nalice,one\r\nbob,\"t,w\"\"o\"\n",
		"[{\"login\":\"alice\",\"password\":\"one\"},{\"login\":\"bob\",\"password\":\"t,w\\\"o\"}]");
	is(IMPORT_ROWS_CSV, "\xef\xbb\xbflogin,enabled,anonymous\na,false,true\nb,,\n",
		"[{\"anonymous\":true,\"enabled\":false,\"login\":\"a\"},{\"login\":\"b\"}]");
	/* A row that does not fit is one row lost. */
	is(IMPORT_ROWS_CSV, "login,enabled\na,maybe\nb\nc,true,x\n\"d,true\n", "[null,null,null,null]");
	is(IMPORT_ROWS_CSV, "login\n\"a\nb\"\n", "[{\"login\":\"a\\nb\"}]");
	is(IMPORT_ROWS_CSV, "login\na\nb\nc\nd\ne\n", "refused");
	CHECK(strstr(fault.text, "at most 4 rows"));
	is(IMPORT_ROWS_CSV, "alice,hunter2\n", "refused"); /* no heading: what stands there is not shown */
	CHECK(!strstr(fault.text, "hunter2") && !strstr(fault.text, "alice") && strstr(fault.text, "column 1"));
	is(IMPORT_ROWS_CSV, "login,hunter2\n", "refused");
	CHECK(!strstr(fault.text, "hunter2") && strstr(fault.text, "column 2"));
	is(IMPORT_ROWS_CSV, "password\nx\n", "refused");
	is(IMPORT_ROWS_CSV, "", "refused");

	is(IMPORT_ROWS_JSONL, "{\"login\":\"a\",\"x\":1}\n\nnot JSON\n[1]\n",
		"[{\"login\":\"a\",\"x\":1},null,null]");

	is(IMPORT_ROWS_ASF,
		"{\"SteamLogin\":\"a\",\"SteamPassword\":\"p\",\"Enabled\":true,\"SteamParentalCode\":\"0\","
		"\"FarmingOrders\":[]}\n"
		"{\"SteamLogin\":\"b\",\"SteamParentalCode\":\"1234\"}\n"
		"{\"SteamLogin\":\"c\",\"SteamPassword\":\"x\",\"PasswordFormat\":1}\n",
		"[{\"enabled\":true,\"login\":\"a\",\"password\":\"p\"},{\"enabled\":false,\"login\":\"b\","
		"\"parental_pin\":"
		"\"1234\"},null]");

	is(IMPORT_ROWS_MAFILE,
		"{\"account_name\":\"a\",\"shared_secret\":\"s\",\"identity_secret\":\"i\",\"Session\":{"
		"\"SteamID\":"
		"76561197960265729,\"RefreshToken\":\"t\"}}\n{\"account_name\":\"b\",\"Session\":null}\n",
		"[{\"identity_secret\":\"i\",\"login\":\"a\",\"refresh_token\":\"t\",\"shared_secret\":\"s\","
		"\"steamId\":"
		"\"76561197960265729\"},{\"login\":\"b\"}]");
	return 0;
}
