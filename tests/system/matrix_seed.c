#include "io/blobs.h"
#include "io/file.h"
#include "tests/system/matrix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const matrix_tenants[TENANTS] = { "ten_default", "ten_blue", "ten_red" };
const char *const matrix_marks[TENANTS] = { "zzown7q", "zzblue7q", "zzred7q" };

static const char *const words[KINDS] = {
	[K_ACCOUNT] = "account",
	[K_API_KEY] = "api-key",
	[K_ARTIFACT] = "artifact",
	[K_BATCH] = "key-batch",
	[K_BINDING] = "role-binding",
	[K_CHALLENGE] = "challenge",
	[K_DOWNLOAD] = "download",
	[K_GROUP] = "group",
	[K_JOB] = "job",
	[K_POLICY] = "routing-policy",
	[K_POLL] = "poll",
	[K_QUOTA] = "quota",
	[K_ROLE] = "role",
	[K_SCHEDULE] = "schedule",
	[K_SESSION] = "auth-session",
	[K_TASK] = "task",
	[K_TRIGGER] = "trigger",
	[K_USER] = "user",
	[K_WATCH] = "watch",
	[K_WEBHOOK] = "webhook",
	[K_AGENT] = "agent",
	[K_AUTHORITY] = "certificate-authority",
	[K_CERTIFICATE] = "certificate",
	[K_EGRESS] = "egress",
	[K_PROVIDER] = "identity-provider",
	[K_REGION] = "region",
	[K_TENANT] = "tenant",
};

bool matrix_is_theirs(enum kind k) { return k > K_NONE && k <= K_WEBHOOK; }
const char *matrix_word(enum kind k) { return words[k]; }

static void keep(char id[static 64], json_t *made)
{
	snprintf(id, 64, "%s", json_str(made, "id"));
	CHECK(*id);
	json_decref(made);
}

/* As the tenant's owner. */
static struct rig as(const struct matrix *m, enum tenant t)
{
	struct rig r = m->rig;
	snprintf(r.key, sizeof(r.key), "%s", m->key[t]);
	return r;
}

static json_t *make(const struct matrix *m, enum tenant t, const char *path, const char *body)
{
	static int n;
	struct rig r = as(m, t);
	char header[64];

	snprintf(header, sizeof(header), "Idempotency-Key: seed-%d", ++n);
	struct rig_answer a = rig_call(&r, "POST", path, header, body);
	if (a.status != 201 && a.status != 202)
		fprintf(stderr, "POST %s %s: %d %s\n", path, body ? body : "", a.status, a.text);
	CHECK(a.status == 201 || a.status == 202);
	json_t *made = json_incref(a.body);
	rig_answer_done(&a);
	return made;
}

#define MAKE(m, t, kind, path, ...)                                    \
	do {                                                           \
		char body_[1024];                                      \
		snprintf(body_, sizeof(body_), __VA_ARGS__);           \
		keep((m)->id[t][kind], make((m), (t), (path), body_)); \
	} while (0)

static void sql(const struct matrix *m, const char *text)
{
	char all[1900];

	snprintf(all, sizeof(all), "%s%s", *m->rig.pg.url ? "" : "PRAGMA busy_timeout=9000; ", text);
	rig_sql(&m->rig, all);
}
#define SQL(m, ...)                                          \
	do {                                                 \
		char text_[1800];                            \
		snprintf(text_, sizeof(text_), __VA_ARGS__); \
		sql((m), text_);                             \
	} while (0)

static void keep_first(struct matrix *m, enum tenant t, enum kind k, const char *format, const char *id)
{
	struct rig r = as(m, t);
	char path[160];

	snprintf(path, sizeof(path), format, id);
	json_t *list = rig_expect(&r, 200, "GET", path, NULL);
	keep(m->id[t][k], json_incref(json_array_get(json_object_get(list, "items"), 0)));
	json_decref(list);
}

