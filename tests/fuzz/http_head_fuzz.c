/* No crash, nothing read outside; a head that parses has its parts within its own bytes, and is found at the same place in pieces. */
#include "io/http_head.h"

#include <stdlib.h>
#include <string.h>

static void within(const char *s, const char *a, size_t an, const char *b, size_t bn)
{
	size_t n = strlen(s);
	if (!((s >= a && s + n < a + an) || (s >= b && s + n < b + bn) || n == 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t whole = 0, pieces = 0, head = http_head_end((const char *)p, n, &whole), got = 0;

	for (size_t k = 1; k <= n && !got; k++)
		got = http_head_end((const char *)p, k, &pieces);
	if (got != head)
		abort();
	if (head == 0)
		return 0;

	char *text = malloc(head), *spare = malloc(head);
	struct http_head h = { .fields =
				       calloc(http_head_lines((const char *)p, head), sizeof(struct http_field)) };
	struct http_field *fields = h.fields;
	struct http_refusal r = { 0 };

	memcpy(text, p, head);
	if (http_head_parse(text, head, spare, &h, &r)) {
		within(h.method, text, head, spare, head);
		within(h.path, text, head, spare, head);
		within(h.query, text, head, spare, head);
		for (size_t i = 0; i < h.fields_n; i++) {
			within(h.fields[i].name, text, head, spare, head);
			within(h.fields[i].value, text, head, spare, head);
			if (strpbrk(h.fields[i].value, "\r\n"))
				abort();
		}
		if (h.chunked && h.length != HTTP_HEAD_NO_LENGTH)
			abort();
	} else if (r.status < 400 || !r.why) {
		abort();
	}
	free(fields);
	free(text);
	free(spare);
	return 0;
}
