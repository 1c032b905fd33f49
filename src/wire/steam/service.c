#include "wire/steam/service.h"

#include "proto/steam/account.pb-c.h"
#include "proto/steam/auth.pb-c.h"
#include "proto/steam/depot.pb-c.h"
#include "proto/steam/friends.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "proto/steam/personal.pb-c.h"
#include "proto/steam/player.pb-c.h"
#include "proto/steam/trade.pb-c.h"
#include "proto/steam/workshop.pb-c.h"

#include <stdlib.h>
#include <string.h>

struct row {
	const char *method;
	const ProtobufCMessageDescriptor *in, *out;
};

static const struct row rows[] = {
#define SERVICE(method, in, out) { method, in, out },
#include "wire/steam/service.def"
#undef SERVICE
};

static int by_method(const void *key, const void *row) { return strcmp(key, ((const struct row *)row)->method); }

static const struct row *find(const char *method)
{
	return method ? bsearch(method, rows, sizeof(rows) / sizeof(*rows), sizeof(*rows), by_method) : NULL;
}

const ProtobufCMessageDescriptor *service_request_of(const char *method)
{
	const struct row *r = find(method);
	return r ? r->in : NULL;
}

const ProtobufCMessageDescriptor *service_response_of(const char *method)
{
	const struct row *r = find(method);
	return r ? r->out : NULL;
}
