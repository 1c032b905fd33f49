/*
 * What the control plane says of itself: ready or not and why, at the moment when the disk fills up; health for dashboards; metrics in both
 * forms, as promtool reads them when it is there.
 */
#include "tests/system/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* readyz, which must answer with this; the body. */
static json_t *ready(const struct rig *r, int status, const char *query)
{
	char path[96];
	snprintf(path, sizeof(path), "/readyz%s", query);
	return rig_expect(r, status, "GET", path, NULL);
}

static void shape(const struct rig *r)
{
	static const char *const checks[][2] = { { "database", "latencyMs" }, { "disk", "freeBytes" },
		{ "writer", "waiting" }, { "queue", "connected" }, { "clock", "skewMs" }, { "keys", "usable" },
		{ "agents", "connected" }, { "draining", "requests" } };
	json_t *j = ready(r, 200, ""), *all = json_object_get(j, "checks");

	CHECK_STR(json_str(j, "status"), "ok");
	CHECK(json_object_size(all) == sizeof(checks) / sizeof(*checks));
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		const json_t *c = json_object_get(all, checks[i][0]);
		CHECK_STR(json_str(c, "status"), "ok");
		CHECK(json_is_number(json_object_get(c, checks[i][1])));
	}
	CHECK(json_int(j, "checks.keys.usable") == 1 && json_int(j, "checks.agents.connected") == 1);
	json_decref(j);
	j = ready(r, 200, "?exclude=agents,clock");
	CHECK(json_object_size(json_object_get(j, "checks")) == 6);
	json_decref(j);

	j = rig_expect(r, 200, "GET", "/v1/health", NULL);
	CHECK_STR(json_str(j, "status"), "ok");
	CHECK_STR(json_str(j, "services.database"), "connected");
	CHECK_STR(json_str(j, "services.steam"), "ready");
	CHECK_STR(json_str(j, "services.filesystem"), "writable");
	CHECK(json_int(j, "metrics.memory.used") > 0 &&
		json_int(j, "metrics.memory.total") > json_int(j, "metrics.memory.used"));
	CHECK(json_is_integer(json_object_get(json_object_get(j, "metrics"), "uptime")) &&
		json_is_integer(json_object_get(json_object_get(j, "metrics"), "activeJobs")));
	json_decref(j);
}

/* What is missing but not needed is degraded, and ready. */
static void agent_gone(struct rig *r)
{
	rig_stop(&r->server, SIGTERM);
	rig_serve(r, (const char *const[]){ "--no-agent", NULL });
	json_t *j = ready(r, 200, "");
	CHECK_STR(json_str(j, "status"), "degraded");
	CHECK_STR(json_str(j, "checks.agents.reason"), "none_connected");
	json_decref(j);
	j = ready(r, 200, "?exclude=agents");
	CHECK_STR(json_str(j, "status"), "ok");
	json_decref(j);
}

static void promtool(const struct rig *r, const char *text)
{
	char path[96], line[256];
	snprintf(path, sizeof(path), "%s/metrics", r->dir);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
	if (system("command -v promtool >/dev/null 2>&1") != 0) {
		puts("no promtool: its check is left out");
		return;
	}
	/* 3: it would name or explain something otherwise; 1: it cannot read it. */
	snprintf(line, sizeof(line), "promtool check metrics <%s >%s.said 2>&1; test $? -ne 1", path, path);
	CHECK(system(line) == 0);
}

static void metrics(const struct rig *r)
{
	for (int i = 0; i < 3; i++)
		json_decref(rig_post_job(r, "{\"action\":\"pics.changes\",\"payload\":{\"since\":1}}"));
	struct rig_answer a = rig_call(r, "GET", "/metrics", NULL, NULL);
	CHECK(a.status == 200 && !strncmp(rig_header(&a, "content-type"), "text/plain; version=0.0.4", 25));
	CHECK(strstr(a.text, "\nfootplate_tasks{status=\"queued\",action=\"pics.changes\",region=\"\"} 3\n"));
	CHECK(strstr(a.text, "# TYPE footplate_http_requests_total counter\n"));
	CHECK(strstr(a.text, "\nprocess_open_fds ") && strstr(a.text, "\nprocess_resident_memory_bytes ") &&
		strstr(a.text, "\nfootplate_audit_records_total "));
	promtool(r, a.text);
	rig_answer_done(&a);
	a = rig_call(r, "GET", "/metrics", "Accept: application/openmetrics-text; version=1.0.0, text/plain;q=0.5",
		NULL);
	CHECK(a.status == 200 &&
		!strncmp(rig_header(&a, "content-type"), "application/openmetrics-text; version=1.0.0", 43));
	CHECK(strstr(a.text, "# TYPE footplate_http_requests counter\n") &&
		strstr(a.text, "\nfootplate_http_requests_total{"));
	size_t n = strlen(a.text);
	CHECK(n > 6 && !strcmp(a.text + n - 6, "# EOF\n"));
	rig_answer_done(&a);
}

/* A small disk of our own; false: this machine does not let us have one. */
static bool small_disk(const struct rig *r, char path[static 96])
{
	snprintf(path, 96, "%s/data", r->dir);
	CHECK(mkdir(path, 0700) == 0);
	if (mount("none", path, "tmpfs", 0, "size=160m,mode=700") == 0)
		return true;
	printf("no disk of our own (%s): the full disk is left out\n", strerror(errno));
	rmdir(path);
	return false;
}

static void full_disk(const struct rig *r, const char *disk)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/filler", disk);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	CHECK(fd >= 0 && posix_fallocate(fd, 0, 120 << 20) == 0);
	json_t *j = ready(r, 503, ""); /* the next question already */
	CHECK_STR(json_str(j, "status"), "down");
	CHECK_STR(json_str(j, "checks.disk.reason"), "full");
	json_decref(j);
	j = rig_expect(r, 200, "GET", "/v1/health", NULL);
	CHECK_STR(json_str(j, "status"), "degraded");
	json_decref(j);
	json_decref(ready(r, 200, "?exclude=disk"));
	json_decref(rig_expect(r, 200, "GET", "/livez", NULL)); /* a restart would not help */
	CHECK(ftruncate(fd, 0) == 0);
	close(fd);
	json_decref(ready(r, 200, ""));
}

int main(void)
{
	char disk[96];
	struct rig r;

	rig_init(&r);
	bool small = small_disk(&r, disk);
	rig_serve(&r, NULL);
	rig_await_agents(&r, 1);
	shape(&r);
	if (small)
		full_disk(&r, disk);
	agent_gone(&r);
	metrics(&r);
	rig_stop(&r.server, SIGTERM);
	if (small)
		CHECK(umount(disk) == 0);
	rig_done(&r);
	return 0;
}
