#include "control/http/page.h"
#include "control/access/decide.h"
#include "control/control.h"
#include "control/rows.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define MAC ((size_t)12) /* bytes of the HMAC that a cursor carries, as hex */

static void mac_of(struct call *c, const char *id, char ret[static MAC * 2 + 1])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	char text[256];

	int n = snprintf(text, sizeof(text), "%s\n%s\n%s", c->route->path, c->who->id, id);
	HMAC(EVP_sha256(), c->tx.control->secrets.cursor, 32, (const uint8_t *)text,
		(size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1, mac, NULL);
	for (size_t i = 0; i < MAC; i++)
		snprintf(ret + i * 2, 3, "%02x", mac[i]);
}

enum rc page_begin(struct call *c, const struct page_query *q, const char **ret_before)
{
	const char *dot = q->cursor ? strrchr(q->cursor, '.') : NULL;
	char mac[MAC * 2 + 1];

	if (!q->cursor) {
		*ret_before = "~";
		return RC_OK;
	}
	char *id = dot ? arena_strn(c->tx.arena, q->cursor, (size_t)(dot - q->cursor)) : NULL;
	if (id)
		mac_of(c, id, mac);
	if (!id || strlen(dot + 1) != MAC * 2 || CRYPTO_memcmp(dot + 1, mac, MAC * 2) != 0)
		return fault_set(
			c->tx.fault, RC_INVALID, "cursor: not one that this list gave; leave it out to begin anew");
	*ret_before = id;
	return RC_OK;
}

enum rc page_read(struct call *c, const struct page_query *q, struct store_rows *r, struct page *page)
{
	const struct route *route = c->route;
	const struct rows_into each = { route->out, c->tx.arena, NULL };
	const struct field *id = field_find(route->out, "id");
	char mac[MAC * 2 + 1];

	enum rc rc = rows_list(r, &each, route->out_size, (size_t)q->limit + 1, &page->items, c->tx.fault);
	if (rc != RC_OK || page->items.n <= q->limit)
		return rc == RC_OK ? decide_filter(c, page) : rc;
	page->items.n = q->limit; /* the one too many only told that there is a next page */
	const char *last =
		*(const char **)(void *)((char *)page->items.at + (q->limit - 1) * route->out_size + id->at);
	mac_of(c, last, mac);
	page->next = arena_fmt(c->tx.arena, "%s.%s", last, mac);
	return page->next ? decide_filter(c, page) : RC_NOMEM;
}
