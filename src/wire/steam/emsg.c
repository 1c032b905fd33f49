#include "wire/steam/emsg.h"

#include "proto/steam/account.pb-c.h"
#include "proto/steam/base.pb-c.h"
#include "proto/steam/beta.pb-c.h"
#include "proto/steam/depot.pb-c.h"
#include "proto/steam/friends.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "proto/steam/personal.pb-c.h"
#include "proto/steam/pics.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "proto/steam/trade.pb-c.h"
#include "proto/steam/workshop.pb-c.h"

#include <stddef.h>

struct row {
	uint32_t number;
	const char *name;
	const ProtobufCMessageDescriptor *body;
};

static const struct row rows[] = {
#define EMSG(id, number, name, body) { number, name, body },
#include "wire/steam/emsg.def"
#undef EMSG
};

static const struct row *find(uint32_t emsg)
{
	size_t lo = 0, hi = sizeof(rows) / sizeof(rows[0]);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (rows[mid].number < emsg)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < sizeof(rows) / sizeof(rows[0]) && rows[lo].number == emsg ? &rows[lo] : NULL;
}

const char *emsg_name(uint32_t emsg)
{
	const struct row *r = find(emsg);
	return r ? r->name : NULL;
}

const ProtobufCMessageDescriptor *emsg_body(uint32_t emsg)
{
	const struct row *r = find(emsg);
	return r ? r->body : NULL;
}
