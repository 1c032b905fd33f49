#include "control/http/listing.h"
#include "control/http/page.h"

enum rc listing(struct call *c, const struct store_query *q, const char *owner, struct page *ret)
{
	const struct page_query *page = c->query;
	auto_rows struct store_rows *r = NULL;
	const char *before;

	enum rc rc = page_begin(c, page, &before);
	if (rc == RC_OK)
		rc = store_run(c->tx.db, q,
			STORE_ARGS(store_text(before), store_int(page->limit + 1), store_text(owner)), &r,
			c->tx.fault);
	return rc == RC_OK ? page_read(c, page, r, ret) : rc;
}
