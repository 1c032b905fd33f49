/*
 * keys_row: an API key as a row and as the API shows it. What is here is shared by those who make, edit and look up keys.
 */
#pragma once

#include "control/http/route.h"
#include "model/grant.h"

/* 0: no such limit. */
struct keys_limits {
	uint32_t rate_limit;                /* requests a minute */
	int64_t quota_daily, quota_monthly; /* requests; days and months of UTC */
	uint32_t max_concurrent;            /* requests and streams at once */
	uint32_t max_runtime_s;             /* of its jobs */
	int64_t daily_bytes, monthly_bytes; /* of its downloads */
};

/* What it is narrowed to: a selector, and addresses beside ip_allow. */
struct keys_only {
	struct field_list regions, labels, actions, addresses;
	bool own;
};

struct keys_row {
	const char *id, *name, *tenant_id, *user_id, *prefix, *last4;
	struct field_list scopes;
	struct keys_only only;
	struct field_list ip_allow, ip_deny; /* of texts */
	bool active;
	struct keys_limits limits;
	int64_t bytes_total, request_count, last_used_at;
	const char *last_used_from;
	int64_t expires_at, revoked_at, rotated_at;
	const char *created_by;
	int64_t created_at, updated_at, version;
	const char *secret; /* only in the answer that made it */
};

/* What a request to make or edit one has. Bit i of call.given is member i. */
struct keys_in {
	const char *name;
	struct field_list scopes;
	struct keys_only only;
	struct field_list ip_allow, ip_deny;
	bool active;
	struct keys_limits limits;
	int64_t expires_at;
	const char *tenant_id, *user_id;
};
enum {
	KEYS_NAME = 1 << 0,
	KEYS_SCOPES = 1 << 1,
	KEYS_ONLY = 1 << 2,
	KEYS_ALLOW = 1 << 3,
	KEYS_DENY = 1 << 4,
	KEYS_ACTIVE = 1 << 5,
	KEYS_RATE = 1 << 6,
	KEYS_DAILY = 1 << 7,
	KEYS_MONTHLY = 1 << 8,
	KEYS_CONCURRENT = 1 << 9,
	KEYS_RUNTIME = 1 << 10,
	KEYS_DAILY_BYTES = 1 << 11,
	KEYS_MONTHLY_BYTES = 1 << 12,
	KEYS_EXPIRES = 1 << 13
};

extern const struct field keys_row_fields[], keys_row_made_fields[]; /* answers: without and with the secret */
extern const struct field keys_row_new_fields[], keys_row_patch_fields[];

/* The columns of keys_row_fields, in their order. */
#define KEYS_ROW_COLUMNS                                                                                      \
	"id, name, tenant_id, user_id, prefix, last4, scopes, only_regions, only_labels, only_actions, "      \
	"only_addresses, only_own, ip_allow, ip_deny, active, rate_limit, quota_daily, quota_monthly, "       \
	"max_concurrent, max_runtime_s, quota_daily_bytes, quota_monthly_bytes, bytes_total, request_count, " \
	"last_used_at, last_used_from, expires_at, revoked_at, "                                              \
	"rotated_at, created_by, created_at, updated_at, version"

must_check enum rc keys_row_load(struct tx *tx, const char *id, struct keys_row *ret);

/* Inserts it, after making id, secret and what follows from them; with event and audit row. */
must_check enum rc keys_row_make(struct tx *tx, struct keys_row *k);

/* Writes what can be edited, and a new version; with an event of this type and an audit row. */
must_check enum rc keys_row_save(struct tx *tx, struct keys_row *k, const char *event, const char *deed);

/* A new secret for it, into k->secret, prefix and last4. The old one is good until then; 0: no more. */
must_check enum rc keys_row_renew(struct tx *tx, struct keys_row *k, int64_t old_until);
