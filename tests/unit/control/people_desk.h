/* people: rows for tests of people, and passwords that are quick to hash. */
#pragma once

#include "control/people/passwords.h"
#include "control/people/people_rules.h"

#include "tests/unit/control/fleet_desk.h"

__attribute__((unused)) static struct people_rules people_rules = {
	.argon2_kib = 64,
	.argon2_passes = 1,
	.password_min = 12,
	.login = { .burst = 5, .refill_ms = 60000, .lock_ms = 30000, .lock_max_ms = 900000 },
	.address = { .burst = 30, .refill_ms = 10000, .lock_ms = 30000, .lock_max_ms = 900000 },
	.code = { .burst = 5, .refill_ms = 60000, .lock_ms = 30000, .lock_max_ms = 900000 },
	.step_up_ms = 300000,
};

static inline struct hush people_hush(const char *s)
{
	struct hush h = { 0 };
	CHECK(hush_set(&h, s, strlen(s)) == RC_OK);
	return h;
}

/* usr_LOGIN. A password that begins with '$' is a hash. */
static inline void people_user(struct desk *d, const char *tenant, const char *login, const char *password)
{
	char stored[PASSWORDS_STORED_MAX] = "", id[64];
	unsigned cost = 0;

	if (password && *password != '$') {
		struct hush h = people_hush(password);
		CHECK(passwords_hash(&d->control, &h, stored) == RC_OK);
		hush_done(&h);
	} else if (password) {
		CHECK(passwords_may_import(password, &cost));
		snprintf(stored, sizeof(stored), "%s", password);
	}
	snprintf(id, sizeof(id), "usr_%s", login);
	DESK_DO(d,
		"INSERT INTO users (id, tenant_id, login, name, password, bcrypt_cost, created_by, created_at, "
		"updated_at) VALUES ($1, $2, $3, $3, $4, $5, 'test', 1, 1)",
		store_text(id), store_text(tenant), store_text(login), store_text(password ? stored : NULL),
		store_int(cost));
}

static inline void people_bind(
	struct desk *d, const char *tenant, const char *subject, const char *role, const char *selector)
{
	static int n;
	char id[32];

	snprintf(id, sizeof(id), "rb_%d", ++n);
	DESK_DO(d,
		"INSERT INTO role_bindings (id, tenant_id, subject_id, role, selector, created_by, created_at) "
		"VALUES "
		"($1, $2, $3, $4, $5, 'test', 1)",
		store_text(id), store_text(tenant), store_text(subject), store_text(role), store_text(selector));
}
