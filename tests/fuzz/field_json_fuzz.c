/* Any bytes as the JSON of a struct with every type: what decodes is encoded, and that decodes to the same; whole and as a patch. */
#include "wire/field_json.h"

#include "tests/unit/wire/every.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void same(const struct buf *one, const struct buf *two)
{
	expect(one->n == two->n && !memcmp(one->p, two->p, one->n));
}

static void and_back(const struct every *e)
{
	struct arena a = { 0 };
	struct field_reader r = { .arena = &a };
	struct every back = { 0 };
	struct buf one = { 0 }, two = { 0 };
	struct fault f = { 0 };
	json_t *j = NULL;

	field_json_encode(every_fields, e, &one);
	expect(json_read((char *)one.p, one.n, &j, &f) == RC_OK);
	expect(field_json_decode(every_fields, j, &r, &back, &f) == RC_OK);
	field_json_encode(every_fields, &back, &two);
	same(&one, &two);
	json_drop(j);
	buf_done(&one);
	buf_done(&two);
	arena_done(&a);
}

static void problems_are_whole(const struct field_reader *r, const struct fault *f)
{
	expect(r->problems_n > 0 && r->problems_n <= FIELD_PROBLEMS_MAX && *f->text);
	for (size_t i = 0; i < r->problems_n; i++) {
		const struct field_problem *p = &r->problems[i];
		expect((!*p->pointer || *p->pointer == '/') && *p->code && *p->detail);
	}
}

static struct every valid(void)
{
	struct every e = { 0 };
	field_defaults(every_fields, &e);
	e.name = "before";
	return e;
}

static void decode(const json_t *j, struct field_reader *r, struct every *e)
{
	struct fault f = { 0 };
	enum rc rc = field_json_decode(every_fields, j, r, e, &f);

	if (rc == RC_OK && r->problems_n == 0)
		return;
	expect(rc == RC_NOMEM || rc == RC_INVALID);
	if (rc == RC_INVALID)
		problems_are_whole(r, &f);
	*e = valid();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 4u << 20 }, small = { .limit = n };
	struct field_reader strict = { .arena = &a }, lenient = { .arena = &a, .lenient = true },
			    patch = { .arena = &a, .partial = true }, tight = { .arena = &small };
	struct every e = { 0 }, patched = valid(), spare = { 0 };
	struct fault f = { 0 };
	struct buf one = { 0 }, two = { 0 };
	json_t *j = NULL, *again = NULL;

	if (json_read((const char *)p, n, &j, &f) == RC_OK) {
		expect(json_put(&one, j, true) == RC_OK);
		expect(json_read((char *)one.p, one.n, &again, &f) == RC_OK);
		expect(json_put(&two, again, true) == RC_OK);
		same(&one, &two);
		decode(j, &strict, &e);
		and_back(&e);
		decode(j, &lenient, &spare);
		expect(strict.problems_n > 0 || lenient.problems_n == 0);
		decode(j, &patch, &patched);
		and_back(&patched);
		decode(j, &tight, &spare);
	} else {
		expect(f.rc == RC_MALFORMED && *f.text);
	}
	json_drop(j);
	json_drop(again);
	buf_done(&one);
	buf_done(&two);
	arena_done(&a);
	arena_done(&small);
	return 0;
}
