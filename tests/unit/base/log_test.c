#include "base/log.h"

#include "tests/unit/check.h"

static char lines[65536];
static size_t lines_n, writes;

static int64_t now_ms(void) { return 1795251117123; }

static void take_line(void *to, const char *line, size_t n)
{
	CHECK(to == lines && lines_n + n < sizeof(lines));
	CHECK(n > 0 && line[n - 1] == '\n' && memchr(line, '\n', n) == line + n - 1);
	memcpy(lines + lines_n, line, n);
	lines_n += n;
	lines[lines_n] = 0;
	writes++;
}

static struct log text_log = { .level = LOG_LEVEL_DEBUG, .now_ms = now_ms, .write = take_line, .to = lines };
static struct log json_log = {
	.level = LOG_LEVEL_DEBUG, .json = true, .now_ms = now_ms, .write = take_line, .to = lines
};

static void wrote(const char *want)
{
	CHECK_STR(lines, want);
	lines_n = writes = 0;
	lines[0] = 0;
}

#define TEXT "2026-11-21T08:51:57.123Z "
#define JSON "{\"ts\":\"2026-11-21T08:51:57.123Z\",\"level\":\"info\",\"msg\":"

static void plain_lines(void)
{
	log_error(&text_log, "store lost path=%s", "/var/lib/x");
	wrote(TEXT "error store lost path=/var/lib/x\n");
	log_warn(&text_log, "it healed");
	wrote(TEXT "warn  it healed\n");
	log_info(&text_log, "task %s done", "tsk_1");
	wrote(TEXT "info  task tsk_1 done\n");
	log_debug(&text_log, "%d", 5);
	wrote(TEXT "debug 5\n");
}

static void json_lines(void)
{
	log_info(&json_log, "agent connected id=%s n=%d region=\"%s\"", "agt_1", 7, "eu west");
	wrote(JSON "\"agent connected\",\"id\":\"agt_1\",\"n\":\"7\",\"region\":\"eu west\"}\n");
	log_info(&json_log, "plain words");
	wrote(JSON "\"plain words\"}\n");
	log_info(&json_log, "%s", "");
	wrote(JSON "\"\"}\n");
	log_info(&json_log, "a=1");
	wrote(JSON "\"\",\"a\":\"1\"}\n");
	log_info(&json_log, "took k=v in the middle of words");
	wrote(JSON "\"took in the middle of words\",\"k\":\"v\"}\n");
	log_info(&json_log, "empty= next=1");
	wrote(JSON "\"\",\"empty\":\"\",\"next\":\"1\"}\n");
	log_info(&json_log, "=x a-b=c ==");
	wrote(JSON "\"=x a-b=c ==\"}\n"); /* no keys */
	log_info(&json_log, "key=\"no end");
	wrote(JSON "\"end\",\"key\":\"\\\"no\"}\n");
	log_info(&json_log, "under_score9=x");
	wrote(JSON "\"\",\"under_score9\":\"x\"}\n");
	log_error(&json_log, "e");
	wrote("{\"ts\":\"2026-11-21T08:51:57.123Z\",\"level\":\"error\",\"msg\":\"e\"}\n");
}

static void escapes(void)
{
	log_info(&text_log, "name=%s", "x\n2026 error forged\r\t\x1b[31m\x7f");
	wrote(TEXT "info  name=x\\x0a2026 error forged\\x0d\\x09\\x1b[31m\\x7f\n");
	log_info(&json_log, "a name=\"%s\"", "x\n\r\t\x1b\x7f\\");
	wrote(JSON "\"a\",\"name\":\"x\\u000a\\u000d\\u0009\\u001b\\u007f\\\\\"}\n");
	log_info(&json_log, "%s", "say \"hi\" \\ \n");
	wrote(JSON "\"say \\\"hi\\\" \\\\ \\u000a\"}\n");
	log_info(&json_log, "a=\\\"b\"c d=%s", "\"");
	wrote(JSON "\"\",\"a\":\"\\\\\\\"b\\\"c\",\"d\":\"\\\"\"}\n");
	log_info(&json_log, "%s", "höher ☃ 𝄞 x=ü");
	wrote(JSON "\"höher ☃ 𝄞\",\"x\":\"ü\"}\n");
	log_info(&text_log, "%s", "höher ☃ 𝄞");
	wrote(TEXT "info  höher ☃ 𝄞\n");
}

