#include "control/migrate.h"
#include "base/buf.h"
#include "io/clock.h"
#include "io/failpoint.h"

#include <openssl/evp.h>
#include <stdio.h>

extern const char migrate_0001[], migrate_0002[], migrate_0003[], migrate_0004[], migrate_0005[], migrate_0006[],
	migrate_0007[], migrate_0008[], migrate_0009[], migrate_0010[], migrate_0011[], migrate_0012[],
	migrate_0013[], migrate_0014[], migrate_0015[], migrate_0016[], migrate_0017[], migrate_0018[],
	migrate_0019[], migrate_0020[], migrate_0021[], migrate_0022[], migrate_0023[], migrate_0024[],
	migrate_0025[], migrate_0026[], migrate_0027[], migrate_0028[], migrate_0029[], migrate_0030[],
	migrate_0031[], migrate_0032[], migrate_0033[], migrate_0034[], migrate_0035[], migrate_0036[],
	migrate_0037[], migrate_0038[], migrate_0039[], migrate_0040[], migrate_0041[],
	migrate_0042[], migrate_0043[]; /* in migrate_texts.c */

static const struct {
	const char *name, *text;
} migrations[] = {
	{ "0001_foundations", migrate_0001 },
	{ "0002_fleet", migrate_0002 },
	{ "0003_budgets", migrate_0003 },
	{ "0004_quarantine", migrate_0004 },
	{ "0005_attempts", migrate_0005 },
	{ "0006_cluster", migrate_0006 },
	{ "0007_trace", migrate_0007 },
	{ "0008_pace", migrate_0008 },
	{ "0009_retries", migrate_0009 },
	{ "0010_webhooks", migrate_0010 },
	{ "0011_schedules", migrate_0011 },
	{ "0012_restore", migrate_0012 },
	{ "0013_people", migrate_0013 },
	{ "0014_dials", migrate_0014 },
	{ "0015_api_keys", migrate_0015 },
	{ "0016_lockouts", migrate_0016 },
	{ "0017_sso", migrate_0017 },
	{ "0018_keyring", migrate_0018 },
	{ "0019_audit", migrate_0019 },
	{ "0020_tenancy", migrate_0020 },
	{ "0021_pki", migrate_0021 },
	{ "0022_sessions", migrate_0022 },
	{ "0023_meters", migrate_0023 },
	{ "0024_sso_documents", migrate_0024 },
	{ "0025_saml", migrate_0025 },
	{ "0026_quotas", migrate_0026 },
	{ "0027_updates", migrate_0027 },
	{ "0028_sources", migrate_0028 },
	{ "0029_downloads", migrate_0029 },
	{ "0030_artifacts", migrate_0030 },
	{ "0031_triggers", migrate_0031 },
	{ "0032_source_sessions", migrate_0032 },
	{ "0033_content_asks", migrate_0033 },
	{ "0034_storage", migrate_0034 },
	{ "0035_download_tunes", migrate_0035 },
	{ "0036_webhook_format", migrate_0036 },
	{ "0037_title_scopes", migrate_0037 },
	{ "0038_shop_challenges", migrate_0038 },
	{ "0039_old_jobs", migrate_0039 },
	{ "0040_store_holds", migrate_0040 },
	{ "0041_source_breakers", migrate_0041 },
	{ "0042_agent_downloads", migrate_0042 },
	{ "0043_agent_logins", migrate_0043 },
};
#define MIGRATIONS (sizeof(migrations) / sizeof(*migrations))

/* Several control planes may start at once: the transaction lets one of them make it. */
size_t migrate_known(void) { return MIGRATIONS; }

static enum rc make_table(struct store_conn *db, struct fault *f)
{
	static const struct store_query make = {
		.sql = "CREATE TABLE IF NOT EXISTS migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, "
		       "checksum TEXT NOT NULL, ran_at BIGINT NOT NULL)"
	};
	enum rc rc = store_begin(db, f);
	if (rc == RC_OK)
		rc = store_do(db, &make, STORE_NO_ARGS, f);
	if (rc == RC_OK)
		return store_commit(db, f);
	store_rollback(db);
	return rc;
}

