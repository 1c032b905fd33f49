#include "main/conf_people.h"
#include "base/arena.h"
#include "control/people/people_rules.h"

#define ADDRESS_FASTER 6 /* an address gets its tries back faster than a login: many people may share one */

const struct field conf_people_fields[] = {
	{ .name = "argon2_kib",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, argon2_kib),
		.min = 19456,
		.max = 1048576,
		.def = 65536,
		.doc = "Memory of a password's hash (Argon2id), in KiB. Hashes made with another are renewed at "
		       "the next "
		       "log-on." },
	{ .name = "argon2_passes",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, argon2_passes),
		.min = 2,
		.max = 16,
		.def = 3,
		.doc = "Passes over that memory." },
	{ .name = "password_min",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, password_min),
		.min = 8,
		.max = 128,
		.def = 12,
		.doc = "Characters of a password at least." },
	{ .name = "common_passwords",
		.type = FIELD_STR,
		FIELD_AT(struct conf_people, common_passwords),
		.doc = "File of passwords that nobody may take, a line each; it is read whenever one is set." },
	{ .name = "login_tries",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, login_tries),
		.min = 1,
		.max = 1000,
		.def = 5,
		.doc = "Wrong passwords of one login before it is locked." },
	{ .name = "address_tries",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, address_tries),
		.min = 1,
		.max = 100000,
		.def = 30,
		.doc = "Wrong passwords and codes from one address (of IPv6, one /64) before it is locked." },
	{ .name = "code_tries",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, code_tries),
		.min = 1,
		.max = 100,
		.def = 5,
		.doc = "Wrong codes of one person before they are locked." },
	{ .name = "try_s",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, try_s),
		.min = 1,
		.max = 86400,
		.def = 60,
		.doc = "A login, and a person's codes, get one try back in; an address gets one in a sixth of "
		       "it." },
	{ .name = "lock_s",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, lock_s),
		.min = 1,
		.max = 86400,
		.def = 30,
		.doc = "The first lock; each one after it is twice as long." },
	{ .name = "lock_max_s",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, lock_max_s),
		.min = 1,
		.max = 604800,
		.def = 900,
		.doc = "The longest lock." },
	{ .name = "step_up_s",
		.type = FIELD_U32,
		FIELD_AT(struct conf_people, step_up_s),
		.min = 30,
		.max = 86400,
		.def = 300,
		.doc = "Sensitive calls want a proof of who calls that is younger." },
	{ 0 },
};

static struct guess_rules rules(const struct conf_people *c, uint32_t tries, int64_t refill_ms)
{
	return (struct guess_rules){ .burst = tries,
		.refill_ms = refill_ms,
		.lock_ms = (int64_t)c->lock_s * 1000,
		.lock_max_ms = (int64_t)c->lock_max_s * 1000 };
}

const struct people_rules *conf_people_rules(const struct conf_people *c, struct arena *a)
{
	struct people_rules *to = arena_take(a, sizeof(*to));
	int64_t refill_ms = (int64_t)c->try_s * 1000;

	if (!to)
		return NULL;
	*to = (struct people_rules){ .argon2_kib = c->argon2_kib,
		.argon2_passes = c->argon2_passes,
		.password_min = c->password_min,
		.common_passwords = c->common_passwords,
		.login = rules(c, c->login_tries, refill_ms),
		.address = rules(c, c->address_tries, refill_ms / ADDRESS_FASTER),
		.code = rules(c, c->code_tries, refill_ms),
		.step_up_ms = (int64_t)c->step_up_s * 1000 };
	return to;
}
