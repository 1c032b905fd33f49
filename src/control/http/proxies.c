#include "control/http/proxies.h"
#include "io/web.h"

#include <stdlib.h>
#include <string.h>

struct proxies {
	struct ip_block_list trusted;
	bool standard;
};

enum rc proxies_new(const char *trusted, bool standard, struct proxies **ret, struct fault *f)
{
	auto_of(proxies) struct proxies *p = calloc(1, sizeof(*p));
	struct fault why = { 0 };

	if (!p)
		return RC_NOMEM;
	p->standard = standard;
	enum rc rc = ip_block_read(trusted ? trusted : "", &p->trusted, &why);
	if (rc != RC_OK)
		return fault_set(f, rc, "server.trusted_proxies: %s", why.text);
	*ret = take(p);
	return RC_OK;
}

void proxies_free(struct proxies *p) { free(p); }

void proxies_address(const struct proxies *p, const struct web_request *r, char ret[static FORWARDED_ADDRESS_MAX])
{
	const struct forwarded_ask ask = { .peer = web_view(r)->peer,
		.standard = p->standard,
		.forwarded = web_header(r, "forwarded"),
		.xff = web_header(r, "x-forwarded-for") };
	struct forwarded f;

	forwarded_read(&p->trusted, &ask, &f);
	memcpy(ret, f.address, FORWARDED_ADDRESS_MAX);
}