/* Bytes that are no UTF-8 would make the line no JSON; the controls of U+0080 … U+009F would reach a terminal. */
static void not_utf8(void)
{
	log_info(&json_log, "a=%s b=%s", "x\xff\xc0\xaf", "\xed\xa0\x80");
	wrote(JSON "\"\",\"a\":\"x\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\",\"b\":"
		   "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"}\n");
	log_info(&json_log, "%s", "cut \xe2\x98");
	wrote(JSON "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"}\n");
	log_info(&text_log, "%s", "x\xff y\xe2\x98");
	wrote(TEXT "info  x\\xff y\\xe2\\x98\n");
	log_info(&text_log, "%s",
		"\xc2\x9b"
		"31m \xc2\xa0");
	wrote(TEXT "info  \\xc2\\x9b31m \xc2\xa0\n");
	log_info(&json_log, "%s",
		"\xc2\x9b"
		"31m");
	wrote(JSON "\"\\u009b31m\"}\n");
}

/* A value cannot take the place of a member that stands there, nor of the three that every line has. */
static void no_forged_members(void)
{
	log_info(&json_log, "refused who=%s", "x level=error ts=0 msg=fine who=root more=1");
	wrote(JSON "\"refused level=error ts=0 msg=fine who=root\",\"who\":\"x\",\"more\":\"1\"}\n");
	log_info(&json_log, "refused who=\"%s\"", "x\" level=\"error");
	wrote(JSON "\"refused level=\\\"error\\\"\",\"who\":\"x\"}\n");
	log_info(&json_log, "a=%s a=2 b=3", "x\",\"b\":\"1");
	wrote(JSON "\"a=2\",\"a\":\"x\\\",\\\"b\\\":\\\"1\",\"b\":\"3\"}\n");
	log_info(&json_log, "b=1 bb=2 b_=3");
	wrote(JSON "\"\",\"b\":\"1\",\"bb\":\"2\",\"b_\":\"3\"}\n");
}

static void levels(void)
{
	enum log_level level = LOG_LEVEL_INFO;
	struct log l = text_log;

	l.level = LOG_LEVEL_WARN;
	log_info(&l, "dropped");
	log_debug(&l, "dropped");
	CHECK(writes == 0);
	log_warn(&l, "kept");
	log_error(&l, "kept");
	CHECK(writes == 2);
	wrote(TEXT "warn  kept\n" TEXT "error kept\n");
	log_error(NULL, "nobody listens");
	CHECK(writes == 0);

	CHECK(log_level_of("error", &level) && level == LOG_LEVEL_ERROR);
	CHECK(log_level_of("warn", &level) && level == LOG_LEVEL_WARN);
	CHECK(log_level_of("info", &level) && level == LOG_LEVEL_INFO);
	CHECK(log_level_of("debug", &level) && level == LOG_LEVEL_DEBUG);
	CHECK(!log_level_of("Debug", &level) && !log_level_of("", &level) && !log_level_of("warning", &level));
	CHECK(level == LOG_LEVEL_DEBUG);
}

static void long_line(void)
{
	static char much[20000];
	memset(much, 'y', sizeof(much) - 1);
	log_info(&json_log, "much=%s", much);
	CHECK(writes == 1 && lines_n > sizeof(much) && strstr(lines, "yy\"}\n"));
	lines_n = writes = 0;
}

int main(void)
{
	plain_lines();
	json_lines();
	escapes();
	not_utf8();
	no_forged_members();
	levels();
	long_line();
	return 0;
}
