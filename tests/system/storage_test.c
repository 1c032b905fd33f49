/*
 * A store that is full: it is told once, nothing more is admitted, what nobody uses goes at once, and what somebody has a right to stays;
 * with room again that is told, too, and what waited goes on. Also for what comes from agents elsewhere, and over a kill -9.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APP     790
#define ITEMS   6
#define ITEM(n) (7000 + (n))
#define BYTES   (5u << 20) /* of each; three of them are 15 of 16 MiB */

static struct rig r;
static char store[128];

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

static void start_steam(void)
{
	char *text = NULL;
	size_t n = 0;
	FILE *world = open_memstream(&text, &n);

	CHECK(world);
	for (unsigned i = 0; i < ITEMS; i++) {
		CHECK(shell("mkdir %1$s/item%2$u && head -c %3$u /dev/urandom >%1$s/item%2$u/content", r.dir, i,
			      BYTES) == 0);
		fprintf(world,
			"depot %d app=%d manifest=%u key=auto dir=item%u kind=vsz\n"
			"workshop %u app=%d manifest=%u title=Item size=%u\n",
			APP, APP, 9200 + i, i, ITEM(i), APP, 9200 + i, BYTES);
	}
	CHECK(fclose(world) == 0);
	rig_sim(&r, text, NULL);
	free(text);
}

static void serve(void)
{
	rig_serve(&r, (const char *const[]){ "--set", "downloads.max_mib=16", "--set", "downloads.grace_s=3600",
			      "--set", "engine.lease_ms=2500", "--set", "engine.heartbeat_ms=400", NULL });
	rig_await_agents(&r, 1);
}

static void ask(unsigned item, char ret_id[static 64])
{
	char body[200], header[64];

	snprintf(header, sizeof(header), "Idempotency-Key: item-%u", item);
	snprintf(body, sizeof(body),
		"{\"source\":{\"kind\":\"workshop_item\",\"id\":\"%u\"},\"account\":{\"mode\":\"anonymous\"}}",
		ITEM(item));
	struct rig_answer a = rig_call(&r, "POST", "/v1/downloads", header, body);
	CHECK(a.status / 100 == 2);
	snprintf(ret_id, 64, "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
}

static bool is(const char *id, const char *state, const char *reason)
{
	char path[100];

	snprintf(path, sizeof(path), "/v1/downloads/%s", id);
	json_t *d = rig_expect(&r, 200, "GET", path, NULL);
	bool so = !strcmp(json_str(d, "state"), state) && (!reason || !strcmp(json_str(d, "reason"), reason));
	CHECK(strcmp(json_str(d, "state"), "failed") != 0);
	json_decref(d);
	return so;
}

static void becomes(const char *id, const char *state, const char *reason)
{
	for (int i = 0; i < 3000 && !is(id, state, reason); i++)
		rig_sleep_ms(20);
	CHECK(is(id, state, reason));
}

static json_t *storage(void) { return rig_expect(&r, 200, "GET", "/v1/storage", NULL); }

static void await_full(bool full)
{
	bool now = !full;

	for (int i = 0; i < 1500 && now != full; i++) {
		json_t *s = storage();
		now = json_is_true(json_object_get(s, "full"));
		CHECK(json_int(s, "totalBytes") <= 16 << 20 && json_int(s, "highPercent") == 90);
		CHECK(!now || json_int(s, "usedPercent") >= 85);
		json_decref(s);
		rig_sleep_ms(20);
	}
	CHECK(now == full);
}

/* What was told, in its order: "f" full, "e" with room again. */
static void check_told(const char *want)
{
	char told[16] = "";

	for (int i = 0; i < 500 && strcmp(told, want) != 0; i++, rig_sleep_ms(20)) {
		json_t *page = rig_expect(&r, 200, "GET", "/v1/events?limit=500&type=storage.watermark", NULL), *e;
		size_t k, n = 0;
		json_array_foreach(json_object_get(page, "items"), k,
			e) if (n < sizeof(told) - 1 && !strcmp(json_str(e, "type"), "storage.watermark"))
		{
			bool full = json_is_true(json_object_get(json_object_get(e, "payload"), "full"));
			CHECK((json_int(e, "payload.usedPercent") >= 85) == full);
			told[n++] = full ? 'f' : 'e';
		}
		told[n] = 0;
		json_decref(page);
	}
	CHECK_STR(told, want);
}

static int blobs(void)
{
	char cmd[300];
	int n = -1;

	snprintf(cmd, sizeof(cmd), "find %s/blobs -type f -size +4M | wc -l", store);
	FILE *p = popen(cmd, "r");
	CHECK(p && fscanf(p, "%d", &n) == 1);
	pclose(p);
	return n;
}

static void delete_artifact_of(const char *download_id)
{
	char path[200];

	snprintf(path, sizeof(path), "/v1/artifacts?downloadId=%s", download_id);
	json_t *all = rig_expect(&r, 200, "GET", path, NULL);
	const json_t *one = json_array_get(json_object_get(all, "items"), 0);
	snprintf(path, sizeof(path), "/v1/artifacts/%s", json_str(one, "id"));
	struct rig_answer a = rig_call(&r, "DELETE", path, "If-Match: *", NULL);
	CHECK(a.status == 204);
	rig_answer_done(&a);
	json_decref(all);
}

int main(void)
{
	char id[ITEMS][64];

	rig_init(&r);
	snprintf(store, sizeof(store), "%s/data/artifacts", r.dir);
	start_steam();
	serve();
	await_full(false);
	for (unsigned i = 0; i < 3; i++) {
		ask(i, id[i]);
		becomes(id[i], "ready", NULL);
	}
	await_full(true);
	check_told("f");
	ask(3, id[3]);
	becomes(id[3], "queued", "disk");

	/* It is full to one that was just started, too, and that is no news. What is used is left alone, however full it is. */
	rig_stop(&r.server, SIGKILL);
	serve();
	await_full(true);
	rig_sleep_ms(2500);
	CHECK(is(id[3], "queued", "disk") && blobs() == 3);
	check_told("f");

	/* What nobody uses goes, long before its grace is over; so one more may come. */
	delete_artifact_of(id[1]);
	becomes(id[3], "ready", NULL);
	await_full(true);
	check_told("fef");
	CHECK(blobs() == 3);
	ask(4, id[4]);
	becomes(id[4], "queued", "disk");
	delete_artifact_of(id[0]);
	delete_artifact_of(id[2]);
	becomes(id[4], "ready", NULL);
	await_full(false);
	check_told("fefe");
	CHECK(blobs() == 2);

	/* With room there is no hurry: what nobody uses stays for the grace. */
	delete_artifact_of(id[4]);
	rig_sleep_ms(5000);
	CHECK(blobs() == 2);
	rig_check_events(&r);
	rig_check_audit(&r);
	rig_done(&r);
	return 0;
}
