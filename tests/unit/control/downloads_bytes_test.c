/* The bytes of downloads: what is reserved and used never exceeds a limit together, and is settled exactly, whatever ends how. */
#include "tests/unit/control/downloads_desk.h"

#define MOST 50000000

static uint32_t seed = 7;
static uint32_t roll(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* Reserved and used never exceed the limit at a commit; at the end what was used is what was sent, to the byte. */
static void exact_bytes(void)
{
	const char *ids[40];
	int over = 0, waited = 0;

	begin();
	key("apk_1", "ten_default", 8, 50000000, 0);
	for (int i = 0; i < 40; i++)
		ids[i] = strdup(ask(i, "\"limits\":{\"maxBytes\":4000000}"));
	for (int round = 0; over < 40 && round < 4000; round++) {
		int i = (int)roll(40), sent = (int)roll(4000000);
		const char *state = STATE(ids[i]);
		CHECK(BYTES_USED() <= MOST);
		if (!strcmp(state, "queued")) {
			if (RUNNING() == 0) { /* all wait for the next day */
				waited++;
				CHECK(number(DESK_QUERY("SELECT MIN(not_before) FROM downloads WHERE state = "
							"'queued'"),
					      NULL) %
						86400000 ==
					0);
				d.tx.now_ms = number(
					DESK_QUERY("SELECT MIN(not_before) FROM downloads WHERE state = 'queued'"),
					NULL);
			}
			scans();
			continue;
		}
		if (strcmp(state, "admitted") != 0 && strcmp(state, "downloading") != 0 &&
			strcmp(state, "resolving") != 0)
			continue;
		switch (roll(5)) {
		case 0: /* killed before the commit: nothing of it happened */
			desk_begin(&d);
			ends_within(ids[i], 'a', sent);
			desk_again(&d);
			CHECK_STR(STATE(ids[i]), state);
			break;
		case 1:
			fails(ids[i], "stalled");
			over++;
			break;
		case 2:
			if (!strcmp(state, "admitted"))
				starts(ids[i]);
			tells(ids[i], "downloading", 4000000, sent, sent);
			break;
		default:
			ends(ids[i], 'a', sent);
			over++;
			desk_again(&d);
		}
	}
	CHECK(over == 40 && waited > 0);
	CHECK(BYTES_HELD() == 0);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE settled_bytes <> network_bytes OR "
				"reserved_bytes <> 0"),
		      NULL) == 0);
	CHECK(number(DESK_QUERY("SELECT bytes_total - (SELECT SUM(settled_bytes) FROM downloads) FROM api_keys "
				"WHERE id = "
				"'apk_1'"),
		      NULL) == 0);
	/* Of this day: what was sent by those that were admitted in it. */
	CHECK(BYTES_USED() <= MOST);
	for (int i = 0; i < 40; i++)
		free((char *)ids[i]);
	desk_close(&d);
}

static void over_quota(void)
{
	begin();
	key("apk_1", "ten_default", 0, 10000000, 0);
	/* Nobody knows how much it is: all that is left is reserved, and the agent may fetch no more than that. */
	const char *a = ask(1, "");
	CHECK(BYTES_HELD() <= 10000000 && BYTES_HELD() > 9000000);
	CHECK(strstr(text(DESK_QUERY("SELECT payload FROM jobs"), NULL), "\"maxBytes\":\"8"));
	const char *b = ask(2, "");
	CHECK_STR(STATE(b), "queued");
	CHECK_STR(text(DESK_QUERY("SELECT reason FROM downloads WHERE id = $1"), b), "quota");
	CHECK(number(DESK_QUERY("SELECT not_before FROM downloads WHERE id = $1"), b) ==
		download_period_end(DOWNLOAD_DAY, d.tx.now_ms));
	CHECK(writes("createDownload", NULL,
		      "{\"source\":{\"kind\":\"workshop_item\",\"id\":\"3\"},\"onQuota\":\"reject\"}") == RC_OK);
	/* It turns out to be more than may be had at all. */
	starts(a);
	tells(a, "resolving", 20000000, 0, 0);
	fails(a, "max_bytes");
	CHECK_STR(STATE(a), "failed");
	CHECK(strstr(text(DESK_QUERY("SELECT error FROM downloads WHERE id = $1"), a), "quota_exceeded") != NULL);
	CHECK(BYTES_HELD() == 0 && BYTES_USED() == 0);
	d.tx.now_ms = download_period_end(DOWNLOAD_DAY, d.tx.now_ms);
	scans();
	CHECK_STR(STATE(b), "admitted");
	ends(b, 'b', 9999999 - 100);
	CHECK(BYTES_USED() == 9999899);
	const char *c = ask(4, "");
	CHECK_STR(STATE(c), "queued");
	desk_begin(&d);
	does(DESK_QUERY("UPDATE download_windows SET used = 10000000"), NULL, NULL, NULL);
	desk_commit(&d);
	CHECK(writes("createDownload", NULL,
		      "{\"source\":{\"kind\":\"workshop_item\",\"id\":\"5\"},\"onQuota\":\"reject\"}") == RC_QUOTA);
	desk_close(&d);
}

