/*
 * Who hears of a download: those who follow another's hear how far it is, each at most twice a second and only of their own; its webhook
 * hears of its end and of nothing else, whatever it asks for, and nobody else's does. And as many are fetched at once as the setting says.
 */
#include "base/metric.h"
#include "control/downloads/download_tunes.h"
#include "control/engine/dispatch.h"
#include "control/webhooks/webhook_fill.h"

#include "tests/unit/control/downloads_desk.h"

#define PROGRESS(id)                                                                                              \
	number(DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'download.progress' AND data LIKE '%' || $1 " \
			  "|| '%'"),                                                                              \
		id)

static void hears(void)
{
	begin();
	const char *leads = strdup(ask(1, "")), *follows = strdup(ask(1, ""));
	d.tx.tenant_id = "ten_b";
	const char *theirs = strdup(ask(1, ""));
	d.tx.tenant_id = NULL;
	CHECK_STR(STATE(follows), "attached");
	starts(leads);
	tells(leads, "downloading", 1000, 100, 100);
	CHECK(PROGRESS(leads) == 1 && PROGRESS(follows) == 1 && PROGRESS(theirs) == 1);
	for (int i = 0; i < 20; i++) { /* two seconds */
		d.tx.now_ms += 100;
		tells(leads, "downloading", 1000, 100 + i, 100 + i);
	}
	CHECK(PROGRESS(leads) == 5 && PROGRESS(follows) == 5 && PROGRESS(theirs) == 5);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'download.progress' AND tenant_id = "
				"'ten_b' AND "
				"data LIKE '%' || $1 || '%' AND data LIKE '%\"bytesDone\":1%'"),
		      theirs) == 5);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM events WHERE tenant_id = 'ten_b' AND data LIKE '%' || $1 || "
				"'%'"),
		      leads) <= 1); /* that it is attached to it; never what becomes of it */
	CHECK(writes("cancelDownload", follows, NULL) == RC_OK);
	d.tx.now_ms += 1000;
	tells(leads, "downloading", 1000, 200, 200);
	CHECK(PROGRESS(follows) == 5 && PROGRESS(theirs) == 6);
	ends(leads, 'a', 1000);
	CHECK_STR(STATE(theirs), "ready");
	free((char *)leads);
	free((char *)follows);
	free((char *)theirs);
	desk_close(&d);
}

/* More than are told at once: they take turns, and none is left out. */
static void many_hear(void)
{
	begin();
	const char *leads = strdup(ask(1, ""));
	for (int i = 0; i < DOWNLOAD_PROGRESS_FOLLOWERS + 10; i++)
		ask(1, "");
	starts(leads);
	tells(leads, "downloading", 1000, 100, 100);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE state = 'attached' AND told_at > 0"), NULL) ==
		DOWNLOAD_PROGRESS_FOLLOWERS);
	d.tx.now_ms += 600;
	tells(leads, "downloading", 1000, 200, 200);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE state = 'attached' AND told_at = 0"), NULL) ==
		0);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'download.progress'"), NULL) ==
		2 * (DOWNLOAD_PROGRESS_FOLLOWERS + 1));
	free((char *)leads);
	desk_close(&d);
}

static void put_webhook(const char *id, const char *tenant, const char *types)
{
	static const struct store_query add = {
		.sql = "INSERT INTO webhooks (id, url, types, enabled, thin, pos, failing_since, last_status, "
		       "last_at, "
		       "public_key, old_until, version, created_at, updated_at, tenant_id, created_by) VALUES ($1, "
		       "'https://x.invalid/', $3, 1, 0, 0, 0, 0, 0, 'k', 0, 1, 1, 1, $2, 'key:apk_1')"
	};
	desk_begin(&d);
	does(&add, id, tenant, types);
	desk_commit(&d);
}

static void fill(void)
{
	bool more = true;

	desk_begin(&d);
	while (more)
		CHECK(webhook_fill(&d.tx, &more) == RC_OK);
	desk_commit(&d);
}

