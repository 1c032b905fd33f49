/*
 * A store with little room: what is held for downloads and what is kept are never more than the mark together, at any commit, with many
 * downloads at once and kill -9 in between. What does not fit waits and goes on by itself when there is room; what never fits fails. What nobody
 * uses goes when somebody waits; what somebody has a right to stays. That the store is full is told once, and its end, too.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APP     790
#define ITEMS   5
#define ITEM(n) (7000 + (n))
#define BYTES   (5u << 20) /* of each but the last; a second one fits, a third does not */
#define LARGE   4          /* the last: has more than the store may have */
#define MARK    (16ll * 1048576 / 100 * 90)

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
		unsigned bytes = i == LARGE ? 3 * BYTES : BYTES;
		CHECK(shell("mkdir %1$s/item%2$u && head -c %3$u /dev/urandom >%1$s/item%2$u/content", r.dir, i,
			      bytes) == 0);
		fprintf(world,
			"depot %d app=%d manifest=%u key=auto dir=item%u kind=vsz\n"
			"workshop %u app=%d manifest=%u title=Item size=%u\n",
			APP, APP, 9200 + i, i, ITEM(i), APP, 9200 + i, bytes);
	}
	CHECK(fclose(world) == 0);
	rig_sim(&r, text, NULL);
	free(text);
}

static void serve(const char *max_mib)
{
	rig_serve(&r, (const char *const[]){ "--set", max_mib, "--set", "downloads.grace_s=3600", "--set",
			      "engine.lease_ms=2500", "--set", "engine.heartbeat_ms=400", "--set",
			      "lanes.limits=cm.connect=0,cm.login=0", "--set", "lanes.unsafe=true", NULL });
	rig_await_agents(&r, 1);
}

/* One statement sees one commit. Items have nothing in common: what contents have is what the store has. */
static void check_sum(void)
{
	long sum = atol(rig_sql(&r,
		"SELECT (SELECT COALESCE(SUM(store_bytes), 0) FROM downloads WHERE store_freed_at = 0) + (SELECT "
		"COALESCE(SUM(bytes), 0) FROM contents WHERE state = 'whole')"));

	if (sum > MARK)
		fprintf(stderr, "held and kept: %ld of %lld\n", sum, MARK);
	CHECK(sum <= MARK);
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
	CHECK(!strcmp(state, "failed") || strcmp(json_str(d, "state"), "failed") != 0);
	json_decref(d);
	check_sum();
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
		check_sum();
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
	char path[300];

	snprintf(path, sizeof(path), "/v1/artifacts?downloadId=%s", download_id);
	json_t *all = rig_expect(&r, 200, "GET", path, NULL);
	const json_t *one = json_array_get(json_object_get(all, "items"), 0);
	snprintf(path, sizeof(path), "/v1/artifacts/%s", json_str(one, "id"));
	struct rig_answer a = rig_call(&r, "DELETE", path, "If-Match: *", NULL);
	CHECK(a.status == 204);
	rig_answer_done(&a);
	json_decref(all);
}

static int count(char (*id)[64], const char *state, const char *reason)
{
	int n = 0;

	for (int i = 0; i < LARGE; i++)
		n += is(id[i], state, reason);
	return n;
}

/* As many as fit are there; the others wait. */
static void await_two(char (*id)[64])
{
	for (int i = 0; i < 1500 && count(id, "ready", NULL) < 2; i++)
		rig_sleep_ms(20);
	for (int i = 0; i < 500 && count(id, "queued", "disk") < 1; i++)
		rig_sleep_ms(20);
	CHECK(count(id, "ready", NULL) == 2 && count(id, "queued", NULL) == 2 && blobs() == 2);
}

/* Whose moment comes while they are all on their way. */
static void kill_in_the_middle(char (*id)[64])
{
	for (int i = 0; i < 1500 && count(id, "queued", NULL) == LARGE; i++)
		rig_sleep_ms(5);
	rig_stop(&r.server, SIGKILL);
	check_sum();
	serve("downloads.max_mib=16");
}

static void check_waiting(void)
{
	json_t *page = rig_expect(&r, 200, "GET", "/v1/events?limit=500&type=download.progress", NULL), *e;
	bool told = false;
	size_t k;

	json_array_foreach(json_object_get(page, "items"), k, e)
	{
		const json_t *w = json_object_get(json_object_get(e, "payload"), "waiting");
		told |= w && !strcmp(json_str(w, "reason"), "disk");
	}
	CHECK(told);
	json_decref(page);
}

/* What a ready one has goes; one of those that wait is ready then. */
static void make_room(char (*id)[64], bool *gone)
{
	int ready = count(id, "ready", NULL), i = 0;

	while (gone[i] || !is(id[i], "ready", NULL))
		i++;
	delete_artifact_of(id[i]);
	gone[i] = true;
	for (int n = 0; n < 1500 && count(id, "ready", NULL) == ready; n++)
		rig_sleep_ms(20);
	CHECK(count(id, "ready", NULL) == ready + 1 && blobs() == 2);
}

static void end_all(char (*id)[64], const bool *gone)
{
	char path[300];

	for (int i = 0; i < LARGE; i++) {
		snprintf(path, sizeof(path), "/v1/downloads/%s/cancel", id[i]);
		if (is(id[i], "queued", "disk"))
			json_decref(rig_expect(&r, 200, "POST", path, NULL));
		else if (!gone[i])
			delete_artifact_of(id[i]);
	}
}

static void never_fits(void)
{
	char id[64], path[300];

	ask(LARGE, id);
	becomes(id, "failed", NULL);
	snprintf(path, sizeof(path), "/v1/downloads/%s", id);
	json_t *d = rig_expect(&r, 200, "GET", path, NULL);
	CHECK_STR(json_str(d, "error.code"), "disk_full");
	CHECK(strstr(json_str(d, "error.detail"), "downloads.max_mib") != NULL);
	json_decref(d);
}

int main(void)
{
	char id[LARGE][64];
	bool gone[LARGE] = { 0 };

	rig_init(&r);
	snprintf(store, sizeof(store), "%s/data/artifacts", r.dir);
	start_steam();
	serve("downloads.max_mib=16");
	await_full(false);
	for (unsigned i = 0; i < LARGE; i++)
		ask(i, id[i]);
	kill_in_the_middle(id);
	await_two(id);
	check_waiting();

	/* With a lower mark it is full, which is told once. What is used is left alone, however full it is. */
	rig_stop(&r.server, SIGKILL);
	serve("downloads.max_mib=11");
	await_full(true);
	rig_sleep_ms(2200);
	await_two(id);
	check_told("f");
	rig_stop(&r.server, SIGKILL);
	serve("downloads.max_mib=16");
	await_full(false);
	check_told("fe");

	/* What nobody uses goes when somebody waits, long before its grace is over. */
	make_room(id, gone);
	json_t *s = storage();
	CHECK(json_int(s, "markBytes") == MARK);
	CHECK(json_int(s, "usedBytes") + json_int(s, "reservedBytes") >=
		2 * BYTES); /* before it is counted it is held */
	json_decref(s);

	/* When nobody waits there is no hurry: what nobody uses stays for the grace. */
	end_all(id, gone);
	never_fits();
	rig_sleep_ms(4000);
	CHECK(blobs() == 2);
	s = storage();
	CHECK(json_int(s, "reservedBytes") == 0 && json_int(s, "evictableBytes") >= 2 * BYTES);
	json_decref(s);
	rig_check_events(&r);
	rig_check_audit(&r);
	rig_done(&r);
	return 0;
}
