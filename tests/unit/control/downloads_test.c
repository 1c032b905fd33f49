/*
 * Downloads with agents that this test plays: slots, turns, bytes and accounts hold at every commit, whatever ends how, and whenever the
 * database is closed and opened again.
 */
#include "tests/unit/control/downloads_desk.h"

/* ---- */

static void one_life(void)
{
	begin();
	const char *id = ask(1, "\"labels\":{\"a\":\"b\"}");

	CHECK_STR(got("state"), "admitted");
	CHECK_STR(got("phase"), "running");
	starts(id);
	CHECK_STR(STATE(id), "resolving");
	tells(id, "downloading", 1000, 500, 400);
	CHECK_STR(STATE(id), "downloading");
	CHECK(calls("getDownload", id, NULL, NULL) == RC_OK);
	CHECK_STR(got("progress.percent"), "50");
	tells(id, "downloading", 2000, 500, 500); /* more was found: it never goes back */
	CHECK(calls("getDownload", id, NULL, NULL) == RC_OK);
	CHECK_STR(got("progress.percent"), "50");
	CHECK_STR(got("networkBytes"), "500");
	int64_t told = number(DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'download.progress'"), NULL);
	for (int i = 0; i < 10; i++) { /* ten more in a second: at most two are told */
		d.tx.now_ms += 100;
		tells(id, "downloading", 2000, 500 + i, 500 + i);
	}
	told = number(DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = 'download.progress'"), NULL) - told;
	CHECK(told == 2);
	tells(id, "nonsense", 2000, 600, 600);
	CHECK_STR(STATE(id), "downloading");
	ends(id, 'a', 1100);
	CHECK(calls("getDownload", id, NULL, NULL) == RC_OK);
	CHECK_STR(got("state"), "ready");
	CHECK_STR(got("phase"), "success");
	CHECK_STR(got("quota.settledBytes"), "1100");
	CHECK(got("artifactId") && !got("error"));
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM artifacts WHERE download_id = $1"), id) == 1);
	CHECK(calls("getDownloadLog", id, NULL, NULL) == RC_OK && strstr(answered, "downloading") &&
		strstr(answered, "ready"));
	d.tx.now_ms += 8 * 86400000ll;
	scans();
	CHECK_STR(STATE(id), "expired");
	desk_close(&d);
}

/* D2: a hundred want the same, of five tenants: one transfer, a hundred grants, and only who leads is charged. */
static void shared(void)
{
	static const char *const tenants[] = { "ten_default", "ten_b", "ten_c", "ten_d", "ten_e" };
	const char *ids[100];

	begin();
	key("apk_1", "ten_default", 0, 5000000, 0);
	key("apk_2", "ten_b", 0, 1, 0); /* has no room for a byte, and needs none to follow */
	for (int i = 0; i < 100; i++) {
		d.tx.tenant_id = tenants[i % 5];
		acting = i % 5 == 1 ? "key:apk_2" : "key:apk_1";
		ids[i] = strdup(ask(77, ""));
		CHECK_STR(got("state"), i ? "attached" : "admitted");
	}
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM tasks"), NULL) == 1 && RUNNING() == 1);
	starts(ids[0]);
	tells(ids[0], "downloading", 1000, 400, 400);
	d.tx.tenant_id = NULL;
	CHECK(calls("getDownload", ids[40], NULL, NULL) == RC_OK);
	CHECK_STR(got("progress.bytesDone"), "400"); /* how far who fetches it is */
	ends(ids[0], 'a', 900);
	CHECK(COUNT("ready") == 100);
	CHECK(number(DESK_QUERY("SELECT COUNT(DISTINCT download_id) FROM artifacts WHERE state = 'ready'"), NULL) ==
		100);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM contents"), NULL) == 1);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM artifacts WHERE tenant_id = 'ten_e'"), NULL) == 20);
	CHECK(number(DESK_QUERY("SELECT used FROM download_windows WHERE limit_id = 'apk_1/day'"), NULL) == 900);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM download_windows"), NULL) == 1);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM download_holds"), NULL) == 0);
	CHECK(number(DESK_QUERY("SELECT SUM(settled_bytes) FROM downloads"), NULL) == 900);
	for (int i = 0; i < 100; i++)
		free((char *)ids[i]);
	acting = "key:apk_1";
	desk_close(&d);
}

