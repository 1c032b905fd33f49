/* Any bytes as a text VDF: what is read is written, read and written again as the same text, and its JSON is JSON. */
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

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
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
