#include "base/hush.h"

#include <string.h>

void hush_wipe(void *p, size_t n)
{
	if (p && n)
		explicit_bzero(p, n);
}

enum rc hush_set(struct hush *h, const void *p, size_t n)
{
	if (n > HUSH_MAX)
		return RC_TOO_LARGE;
	uint8_t *copy = malloc(n + 1);
	if (!copy)
		return RC_NOMEM;
	if (n)
		memcpy(copy, p, n);
	copy[n] = 0;
	hush_done(h);
	*h = (struct hush){ .p = copy, .n = n };
	return RC_OK;
}

void hush_done(struct hush *h)
{
	hush_wipe(h->p, h->n);
	free(h->p);
	*h = (struct hush){ 0 };
}

bool hush_same(const struct hush *h, const void *p, size_t n)
{
	const uint8_t *q = p;
	uint8_t differ = h->n != n;

	for (size_t i = 0; i < n; i++)
		differ |= (uint8_t)(q[i] ^ (i < h->n ? h->p[i] : 0));
	return !differ;
}
