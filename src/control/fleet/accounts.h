/* accounts: the Steam accounts that are worked with. Their secrets are not here. */
#pragma once

#include "control/http/route.h"

struct account;
extern const struct route accounts_routes[];

/* What its routes do, for others that do the same in other words (control/wallwhale). On the writer; problems go into c->reader. */
must_check enum rc accounts_make(struct call *c, struct account *v);

/* The account of the path; `given`: enum account_row_given. */
must_check enum rc accounts_edit(struct call *c, const struct account *in, uint64_t given, struct account *ret);
must_check enum rc accounts_drop(struct call *c, void *ret_out);
