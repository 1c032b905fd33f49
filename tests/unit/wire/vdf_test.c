/* The real documents come back byte for byte; odd ones are read as the header says, or refused with the line. */
#include "tests/unit/wire/corpus.h"
#include "wire/steam/vdf_binary.h"
#include "wire/steam/vdf_quick.h"
#include "wire/steam/vdf_text.h"

#include <jansson.h>

static struct vdf *text(const void *p, size_t n, struct arena *a, struct vdf_text_form *form)
{
	struct vdf *doc;
	struct fault f = { 0 };
	if (vdf_text_parse(p, n, a, &doc, form, &f) != RC_OK)
		fprintf(stderr, "%s\n", f.text);
	CHECK(f.rc == RC_OK);
	return doc;
}

static void back_as_text(const char *path)
{
	struct buf in = corpus_read(path), out = { 0 };
	struct arena a = { 0 };
	struct vdf_text_form form;
	struct vdf *doc = text(in.p, in.n, &a, &form);

	vdf_text_write(&out, doc, form);
	CHECK(corpus_same(&out, in.p, in.n));
	buf_done(&in);
	buf_done(&out);
	arena_done(&a);
}

static void back_as_binary(const char *path)
{
	struct buf in = corpus_read(path), out = { 0 };
	struct arena a = { 0 };
	struct vdf *doc;
	struct fault f = { 0 };

	CHECK(vdf_binary_parse(in.p, in.n, &a, &doc, &f) == RC_OK);
	vdf_binary_write(&out, doc);
	CHECK(corpus_same(&out, in.p, in.n));
	for (size_t n = 0; n < in.n; n++) {
		arena_reset(&a);
		CHECK(vdf_binary_parse(in.p, n, &a, &doc, &f) == RC_MALFORMED);
	}
	buf_put(&in, "x", 1);
	CHECK(vdf_binary_parse(in.p, in.n, &a, &doc, &f) == RC_MALFORMED);
	buf_done(&in);
	buf_done(&out);
	arena_done(&a);
}

static void what_the_real_ones_say(void)
{
	struct arena a = { 0 };
	struct buf b440 = corpus_read("tests/corpus/vdf_text/app_440_steam_440.vdf");
	struct buf b480 = corpus_read("tests/corpus/vdf_text/app_480_spacewar.vdf");
	struct vdf_text_form form;
	uint64_t id;

	struct vdf *doc = text(b440.p, b440.n, &a, &form);
	CHECK(form.bom && form.no_break && !form.nul && form.gap == 2);
	CHECK(doc->children == 1);
	CHECK_STR(doc->first->key, "appinfo");
	CHECK_STR(vdf_text_at(doc, "appinfo/common/name"), "Team Fortress 2");
	CHECK_STR(vdf_text_at(doc, "APPINFO/Common/NAME"), "Team Fortress 2");
	CHECK(vdf_number_at(doc, "appinfo/appid", &id) && id == 440);

	doc = text(b480.p, b480.n, &a, &form);
	CHECK(!form.bom && !form.no_break && form.nul);
	CHECK_STR(vdf_text_at(doc, "appinfo/common/eulas/1/countries"), "US");
	CHECK_STR(vdf_text_at(doc, "appinfo/common/osarch"), "");
	CHECK(vdf_at(doc, "appinfo/common/nothing") == NULL && vdf_text_at(doc, "appinfo/common") == NULL);
	buf_done(&b440);
	buf_done(&b480);
	arena_done(&a);
}

static void odd_text(void)
{
	static const char odd[] = "// one\n\"a\"{\"b\" \"1\" \"B\" \"2\"\r\n"
				  "\"c\"\t\t\"say \\\"hi\\\"\\n\\t\\\\ C:\\dir\" bare word // two }\n} \"\" \"\"";
	struct arena a = { 0 };
	struct vdf_text_form form;
	struct vdf *doc = text(odd, sizeof(odd) - 1, &a, &form);

	CHECK(doc->children == 2 && doc->first->children == 4);
	CHECK_STR(vdf_text_at(doc, "a/b"), "1"); /* the first of two */
	CHECK_STR(doc->first->first->next->s, "2");
	CHECK_STR(vdf_text_at(doc, "a/c"), "say \"hi\"\n\t\\ C:\\dir");
	CHECK_STR(vdf_text_at(doc, "a/bare"), "word");
	CHECK(vdf_get(doc, "") == doc->last);

	/* What we write is read as the same tree, and written the same again. */
	struct buf one = { 0 }, two = { 0 };
	vdf_text_write(&one, doc, VDF_TEXT_PICS);
	vdf_text_write(&two, text(one.p, one.n, &a, &form), form);
	CHECK(corpus_same(&two, one.p, one.n));
	buf_done(&one);
	buf_done(&two);
	arena_done(&a);
}

