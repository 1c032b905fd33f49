/* Any bytes as a text VDF: what is read is written, read and written again as the same text, its JSON is JSON, and what the quick way
 * says of it is the same. */
#include "wire/steam/vdf_quick.h"
#include "wire/steam/vdf_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void expect_same(const uint8_t *p, size_t n)
{
	struct arena a = { 0 };
	struct buf quick = { 0 }, slow = { 0 };
	const char *name;
	struct vdf *doc;

	if (vdf_quick_json(p, n, &quick, &a, &name)) {
		expect(vdf_text_parse(p, n, &a, &doc, NULL, NULL) == RC_OK && doc->children == 1);
		vdf_json(&slow, doc->first);
		expect(quick.n == slow.n && !memcmp(quick.p, slow.p, slow.n));
		const char *want = vdf_text_at(doc->first, "common/name");
		expect(!want == !name && (!want || !strcmp(want, name)));
	}
	buf_done(&quick);
	buf_done(&slow);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	expect_same(p, n);
	struct arena a = { .limit = 8u << 20 };
	struct vdf *doc, *back;
	struct vdf_text_form form;
	struct buf one = { 0 }, two = { 0 }, json = { 0 };

	if (vdf_text_parse(p, n, &a, &doc, &form, NULL) == RC_OK) {
		vdf_text_write(&one, doc, form);
		struct arena b = { 0 };
		expect(vdf_text_parse(one.p, one.n, &b, &back, &form, NULL) == RC_OK);
		vdf_text_write(&two, back, form);
		expect(one.n == two.n && (one.n == 0 || !memcmp(one.p, two.p, one.n)));
		vdf_json(&json, doc);
		/* Two keys that are no UTF-8 may look the same once their bytes are replaced. */
		size_t flags = strstr(buf_text(&json), "\\ufffd") ? 0 : JSON_REJECT_DUPLICATES;
		json_t *j = json_loadb((const char *)json.p, json.n, flags, NULL);
		expect(j != NULL);
		json_decref(j);
		arena_done(&b);
	}
	buf_done(&one);
	buf_done(&two);
	buf_done(&json);
	arena_done(&a);
	return 0;
}
