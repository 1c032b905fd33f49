/*
 * proxies: the address that a request counts as coming from: of the connection's other end, or, when a proxy that is configured as
 * trusted stands there, of whom it speaks for (wire/forwarded). Everything that asks for an address takes this one: the audit trail,
 * lists of addresses, limits of failures, logs. Loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "wire/forwarded.h"

struct proxies;
struct web_request;

/* As configured: blocks of addresses (NULL: none is trusted), and whether they write Forwarded instead of X-Forwarded-For. */
must_check enum rc proxies_new(const char *trusted, bool standard, struct proxies **ret, struct fault *f);
void proxies_free(struct proxies *p);
OWN_DEFINE(proxies)

void proxies_address(const struct proxies *p, const struct web_request *r, char ret[static FORWARDED_ADDRESS_MAX]);
