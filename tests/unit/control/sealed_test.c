#include "base/hush.h"
#include "control/engine/dispatch.h"
#include "control/engine/sealed.h"
#include "control/engine/submit.h"
#include "wire/seal.h"
#include "wire/tunnel_auth.h"

#include "tests/unit/control/desk.h"

#define KEY "AAAAA-BBBBB-CCCCC"

static struct desk d;
static uint8_t identity[TUNNEL_AUTH_KEY] = { 3, 1, 4, 1, 5 };

static void does(const struct store_query *q, const char *a)
{
	struct store_value v = store_text(a);
	if (store_do(d.tx.db, q, (struct store_args){ &v, a ? 1 : 0 }, &d.fault) == RC_OK)
		return;
	fprintf(stderr, "%s: %s\n", q->sql, d.fault.text);
	exit(1);
}

static void people(void)
{
	uint8_t public[TUNNEL_AUTH_KEY];
	char hex[TUNNEL_AUTH_KEY * 2 + 1];

	CHECK(tunnel_auth_identity(identity, public) == RC_OK);
	tunnel_auth_hex(public, sizeof(public), hex);
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES ('rgn_1', "
			"'r', "
			"'{}', 1, 1, 1)"),
		NULL);
	does(DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
			"last_seen_at, created_at, updated_at) VALUES ('agt_1', 'rgn_1', $1, 'connected', '1', "
			"'[]', '', 1, 1, 1)"),
		hex);
	does(DESK_QUERY("INSERT INTO accounts (id, login, labels, enabled, version, created_at, updated_at) VALUES "
			"('acc_1', 'one', '{}', 1, 1, 1, 1)"),
		NULL);
	desk_commit(&d);
}

/* Is the text anywhere in the database's file? */
static bool on_disk(const char *what)
{
	static const char *const ends[] = { "", "-wal" };
	size_t n = strlen(what);
	bool found = false;

	for (int i = 0; i < 2; i++) {
		char path[96];
		snprintf(path, sizeof(path), "%s%s", d.path, ends[i]);
		FILE *f = fopen(path, "rb");
		char *all = f ? malloc(64 << 20) : NULL;
		size_t got = all ? fread(all, 1, 64 << 20, f) : 0;
		for (size_t at = 0; at + n <= got && !found; at++)
			found = !memcmp(all + at, what, n);
		free(all);
		if (f)
			fclose(f);
	}
	return found;
}

static void a_job(void)
{
	const struct submit_try in = { .action = action_find("keys.redeem"),
		.account_id = "acc_1",
		.owner = "key_1",
		.payload = "{\"key\":\"" KEY "\",\"expect\":{\"sub\":77}}",
		.created_by = "batch:kbt_1",
		.priority = 5 };
	const struct dispatch_offer offer = { "agt_1", "rgn_1", ",keys.redeem,", 9 };
	struct field_list grants = { 0 };
	const char *task = NULL;
	bool more;

	if (submit_own(desk_begin(&d), &in, &task) != RC_OK)
		fprintf(stderr, "%s\n", d.fault.text);
	CHECK(task);
	desk_commit(&d);
	CHECK(on_disk("acc_1") && !on_disk(KEY));
	CHECK(desk_number(&d, DESK_QUERY("SELECT max_attempts FROM tasks"), NULL, NULL) == 3);
	CHECK(dispatch_lease(desk_begin(&d), &offer, 1, &grants, &more) == RC_OK && grants.n == 1);
	const struct dispatch_grant *g = grants.at;
	CHECK_STR(g->payload, "{\"expect\":{\"sub\":77}}");
	CHECK(g->sealed && !g->probe && !g->dry_run);
	uint8_t box[512];
	size_t n = strlen(g->sealed) / 2;
	struct hush plain = { 0 };
	CHECK(n < sizeof(box) && tunnel_auth_of_hex(g->sealed, box, n));
	CHECK(seal_open(identity, box, n, &plain) == RC_OK);
	CHECK(plain.n == strlen("{\"key\":\"" KEY "\"}") && !memcmp(plain.p, "{\"key\":\"" KEY "\"}", plain.n));
	hush_done(&plain);
	desk_commit(&d);
	CHECK_STR(sealed_shown(&d.arena, "keys.redeem", g->payload), "{\"expect\":{\"sub\":77},\"key\":\"(set)\"}");
	CHECK_STR(sealed_shown(&d.arena, "keys.redeem", "{}"), "{\"key\":\"(set)\"}");
	CHECK_STR(sealed_shown(&d.arena, "pics.changes", "{\"since\":1}"), "{\"since\":1}");
	CHECK(!on_disk(KEY));
}

static void bound_to_its_job(void)
{
	const char *payload = NULL, *secret = NULL, *hex = NULL;

	desk_begin(&d);
	CHECK(sealed_split(&d.tx, action_find("keys.redeem"), "job_a", "{\"key\":\"" KEY "\"}", &payload,
		      &secret) == RC_OK);
	CHECK_STR(payload, "{}");
	CHECK(secret && !strstr(secret, KEY));
	CHECK(sealed_for_agent(&d.tx, "job_b", secret, "agt_1", &hex) == RC_DENIED);
	CHECK(sealed_for_agent(&d.tx, "job_a", secret, "agt_no", &hex) == RC_MISSING);
	CHECK(sealed_for_agent(&d.tx, "job_a", secret, "agt_1", &hex) == RC_OK && hex);
	CHECK(sealed_split(&d.tx, action_find("pics.changes"), "job_a", "{\"since\":1}", &payload, &secret) ==
		RC_OK);
	CHECK(!secret);
	CHECK_STR(payload, "{\"since\":1}");
	desk_commit(&d);
}

int main(void)
{
	desk_open(&d);
	people();
	a_job();
	bound_to_its_job();
	desk_close(&d);
	return 0;
}