static void not_its(const char *more)
{
	char body[300];

	snprintf(body, sizeof(body), "{\"source\":{\"kind\":\"workshop_item\",\"id\":\"9\"},%s}", more);
	CHECK(writes("createDownload", NULL, body) == RC_INVALID);
	CHECK_STR(reader.problems[0].pointer, "/callback/webhookId");
}

static void called_back(void)
{
	begin();
	put_webhook("whk_1", "ten_default", "[\"job.*\"]");
	put_webhook("whk_2", "ten_default", "[\"download.*\"]");
	put_webhook("whk_3", "ten_b", "[\"job.*\"]");
	not_its("\"callback\":{\"webhookId\":\"whk_3\"}");
	not_its("\"callback\":{\"webhookId\":\"whk_none\"}");
	const char *one = strdup(ask(1, "\"callback\":{\"webhookId\":\"whk_1\"}"));
	const char *all = strdup(ask(2, "\"callback\":{\"webhookId\":\"whk_2\"}"));
	const char *none = strdup(ask(3, "\"labels\":{\"x\":\"callbackWebhookId whk_1\"}"));
	starts(one);
	tells(one, "downloading", 1000, 100, 100);
	fill();
#define TOLD(hook) number(DESK_QUERY("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1"), hook)
#define ENDS(hook)                                                                                       \
	number(DESK_QUERY("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND body LIKE " \
			  "'%\"callbackWebhookId\":\"' || $1 || '\"%'"),                                 \
		hook)
	CHECK(TOLD("whk_1") == 0);
	ends(one, 'a', 1000);
	ends(all, 'b', 1000);
	fails(none, "internal");
	fill();
	CHECK(TOLD("whk_1") == 1 && ENDS("whk_1") == 1);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = 'whk_1' AND type = "
				"'download.state_changed' AND body LIKE '%\"state\":\"ready\"%' AND body LIKE '%' "
				"|| $1 || '%'"),
		      one) == 1);
	CHECK(ENDS("whk_2") == 1); /* its filter names it, too: once all the same */
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = 'whk_2' AND body LIKE "
				"'%\"was\":%\"state\":\"ready\"%' AND body LIKE '%' || $1 || '%'"),
		      all) == 1);
	CHECK(TOLD("whk_3") == 0);
	d.tx.now_ms += 8 * 86400000ll;
	scans(); /* it has expired: that is not its end */
	CHECK_STR(STATE(one), "expired");
	fill();
	CHECK(TOLD("whk_1") == 1);
	free((char *)one);
	free((char *)all);
	free((char *)none);
	desk_close(&d);
}

static void as_many(void)
{
	begin();
	d.conf.download_slots = 3;
	const char *first = strdup(ask(1, ""));
	for (int i = 2; i <= 6; i++)
		ask(i, "");
	CHECK(RUNNING() == 3 && COUNT("queued") == 3);
	d.conf.download_slots = 2; /* a start with less: those that run go on, no other begins */
	ends(first, 'a', 10);
	CHECK(RUNNING() == 2 && COUNT("queued") == 3);
	d.conf.download_slots = 4;
	scans();
	CHECK(RUNNING() == 4 && COUNT("queued") == 1);
	d.conf.download_slots = 0;
	free((char *)first);
	desk_close(&d);
}

static void set_agent(const char *id, int64_t downloads)
{
	static const struct store_query set = {
		.sql = "INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
		       "last_seen_at, created_at, updated_at, capacity, downloads, lease_until) VALUES ($1, "
		       "'rgn_1', "
		       "$1, 'connected', '1', '[]', '', 1, 1, 1, 32, $2, $3) ON CONFLICT (id) DO UPDATE SET "
		       "capacity = "
		       "32, downloads = excluded.downloads, lease_until = excluded.lease_until"
	};
	desk_begin(&d);
	CHECK(store_do(d.tx.db, &set, STORE_ARGS(store_text(id), store_int(downloads), store_int(INT64_MAX)),
		      &d.fault) == RC_OK);
	desk_commit(&d);
}

