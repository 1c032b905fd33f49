/* poll_create: a new poll. */
#pragma once

#include "control/http/route.h"

#define POLL_CREATE_RUNNING 20 /* that run at once, of a tenant */

struct poll_create_selector {
	int store; /* 0: any */
	struct field_list watches, titles;
	struct field_list labels;
};
struct poll_create {
	struct poll_create_selector which;
	int mode;
	uint32_t max_age_s;
};
extern const struct field poll_create_fields[];

/* The route: its body is a struct poll_create or none, its answer a struct poll_view. */
must_check enum rc poll_create(struct call *c, void *ret_out);