/* A text over several lines, with bare tabs in it: read as it is, spelled again as it was, and the line count goes on. */
static void long_text(void)
{
	static const char s[] = "\"a\"\t\t\"one\n\ttwo\"\n\"b\"\t\t\"\\n\\t\"\n";
	struct arena a = { 0 };
	struct vdf_text_form form;
	struct vdf *doc = text(s, sizeof(s) - 1, &a, &form), *doc2;
	struct buf out = { 0 };
	struct fault f = { 0 };

	CHECK_STR(vdf_text_at(doc, "a"), "one\n\ttwo");
	CHECK_STR(vdf_text_at(doc, "b"), "\n\t");
	CHECK(doc->first->spelled && !doc->last->spelled);
	vdf_text_write(&out, doc, form);
	CHECK(corpus_same(&out, s, sizeof(s) - 1));
	CHECK(vdf_text_parse("\"a\" \"1\n2\n3\" }", 14, &a, &doc2, NULL, &f) == RC_MALFORMED);
	CHECK_STR(f.text, "VDF line 3: a closing brace too many");
	buf_done(&out);
	arena_done(&a);
}

/* Kinds that text does not have become decimal texts. */
static void binary_as_text(void)
{
	struct buf bin = corpus_read("tests/corpus/vdf_binary/all_kinds.bin"), out = { 0 };
	struct arena a = { 0 };
	struct vdf *doc;
	struct fault f = { 0 };

	CHECK(vdf_binary_parse(bin.p, bin.n, &a, &doc, &f) == RC_OK);
	vdf_text_write(&out, doc, VDF_TEXT_WEB);
	CHECK_STR(buf_text(&out),
		"\"r\"\n{\n\t\"i\"\t\"-5\"\n\t\"f\"\t\"1.5\"\n\t\"p\"\t\"7\"\n\t\"c\"\t\"-16711936\"\n"
		"\t\"u\"\t\"18446744073709551615\"\n\t\"l\"\t\"-9223372036854775808\"\n"
		"\t\"s\"\t\"\xc3\xa9\"\n\t\"s\"\t\"twice\"\n}\n");
	buf_done(&bin);
	buf_done(&out);
	arena_done(&a);
}

static void refused(const char *s, const char *why)
{
	struct arena a = { 0 };
	struct vdf *doc = NULL;
	struct fault f = { 0 };

	CHECK(vdf_text_parse(s, strlen(s), &a, &doc, NULL, &f) == RC_MALFORMED);
	CHECK(doc == NULL);
	CHECK_STR(f.text, why);
	arena_done(&a);
}

static void refused_texts(void)
{
	refused("\"a\"\n\"b", "VDF line 2: a quote is never closed");
	refused("\"a\"\n{\n\"b\" \"c\"\n", "VDF line 4: a brace is never closed");
	refused("\"a\" \"b\"\n}", "VDF line 2: a closing brace too many");
	refused("\"a\"", "VDF line 1: a key without its value");
	refused("\"a\" }", "VDF line 1: a byte that begins nothing");
	refused("{ }", "VDF line 1: a byte that begins nothing");
	refused("\"a\" \"b\" [$WIN32]", "VDF line 1: conditionals are not read");

	struct arena a = { 0 };
	struct vdf *doc;
	struct fault f = { 0 };
	CHECK(vdf_text_parse("\"a\0b\" \"c\"", 9, &a, &doc, NULL, &f) == RC_MALFORMED);
	CHECK_STR(f.text, "VDF line 1: a NUL inside a text");
	arena_done(&a);
}

static void limits(void)
{
	struct buf deep = { 0 }, wide = { 0 }, bytes = { 0 };
	struct arena a = { 0 };
	struct vdf *doc;
	struct fault f = { 0 };

	for (int i = 0; i < VDF_DEPTH_MAX; i++)
		buf_str(&deep, "a{");
	for (int i = 0; i < VDF_DEPTH_MAX; i++)
		buf_str(&deep, "}");
	CHECK(vdf_text_parse(deep.p, deep.n, &a, &doc, NULL, &f) == RC_OK);
	deep.n = 0;
	for (int i = 0; i < VDF_DEPTH_MAX + 1; i++)
		buf_str(&deep, "a{");
	CHECK(vdf_text_parse(deep.p, deep.n, &a, &doc, NULL, &f) == RC_TOO_LARGE);

	for (int i = 0; i < VDF_DEPTH_MAX + 1; i++)
		buf_put(&bytes, "\0a", 3);
	CHECK(vdf_binary_parse(bytes.p, bytes.n, &a, &doc, &f) == RC_TOO_LARGE);

	for (int i = 0; i < VDF_NODES_MAX + 1; i++)
		buf_str(&wide, "a b ");
	CHECK(vdf_text_parse(wide.p, wide.n, &a, &doc, NULL, &f) == RC_TOO_LARGE);
	arena_done(&a);
	a.limit = 1000;
	CHECK(vdf_text_parse(wide.p, wide.n, &a, &doc, NULL, &f) == RC_TOO_LARGE);
	buf_done(&deep);
	buf_done(&wide);
	buf_done(&bytes);
	arena_done(&a);
}