/* Both offer all their room; how many each got. */
static void hand_out(size_t *first, size_t *second)
{
	const struct dispatch_offer offers[] = { { "agt_1", "rgn_1", ",download.run,", 32 },
		{ "agt_2", "rgn_1", ",download.run,", 32 } };
	struct field_list list = { 0 };
	bool more;

	desk_begin(&d);
	CHECK(dispatch_lease(&d.tx, offers, 2, &list, &more) == RC_OK);
	const struct dispatch_grant *g = list.at;
	for (size_t i = 0; i < list.n; i++)
		++*(g[i].offer ? second : first);
	desk_commit(&d);
}

/* An agent gets no more than it takes, and no more are admitted than all of them take. */
static void per_agent(void)
{
	size_t first = 0, second = 0;

	begin();
	set_agent("agt_1", 1);
	set_agent("agt_2", 3);
	for (int i = 1; i <= 10; i++)
		ask(i, "");
	CHECK(RUNNING() == 4 && COUNT("queued") == 6);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE state = 'queued' AND reason = 'concurrency'"),
		      NULL) == 6);
	hand_out(&first, &second);
	CHECK(first == 1 && second == 3);
	/* Another that takes what it has room for: without a number of its own it is as many as tasks. */
	set_agent("agt_1", 0);
	scans();
	CHECK(RUNNING() == 10);
	hand_out(&first, &second);
	CHECK(first == 7 && second == 3);
	desk_close(&d);
}

/* What is set while an agent has it is to be told to that agent, until the next task says it itself. */
static void tuned(void)
{
	struct field_list l = { 0 };

	begin();
	desk_begin(&d);
	does(DESK_QUERY("UPDATE agents SET instance_id = $1 WHERE id = 'agt_1'"), d.control.instance_id, NULL,
		NULL);
	desk_commit(&d);
	const char *id = ask(1, "");
	starts(id);
	desk_begin(&d);
	CHECK(download_tunes_list(&d.tx, 10, &l) == RC_OK && l.n == 0);
	desk_commit(&d);
	d.tx.cancels = false;
	CHECK(writes("updateDownload", id, "{\"priority\":7}") == RC_OK && !d.tx.cancels);
	CHECK(writes("updateDownload", id, "{\"bandwidthLimitBps\":5000}") == RC_OK && d.tx.cancels);
	desk_begin(&d);
	CHECK(download_tunes_list(&d.tx, 10, &l) == RC_OK && l.n == 1);
	const struct download_tune *t = l.at;
	CHECK(t->bps == 5000 && t->attempt == 1);
	CHECK_STR(t->agent_id, "agt_1");
	desk_commit(&d);
	CHECK(writes("pauseDownload", id, NULL) == RC_OK);
	stops(id);
	CHECK(writes("resumeDownload", id, NULL) == RC_OK);
	starts(id);
	desk_begin(&d);
	CHECK(download_tunes_list(&d.tx, 10, &l) == RC_OK && l.n == 0);
	desk_commit(&d);
	desk_close(&d);
}

/* ---- errors of chunks ---- */

static long counted(const char *metric, const char *code)
{
	struct buf b = { 0 };
	char line[128];

	metric_write(d.control.metrics, &b);
	int n = snprintf(line, sizeof(line), "\n%s{code=\"%s\"} ", metric, code);
	const char *at = strstr(buf_text(&b), line);
	long value = at ? atol(at + n) : 0;
	buf_done(&b);
	return value;
}
#define CHUNK_ERRORS(code) counted("depot_chunk_errors_total", code)

static void tells_errors(const char *id, int network, const char *errors)
{
	struct moves_task t = { 0 };
	char data[300];

	snprintf(data, sizeof(data),
		"{\"state\":\"downloading\",\"bytesTotal\":\"1000\",\"bytesNetwork\":\"%d\",\"chunkErrors\":%s}",
		network, errors);
	desk_begin(&d);
	task_of(id, &t);
	CHECK(download_progress_fold(&d.tx, &t, data) == RC_OK);
	desk_commit(&d);
}