/* What no operation makes without an agent, or without a browser. */
static void plant_rows(struct matrix *m, enum tenant t)
{
	const char *mark = matrix_marks[t], *tenant = matrix_tenants[t];
	static const struct {
		enum kind kind;
		const char *prefix;
	} named[] = { { K_CHALLENGE, "chg" }, { K_USER, "usr" }, { K_GROUP, "grp" }, { K_ROLE, "rol" },
		{ K_BINDING, "rb" }, { K_SESSION, "aus" }, { K_QUOTA, "quo" } };

	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		snprintf(m->id[t][named[i].kind], 64, "%s_%s", named[i].prefix, mark);
	SQL(m,
		"INSERT INTO challenges (id, account_id, kind, state, hint, approve, answers, answered_at, "
		"delivered, "
		"expires_at, created_at, updated_at) VALUES ('%s', '%s', 'guard_email', 'open', '%s', 0, 0, 0, 0, "
		"9000000000000, 1, 1); INSERT INTO dead_letters (task_id, job_id, action, code, reason, attempts, "
		"error, died_at, tenant_id) VALUES ('%s', '%s', 'agent.ping', '%s', 'attempts_used_up', 1, '{}', "
		"1, '%s'); "
		"INSERT INTO attempts (task_id, n, agent_id, nonce, epoch, probe, leased_at, started_at, ended_at, "
		"intent_at) VALUES ('%s', 1, 'agt_x', '', 0, 0, 1, 1, 0, 0);",
		m->id[t][K_CHALLENGE], m->id[t][K_ACCOUNT], mark, m->id[t][K_TASK], m->id[t][K_JOB], mark, tenant,
		m->id[t][K_TASK]);
	SQL(m,
		"INSERT INTO users (id, tenant_id, login, name, created_by, created_at, updated_at) VALUES ('%s', "
		"'%s', "
		"'%s', '%s', 'test', 1, 1); INSERT INTO groups (id, tenant_id, name, created_by, created_at, "
		"updated_at) VALUES ('%s', '%s', '%s', 'test', 1, 1); INSERT INTO roles (id, tenant_id, name, "
		"scopes, "
		"created_by, created_at, updated_at) VALUES ('%s', '%s', '%s', '[]', 'test', 1, 1); INSERT INTO "
		"role_bindings (id, tenant_id, subject_id, role, created_by, created_at) VALUES ('%s', '%s', '%s', "
		"'viewer', '%s', 1); INSERT INTO auth_sessions (id, user_id, tenant_id, kind, address, agent, "
		"authenticated_at, created_at, seen_at, expires_at) VALUES ('%s', '%s', '%s', 'cookie', '', '%s', "
		"1, 1, "
		"1, 9000000000000);",
		m->id[t][K_USER], tenant, mark, mark, m->id[t][K_GROUP], tenant, mark, m->id[t][K_ROLE], tenant,
		mark, m->id[t][K_BINDING], tenant, m->id[t][K_USER], mark, m->id[t][K_SESSION], m->id[t][K_USER],
		tenant, mark);
	SQL(m,
		"INSERT INTO quotas (id, tenant_id, subject_kind, subject_id, resource, most, created_by, "
		"created_at, "
		"updated_at) VALUES ('%s', '%s', 'group', '%s', 'jobs.active', 1000, '%s', 1, 1);",
		m->id[t][K_QUOTA], tenant, m->id[t][K_GROUP], mark);
}

