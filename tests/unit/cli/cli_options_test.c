/* Options, -p values and the words that options are made of. */
#include "base/arena.h"
#include "cli/options.h"
#include "cli/params.h"
#include "model/action.h"
#include "tests/unit/check.h"
#include "wire/json.h"

#include <jansson.h>
#include <unistd.h>

static const char *const colours[] = { "red", "green", NULL };
static const struct verb_option table[] = {
	{ .row = { .name = "flag", .type = FIELD_BOOL }, .letter = 'f' },
	{ .row = { .name = "not", .type = FIELD_BOOL }, .letter = 'x', .json = "false" },
	{ .row = { .name = "name", .type = FIELD_STR, .max = 5 }, .letter = 'n', .value = "NAME" },
	{ .row = { .name = "count", .type = FIELD_U32, .min = 1, .max = 9 }, .letter = 'c', .value = "N" },
	{ .row = { .name = "colour", .type = FIELD_ENUM, .words = colours }, .value = "COLOUR" },
	{ .row = { .name = "item", .type = FIELD_LIST, .item = FIELD_STR, .max = 3 }, .letter = 't', .value = "I" },
	{ .row = { .name = "label", .type = FIELD_MAP }, .letter = 'l', .value = "K=V" },
	{ .row = { .name = "param", .type = FIELD_MAP }, .letter = 'p', .value = "K=V", .values = true },
	{ .row = { .name = "payload", .type = FIELD_JSON }, .value = "JSON" },
	{ .row = { .name = "until", .type = FIELD_TIME }, .value = "TIME" },
	{ .row = { .name = "wait", .type = FIELD_U32, .min = 1 }, .letter = 'w', .value = "S", .optional = true },
	{ 0 },
};

static struct fault why;
static char shown[2048];

/* The options as JSON text, or NULL when one was refused (see why). Words that are no options end the reading. */
#define take_all(...) take_words((char *[]){ "x", __VA_ARGS__, NULL })
static const char *take_words(char **argv)
{
	struct arena arena = { 0 };
	struct options o = {
		.tables = { table, NULL }, .at = 1, .argv = argv, .given = json_object(), .arena = &arena
	};
	enum rc rc = RC_OK;
	struct buf b = { 0 };

	while (argv[o.argc])
		o.argc++;
	while (rc == RC_OK && o.at < o.argc && options_is(argv[o.at]))
		rc = options_take(&o, &why);
	CHECK(json_put(&b, o.given, false) == RC_OK);
	snprintf(shown, sizeof(shown), "%s", buf_text(&b));
	buf_done(&b);
	json_decref(o.given);
	arena_done(&arena);
	return rc == RC_OK ? shown : NULL;
}

static bool refused(const char *got, const char *words)
{
	if (!got && !strstr(why.text, words))
		fprintf(stderr, "'%s' does not say '%s'\n", why.text, words);
	return !got && strstr(why.text, words);
}

static void every_type(void)
{
	CHECK_STR(take_all("--flag", "--not"), "{\"flag\":true,\"not\":false}");
	CHECK_STR(take_all("-fx", "-n", "abc"), "{\"flag\":true,\"not\":false,\"name\":\"abc\"}");
	CHECK_STR(take_all("-fnabc"), "{\"flag\":true,\"name\":\"abc\"}");
	CHECK_STR(take_all("--name", "440"), "{\"name\":\"440\"}");
	CHECK_STR(take_all("--name="), "{\"name\":\"\"}");
	CHECK_STR(take_all("--name", "--f"), "{\"name\":\"--f\"}");
	CHECK_STR(take_all("--count=9", "--colour", "green"), "{\"count\":9,\"colour\":\"green\"}");
	CHECK_STR(take_all("-t", "a,b", "-tc"), "{\"item\":[\"a\",\"b\",\"c\"]}");
	CHECK_STR(take_all("-l", "a=1", "--label=b=x=y", "-l", "a="), "{\"label\":{\"a\":\"\",\"b\":\"x=y\"}}");
	CHECK_STR(take_all("-p", "a=1", "-p", "b=[1]"), "{\"param\":[\"a=1\",\"b=[1]\"]}");
	CHECK_STR(take_all("--payload", "{\"a\": 1}"), "{\"payload\":{\"a\":1}}");
	CHECK_STR(take_all("--until", "2030-01-31T12:00:00Z"), "{\"until\":\"2030-01-31T12:00:00.000Z\"}");
	CHECK(!strncmp(take_all("--until", "90d"), "{\"until\":\"20", 12));
	CHECK_STR(take_all("--wait", "30"), "{\"wait\":null}"); /* the value needs its '=' */
	CHECK_STR(take_all("--wait=30"), "{\"wait\":30}");
	CHECK_STR(take_all("-w", "-f"), "{\"wait\":null,\"flag\":true}");
	CHECK(!options_is("-") && !options_is("--") && !options_is("a") && options_is("-a") && options_is("--a"));
}