/* D3: a key with two slots and fifty downloads: all end well, and never more than two at once. */
static void slots(void)
{
	const char *ids[50];
	int over = 0;

	begin();
	key("apk_1", "ten_default", 2, 0, 0);
	for (int i = 0; i < 50; i++)
		ids[i] = strdup(ask(i, ""));
	CHECK(RUNNING() == 2 && COUNT("queued") == 48);
	CHECK(calls("getDownload", ids[10], NULL, NULL) == RC_OK);
	CHECK_STR(got("reason"), "concurrency");
	CHECK_STR(got("position"), "9");
	while (over < 50) {
		int before = over;
		for (int i = 0; i < 50; i++)
			if (!strcmp(STATE(ids[i]), "admitted")) {
				ends(ids[i], 'a', 10);
				over++;
				CHECK(RUNNING() == (50 - over < 2 ? 50 - over : 2));
				if (over % 7 == 0)
					desk_again(&d);
			}
		CHECK(over > before);
	}
	CHECK(COUNT("ready") == 50 && COUNT("failed") == 0);
	for (int i = 0; i < 50; i++)
		free((char *)ids[i]);
	desk_close(&d);
}

/* Slots of all: tenants take turns, a cancel frees one, and a quota of the tenant holds beside them. */
static void turns(void)
{
	const char *first[DOWNLOAD_SLOTS];

	begin();
	for (int i = 0; i < DOWNLOAD_SLOTS; i++)
		first[i] = strdup(ask(i, ""));
	CHECK(RUNNING() == DOWNLOAD_SLOTS);
	for (int i = 0; i < 5; i++)
		ask(100 + i, "");
	d.tx.tenant_id = "ten_b";
	const char *theirs = ask(200, "");
	d.tx.tenant_id = NULL;
	CHECK(COUNT("queued") == 6);
	starts(first[0]);
	CHECK(writes("cancelDownload", first[0], NULL) == RC_OK);
	CHECK_STR(got("state"), "canceling"); /* the agent has it still, and the slot */
	CHECK(RUNNING() == DOWNLOAD_SLOTS && COUNT("queued") == 6);
	stops(first[0]);
	CHECK_STR(STATE(first[0]), "canceled");
	CHECK_STR(STATE(theirs), "admitted"); /* the one of who had nothing yet goes before five older ones */
	CHECK(RUNNING() == DOWNLOAD_SLOTS && COUNT("queued") == 5);
	/* One that no agent has yet is gone at once; one that is over stays as it is. */
	CHECK(writes("cancelDownload", first[1], NULL) == RC_OK);
	CHECK_STR(got("state"), "canceled");
	CHECK(writes("cancelDownload", first[1], NULL) == RC_OK);
	CHECK(COUNT("queued") == 4);
	ends(first[2], 'a', 1);
	CHECK(writes("cancelDownload", first[2], NULL) == RC_CONFLICT);
	CHECK(writes("pauseDownload", first[2], NULL) == RC_CONFLICT);
	CHECK(writes("resumeDownload", first[3], NULL) == RC_CONFLICT);
	for (int i = 0; i < DOWNLOAD_SLOTS; i++)
		free((char *)first[i]);
	desk_close(&d);
}

