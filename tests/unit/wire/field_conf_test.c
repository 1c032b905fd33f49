#include "wire/field_conf.h"

#include "tests/unit/check.h"

#include <stdbool.h>

struct server {
	const char *host;
	uint32_t port;
	bool tls, quiet;
	int mode;
};

struct store {
	const char *path, *password;
	int64_t offset;
};

struct conf {
	struct server server;
	struct store store;
};

static const char *const modes[] = { "single", "cluster", NULL };

static const struct field server_fields[] = {
	{ .name = "host",
		.type = FIELD_STR,
		FIELD_AT(struct server, host),
		.def_text = "127.0.0.1",
		.doc = "Where." },
	{ .name = "port",
		.type = FIELD_U32,
		FIELD_AT(struct server, port),
		.min = 1,
		.max = 65535,
		.def = 7380,
		.doc = "The port." },
	{ .name = "tls", .type = FIELD_BOOL, FIELD_AT(struct server, tls), .def = 1, .doc = "TLS?" },
	{ .name = "mode",
		.type = FIELD_ENUM,
		FIELD_AT(struct server, mode),
		.words = modes,
		.doc = "Alone or not." },
	{ .name = "quiet", .type = FIELD_BOOL, FIELD_AT(struct server, quiet), .doc = "Silent?" },
	{ 0 },
};

static const struct field store_fields[] = {
	{ .name = "path", .type = FIELD_STR, FIELD_AT(struct store, path), .doc = "The file." },
	{ .name = "password",
		.type = FIELD_STR,
		FIELD_AT(struct store, password),
		.flags = FIELD_SECRET,
		.doc = "Of the database." },
	{ .name = "offset", .type = FIELD_I64, FIELD_AT(struct store, offset), .def = -5, .doc = "A number." },
	{ 0 },
};

static const struct field fields[] = {
	{ .name = "server",
		.type = FIELD_OBJ,
		FIELD_AT(struct conf, server),
		.sub = server_fields,
		.doc = "The listener." },
	{ .name = "store",
		.type = FIELD_OBJ,
		FIELD_AT(struct conf, store),
		.sub = store_fields,
		.doc = "The database." },
	{ 0 },
};

static struct arena arena;
static struct fault fault;

static struct conf fresh(void)
{
	struct conf c = { 0 };
	field_defaults(fields, &c);
	return c;
}

static struct conf reads(const char *text)
{
	struct conf c = fresh();
	fault.text[0] = 0;
	if (field_conf_read(fields, text, &arena, &c, &fault) != RC_OK) {
		fprintf(stderr, "%s\n%s\n", text, fault.text);
		exit(1);
	}
	return c;
}

static void refuses(const char *text, const char *why)
{
	struct conf c = fresh();
	CHECK(field_conf_read(fields, text, &arena, &c, &fault) == RC_INVALID && fault.rc == RC_INVALID);
	CHECK_STR(fault.text, why);
}

static void a_file(void)
{
	struct conf c = reads("# a comment\n"
			      "\n"
			      "[server]\n"
			      "host = \"0.0.0.0\" # where it listens\n"
			      "port=8080\r\n"
			      "\ttls\t=\tfalse\t\n"
			      "mode = \"cluster\"\n"
			      "  [store]   # another\n"
			      "path = \"/var/lib/a # b\"\n"
			      "offset = -9223372036854775808\n"
			      "password = secret=with=equals\n"
			      "[server]\n"
			      "port = 9090");

	CHECK_STR(c.server.host, "0.0.0.0");
	CHECK(c.server.port == 9090 && !c.server.tls && c.server.mode == 1);
	CHECK_STR(c.store.path, "/var/lib/a # b");
	CHECK_STR(c.store.password, "secret=with=equals");
	CHECK(c.store.offset == INT64_MIN);

	c = reads("");
	CHECK_STR(c.server.host, "127.0.0.1");
	CHECK(c.server.port == 7380 && c.server.tls && c.server.mode == 0 && !c.store.path && c.store.offset == -5);
	reads("\n\n   \n#\n  # only comments\n[server]\n[store]");
}

static void texts(void)
{
	const struct {
		const char *line, *value;
	} all[] = { { "\"\"", "" }, { "", "" }, { "\"a\"", "a" }, { "bare words", "bare words" },
		{ "bare # cut", "bare" }, { "\"#\"#", "#" }, { "\"say \\\"hi\\\" # no\"", "say \"hi\" # no" },
		{ "\"one \\\"#\" # c", "one \"#" }, { "\"back\\\\slash\"", "back\\slash" },
		{ "\"ends in \\\\\" # c", "ends in \\" }, { "\"two\\nlines\\t\"", "two\nlines\t" },
		{ "\"\\u00e9\\u0001\"", "\xc3\xa9\x01" }, { "\"l\xc3\xa4uft\"", "l\xc3\xa4uft" },
		{ "\"  kept  \"", "  kept  " }, { "it's \"so\"", "it's \"so\"" } };
	char text[200];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		snprintf(text, sizeof(text), "[store]\npath = %s\n", all[i].line);
		struct conf c = reads(text);
		CHECK_STR(c.store.path, all[i].value);
	}
}