static void json(void)
{
	static const char s[] = "\"a\"\n{\n\"k\" \"1\"\n\"x\" \"\xff\x01\"\n\"k\"\n{\n\"q\" \"\\\"\"\n}\n\"k\" "
				"\"3\"\n\"K\" \"4\"\n}\n";
	struct arena a = { 0 };
	struct buf out = { 0 }, bin = corpus_read("tests/corpus/vdf_binary/all_kinds.bin");
	struct vdf *doc = text(s, sizeof(s) - 1, &a, NULL);
	struct fault f = { 0 };

	vdf_json(&out, doc);
	CHECK_STR(buf_text(&out),
		"{\"a\":{\"k\":[\"1\",{\"q\":\"\\\"\"},\"3\"],\"x\":\"\\ufffd\\u0001\",\"K\":\"4\"}}");
	out.n = 0;
	CHECK(vdf_binary_parse(bin.p, bin.n, &a, &doc, &f) == RC_OK);
	vdf_json(&out, doc);
	CHECK_STR(buf_text(&out),
		"{\"r\":{\"i\":-5,\"f\":1.5,\"p\":7,\"c\":-16711936,\"u\":\"18446744073709551615\","
		"\"l\":\"-9223372036854775808\",\"s\":[\"\xc3\xa9\",\"twice\"]}}");
	buf_done(&out);
	buf_done(&bin);
	arena_done(&a);
}

