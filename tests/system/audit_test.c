/*
 * The audit trail from outside: every change and every read of it leaves a record; refused calls do, too, and a flood of them does not
 * fill the disk; what callers send breaks no export; an export and the database are proven by the public key; what was told to
 * a file and a syslog shows that the end was cut off.
 */
#include "tests/system/rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOOD 400

static struct rig r;
static char anchors[128], syslog_url[64], out[16384];
static int syslog_fd;

static void open_syslog(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);

	syslog_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CHECK(syslog_fd >= 0 && bind(syslog_fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(getsockname(syslog_fd, (struct sockaddr *)&at, &n) == 0);
	snprintf(syslog_url, sizeof(syslog_url), "audit.anchor_syslog=udp://127.0.0.1:%d", ntohs(at.sin_port));
}

static int64_t count(const char *query)
{
	char path[300];
	snprintf(path, sizeof(path), "/v1/audit-records?limit=500&%s", query);
	json_t *page = rig_expect(&r, 200, "GET", path, NULL);
	int64_t n = (int64_t)json_array_size(json_object_get(page, "items"));
	json_decref(page);
	return n;
}

static json_t *new_key(const char *body, char headers[static 200])
{
	json_t *key = rig_expect(&r, 201, "POST", "/v1/api-keys", body);
	snprintf(headers, 200, "Authorization: Bearer %s\n", json_str(key, "secret"));
	return key;
}

static int status_of(const char *method, const char *path, const char *headers)
{
	struct rig_answer a = rig_call(&r, method, path, headers, NULL);
	int status = a.status;
	rig_answer_done(&a);
	return status;
}

/* What a caller can put into a record: it stays in its place. */
static void evil_words(void)
{
	struct rig_answer a = rig_call(&r, "POST", "/v1/accounts",
		"User-Agent: =cmd|' /C calc'!A0\",x\xe2\x80\xae\nX-Request-Id: evil", "{\"login\":\"evil\"}");
	CHECK(a.status == 201);
	rig_answer_done(&a);
	json_t *page = rig_expect(&r, 200, "GET", "/v1/audit-records?action=account.create", NULL);
	const json_t *rec = json_array_get(json_object_get(page, "items"), 0);
	CHECK(strstr(json_str(rec, "userAgent"), "\",x\\u{202e}") != NULL);
	CHECK_STR(json_str(rec, "requestId"), "evil");
	CHECK(strlen(json_str(rec, "after")) == 64 && strlen(json_str(rec, "traceId")) == 32);
	json_decref(page);
	a = rig_call(&r, "GET", "/v1/audit-export?format=csv&limit=10000", NULL, NULL);
	CHECK(a.status == 200 && strstr(a.text, ",\"'=cmd|' /C calc'!A0\"\",x\\u{202e}\""));
	for (const char *p = a.text; *p; p++)
		CHECK((unsigned char)*p >= 32 || *p == '\n' || (*p == '\r' && p[1] == '\n'));
	rig_answer_done(&a);
}

static void refused_calls(void)
{
	char reader[200], other[200], path[128];
	json_t *key = new_key("{\"name\":\"r\",\"scopes\":[\"jobs:read\"]}", reader);
	json_t *far = new_key(
		"{\"name\":\"f\",\"tenantId\":\"ten_far\",\"scopes\":[\"accounts:read\",\"audit:*\"]}", other);
	json_t *account = rig_expect(&r, 201, "POST", "/v1/accounts", "{\"login\":\"mine\"}");

	for (int i = 0; i < FLOOD; i++)
		CHECK(status_of("GET", "/v1/accounts", reader) == 403);
	snprintf(path, sizeof(path), "/v1/accounts/%s", json_str(account, "id"));
	CHECK(status_of("GET", path, other) == 404);
	snprintf(path, sizeof(path), "/v1/api-keys/%s/revoke", json_str(key, "id"));
	json_decref(rig_expect(&r, 200, "POST", path, NULL));
	CHECK(status_of("GET", "/v1/jobs", reader) == 401);
	CHECK(status_of("GET", "/v1/jobs", "Authorization: Bearer fp_live_nobody\n") == 401);
	rig_sleep_ms(300);
	snprintf(path, sizeof(path), "actor=key:%s&outcome=denied", json_str(key, "id"));
	int64_t n = count(path);
	CHECK(n == 10); /* of 401 */
	/* Another tenant's auditor sees their own denials, and nothing of ours. */
	struct rig_answer a = rig_call(&r, "GET", "/v1/audit-records", other, NULL);
	CHECK(a.status == 200 && strstr(a.text, "it is another tenant's") && !strstr(a.text, json_str(key, "id")));
	rig_answer_done(&a);
	CHECK(status_of("GET", "/v1/audit-proofs?record=1&checkpoint=1", other) == 404);
	CHECK(status_of("GET", "/v1/audit-export?complete=true", other) == 403);
	CHECK(status_of("GET", "/v1/audit-checkpoints", other) == 200);
	json_decref(account);
	json_decref(key);
	json_decref(far);
}

/* Reading is recorded before it is answered. */
static void reads(void)
{
	int64_t before = count("action=api.listAuditRecords");
	CHECK(count("action=api.listAuditRecords") == before + 1);
	json_decref(rig_expect(&r, 422, "GET", "/v1/audit-records?cursor=abc", NULL));
	json_decref(rig_expect(&r, 200, "GET", "/v1/audit-records?since=2100-01-01T00:00:00Z", NULL));
	CHECK(count("action=api.listAuditRecords&q=2100-01-01") == 1);
	CHECK(count("resource=nobody") == 0 && count("action=api_key.%25") == 0 && count("action=api_key.*") > 0);
	json_t *page = rig_expect(&r, 200, "GET", "/v1/audit-records?limit=1&action=account.create", NULL);
	int pages = 1;
	for (char path[200]; *json_str(page, "nextCursor"); pages++) {
		snprintf(path, sizeof(path), "/v1/audit-records?limit=1&action=account.create&cursor=%s",
			json_str(page, "nextCursor"));
		json_decref(page);
		page = rig_expect(&r, 200, "GET", path, NULL);
	}
	json_decref(page);
	CHECK(pages >= 2);
}

static void await_checkpoint(void)
{
	json_t *newest = rig_expect(&r, 200, "GET", "/v1/audit-checkpoints?limit=1", NULL);
	int64_t was = json_int(json_array_get(json_object_get(newest, "items"), 0), "number");
	json_decref(newest);
	json_decref(rig_expect(&r, 200, "GET", "/v1/audit-records?limit=1", NULL));
	for (int64_t is = was; is == was;) {
		rig_sleep_ms(50);
		newest = rig_expect(&r, 200, "GET", "/v1/audit-checkpoints?limit=1", NULL);
		is = json_int(json_array_get(json_object_get(newest, "items"), 0), "number");
		json_decref(newest);
	}
}

static void write_file(const char *name, const char *text)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", r.dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* An export is proven by the key and the checkpoints alone, and a word that was altered in it is seen. */
static void exported(void)
{
	char file[128], key[128], *at;
	struct rig_answer k = rig_call(&r, "GET", "/v1/audit-key", NULL, NULL);
	struct rig_answer a = rig_call(&r, "GET", "/v1/audit-export?complete=true&limit=10000", NULL, NULL);

	CHECK(k.status == 200 && a.status == 200);
	write_file("key", k.text);
	write_file("trail.jsonl", a.text);
	snprintf(file, sizeof(file), "%s/trail.jsonl", r.dir);
	snprintf(key, sizeof(key), "%s/key", r.dir);
	const char *const good[] = { "--export", file, "--anchors", anchors, "--key", key, NULL };
	CHECK(rig_audit(&r, good, out, sizeof(out)) == 0 && strstr(out, "the audit trail is whole"));
	CHECK((at = strstr(a.text, "account.create")) != NULL);
	at[0] = 'A';
	write_file("trail.jsonl", a.text);
	CHECK(rig_audit(&r, good, out, sizeof(out)) == 1);
	at[0] = 'a';
	CHECK((at = strstr(a.text, "\"words\":null")) != NULL);
	memcpy(at, "\"wordz\"", 7);
	write_file("trail.jsonl", a.text);
	CHECK(rig_audit(&r, good, out, sizeof(out)) == 1);
	const char *const no_key[] = { "--export", file, "--anchors", anchors, NULL };
	CHECK(rig_audit(&r, no_key, out, sizeof(out)) == 2);
	rig_answer_done(&a);
	rig_answer_done(&k);
}

static void proven(void)
{
	json_t *p = rig_expect(&r, 200, "GET", "/v1/audit-proofs?record=1&checkpoint=2", NULL);
	CHECK(json_int(p, "record") == 1 && json_int(p, "checkpoint.number") == 2);
	json_decref(p);
	json_decref(rig_expect(&r, 200, "GET", "/v1/audit-proofs?from=1&checkpoint=2", NULL));
	json_decref(rig_expect(&r, 409, "GET", "/v1/audit-proofs?from=2&checkpoint=1", NULL));
	json_decref(rig_expect(&r, 404, "GET", "/v1/audit-proofs?record=1&checkpoint=99999", NULL));
	json_decref(rig_expect(&r, 422, "GET", "/v1/audit-proofs?checkpoint=1", NULL));
}

/* The syslog heard what the file has. */
static void heard(void)
{
	char line[4096], path[128];
	ssize_t n = recv(syslog_fd, line, sizeof(line) - 1, MSG_DONTWAIT);

	CHECK(n > 0);
	line[n] = 0;
	CHECK(!strncmp(line, "<109>1 20", 9) && strstr(line, " footplate ") &&
		strstr(line, " audit-checkpoint - {\"note\":\"footplate-audit/"));
	for (ssize_t i = 0; i < n; i++)
		CHECK((unsigned char)line[i] >= 32);
	snprintf(path, sizeof(path), "%s/syslog", r.dir);
	write_file("syslog", line);
	const char *const with[] = { "--anchors", path, NULL };
	CHECK(rig_audit(&r, with, out, sizeof(out)) == 0);
}

/* The database in other hands. */
static void altered(void)
{
	char sql[200], size[32];
	const char *const with[] = { "--anchors", anchors, NULL };

	CHECK(rig_audit(&r, with, out, sizeof(out)) == 0);
	rig_sql(&r, "UPDATE audit SET actor = 'key:apk_x' WHERE seq = 7");
	CHECK(rig_audit(&r, NULL, out, sizeof(out)) == 1 && strstr(out, "record 7 is not as it was written") &&
		strstr(out, "the first wrong record is 7"));
	snprintf(size, sizeof(size), "%s", rig_sql(&r, "SELECT size FROM audit_head"));
	snprintf(sql, sizeof(sql), "DELETE FROM audit WHERE seq > %d", atoi(size) - 3);
	rig_sql(&r, sql);
	CHECK(rig_audit(&r, with, out, sizeof(out)) == 1 && strstr(out, "cut off"));
}

int main(void)
{
	rig_init(&r);
	open_syslog();
	snprintf(anchors, sizeof(anchors), "%s/anchors", r.dir);
	char file[160];
	snprintf(file, sizeof(file), "audit.anchor_file=%s", anchors);
	const char *const more[] = { "--no-agent", "--set", "audit.checkpoint_s=1", "--set", file, "--set",
		syslog_url, NULL };
	rig_serve(&r, more);
	evil_words();
	refused_calls();
	reads();
	await_checkpoint();
	await_checkpoint();
	rig_check_audit(&r); /* while it is written to */
	exported();
	proven();
	heard();
	rig_stop(&r.server, SIGTERM);
	altered();
	close(syslog_fd);
	rig_done(&r);
	return 0;
}