static void quota_of_slots(void)
{
	begin();
	CHECK(writes("createQuota", NULL,
		      "{\"subjectKind\":\"tenant\",\"subjectId\":\"ten_default\",\"resource\":\"downloads.active\","
		      "\"limit\":1}") == RC_DENIED);
	desk_begin(&d);
	does(DESK_QUERY("INSERT INTO quotas (id, tenant_id, subject_kind, subject_id, resource, most, created_by, "
			"created_at, "
			"updated_at) VALUES ('quo_1', 'ten_default', 'tenant', 'ten_default', 'downloads.active', "
			"1, 't', 1, 1)"),
		NULL, NULL, NULL);
	desk_commit(&d);
	const char *a = ask(1, ""), *b = ask(2, "");
	CHECK_STR(STATE(a), "admitted");
	CHECK_STR(STATE(b), "queued");
	CHECK(number(DESK_QUERY("SELECT used FROM quotas WHERE id = 'quo_1'"), NULL) == 1);
	fails(a, "not_found");
	CHECK_STR(STATE(a), "failed");
	CHECK_STR(STATE(b), "admitted");
	CHECK(number(DESK_QUERY("SELECT used FROM quotas WHERE id = 'quo_1'"), NULL) == 1);
	/* Tried again it waits for its slot as any other; another attempt is another. */
	CHECK(writes("retryDownload", a, NULL) == RC_OK);
	CHECK_STR(got("state"), "queued");
	ends(b, 'b', 1);
	CHECK(calls("getDownload", a, NULL, NULL) == RC_OK);
	CHECK_STR(got("state"), "admitted");
	CHECK_STR(got("attempt"), "2");
	ends(a, 'a', 1);
	CHECK(number(DESK_QUERY("SELECT used FROM quotas WHERE id = 'quo_1'"), NULL) == 0);
	desk_close(&d);
}

/* Who leads fails: those who followed do it themselves, one of them for the others. */
static void leader_fails(void)
{
	begin();
	const char *a = ask(5, ""), *b = ask(5, ""), *c = ask(5, "");
	CHECK_STR(STATE(c), "attached");
	fails(a, "stalled");
	CHECK_STR(STATE(a), "failed");
	CHECK_STR(STATE(b), "admitted");
	CHECK_STR(STATE(c), "attached");
	CHECK_STR(text(DESK_QUERY("SELECT leader_id FROM downloads WHERE id = $1"), c), b);
	CHECK(writes("pauseDownload", b, NULL) == RC_OK); /* no agent had it yet */
	CHECK_STR(got("state"), "paused");
	CHECK_STR(STATE(c), "admitted");
	CHECK(writes("cancelDownload", c, NULL) == RC_OK);
	CHECK_STR(STATE(b), "paused");
	CHECK(writes("resumeDownload", b, NULL) == RC_OK);
	CHECK_STR(got("state"), "admitted");
	starts(b);
	CHECK(writes("pauseDownload", b, NULL) == RC_OK);
	CHECK_STR(got("wants"), "pause");
	stops(b);
	CHECK_STR(STATE(b), "paused");
	CHECK(RUNNING() == 0);
	desk_close(&d);
}

static void put_account(const char *id, const char *tenant, const char *state)
{
	does(DESK_QUERY("INSERT INTO accounts (id, login, agent_id, held, labels, enabled, version, created_at, "
			"updated_at, "
			"tenant_id, state) VALUES ($1, $1, 'agt_1', 1, '{}', 1, 1, 1, 1, $2, $3)"),
		id, tenant, state);
}
#define ACCOUNT(id) text(DESK_QUERY("SELECT account_id FROM downloads WHERE id = $1"), id)

/* Nobody's session first, then the account that was used longest ago; who has no licence three times is not asked again for a day. */
static void accounts(void)
{
	begin();
	desk_begin(&d);
	does(DESK_QUERY("UPDATE accounts SET enabled = 0"), NULL, NULL, NULL);
	put_account("acc_a", "ten_default", "online");
	put_account("acc_b", "ten_default", "online");
	put_account("acc_x", "ten_b", "online"); /* another tenant's is nobody's here */
	desk_commit(&d);
	const char *id = ask(1, "");
	CHECK_STR(ACCOUNT(id), "");
	fails(id, "no_license");
	CHECK_STR(ACCOUNT(id), "acc_a");
	fails(id, "no_license");
	CHECK_STR(ACCOUNT(id), "acc_b");
	for (int i = 0; i < 5; i++)
		fails(id, "no_license");
	CHECK_STR(STATE(id), "failed");
	CHECK(strstr(text(DESK_QUERY("SELECT error FROM downloads WHERE id = $1"), id), "no_license") != NULL);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM download_denials WHERE n = 3 AND until_at > 0"), NULL) == 2);
	d.tx.now_ms += 86400001;
	CHECK(writes("retryDownload", id, NULL) == RC_OK);
	fails(id, "access_denied");
	CHECK_STR(STATE(id), "admitted"); /* a day later they are asked again */
	ends(id, 'a', 1);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM download_denials"), NULL) ==
		1); /* this one has a licence after all */
	/* One without a session is waited for; one that was named is used and no other. */
	desk_begin(&d);
	does(DESK_QUERY("UPDATE accounts SET state = 'offline'"), NULL, NULL, NULL);
	desk_commit(&d);
	const char *waits = ask(2, "");
	fails(waits, "login_required");
	CHECK_STR(STATE(waits), "queued");
	CHECK_STR(text(DESK_QUERY("SELECT reason FROM downloads WHERE id = $1"), waits), "account");
	desk_begin(&d);
	does(DESK_QUERY("UPDATE accounts SET state = 'online'"), NULL, NULL, NULL);
	desk_commit(&d);
	scans();
	CHECK_STR(STATE(waits), "queued"); /* not before */
	d.tx.now_ms += 5001;
	scans();
	CHECK_STR(STATE(waits), "admitted");
	const char *named = ask(3, "\"account\":{\"mode\":\"id\",\"id\":\"acc_b\"}");
	CHECK_STR(ACCOUNT(named), "acc_b");
	fails(named, "no_license");
	CHECK_STR(STATE(named), "failed");
	CHECK(writes("createDownload", NULL,
		      "{\"source\":{\"kind\":\"app\",\"appId\":1},\"account\":{\"mode\":\"id\",\"id\":\"acc_x\"}"
		      "}") == RC_INVALID);
	CHECK(refused("/account/id"));
	desk_close(&d);
}