static void refused(void)
{
	refuses("[servre]", "line 1: there is no section \"servre\"; did you mean \"server\"?");
	refuses("\n\n[frobnicator]", "line 3: there is no section \"frobnicator\"");
	refuses("[server]\nprot = 1", "line 2: there is no key \"prot\"; did you mean \"port\"?");
	refuses("[server]\n# c\nfrobnicator = 1", "line 3: there is no key \"frobnicator\"");
	refuses("[server]\nport = 0", "line 2: port: must be from 1 to 65535");
	refuses("[server]\nport = 65536", "line 2: port: must be from 1 to 65535");
	refuses("[server]\nport = many", "line 2: port: \"many\" is not a value of its type");
	refuses("[server]\nport =", "line 2: port: \"\" is not a value of its type");
	refuses("[server]\ntls = yes", "line 2: tls: \"yes\" is not a value of its type");
	refuses("[server]\nmode = pair", "line 2: mode: must be one of: single, cluster");
	refuses("[server]\nhost", "line 2: neither [section] nor key = value");
	refuses("[server", "line 1: neither [section] nor key = value");
	refuses("port = 1", "line 1: port: stands before the first [section]");
	refuses("[server]\n= 1", "line 2: there is no key \"\"");
	refuses("[server]\nhost = \xff", "line 2: host: is not UTF-8");

	const char *const open[] = { "\"abc", "\"", "\"abc # no comment", "\"abc\\\"", "\"a\" b", "\"a\"b\"",
		"\"a\\q\"", "\"\\u12\"", "\"\\u0000\"", "\"tab\there\"" };
	char text[100];
	for (size_t i = 0; i < sizeof(open) / sizeof(*open); i++) {
		snprintf(text, sizeof(text), "[server]\nhost = %s", open[i]);
		refuses(text, "line 2: host: the quotes do not close, or hold what must be written as an escape "
			      "(\\\" \\\\ \\n \\t \\u00e9)");
	}
}

static void one_key(void)
{
	struct conf c = fresh();

	CHECK(field_conf_set(fields, "server.port", "99", &arena, &c, &fault) == RC_OK && c.server.port == 99);
	CHECK(field_conf_set(fields, "store.path", "\"as it is\"", &arena, &c, &fault) == RC_OK);
	CHECK_STR(c.store.path, "\"as it is\"");
	const struct {
		const char *key, *why;
	} bad[] = { { "port", "\"port\" is not section.key" }, { "", "\"\" is not section.key" },
		{ "serve.port", "there is no section \"serve\"; did you mean \"server\"?" },
		{ "server.porte", "there is no key \"porte\"; did you mean \"port\"?" },
		{ "server.", "there is no key \"\"" }, { ".port", "there is no section \"\"" },
		{ "server.port.x", "there is no key \"port.x\"; did you mean \"port\"?" },
		{ "a123456789012345678901234567890123456789012345678901234567890123.x",
			"\"a12345678901234567890123456789012345678901234567890123456789\" is not section.key" } };
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(field_conf_set(fields, bad[i].key, "1", &arena, &c, &fault) == RC_INVALID);
		CHECK_STR(fault.text, bad[i].why);
	}
	CHECK(field_conf_set(fields, "server.port", "x", &arena, &c, &fault) == RC_INVALID && c.server.port == 99);
}

static const char *asked[16];
static size_t asked_n;

static const char *some(const char *name)
{
	CHECK(asked_n < sizeof(asked) / sizeof(*asked));
	asked[asked_n++] = arena_str(&arena, name);
	if (!strcmp(name, "FOOTPLATE_SERVER__PORT"))
		return "4242";
	return strcmp(name, "FOOTPLATE_STORE__PASSWORD") ? NULL : "hunter2";
}

static const char *none(const char *name) { return name ? NULL : ""; }
static const char *wrong(const char *name) { return strcmp(name, "FOOTPLATE_STORE__OFFSET") ? NULL : "far"; }