/* A JSON reader of others' agrees that it is JSON, and finds in it what is in the tree. */
static void json_of_a_real_one(void)
{
	struct arena a = { 0 };
	struct buf in = corpus_read("tests/corpus/vdf_text/app_440_steam_440.vdf"), out = { 0 };
	vdf_json(&out, text(in.p, in.n, &a, NULL));
	json_t *j = json_loadb((const char *)out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	CHECK(j != NULL);
	json_t *common = json_object_get(json_object_get(j, "appinfo"), "common");
	CHECK_STR(json_string_value(json_object_get(common, "name")), "Team Fortress 2");
	json_decref(j);
	buf_done(&in);
	buf_done(&out);
	arena_done(&a);
}

/* The quick way says what the slow one says, or nothing. */
static bool quick_is_the_same(const void *p, size_t n)
{
	struct arena a = { 0 };
	struct buf quick = { 0 }, slow = { 0 };
	const char *name = "none";
	struct vdf *doc;
	struct fault f = { 0 };
	char *exact = malloc(n ? n : 1); /* the sanitizer sees a byte too much read */

	memcpy(exact, p, n);
	buf_str(&quick, "before");
	bool took = vdf_quick_json(exact, n, &quick, &a, &name);
	if (took) {
		CHECK(vdf_text_parse(p, n, &a, &doc, NULL, &f) == RC_OK && doc->children == 1);
		buf_str(&slow, "before");
		vdf_json(&slow, doc->first);
		CHECK(quick.n == slow.n && !memcmp(quick.p, slow.p, slow.n));
		const char *want = vdf_text_at(doc->first, "common/name");
		CHECK(!want == !name && (!want || !strcmp(want, name)));
	} else {
		CHECK_STR(buf_text(&quick), "before");
		CHECK_STR(name, "none");
	}
	free(exact);
	buf_done(&quick);
	buf_done(&slow);
	arena_done(&a);
	return took;
}

static bool quick_takes(const char *text) { return quick_is_the_same(text, strlen(text)); }

static void quick(void)
{
	CHECK(quick_takes("\"a\"{}") && quick_takes("\"a\" { \"b\" \"c\" \"d\" { \"e\" {} } }\r\n\t "));
	CHECK(quick_takes("\"a\"{\"\"\"\"\"b\"\"\"\"c\"{}\"d\"\"\"}")); /* the most that comes of so little */
	CHECK(quick_takes("\"a\"{\"COMMON\"{\"x\"\"y\"\"Name\"\"say \\\"x\\\"\\\\ a\\nb\\tc Ã©\"}}"));
	CHECK(quick_takes("\"a\"{\"common\"\"x\"\"Common\"{\"name\"\"not this\"}}"));
	CHECK(quick_takes("\"a\"{\"common\"{\"name\"{}\"Name\"\"not this\"}}"));
	CHECK(quick_takes("\"a\"{\"x\"{\"common\"{\"name\"\"not this\"}}\"common\"{\"x\"{\"name\"\"nor this\"}}}"));
	CHECK(quick_takes("\"a\"{\"twice12345678\"\"1\"\"twice22345678\"\"2\"\"k\"\"3\"\"K\"\"4\"\"\"\"5\"}"));
	CHECK(!quick_takes("\"a\"{\"k\"\"1\"\"k\"\"2\"}") && !quick_takes("\"a\"{\"k\\\\\"\"1\"}"));
	CHECK(!quick_takes("") && !quick_takes("\"a\"") && !quick_takes("\"a\" \"b\"") && !quick_takes("\"a\"{"));
	CHECK(!quick_takes("\"a\"{}}") && !quick_takes("\"a\"{}\"b\"{}") && !quick_takes("\"a\"{\"b\"}"));
	CHECK(!quick_takes("a{}") && !quick_takes("\"a\"{b \"c\"}") && !quick_takes("\"a\"{// x\n}"));
	CHECK(!quick_takes("\"a\"{\"b\"\"\\x\"}") && !quick_takes("\"a\"{\"b\"\"\n\"}") &&
		!quick_takes("\"a\"{\"b\"\"\x7f\"}"));
	CHECK(!quick_takes("\"a\"{\"b\"\"\xff\"}") && !quick_takes("\"a\"{\"b\"\"\\"));
}

/* Real records, whole, cut off, and with each byte changed. */
static void quick_under_changes(const char *path)
{
	struct buf in = corpus_read(path);
	static const char others[] = "\"{}\\ n/\n\x80\x7f";

	for (size_t i = 0; i < in.n; i += 1 + i / 500) {
		uint8_t was = in.p[i];
		(void)quick_is_the_same(in.p, i);
		for (size_t k = 0; k < sizeof(others); k++) {
			in.p[i] = (uint8_t)others[k];
			(void)quick_is_the_same(in.p, in.n);
		}
		in.p[i] = was;
	}
	buf_done(&in);
}

static void quick_takes_the_real_ones(void)
{
	struct buf in = corpus_read("tests/corpus/vdf_text/app_480_spacewar.vdf");
	CHECK(quick_is_the_same(in.p, in.n));
	buf_done(&in);
	quick_under_changes("tests/corpus/vdf_text/app_480_spacewar.vdf");
	quick_under_changes("tests/corpus/vdf_text/odd.vdf");
}

static void built(void)
{
	struct arena a = { 0 };
	struct vdf doc = { .key = "" };
	struct buf out = { 0 };

	struct vdf *root = vdf_add(&doc, &a, VDF_OBJECT, "appinfo");
	CHECK(root && vdf_add_text(root, &a, "name", "say \"x\"\\"));
	struct vdf *n = vdf_add(root, &a, VDF_U64, "gid");
	CHECK(n != NULL);
	n->u64 = 18446744073709551615u;
	vdf_text_write(&out, &doc, VDF_TEXT_WEB);
	CHECK_STR(buf_text(&out),
		"\"appinfo\"\n{\n\t\"name\"\t\"say \\\"x\\\"\\\\\"\n\t\"gid\"\t\"18446744073709551615\"\n}\n");
	uint64_t gid;
	CHECK(vdf_number_at(&doc, "appinfo/gid", &gid) && gid == UINT64_MAX);
	CHECK(!vdf_number_at(&doc, "appinfo/name", &gid) && !vdf_number_at(&doc, "appinfo", &gid));
	buf_done(&out);
	arena_done(&a);
}

int main(void)
{
	back_as_text("tests/corpus/vdf_text/app_440_steam_440.vdf");
	back_as_text("tests/corpus/vdf_text/app_480_spacewar.vdf");
	back_as_text("tests/corpus/cm_list/GetCMListForConnect.vdf");
	back_as_binary("tests/corpus/vdf_binary/package_0.bin");
	back_as_binary("tests/corpus/vdf_binary/machine_id.bin");
	back_as_binary("tests/corpus/vdf_binary/all_kinds.bin");
	what_the_real_ones_say();
	odd_text();
	long_text();
	binary_as_text();
	refused_texts();
	limits();
	json();
	json_of_a_real_one();
	built();
	quick();
	quick_takes_the_real_ones();
	return 0;
}
