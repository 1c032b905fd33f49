/* The room that downloads hold in the store: held and used are never more than the mark, at any commit, and what was held is given back once. */
#include "control/artifacts/storage.h"

#include "tests/unit/control/downloads_desk.h"

#include <stdlib.h>

#define MIB  1048576ll
#define MARK (64 * MIB / 100 * 90)

#define HELD()    number(DESK_QUERY("SELECT COALESCE(SUM(store_bytes), 0) FROM downloads"), NULL)
#define WAITS(id) text(DESK_QUERY("SELECT reason FROM downloads WHERE id = $1"), id)
#define HOLDS(id) number(DESK_QUERY("SELECT store_bytes FROM downloads WHERE id = $1"), id)

static void count(int64_t bytes, int64_t began_ms)
{
	desk_begin(&d);
	CHECK(storage_counted(&d.tx, (uint64_t)bytes, began_ms) == RC_OK);
	desk_commit(&d);
}

static void begin_share(void)
{
	begin();
	artifacts.max_bytes = 64 * MIB;
	artifacts.high_percent = 90;
}

static void check_sum(void)
{
	int64_t used = number(DESK_QUERY("SELECT bytes FROM storage_marks WHERE name = 'store'"), NULL);
	CHECK(HELD() + used <= MARK);
}

/* What nobody has counted yet may be full. */
static void not_counted(void)
{
	begin_share();
	const char *a = ask(1, "");
	CHECK_STR(STATE(a), "queued");
	CHECK_STR(WAITS(a), "disk");
	count(0, d.tx.now_ms);
	scans();
	CHECK_STR(STATE(a), "admitted");
	desk_close(&d);
}

/* A guess becomes what it needs, once its agent has told; another may come then. */
static void learned(void)
{
	begin_share();
	count(0, d.tx.now_ms);
	const char *a = ask(1, ""), *b = ask(2, "");
	CHECK(HOLDS(a) == MARK);
	CHECK(strstr(text(DESK_QUERY("SELECT payload FROM jobs"), NULL), "\"maxBytes\":\"5"));
	CHECK_STR(WAITS(b), "disk");
	CHECK(number(DESK_QUERY(
			     "SELECT COUNT(*) FROM events WHERE type = 'download.progress' AND data LIKE '%' || $1 "
			     "|| '%' AND data LIKE '%\"waiting\":{\"reason\":\"disk\"%'"),
		      b) == 1);
	scans(); /* that is told once */
	CHECK(number(DESK_QUERY(
			     "SELECT COUNT(*) FROM events WHERE type = 'download.progress' AND data LIKE '%' || $1 "
			     "|| '%'"),
		      b) == 1);
	starts(a);
	tells(a, "allocating", 10 * MIB, 0, 0);
	CHECK(HOLDS(a) == download_room(10 * MIB, 0, false));
	scans();
	CHECK_STR(STATE(b), "admitted");
	CHECK(HELD() == MARK);
	/* It is more than it was held for: it waits, as large as it is. */
	starts(b);
	tells(b, "allocating", 48 * MIB, 0, 0);
	stops(b);
	CHECK_STR(STATE(b), "queued");
	CHECK_STR(WAITS(b), "disk");
	CHECK(HOLDS(b) == 0 || number(DESK_QUERY("SELECT store_freed_at FROM downloads WHERE id = $1"), b) > 0);
	/* The other is over: its room is free when it was counted. */
	ends(a, 'a', 10);
	scans();
	CHECK_STR(STATE(b), "queued");
	count(1000, d.tx.now_ms - 1); /* before that */
	scans();
	CHECK_STR(STATE(b), "queued");
	count(1000, d.tx.now_ms);
	scans();
	CHECK_STR(STATE(b), "admitted");
	CHECK(HOLDS(a) == 0 && HOLDS(b) == download_room(48 * MIB, 0, false));
	desk_close(&d);
}

/* An agent that may not have so much says how much it is. What the store can never hold fails. */
static void too_large(void)
{
	begin_share();
	count(0, d.tx.now_ms);
	const char *a = ask(1, "\"limits\":{\"maxBytes\":20000000}"), *b = ask(2, "");
	starts(a);
	tells(a, "allocating", 10 * MIB, 0, 0);
	scans();
	starts(b);
	tells(b, "resolving", 70 * MIB, 0, 0);
	fails(b, "max_bytes");
	CHECK_STR(STATE(b), "failed");
	CHECK(strstr(text(DESK_QUERY("SELECT error FROM downloads WHERE id = $1"), b), "disk_full"));
	CHECK(strstr(text(DESK_QUERY("SELECT error FROM downloads WHERE id = $1"), b), "downloads.max_mib"));
	/* Its own limit is another matter. */
	count(0, d.tx.now_ms);
	tells(a, "downloading", 30 * MIB, 0, 0);
	fails(a, "max_bytes");
	CHECK(strstr(text(DESK_QUERY("SELECT error FROM downloads WHERE id = $1"), a), "max_bytes"));
	desk_close(&d);
}

