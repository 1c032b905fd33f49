/* Any JSON as a server's answer: whatever is in it, a terminal gets no control character but the line ends that are ours. */
#include "cli/csv.h"
#include "cli/problem.h"
#include "cli/table.h"
#include "cli/yaml.h"
#include "wire/json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void expect(bool held)
{
	if (!held)
		abort();
}

static void harmless(struct buf *b)
{
	const char *s = buf_text(b);
	for (size_t i = 0; i < b->n; i++)
		expect((uint8_t)s[i] >= 32 || s[i] == '\n');
	for (size_t i = 0; i + 1 < b->n; i++) /* C1 in UTF-8 */
		expect(s[i] != '\xC2' || (uint8_t)s[i + 1] >= 0xA0);
	b->n = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char columns[] = "id,status,a.b:AB,labels,deep.er.still";
	struct buf out = { 0 };
	struct json_t *v;

	if (json_read((const char *)p, n, &v, NULL) != RC_OK)
		return 0;
	table_list(&out, v, columns, false);
	harmless(&out);
	table_object(&out, v, false);
	harmless(&out);
	problem_line(&out, 500, v, NULL);
	expect(!memchr(buf_text(&out), '\n', out.n));
	harmless(&out);
	yaml_put(&out, v);
	harmless(&out);
	csv_object(&out, v);
	csv_row(&out, v, columns);
	expect(problem_exit(500, v, true) >= CLI_FAILED);
	buf_done(&out);
	json_drop(v);
	return 0;
}