/* What an account of one tenant fetches, no other tenant gets by asking for the same. */
static void not_shared(void)
{
	begin();
	desk_begin(&d);
	does(DESK_QUERY("UPDATE accounts SET state = 'online'"), NULL, NULL, NULL);
	desk_commit(&d);
	const char *a = ask(9, "");
	d.tx.tenant_id = "ten_b";
	const char *b = ask(9, "");
	CHECK_STR(STATE(b), "attached");
	fails(a, "no_license"); /* on with an account of its tenant */
	CHECK_STR(ACCOUNT(a), "acc_1");
	CHECK_STR(STATE(a), "admitted");
	CHECK_STR(STATE(b), "admitted"); /* by itself, with nobody's session */
	CHECK_STR(ACCOUNT(b), "");
	fails(b, "no_license");
	CHECK_STR(STATE(b), "failed");
	ends(a, 'a', 1);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM artifacts WHERE tenant_id = 'ten_b'"), NULL) == 0);
	/* Nor who does not know the password of a branch. */
	d.tx.tenant_id = NULL;
	CHECK(writes("createDownload", NULL,
		      "{\"source\":{\"kind\":\"app\",\"appId\":7,\"branch\":\"beta\"},\"branchPassword\":\"open "
		      "sesame\"}") == RC_OK);
	CHECK(!strstr(answered, "sesame") && strstr(answered, "(set)"));
	char secret[64];
	snprintf(secret, sizeof(secret), "%s", got("id"));
	CHECK(writes("createDownload", NULL, "{\"source\":{\"kind\":\"app\",\"appId\":7,\"branch\":\"beta\"}}") ==
		RC_OK);
	CHECK_STR(got("state"), "admitted");
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM jobs WHERE secret IS NOT NULL"), NULL) == 1);
	CHECK(number(DESK_QUERY(
			     "SELECT COUNT(*) FROM jobs WHERE payload LIKE '%sesame%' OR secret LIKE '%sesame%'"),
		      NULL) == 0);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE request LIKE '%sesame%'"), NULL) == 0);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM events WHERE data LIKE '%sesame%'"), NULL) == 0);
	fails(secret, "not_found");
	CHECK(writes("retryDownload", secret, NULL) == RC_CONFLICT);
	desk_close(&d);
}

#define MOST 50000000
#define USED() \
	number(DESK_QUERY("SELECT COALESCE(MAX(used), 0) FROM download_windows WHERE limit_id = 'apk_1/day'"), NULL)
#define HELD() number(DESK_QUERY("SELECT COALESCE(SUM(bytes), 0) FROM download_holds"), NULL)