/* A content of one link, with the tenant's mark. */
static void plant_artifact(struct matrix *m, enum tenant t)
{
	const char *mark = matrix_marks[t];
	char text[200], id[65], dir[128], path[BLOBS_PATH_MAX];
	uint8_t sum[32];
	struct fault f;

	int n = snprintf(
		text, sizeof(text), "{\"files\":[\n{\"link\":\"x\",\"mode\":\"0777\",\"path\":\"%s\"}\n]}\n", mark);
	EVP_Digest(text, (size_t)n, sum, NULL, EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(id + 2 * i, 3, "%02x", sum[i]);
	snprintf(dir, sizeof(dir), "%s/data/artifacts", m->rig.dir);
	blobs_path(dir, id, path);
	*strrchr(path, '/') = 0;
	CHECK(file_mkdirs(path, 0700, &f) == RC_OK);
	blobs_path(dir, id, path);
	CHECK(file_write(path, text, (size_t)n, 0600, &f) == RC_OK);
	snprintf(m->id[t][K_ARTIFACT], 64, "art_%s", mark);
	SQL(m,
		"INSERT INTO contents (id, kind, bytes, files, state, created_at) VALUES ('%s', 'app', 0, 1, "
		"'whole', "
		"1); INSERT INTO artifacts (id, content_id, package_format, source, state, expires_at, labels, "
		"tenant_id, created_by, version, created_at, updated_at) VALUES ('%s', '%s', 'none', '{}', "
		"'ready', "
		"9000000000000, '{}', '%s', '%s', 1, 1, 1);",
		id, m->id[t][K_ARTIFACT], id, matrix_tenants[t], mark);
}

static void seed_tenant(struct matrix *m, enum tenant t)
{
	const char *mark = matrix_marks[t];
	char path[128];
	struct rig r = as(m, t);

	MAKE(m, t, K_ACCOUNT, "/v1/accounts", "{\"login\":\"%s\",\"labels\":{\"team\":\"all\",\"mark\":\"%s\"}}",
		mark, mark);
	snprintf(path, sizeof(path), "/v1/accounts/%s/secrets/password", m->id[t][K_ACCOUNT]);
	rig_expect(&r, 204, "PUT", path, "{\"value\":\"pass-word\"}");
	MAKE(m, t, K_JOB, "/v1/jobs",
		"{\"action\":\"session.login\",\"targets\":[\"%s\"],\"delaySeconds\":30000000}",
		m->id[t][K_ACCOUNT]);
	keep_first(m, t, K_TASK, "/v1/jobs/%s/tasks", m->id[t][K_JOB]);
	MAKE(m, t, K_SCHEDULE, "/v1/schedules",
		"{\"name\":\"same-name\",\"cron\":\"0 0 1 1 "
		"*\",\"enabled\":false,\"job\":{\"action\":\"session.login\","
		"\"targets\":[\"%s\"]}}",
		m->id[t][K_ACCOUNT]);
	MAKE(m, t, K_POLICY, "/v1/routing-policies", "{\"name\":\"same-name\",\"when\":{\"action\":\"%s.*\"}}",
		mark);
	MAKE(m, t, K_WEBHOOK, "/v1/webhooks",
		"{\"url\":\"https://%s.invalid/\",\"enabled\":false,\"types\":[\"job.*\"]}", mark);
	snprintf(path, sizeof(path), "/v1/webhooks/%s/test", m->id[t][K_WEBHOOK]);
	keep(m->id[t][K_DELIVERY], make(m, t, path, NULL));
	MAKE(m, t, K_TRIGGER, "/v1/triggers",
		"{\"name\":\"same-name\",\"enabled\":false,\"on\":{},\"action\":{\"webhookId\":\"%s\"}}",
		m->id[t][K_WEBHOOK]);
	MAKE(m, t, K_BATCH, "/v1/key-batches",
		"{\"name\":\"%s\",\"keys\":[{\"key\":\"AAAAA-BBBBB-CCCCC\",\"name\":\"%s\"}],\"candidates\":{"
		"\"accounts\":[\"%s\"]}}",
		mark, mark, m->id[t][K_ACCOUNT]);
	keep_first(m, t, K_GAME_KEY, "/v1/key-batches/%s/keys", m->id[t][K_BATCH]);
	MAKE(m, t, K_DOWNLOAD, "/v1/downloads",
		"{\"source\":{\"kind\":\"app\",\"appId\":%d},\"labels\":{\"mark\":\"%s\"}}", 480 + (int)t, mark);
	MAKE(m, t, K_API_KEY, "/v1/api-keys", "{\"name\":\"%s\",\"scopes\":[\"jobs:read\"]}", mark);
	MAKE(m, t, K_WATCH, "/v1/watches", "{\"store\":\"epic\",\"titleId\":\"%s\"}", mark);
	snprintf(m->id[t][K_TITLE], 64, "%s", mark);
	MAKE(m, t, K_POLL, "/v1/polls", "{\"selector\":{\"titles\":[\"%s\"]}}", mark);
	plant_rows(m, t);
	plant_artifact(m, t);
}

/* What belongs to the installation: the same for all tenants. */
static void seed_installation(struct matrix *m)
{
	static const struct {
		enum kind kind;
		const char *id;
	} words_of[] = { { K_AGENT, "agt_zz" }, { K_AUTHORITY, "aut_zz" }, { K_CERTIFICATE, "abcd" },
		{ K_BUDGET, "cm.login:egr_zz" }, { K_PROVIDER, "idp_zz" }, { K_TENANT, "ten_red" },
		{ K_ACTION, "agent.ping" }, { K_SECRET, "password" }, { K_SOURCE, "steam.pics" },
		{ K_STORE, "epic" }, { K_WORD, "zzword" } };
	char region[64], egress[64];

	keep(region, make(m, OWN, "/v1/regions", "{\"name\":\"eu\"}"));
	keep(egress, make(m, OWN, "/v1/egresses", "{\"name\":\"way\",\"kind\":\"direct\"}"));
	for (enum tenant t = OWN; t < TENANTS; t++) {
		snprintf(m->id[t][K_REGION], 64, "%s", region);
		snprintf(m->id[t][K_EGRESS], 64, "%s", egress);
		for (size_t i = 0; i < sizeof(words_of) / sizeof(*words_of); i++)
			snprintf(m->id[t][words_of[i].kind], 64, "%s", words_of[i].id);
	}
	SQL(m,
		"INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
		"last_seen_at, "
		"created_at, updated_at) VALUES ('agt_zz', '%s', 'x', 'disconnected', '1', '[]', '', 1, 1, 1); "
		"INSERT "
		"INTO identity_providers (id, tenant_id, kind, name, enabled, conf, created_by, created_at, "
		"updated_at) "
		"VALUES ('idp_zz', 'ten_default', 'oidc', 'zzidp', 0, '{}', 'test', 1, 1); INSERT INTO authorities "
		"(id, cert, state, created_at, expires_at) VALUES ('aut_zz', '', 'trusted', 1, 1); INSERT INTO "
		"certificates (serial, authority_id, kind, subject, created_by, created_at, expires_at) VALUES "
		"('abcd', 'aut_zz', 'server', 'x', 'test', 1, 1);",
		region);
}

void matrix_seed(struct matrix *m)
{
	char body[160];

	for (enum tenant t = OWN; t < TENANTS; t++) {
		snprintf(body, sizeof(body), "{\"name\":\"owner\",\"scopes\":[\"admin:*\"],\"tenantId\":\"%s\"}",
			matrix_tenants[t]);
		json_t *key = rig_expect(&m->rig, 201, "POST", "/v1/api-keys", body);
		snprintf(m->key[t], sizeof(m->key[t]), "%s", json_str(key, "secret"));
		json_decref(key);
	}
	seed_installation(m);
	for (enum tenant t = OWN; t < TENANTS; t++)
		seed_tenant(m, t);
}