/* A paused one keeps what it reserved for a day. */
static void paused_bytes(void)
{
	begin();
	key("apk_1", "ten_default", 0, 0, 10000000);
	const char *a = ask(1, "\"limits\":{\"maxBytes\":1000000}");
	int64_t held = BYTES_HELD();
	CHECK(held == download_reserve(1000000));
	starts(a);
	tells(a, "downloading", 900000, 300000, 300000);
	CHECK(writes("pauseDownload", a, NULL) == RC_OK);
	stops(a);
	CHECK(BYTES_HELD() == held);
	held = download_reserve(900000); /* by now it is known */
	CHECK(writes("resumeDownload", a, NULL) == RC_OK && BYTES_HELD() == held);
	CHECK(number(DESK_QUERY("SELECT used FROM download_windows WHERE limit_id = 'apk_1/month'"), NULL) ==
		held + 300000);
	starts(a);
	tells(a, "downloading", 900000, 400000, 100000); /* another run: it fetched a third part more */
	CHECK(writes("pauseDownload", a, NULL) == RC_OK);
	stops(a);
	d.tx.now_ms += 86400001;
	scans();
	CHECK(BYTES_HELD() == 0);
	CHECK(number(DESK_QUERY("SELECT used FROM download_windows WHERE limit_id = 'apk_1/month'"), NULL) ==
		400000);
	CHECK(writes("resumeDownload", a, NULL) == RC_OK);
	ends(a, 'a', 500000);
	CHECK(number(DESK_QUERY("SELECT used FROM download_windows WHERE limit_id = 'apk_1/month'"), NULL) ==
		900000);
	CHECK(number(DESK_QUERY("SELECT settled_bytes FROM downloads"), NULL) == 900000);
	desk_close(&d);
}

/* One that is canceled gives its slot to the next, and what it reserved back: while it runs, paused, or when it waits. */
static void canceled_bytes(void)
{
	begin();
	key("apk_1", "ten_default", 1, 0, 10000000);
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO quotas (id, tenant_id, subject_kind, subject_id, resource, most, created_by, "
			"created_at, updated_at) VALUES ('quo_1', 'ten_default', 'tenant', 'ten_default', "
			"'downloads.active', 1, 't', 1, 1)"),
		NULL, NULL, NULL);
	desk_commit(&d);
	const char *a = ask(1, "\"limits\":{\"maxBytes\":1000000}"),
		   *b = ask(2, "\"limits\":{\"maxBytes\":2000000}"), *c = ask(3, "");
	starts(a);
	tells(a, "downloading", 900000, 300000, 300000);
	CHECK(writes("cancelDownload", a, NULL) == RC_OK);
	CHECK_STR(STATE(b), "queued"); /* not before its agent has stopped */
	stops(a);
	CHECK_STR(STATE(a), "canceled");
	CHECK_STR(STATE(b), "admitted");
	CHECK(BYTES_HELD() == download_reserve(2000000));
	CHECK(number(DESK_QUERY("SELECT used FROM quotas WHERE id = 'quo_1'"), NULL) == 1);
	CHECK(writes("cancelDownload", c, NULL) == RC_OK && BYTES_HELD() == download_reserve(2000000));

	starts(b);
	tells(b, "downloading", 2000000, 200000, 200000);
	CHECK(writes("pauseDownload", b, NULL) == RC_OK);
	stops(b);
	CHECK(BYTES_HELD() > 0);
	CHECK(number(DESK_QUERY("SELECT used FROM quotas WHERE id = 'quo_1'"), NULL) == 0);
	CHECK(writes("cancelDownload", b, NULL) == RC_OK && BYTES_HELD() == 0);
	CHECK_STR(STATE(b), "canceled");
	CHECK(number(DESK_QUERY("SELECT used FROM download_windows WHERE limit_id = 'apk_1/month'"), NULL) ==
		500000);
	desk_close(&d);
}

static void runs_out(void)
{
	begin();
	const char *a = ask(1, "\"limits\":{\"maxRuntimeSeconds\":60}");
	starts(a);
	d.tx.now_ms += 59000;
	scans();
	CHECK_STR(STATE(a), "resolving");
	d.tx.now_ms += 2000;
	scans();
	stops(a);
	CHECK_STR(STATE(a), "failed");
	CHECK(strstr(text(DESK_QUERY("SELECT error FROM downloads WHERE id = $1"), a), "max_runtime") != NULL);
	/* A full disk and a throttled store are waited for. */
	const char *b = ask(2, "");
	fails(b, "disk_full");
	CHECK_STR(text(DESK_QUERY("SELECT reason FROM downloads WHERE id = $1"), b), "disk");
	d.tx.now_ms += DOWNLOAD_END_REST_MS + 1;
	scans();
	CHECK_STR(STATE(b), "admitted");
	/* What the store does not have is no artifact. */
	struct moves_task t = { 0 };
	desk_begin(&d);
	task_of(b, &t);
	CHECK(moves_lease(&d.tx, &t, "agt_1") == RC_OK && moves_start(&d.tx, &t) == RC_OK);
	CHECK(moves_succeed(&d.tx, &t,
		      "{\"contentId\":\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"}") ==
		RC_OK);
	desk_commit(&d);
	CHECK_STR(STATE(b), "failed");
	desk_close(&d);
}

int main(void)
{
	snprintf(store_dir, sizeof(store_dir), "/tmp/footplate-downloads-XXXXXX");
	CHECK(mkdtemp(store_dir));
	exact_bytes();
	over_quota();
	paused_bytes();
	canceled_bytes();
	runs_out();
	char rm[128];
	snprintf(rm, sizeof(rm), "rm -rf '%s'", store_dir);
	return system(rm);
}