/* Its agent dies with all the attempts that a task has. */
static void loses(const char *id, int done)
{
	struct moves_task t = { 0 };

	starts(id);
	tells(id, "downloading", 1000000, done, done);
	desk_begin(&d);
	task_of(id, &t);
	t.attempt = t.max_attempts;
	t.code = "lost_by_agent";
	CHECK(moves_fail(&d.tx, &t, moves_error(&d.tx, t.code, "as the test says", true),
		      (struct task_failure){ .retryable = true }) == RC_OK);
	desk_commit(&d);
}

/* An agent that is killed again and again does not end what comes further each time; what stands still fails. */
static void lost_agents(void)
{
	begin();
	key("apk_1", "ten_default", 1, 50000000, 0);
	const char *id = ask(1, "\"limits\":{\"maxBytes\":1000000}"), *next = ask(2, "");

	for (int i = 1; i <= 20; i++) {
		loses(id, i * 1000);
		CHECK_STR(STATE(id), "admitted");
		CHECK_STR(STATE(next), "queued");
	}
	CHECK(number(DESK_QUERY("SELECT attempt FROM downloads WHERE id = $1"), id) == 21);
	CHECK(HELD() == download_reserve(1000000)); /* of one run: those before are settled */
	CHECK(USED() == 210000 + HELD());
	loses(id, 20000);
	loses(id, 500); /* by another agent, that began anew: it counts when it is further than any */
	loses(id, 20001);
	loses(id, 20001);
	loses(id, 20001);
	CHECK_STR(STATE(id), "admitted");
	loses(id, 20000);
	CHECK_STR(STATE(id), "failed");
	CHECK(strstr(text(DESK_QUERY("SELECT error FROM downloads WHERE id = $1"), id), "lost_by_agent") != NULL);
	CHECK_STR(STATE(next), "admitted");
	/* Who asks for it again has all its tries again. */
	CHECK(writes("retryDownload", id, NULL) == RC_OK);
	ends(next, 'a', 1);
	loses(id, 1);
	CHECK_STR(STATE(id), "admitted");
	ends(id, 'a', 1);
	CHECK_STR(STATE(id), "ready");
	desk_close(&d);
}

/* ---- bytes ---- */

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
		CHECK(USED() <= MOST);
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
	CHECK(HELD() == 0);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM downloads WHERE settled_bytes <> network_bytes OR "
				"reserved_bytes <> 0"),
		      NULL) == 0);
	CHECK(number(DESK_QUERY("SELECT bytes_total - (SELECT SUM(settled_bytes) FROM downloads) FROM api_keys "
				"WHERE id = "
				"'apk_1'"),
		      NULL) == 0);
	/* Of this day: what was sent by those that were admitted in it. */
	CHECK(USED() <= MOST);
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
	CHECK(HELD() <= 10000000 && HELD() > 9000000);
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
	CHECK(HELD() == 0 && USED() == 0);
	d.tx.now_ms = download_period_end(DOWNLOAD_DAY, d.tx.now_ms);
	scans();
	CHECK_STR(STATE(b), "admitted");
	ends(b, 'b', 9999999 - 100);
	CHECK(USED() == 9999899);
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
	int64_t held = HELD();
	CHECK(held == download_reserve(1000000));
	starts(a);
	tells(a, "downloading", 900000, 300000, 300000);
	CHECK(writes("pauseDownload", a, NULL) == RC_OK);
	stops(a);
	CHECK(HELD() == held);
	held = download_reserve(900000); /* by now it is known */
	CHECK(writes("resumeDownload", a, NULL) == RC_OK && HELD() == held);
	CHECK(number(DESK_QUERY("SELECT used FROM download_windows WHERE limit_id = 'apk_1/month'"), NULL) ==
		held + 300000);
	starts(a);
	tells(a, "downloading", 900000, 400000, 100000); /* another run: it fetched a third part more */
	CHECK(writes("pauseDownload", a, NULL) == RC_OK);
	stops(a);
	d.tx.now_ms += 86400001;
	scans();
	CHECK(HELD() == 0);
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
	CHECK(HELD() == download_reserve(2000000));
	CHECK(number(DESK_QUERY("SELECT used FROM quotas WHERE id = 'quo_1'"), NULL) == 1);
	CHECK(writes("cancelDownload", c, NULL) == RC_OK && HELD() == download_reserve(2000000));

	starts(b);
	tells(b, "downloading", 2000000, 200000, 200000);
	CHECK(writes("pauseDownload", b, NULL) == RC_OK);
	stops(b);
	CHECK(HELD() > 0);
	CHECK(number(DESK_QUERY("SELECT used FROM quotas WHERE id = 'quo_1'"), NULL) == 0);
	CHECK(writes("cancelDownload", b, NULL) == RC_OK && HELD() == 0);
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