static void environment(void)
{
	const char *const names[] = { "FOOTPLATE_SERVER__HOST", "FOOTPLATE_SERVER__PORT", "FOOTPLATE_SERVER__TLS",
		"FOOTPLATE_SERVER__MODE", "FOOTPLATE_SERVER__QUIET", "FOOTPLATE_STORE__PATH",
		"FOOTPLATE_STORE__PASSWORD", "FOOTPLATE_STORE__OFFSET" };
	struct conf c = reads("[server]\nport = 1\nhost = kept");

	CHECK(field_conf_env(fields, some, &arena, &c, &fault) == RC_OK);
	CHECK(c.server.port == 4242);
	CHECK_STR(c.store.password, "hunter2");
	CHECK_STR(c.server.host, "kept");
	CHECK(asked_n == sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < asked_n; i++)
		CHECK_STR(asked[i], names[i]);
	CHECK(field_conf_env(fields, none, &arena, &c, &fault) == RC_OK && c.server.port == 4242);
	CHECK(field_conf_env(fields, wrong, &arena, &c, &fault) == RC_INVALID);
	CHECK_STR(fault.text, "environment FOOTPLATE_STORE__OFFSET: offset: \"far\" is not a value of its type");
}

static void prints_what_it_reads(void)
{
	const char *const paths[] = { "", "plain", "sp ace", "\"quoted\" \\ # = [x]", "new\nline\ttab\x01\x7f",
		"l\xc3\xa4uft" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct conf c = fresh();
		struct buf one = { 0 }, two = { 0 };
		c.store.path = c.server.host = paths[i];
		c.server.mode = 1;
		c.server.tls = i % 2;
		c.store.offset = i % 2 ? INT64_MIN : INT64_MAX;
		field_conf_print(fields, &c, &one);
		struct conf back = reads(buf_text(&one));
		CHECK_STR(back.store.path, paths[i]);
		CHECK_STR(back.server.host, paths[i]);
		CHECK(!back.store.password && back.server.port == 7380 && back.server.mode == 1 &&
			back.server.tls == c.server.tls);
		CHECK(back.store.offset == c.store.offset);
		field_conf_print(fields, &back, &two);
		CHECK_STR(buf_text(&two), buf_text(&one));
		buf_done(&one);
		buf_done(&two);
	}
}

static void prints(void)
{
	struct conf c = fresh();
	struct buf b = { 0 };

	c.store.password = "hunter2";
	field_conf_print(fields, &c, &b);
	CHECK_STR(buf_text(&b),
		"[server]\nhost = \"127.0.0.1\"\nport = 7380\ntls = true\nmode = \"single\"\nquiet = false\n\n"
		"[store]\n# path = \"\"\npassword = \"(set)\"\noffset = -5\n\n");
	c.store.password = NULL;
	b.n = 0;
	field_conf_print(fields, &c, &b);
	CHECK(strstr(buf_text(&b), "\n# password = \"\"\n"));
	b.n = 0;
	field_conf_document(fields, &b);
	CHECK(strstr(buf_text(&b), "\n## [server]\n\nThe listener.\n\n| key |"));
	CHECK(strstr(buf_text(&b), "\n| `host` | `FOOTPLATE_SERVER__HOST` | 127.0.0.1 | Where. |\n"));
	CHECK(strstr(buf_text(&b), "\n| `port` | `FOOTPLATE_SERVER__PORT` | 7380 | The port. |\n"));
	CHECK(strstr(buf_text(&b), "\n| `tls` | `FOOTPLATE_SERVER__TLS` | true | TLS? |\n"));
	CHECK(strstr(buf_text(&b), "\n| `quiet` | `FOOTPLATE_SERVER__QUIET` | false | Silent? |\n"));
	CHECK(strstr(buf_text(&b), "\n| `mode` | `FOOTPLATE_SERVER__MODE` | single | Alone or not. |\n"));
	CHECK(strstr(buf_text(&b), "\n| `path` | `FOOTPLATE_STORE__PATH` | – | The file. |\n"));
	CHECK(strstr(buf_text(&b), "\n| `offset` | `FOOTPLATE_STORE__OFFSET` | -5 | A number. |\n"));
	buf_done(&b);
}

static void arena_limit(void)
{
	struct conf c = fresh();
	struct arena small = { .limit = 64 };

	CHECK(field_conf_read(fields, "[store]\npath = \"0123456789012345678901234567890123456789\"", &small, &c,
		      &fault) == RC_NOMEM);
	arena_reset(&small);
	small.limit = 8;
	CHECK(field_conf_read(fields, "[store]\npath = x", &small, &c, &fault) == RC_NOMEM);
	arena_done(&small);
}

int main(void)
{
	a_file();
	texts();
	refused();
	one_key();
	environment();
	prints_what_it_reads();
	prints();
	arena_limit();
	arena_done(&arena);
	return 0;
}
