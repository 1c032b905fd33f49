/* provider_dry_run: what would become of somebody who comes with certain claims, without doing it. */
#pragma once

#include "control/http/route.h"

struct provider_dry_run_in {
	const char *subject, *claims;
};
extern const struct field provider_dry_run_in_fields[];

struct provider_dry_run {
	int how; /* enum arrive_how */
	const char *why, *user_id, *login, *name, *email;
	bool email_verified;
	struct field_list said, groups; /* of const char * */
	struct field_list roles;        /* of struct arrive_role */
};
extern const struct field provider_dry_run_fields[];

must_check enum rc provider_dry_run(struct call *c, void *ret_out);