static void bad(const char *body, const char *pointer)
{
	if (writes("createDownload", NULL, body) == RC_INVALID && refused(pointer))
		return;
	fprintf(stderr, "%s: not refused at %s\n", body, pointer);
	exit(1);
}

static void checks(void)
{
	begin();
	bad("{}", "/source");
	bad("{\"source\":{\"kind\":\"nothing\"}}", "/source/kind");
	bad("{\"source\":{\"kind\":\"workshop_item\"}}", "/source/id");
	bad("{\"source\":{\"kind\":\"workshop_item\",\"id\":\"x\"}}", "/source/id");
	bad("{\"source\":{\"kind\":\"workshop_item\",\"id\":\"1\",\"productId\":\"2\"}}", "/source/productId");
	bad("{\"source\":{\"kind\":\"depot\",\"appId\":1}}", "/source/depots");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1,\"os\":\"plan9\"}}", "/source/os");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"filter\":{\"include\":[\"a\",\"../../etc/passwd\"]}}",
		"/filter/include/1");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"filter\":{\"fileList\":[\"/etc/passwd\"]}}",
		"/filter/fileList/0");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"filter\":{\"exclude\":[\"C:\\\\x\"]}}",
		"/filter/exclude/0");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"filter\":{\"exclude\":[\"a\\\\..\\\\b\"]}}",
		"/filter/exclude/0");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"branchPassword\":\"x\"}", "/branchPassword");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"account\":{\"mode\":\"id\"}}", "/account/id");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"base\":{\"artifactId\":\"art_1\"}}", "/base/artifactId");
	bad("{\"source\":{\"kind\":\"app\",\"appId\":1},\"priority\":10}", "/priority");
	CHECK(writes("createDownloads", NULL,
		      "{\"sources\":[{\"kind\":\"app\",\"appId\":1},{\"kind\":\"app\"}]}") == RC_INVALID &&
		refused("/sources/1/appId"));
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM downloads"), NULL) == 0);
	CHECK(writes("createDownloads", NULL,
		      "{\"sources\":[{\"kind\":\"app\",\"appId\":1},{\"kind\":\"gog\",\"productId\":\"5\"}],"
		      "\"package\":{\"format\":"
		      "\"tar.zst\"}}") == RC_OK);
	CHECK(got("ids.1") && RUNNING() == 2);
	CHECK(number(DESK_QUERY("SELECT COUNT(*) FROM jobs WHERE payload LIKE '%\"format\":\"tar.zst\"%'"), NULL) ==
		2);
	char id[64];
	snprintf(id, sizeof(id), "%s", got("ids.0"));
	CHECK(writes("updateDownload", id, "{\"priority\":9,\"bandwidthLimitBps\":1000}") == RC_OK);
	CHECK_STR(got("priority"), "9");
	CHECK_STR(got("bandwidthLimitBps"), "1000");
	CHECK(calls("listDownloads", NULL, NULL, "{\"phase\":\"running\"}") == RC_OK && items() == 2);
	CHECK(calls("listDownloads", NULL, NULL, "{\"state\":\"ready\"}") == RC_OK && items() == 0);
	CHECK(calls("listDownloadFiles", id, NULL, NULL) == RC_CONFLICT);
	desk_close(&d);
}

int main(void)
{
	snprintf(store_dir, sizeof(store_dir), "/tmp/footplate-downloads-XXXXXX");
	CHECK(mkdtemp(store_dir));
	one_life();
	shared();
	slots();
	turns();
	quota_of_slots();
	leader_fails();
	accounts();
	not_shared();
	exact_bytes();
	over_quota();
	paused_bytes();
	canceled_bytes();
	runs_out();
	lost_agents();
	checks();
	char rm[128];
	snprintf(rm, sizeof(rm), "rm -rf '%s'", store_dir);
	return system(rm);
}