static void refusals(void)
{
	CHECK(refused(take_all("--flags"), "did you mean --flag?"));
	CHECK(refused(take_all("--zebra=secret"), "no option --zebra here"));
	CHECK(!strstr(why.text, "secret"));
	CHECK(refused(take_all("-z"), "no option -z"));
	CHECK(refused(take_all("--api-key=fp_live_x"), "a secret is never an argument"));
	CHECK(!strstr(why.text, "fp_live_x"));
	CHECK(refused(take_all("--flag=1"), "takes no value"));
	CHECK(refused(take_all("--name"), "needs a value: NAME"));
	CHECK(refused(take_all("--name", "abcdef"), "name: must have at most 5 bytes"));
	CHECK(refused(take_all("--name", "a", "--name", "b"), "given twice"));
	CHECK(refused(take_all("--count", "10"), "count"));
	CHECK(refused(take_all("--count", "x"), "count"));
	CHECK(refused(take_all("--colour", "blue"), "red, green"));
	CHECK(refused(take_all("-t", "a,b,c,d"), "at most 3"));
	CHECK(refused(take_all("-t", "a,,b"), "empty"));
	CHECK(refused(take_all("-l", "a"), "form name=value"));
	CHECK(refused(take_all("-l", "=a"), "form name=value"));
	CHECK(refused(take_all("-p", "a"), "form name=value"));
	CHECK(refused(take_all("--payload", "{"), "not JSON"));
	CHECK(refused(take_all("--payload", "@/nonexistent"), "/nonexistent"));
	CHECK(refused(take_all("--until", "tomorrow"), "RFC 3339"));
	CHECK(refused(take_all("--until", "9999999d"), "RFC 3339"));
}

static void json_from_a_file(void)
{
	char path[] = "/tmp/cli_options.XXXXXX", word[64];
	int fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, "{\"apps\":[1]}\n", 13) == 13);
	close(fd);
	snprintf(word, sizeof(word), "--payload=@%s", path);
	CHECK_STR(take_all(word), "{\"payload\":{\"apps\":[1]}}");
	unlink(path);
}

static const char *param(const struct field *t, const char *pair)
{
	json_t *o = json_object();
	struct buf b = { 0 };
	enum rc rc = params_put(o, t, pair, &why);
	CHECK(json_put(&b, o, false) == RC_OK);
	snprintf(shown, sizeof(shown), "%s", buf_text(&b));
	buf_done(&b);
	json_decref(o);
	return rc == RC_OK ? shown : NULL;
}

static void parameters(void)
{
	CHECK_STR(param(NULL, "a=440"), "{\"a\":440}");
	CHECK_STR(param(NULL, "a=true"), "{\"a\":true}");
	CHECK_STR(param(NULL, "a={\"b\":[1,\"2\"]}"), "{\"a\":{\"b\":[1,\"2\"]}}");
	CHECK_STR(param(NULL, "a=\"440\""), "{\"a\":\"440\"}");
	CHECK_STR(param(NULL, "a=440,480"), "{\"a\":[440,480]}");
	CHECK_STR(param(NULL, "a=440,"), "{\"a\":[440]}");
	CHECK_STR(param(NULL, "a=440,x"), "{\"a\":\"440,x\"}");
	CHECK_STR(param(NULL, "a=440,,480"), "{\"a\":\"440,,480\"}");
	CHECK_STR(param(NULL, "a=,440"), "{\"a\":\",440\"}");
	CHECK_STR(param(NULL, "a=hello world"), "{\"a\":\"hello world\"}");
	CHECK_STR(param(NULL, "a="), "{\"a\":\"\"}");
	CHECK_STR(param(NULL, "a=b=c"), "{\"a\":\"b=c\"}");
	CHECK_STR(param(NULL, "a=007,8"), "{\"a\":\"007,8\"}"); /* no JSON numbers */
	CHECK(param(NULL, "a") == NULL && strstr(why.text, "name=value"));
	CHECK(param(NULL, "a=\xff") == NULL && strstr(why.text, "UTF-8"));

	const struct action *info = action_find("pics.product_info");
	CHECK(info != NULL);
	CHECK_STR(param(info->payload, "apps=440"), "{\"apps\":[440]}");
	CHECK_STR(param(info->payload, "apps=[440]"), "{\"apps\":[440]}");
	CHECK_STR(param(info->payload, "metadataOnly=true"), "{\"metadataOnly\":true}");

	static const struct field texts[] = { { .name = "name", .type = FIELD_STR }, { 0 } };
	CHECK_STR(param(texts, "name=440"), "{\"name\":\"440\"}");
	CHECK_STR(param(texts, "other=440"), "{\"other\":440}");
}

int main(void)
{
	every_type();
	refusals();
	json_from_a_file();
	parameters();
	return 0;
}