static void ends_with_errors(const char *id, const char *errors)
{
	struct moves_task t = { 0 };
	char result[300];

	snprintf(result, sizeof(result),
		"{\"contentId\":\"%s\",\"bytes\":\"1000\",\"files\":\"1\",\"bytesNetwork\":\"1000\","
		"\"chunkErrors\":%s}",
		content('a'), errors);
	desk_begin(&d);
	task_of(id, &t);
	CHECK(moves_succeed(&d.tx, &t, result) == RC_OK);
	desk_commit(&d);
}

/* Each is counted once, by its code, over reports, attempts and the end; no agent makes a code up. */
static void chunk_errors(void)
{
	begin();
	const char *id = strdup(ask(1, ""));
	starts(id);
	tells_errors(id, 100, "{\"http403\":3,\"madeUp\":9}");
	tells_errors(id, 100, "{\"http403\":3}");
	CHECK(CHUNK_ERRORS("http_403") == 3 && CHUNK_ERRORS("made_up") == 0);
	tells_errors(id, 100, "{\"http403\":4,\"badHash\":1}");
	CHECK(CHUNK_ERRORS("http_403") == 4 && CHUNK_ERRORS("bad_hash") == 1);
	CHECK(calls("getDownload", id, NULL, NULL) == RC_OK);
	CHECK_STR(got("progress.chunkErrors.http403"), "4");
	CHECK_STR(got("progress.chunkErrors.badHash"), "1");
	tells_errors(id, 100, "{\"http403\":\"many\"}"); /* it does not count */
	CHECK(CHUNK_ERRORS("http_403") == 4);

	/* Another attempt counts from nothing. */
	CHECK(writes("pauseDownload", id, NULL) == RC_OK);
	stops(id);
	CHECK(writes("resumeDownload", id, NULL) == RC_OK);
	starts(id);
	tells_errors(id, 0, "{\"http403\":5,\"badHash\":1}");
	CHECK(CHUNK_ERRORS("http_403") == 9 && CHUNK_ERRORS("bad_hash") == 2);
	ends_with_errors(id, "{\"http403\":5,\"badHash\":1,\"timeout\":2}");
	CHECK_STR(STATE(id), "ready");
	CHECK(CHUNK_ERRORS("http_403") == 9 && CHUNK_ERRORS("bad_hash") == 2 && CHUNK_ERRORS("timeout") == 2);

	/* One that ends badly is a failure, and no error of a chunk. */
	const char *bad = strdup(ask(2, "")), *odd = strdup(ask(3, ""));
	fails(bad, "integrity");
	fails(odd, "made_up");
	CHECK(counted("depot_download_failures_total", "integrity") == 1 && CHUNK_ERRORS("integrity") == 0);
	CHECK(counted("depot_download_failures_total", "other") == 1);
	free((char *)id);
	free((char *)bad);
	free((char *)odd);
	desk_close(&d);
}

/* The engine has the same task tried again: its agent counts anew, also when no byte had come. */
static void chunk_errors_again(void)
{
	struct moves_task t = { 0 };

	begin();
	const char *id = strdup(ask(1, ""));
	starts(id);
	tells_errors(id, 0, "{\"connect\":2}");
	desk_begin(&d);
	task_of(id, &t);
	CHECK(moves_fail(&d.tx, &t, moves_error(&d.tx, "cdn_unavailable", "", true),
		      (struct task_failure){ .retryable = true }) == RC_OK);
	desk_commit(&d);
	CHECK_STR(STATE(id), "admitted");
	starts(id);
	tells_errors(id, 0, "{\"connect\":3}");
	CHECK(CHUNK_ERRORS("connect") == 5);
	free((char *)id);
	desk_close(&d);
}

int main(void)
{
	char rm[128];

	snprintf(store_dir, sizeof(store_dir), "/tmp/footplate-downloads-XXXXXX");
	CHECK(mkdtemp(store_dir));
	hears();
	many_hear();
	called_back();
	as_many();
	per_agent();
	tuned();
	chunk_errors();
	chunk_errors_again();
	snprintf(rm, sizeof(rm), "rm -rf '%s'", store_dir);
	return system(rm);
}