static void paused(void)
{
	begin_share();
	count(0, d.tx.now_ms);
	const char *a = ask(1, "");
	starts(a);
	tells(a, "downloading", 40 * MIB, MIB, 10);
	CHECK(writes("pauseDownload", a, NULL) == RC_OK);
	stops(a);
	CHECK_STR(STATE(a), "paused");
	CHECK(HOLDS(a) == download_room(40 * MIB, 0, false));
	d.tx.now_ms += DOWNLOAD_PAUSE_KEEP_MS - 1000;
	scans();
	count(0, d.tx.now_ms);
	CHECK(HOLDS(a) == download_room(40 * MIB, 0, false));
	d.tx.now_ms += 2000;
	scans();
	count(0, d.tx.now_ms);
	CHECK(HOLDS(a) == 0);
	/* Nobody took it: it goes on. */
	CHECK(writes("resumeDownload", a, NULL) == RC_OK);
	CHECK_STR(STATE(a), "admitted");
	CHECK(HOLDS(a) == download_room(40 * MIB, 0, false));
	CHECK(writes("cancelDownload", a, NULL) == RC_OK);
	CHECK_STR(STATE(a), "canceled");
	count(0, d.tx.now_ms);
	CHECK(HELD() == 0);
	desk_close(&d);
}

/* What has a package takes twice as much, and each of its files some more. */
static void packed(void)
{
	begin_share();
	count(0, d.tx.now_ms);
	const char *a = ask(1, "\"package\":{\"format\":\"zip\"}");
	starts(a);
	tells(a, "allocating", 20 * MIB, 0, 0);
	CHECK(HOLDS(a) == 42 * MIB + MIB);
	desk_close(&d);
}

/* Any number of them, any end, in any order. */
static void many(void)
{
	enum { ALL = 40 };
	const char *ids[ALL];
	int64_t there = 0;
	unsigned over = 0, waited = 0;

	begin_share();
	count(0, d.tx.now_ms);
	srand(7);
	for (int i = 0; i < ALL; i++)
		ids[i] = strdup(ask(i + 1, i % 3 ? "" : "\"package\":{\"format\":\"zip\"}"));
	for (int step = 0; step < 4000 && over < ALL; step++) {
		const char *id = ids[rand() % ALL];
		int64_t size = (1 + rand() % 12) * MIB;
		d.tx.now_ms += 1000;
		if (*text(DESK_QUERY("SELECT wants FROM downloads WHERE id = $1"), id)) {
			stops(id);
		} else if (!strcmp(STATE(id), "admitted")) {
			starts(id);
		} else if (!strcmp(STATE(id), "resolving")) {
			tells(id, "allocating", (int)size, 0, 0);
		} else if (!strcmp(STATE(id), "allocating")) {
			int64_t had = HOLDS(id);
			if (rand() % 3 == 0) {
				fails(id, "not_found");
			} else {
				ends(id, "abcdef0123456789"[rand() % 16], 5);
				there += had / 3;
			}
			over++;
		}
		waited += !strcmp(WAITS(id), "disk");
		check_sum();
		if (rand() % 4 == 0) {
			there = there > 30 * MIB ? 0 : there; /* somebody cleaned up */
			count(there, d.tx.now_ms);
		}
		check_sum();
		scans();
		check_sum();
	}
	count(0, d.tx.now_ms);
	CHECK(over == ALL && waited > 0 && HELD() == 0);
	for (int i = 0; i < ALL; i++)
		free((char *)ids[i]);
	desk_close(&d);
}

/* Without a share: the disk. What an agent beside the store has of it is used, and not held as well. */
static void beside(void)
{
	struct storage_room with, without;

	begin();
	const char *a = ask(1, "");
	starts(a);
	tells(a, "allocating", 10 * MIB, 0, 0);
	desk_begin(&d);
	CHECK(storage_room(&d.tx, NULL, &with) == RC_OK && storage_room(&d.tx, a, &without) == RC_OK);
	CHECK(with.reserved == download_room(10 * MIB, 0, false) && without.reserved == 0);
	does(DESK_QUERY("UPDATE downloads SET here_bytes = 10485760"), NULL, NULL, NULL);
	CHECK(storage_room(&d.tx, NULL, &with) == RC_OK);
	CHECK(with.reserved == download_room(10 * MIB, 0, false) - 10 * MIB);
	desk_commit(&d);
	fails(a, "integrity");
	CHECK(HELD() == 0);
	desk_close(&d);
}

int main(void)
{
	char rm[128];

	snprintf(store_dir, sizeof(store_dir), "/tmp/footplate-rooms-XXXXXX");
	CHECK(mkdtemp(store_dir));
	not_counted();
	learned();
	too_large();
	paused();
	packed();
	many();
	beside();
	snprintf(rm, sizeof(rm), "rm -rf '%s'", store_dir);
	return system(rm);
}