/* Has another control plane run it meanwhile? */
static enum rc has_run(struct store_conn *db, size_t i, bool *ret, struct fault *f)
{
	static const struct store_query find = { .sql = "SELECT name FROM migrations WHERE number = $1" };
	auto_rows struct store_rows *r = NULL;

	enum rc rc = store_one(db, &find, STORE_ARGS(store_int((int64_t)i + 1)), &r, f);
	*ret = rc == RC_OK;
	return rc == RC_MISSING ? RC_OK : rc;
}

static void checksum(const char *text, char ret[static 65])
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	EVP_Digest(text, strlen(text), sum, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < 32; i++)
		snprintf(ret + i * 2, 3, "%02x", sum[i]);
}

/* Puts the engine's own words for $SERIAL. */
static void fill_in(const struct store_conn *db, const char *text, struct buf *to)
{
	for (const char *at; (at = strstr(text, "$SERIAL")); text = at + 7) {
		buf_put(to, text, (size_t)(at - text));
		buf_str(to, db->impl->serial);
	}
	buf_str(to, text);
}

static enum rc run_one(struct store_conn *db, size_t i, struct fault *f)
{
	static const struct store_query note = {
		.sql = "INSERT INTO migrations (number, name, checksum, ran_at) VALUES ($1, $2, $3, $4)"
	};
	struct buf text = { 0 };
	char sum[65];

	checksum(migrations[i].text, sum);
	fill_in(db, migrations[i].text, &text);
	enum rc rc = store_begin(db, f);
	if (rc == RC_OK) {
		bool ran = false;
		rc = has_run(db, i, &ran, f);
		if (rc == RC_OK && !ran)
			rc = db->impl->control(db, buf_text(&text), f);
		if (rc == RC_OK && !ran)
			rc = store_do(db, &note,
				STORE_ARGS(store_int((int64_t)i + 1), store_text(migrations[i].name),
					store_text(sum), store_int(clock_wall_ms())),
				f);
		if (rc == RC_OK)
			rc = store_commit(db, f);
		else
			store_rollback(db);
	}
	buf_done(&text);
	return rc;
}

/* How many have run; RC_CONFLICT when they are not ours. */
static enum rc check_ran(struct store_conn *db, size_t *ret_n, struct fault *f)
{
	static const struct store_query ran = {
		.sql = "SELECT number, name, checksum FROM migrations ORDER BY number"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	size_t n = 0;
	char sum[65];
	enum rc rc = store_run(db, &ran, STORE_NO_ARGS, &r, f);

	while (rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		if (n >= MIGRATIONS)
			return fault_set(f, RC_CONFLICT,
				"the database was migrated by a newer footplate (%s); run that one",
				store_col_text(r, 1));
		checksum(migrations[n].text, sum);
		if (strcmp(store_col_text(r, 1), migrations[n].name) != 0 || strcmp(store_col_text(r, 2), sum) != 0)
			return fault_set(f, RC_CONFLICT, "migration %s ran with another text than this program has",
				migrations[n].name);
		n++;
	}
	if (rc == RC_OK)
		*ret_n = n;
	return rc;
}

enum rc migrate_run(struct store_conn *db, size_t *ret_ran, struct fault *f)
{
	size_t n = 0;
	enum rc rc = make_table(db, f);

	if (rc == RC_OK)
		rc = check_ran(db, &n, f);
	size_t first = n;
	for (; rc == RC_OK && n < MIGRATIONS; n++) {
		FAILPOINT("migrate.before_step");
		rc = run_one(db, n, f);
	}
	if (rc == RC_OK)
		*ret_ran = n - first;
	return rc;
}
