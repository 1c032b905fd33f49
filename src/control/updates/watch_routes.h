/* watch_routes: /v1/watches; and what the import has of them. */
#pragma once

#include "control/http/route.h"

struct watch;

struct watch_in {
	int store; /* enum title_store */
	const char *ref;
	struct field_list branches, classes; /* of const char * */
	struct field_list labels;            /* of struct field_pair */
	uint32_t interval_s, priority;
	const char *account_id;
};
extern const struct field watch_routes_in[];
extern const struct route watch_routes[], watch_import_routes[];

/* What a table cannot see; problems stand under `at`, such as "/rows/3". */
must_check enum rc watch_routes_check(struct call *c, const struct watch_in *in, const char *at);
must_check enum rc watch_routes_make(struct tx *tx, const struct watch_in *in, struct watch *ret);

/* May the tenant have so many more? RC_QUOTA. */
must_check enum rc watch_routes_room(struct tx *tx, size_t more);
