/*
 * The command line of updates, as people use it: watch, title, poll, change, source, trigger; manifest, artifact, storage, prefill, download: each verb
 * against a control plane with an agent and a simulated Steam, what it prints and how it ends, and each with a wrong word.
 */
#include "tests/system/follow.h"
#include "tests/system/fp.h"

static const char world[] = "generate apps=1000-1009 seed=1\n"
			    "depot 100090 app=1000 manifest=11 key=auto generate=20,200000,1\n"
			    "account owner password=owner-pw packages=0\n";

/* The cell of the last run's CSV: row 1 is the first below the headings. */
static const char *cell(unsigned row, unsigned column)
{
	static char text[512];
	const char *p = out;

	for (; row; row--)
		p = strchr(p, '\n') ? strchr(p, '\n') + 1 : "";
	for (; column; column--)
		p = strpbrk(p, ",\n") ? strpbrk(p, ",\n") + 1 : "";
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(p, ",\r\n"), p);
	return text;
}

/* What --quiet printed. */
static void id_of(char ret[static 64]) { snprintf(ret, 64, "%.*s", (int)strcspn(out, "\n"), out); }

#define SAYS(text)                                                                                  \
	do {                                                                                        \
		if (!strstr(out, text) && !strstr(err, text)) {                                     \
			fprintf(stderr, "line %d: no \"%s\" in: %s%s\n", __LINE__, text, out, err); \
			exit(1);                                                                    \
		}                                                                                   \
	} while (0)

static void watches(const struct rig *r)
{
	char id[64];

	FP(0, "watch list");
	FP(0, "watch add 1000 -b public -b beta -c build -c depot -l set=one --interval 3600 --priority 9 -q");
	id_of(id);
	FP(6, "watch add 1000");
	SAYS("already");
	FP(2, "watch add 1000 --store itch");
	FP(2, "watch add");
	FP(2, "watch add nobody");
	SAYS("titleId");
	FP(2, "watch add 1001 -c no_such_class");
	FP(0, "watch get %s -o json", id);
	SAYS("\"priority\": 9");
	FP(0, "watch edit %s --priority 3", id);
	FP(0, "watch pause %s", id);
	FP(0, "watch list --state paused -o csv");
	CHECK_STR(cell(1, 2), "1000");
	FP(0, "watch resume %s", id);
	FP(4, "watch get wat_01ARZ3NDEKTSV4RRFFQ69G5FAV");

	put(r, "titles.txt", "# a list\n1001\nsteam 1002\n\n1003\nworkshop,77\n1000\n");
	FP(0, "watch import %s/titles.txt --label set=many -o json", r->dir);
	SAYS("\"created\": 4");
	SAYS("\"existing\": 1");
	put(r, "none.txt", "# nothing\n");
	FP(2, "watch import %s/none.txt", r->dir);
	FP(2, "watch import %s/not-there.txt", r->dir);
	put(r, "bad.txt", "1004\nitch 5\n");
	FP(2, "watch import %s/bad.txt", r->dir);
	SAYS("rows/1");
	FP(0, "watch import - < %s/titles.txt", r->dir);
	FP(4, "watch import-library nobody");
	FP(0, "watch list --store workshop -o csv");
	CHECK_STR(cell(1, 2), "77");
	snprintf(id, sizeof(id), "%s", cell(1, 0));
	FP(0, "watch rm %s", id);
	FP(4, "watch rm %s", id);
	FP(0, "watch list -o csv");
	CHECK(!strstr(out, "workshop"));
	FP(2, "watch list --state tired");
}

/* Every item once, in pages of one. */
static void pages_of_one(const struct rig *r, const char *list, unsigned n)
{
	char path[400], last[64] = "~";
	unsigned found = 0;

	snprintf(path, sizeof(path), "%s?limit=1", list);
	for (;;) {
		json_t *page = rig_expect(r, 200, "GET", path, NULL), *items = json_object_get(page, "items");
		const char *id = json_str(json_array_get(items, 0), "id"), *next = json_str(page, "nextCursor");
		CHECK(json_array_size(items) == 1 && strcmp(id, last) < 0 && ++found <= n);
		snprintf(last, sizeof(last), "%s", id);
		snprintf(path, sizeof(path), "%s?limit=1&cursor=%s", list, next);
		bool over = !*next;
		json_decref(page);
		if (over)
			break;
	}
	CHECK(found == n);
}

static void polls(const struct rig *r)
{
	char id[64], path[96];

	FP(0, "poll run --mode full --wait -o json");
	SAYS("\"status\": \"finished\"");
	SAYS("\"unknown\": 0");
	SAYS("4 of 4 answered");
	FP(0, "poll list -o csv");
	snprintf(id, sizeof(id), "%s", cell(1, 0));
	FP(0, "poll get %s -o json", id);
	SAYS("\"etaSeconds\": 0");
	FP(0, "poll answers %s --answer unchanged -o csv", id);
	CHECK_STR(cell(4, 3), "unchanged");
	FP(0, "poll answers %s --answer changed -q", id);
	CHECK(!*out);
	FP(0, "poll watch %s", id);
	FP(6, "poll cancel %s", id);
	SAYS("finished already");
	FP(4, "poll cancel pol_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	FP(4, "poll watch pol_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	FP(2, "poll run --mode slow");
	FP(2, "poll run now");

	/* A slow store: the other source stands in, one title each 1.5 s: the plan says how long. */
	FP(0, "source trip steam.pics");
	FP(124, "poll run --mode full --wait=1 -o json");
	SAYS("\"status\": \"running\"");
	FP(0, "poll list -o csv");
	snprintf(id, sizeof(id), "%s", cell(1, 0));
	FP(0, "poll get %s -o json", id);
	json_t *p = json_loads(out, 0, NULL);
	int64_t left = json_int(p, "total") - json_int(p, "answered"), eta = json_int(p, "etaSeconds");
	json_decref(p);
	CHECK(left >= 2 && eta >= (left - 1) * 100 && eta <= (left + 1) * 100);
	FP(0, "source show steam.store_http -o json");
	p = json_loads(out, 0, NULL);
	CHECK(json_int(p, "waiting") >= left - 1 && json_int(p, "etaSeconds") >= (left - 1) * 100);
	json_decref(p);
	FP(0, "source show steam.pics -o json");
	p = json_loads(out, 0, NULL);
	CHECK(json_int(p, "waiting") == 0 && json_int(p, "etaSeconds") == 0);
	CHECK(json_array_size(json_object_get(p, "sessions")) == 1);
	const json_t *s = json_array_get(json_object_get(p, "sessions"), 0);
	CHECK(!strncmp(json_str(s, "agentId"), "agt_", 4) && json_int(s, "answers") > 0 &&
		json_int(s, "failures") == 0 && *json_str(s, "since"));
	json_decref(p);

	/* Who follows it sees that it is canceled; what comes later does not count. */
	static struct follow f;
	snprintf(path, sizeof(path), "/v1/polls/%s/events", id);
	follow_path(&f, r, r->key, path);
	CHECK(follow_until(&f, "\"status\":\"running\""));
	FP(0, "poll cancel %s -o json", id);
	SAYS("\"status\": \"canceled\"");
	CHECK(follow_until(&f, "poll.canceled"));
	close(f.fd);
	FP(1, "poll watch %s -o json", id);
	FP(6, "poll cancel %s", id);
	FP(0, "source reset steam.pics");
	FP(0, "poll answers %s --answer none -o csv", id);
	CHECK(*cell(1, 1));
	snprintf(path, sizeof(path), "%s", cell(1, 1));
	FP(0, "poll run --mode full --wait --store steam");
	FP(0, "poll get %s -o json", id);
	SAYS("\"status\": \"canceled\"");
	FP(0, "poll answers %s --answer none -o csv", id);
	SAYS(path); /* it was answered, and not for this poll any more */
	FP(0, "poll list -n 1 -o csv");
	snprintf(path, sizeof(path), "%s", cell(1, 0));
	FP(0, "poll list -a -o csv");
	CHECK_STR(cell(1, 0), path);
	CHECK(*cell(3, 0) && !*cell(4, 0));
	pages_of_one(r, "/v1/polls", 3);
}

static void titles_and_changes(const struct rig *r)
{
	FP(0, "title show steam 1000 -o json");
	SAYS("\"titleId\": \"1000\"");
	FP(4, "title show steam 999");
	FP(4, "title show itch 1000");
	FP(2, "title show steam");
	FP(0, "title builds steam 1000 --branch public -o csv");
	char first[32];
	snprintf(first, sizeof(first), "%s", cell(1, 0));
	rig_sim_post(r, "/sim/build?app=1000&branch=public&build=90000001&manifests=100001:4242&size=1000");
	FP(0, "poll run --wait --title 1000");
	for (int i = 0; i < 200 && !strstr(out, "90000001"); i++) {
		rig_sleep_ms(25);
		FP(0, "title builds steam 1000 --branch public -o csv");
	}
	CHECK_STR(cell(1, 0), "90000001");
	CHECK_STR(cell(1, 4), "forward");
	FP(0, "title diff steam 1000 %s..90000001 -o csv", first);
	SAYS("100001");
	FP(2, "title diff steam 1000 %s", first);
	FP(4, "title diff steam 1000 1..2");
	FP(0, "change tail --class build --limit 1 -o csv");
	CHECK_STR(cell(1, 2), "1000");
	CHECK_STR(cell(1, 5), "90000001");
	char cursor[32];
	snprintf(cursor, sizeof(cursor), "%s", cell(1, 0));
	FP(0, "change list --class build --after %s -o csv", cursor);
	CHECK(!strstr(out, "90000001"));
	FP(2, "change tail --class everything");
	FP(2, "change list --after x");
}

static void sources(const struct rig *r)
{
	FP(0, "source list -o csv");
	CHECK(strstr(out, "steam.pics,closed") && strstr(out, "gog.product_http"));
	FP(0, "source show steam.pics");
	FP(4, "source show steam.fax");
	FP(0, "source trip steam.pics --state forced_closed -o json");
	SAYS("\"state\": \"forced_closed\"");
	FP(2, "source trip steam.pics --state bent");
	FP(4, "source trip steam.fax");
	FP(0, "source reset steam.pics -o json");
	SAYS("\"state\": \"closed\"");
	FP(4, "source reset steam.fax");
	FP(0, "source rollout steam.pics --percent 50 --label set=one -o json");
	SAYS("\"percent\": 50");
	FP(6, "source rollout steam.workshop --percent 50");
	FP(2, "source rollout steam.pics --percent 101");
	FP(0, "source rollout steam.pics --percent 100");
}

static void triggers(const struct rig *r)
{
	char id[64];

	FP(0, "trigger list");
	FP(0, "trigger create ping --store steam --title 1000 --branch public --job '{\"action\":\"agent.ping\"}' "
	      "--debounce 5 --quiet-hours '{\"from\":\"22:00\",\"to\":\"07:00\"}' -l set=one -q");
	id_of(id);
	FP(6, "trigger create ping --job '{\"action\":\"agent.ping\"}'");
	FP(2, "trigger create nothing");
	SAYS("/action");
	FP(2, "trigger create bad --job '{'");
	FP(2, "trigger create bad --job '{\"action\":\"no.such\"}'");
	FP(0, "trigger create fetch --title 1000 --download '{\"source\":{\"kind\":\"app\",\"appId\":1000}}' "
	      "--disabled");
	FP(0, "trigger list -o csv");
	CHECK(strstr(out, ",ping,true,") && strstr(out, ",fetch,false,"));
	FP(0, "trigger get %s -o json", id);
	SAYS("\"debounceSeconds\": 5");
	FP(6, "trigger test %s", id);
	SAYS("no event of that type");
	FP(0, "trigger test %s --event '{\"store\":\"steam\",\"titleId\":\"2\"}' -o json", id);
	SAYS("\"matches\": false");
	FP(0, "trigger edit %s --disable --debounce 0", id);
	FP(0, "trigger fires %s", id);
	FP(0, "trigger delete %s", id);
	FP(4, "trigger delete %s", id);
	FP(4, "trigger test %s", id);
}

static void contents(const struct rig *r)
{
	char id[64], artifact[64], link[64];

	rig_sim_say(r, "/sim/lines", "depot 100090 app=1000 manifest=12 key=auto generate=22,200000,1");
	rig_sim_post(r, "/sim/build?app=1000&manifests=100090:11");
	FP(0, "manifest ls 1000 100090 -o csv");
	CHECK_STR(cell(1, 0), "100090");
	CHECK_STR(cell(1, 2), "11");
	FP(0, "manifest diff 1000 100090 --from 11 --to 12 -o csv");
	CHECK(strstr(out, "added"));
	FP(2, "manifest ls 1000");
	FP(2, "manifest ls 1000 x");
	FP(2, "manifest diff 1000 100090 --from 11");
	FP(2, "manifest diff 1000 100090 --from 11 --to twelve");

	FP(0, "prefill run --app 1000 --os linux -q");
	id_of(id);
	FP(0, "job watch %s", id);
	FP(2, "prefill run");
	FP(2, "prefill run --app 1000 --concurrency 1000");

	FP(0, "download create depot --app 1000 --depots '[{\"id\":100090,\"manifest\":\"11\"}]' --format zip -q");
	id_of(id);
	FP(0, "download watch %s -o json", id);
	SAYS("\"state\": \"ready\"");
	FP(0, "artifact list --download %s -o csv", id);
	snprintf(artifact, sizeof(artifact), "%s", cell(1, 0));
	FP(0, "artifact get %s -o json", artifact);
	SAYS(artifact);
	FP(0, "artifact ls %s", artifact);
	SAYS("sha256");
	FP(0, "artifact link %s --uses 2 --expires 600 -o json", artifact);
	json_t *l = json_loads(out, 0, NULL);
	snprintf(link, sizeof(link), "%s", json_str(l, "id"));
	CHECK(*json_str(l, "url") && json_int(l, "maxUses") == 2);
	json_decref(l);
	FP(2, "artifact link %s --expires 90000", artifact);
	FP(0, "artifact links %s -o csv", artifact);
	CHECK_STR(cell(1, 0), link);
	FP(0, "artifact unlink %s %s", artifact, link);
	FP(4, "artifact unlink %s %s", artifact, link);
	FP(0, "storage show -o json");
	SAYS("used");
	FP(2, "storage show all");
	FP(0, "artifact rm %s", artifact);
	FP(0, "artifact list --state ready -o csv");
	CHECK(!strstr(out, artifact));
	FP(4, "artifact get art_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	FP(4, "artifact ls art_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	FP(4, "artifact rm art_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	FP(4, "artifact link art_01ARZ3NDEKTSV4RRFFQ69G5FAV");
}

/* Every verb of downloads: what it says, how it ends, and what it says to a wrong word. */
static void downloads(const struct rig *r)
{
	const char *source = "depot --app 1000 --depots '[{\"id\":100091,\"manifest\":\"21\"}]'";
	char id[64], gone[64];

	rig_sim_say(r, "/sim/lines", "depot 100091 app=1000 manifest=21 key=auto generate=3,200000,7");
	FP(2, "download create");
	FP(2, "download create floppy --app 1000");
	FP(2, "download create app");
	SAYS("appId");
	FP(2, "download create app --app none");
	FP(2, "download create %s --priority 10", source);
	FP(2, "download create %s --format rar", source);
	FP(2, "download create depot --app 1000 --depots '['");

	rig_sim_say(r, "/sim/faults", "cdn_chunk@*:latency=60000");
	FP(0, "download create %s --format zip --priority 7 -l set=cli --retain 3600 -q", source);
	id_of(id);
	CHECK(!strncmp(id, "dl_", 3));
	FP(0, "download get %s -o json", id);
	SAYS("\"priority\": 7");
	SAYS("\"set\": \"cli\"");
	FP(0, "download edit %s --priority 2 --bandwidth 8000000", id);
	FP(2, "download edit %s --priority 11", id);
	FP(6, "download retry %s", id);
	FP(6, "download resume %s", id);
	FP(6, "download files %s", id);
	FP(0, "download list --phase running -o csv");
	CHECK_STR(cell(1, 0), id);
	FP(2, "download list --phase tired");
	FP(0, "download pause %s", id);
	for (int i = 0; i < 400; i++) {
		FP(0, "download list --state paused -o csv");
		if (!strcmp(cell(1, 0), id))
			break;
		rig_sleep_ms(25);
	}
	CHECK_STR(cell(1, 0), id);
	FP(0, "download pause %s", id); /* it is so already */
	FP(0, "download resume %s", id);
	FP(0, "download cancel %s", id);
	FP(1, "download watch %s -o json", id);
	SAYS("\"state\": \"canceled\"");
	FP(0, "download cancel %s", id);
	rig_sim_clear(r);
	FP(0, "download retry %s", id);
	FP(0, "download watch %s -o json", id);
	SAYS("\"state\": \"ready\"");
	FP(6, "download cancel %s", id);
	FP(0, "download log %s -o csv", id);
	SAYS("paused");
	SAYS("canceled");
	SAYS("ready");
	FP(0, "download files %s", id);
	SAYS("sha256");
	FP(0, "download list --state ready -o csv");
	snprintf(gone, sizeof(gone), "%s", "dl_01ARZ3NDEKTSV4RRFFQ69G5FAV");
	FP(4, "download get %s", gone);
	FP(4, "download watch %s", gone);
	FP(4, "download pause %s", gone);
	FP(4, "download resume %s", gone);
	FP(4, "download cancel %s", gone);
	FP(4, "download retry %s", gone);
	FP(4, "download log %s", gone);
	FP(4, "download files %s", gone);
	FP(4, "download edit %s --priority 1", gone);
	FP(2, "download pause");
	FP(2, "download log %s %s", id, id);
}

/* The password of a locked branch comes from a file that is its owner's alone, or a descriptor; it is never shown, and no argument. */
static void branch_passwords(const struct rig *r)
{
	const char *what = "download create depot --app 1000 --depots '[{\"id\":100090}]' --branch locked";
	char path[128], id[64];

	put(r, "branch.txt", "Hidden-Word-42\n");
	snprintf(path, sizeof(path), "%s/branch.txt", r->dir);
	FP(2, "%s --branch-password-file %s --branch-password-fd 3", what, path);
	SAYS("not both");
	FP(2, "%s --branch-password-file %s.none", what, path);
	FP(2, "%s --branch-password-fd 77", what);
	FP(2, "%s --branch-password Hidden-Word-42", what);
	FP(2, "download create app --app 1000 --branch-password-file %s", path); /* it is of a branch */
	SAYS("branchPassword");
	CHECK(chmod(path, 0644) == 0);
	CHECK(fp(r, "%s --branch-password-file %s", what, path) != 0);
	CHECK(chmod(path, 0600) == 0);
	put(r, "empty.txt", "\n");
	FP(2, "%s --branch-password-file %s/empty.txt", what, r->dir);
	SAYS("empty");
	FP(0, "%s --branch-password-file %s -o json", what, path);
	CHECK(!strstr(out, "Hidden-Word") && !strstr(err, "Hidden-Word"));
	json_t *j = json_loads(out, 0, NULL);
	snprintf(id, sizeof(id), "%s", json_str(j, "id"));
	json_decref(j);
	CHECK(atol(rig_sql(r,
		      "SELECT COUNT(*) FROM secrets WHERE name = 'branch_password' AND sealed IS NOT NULL")) == 1);
	FP(1, "download watch %s -o json", id); /* there is no such branch */
	CHECK(!strstr(out, "Hidden-Word"));
	FP(0, "%s --branch-password-fd 3 3<%s -q", what, path);
	id_of(id);
	FP(1, "download watch %s", id);
	FP(6, "download retry %s", id);
	SAYS("make a new download");
	CHECK(atol(rig_sql(r,
		      "SELECT COUNT(*) FROM secrets WHERE name = 'branch_password' AND sealed IS NOT NULL")) == 0);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_sim(&r, world, (const char *const[]){ NULL });
	/* The store's pages as slowly as can be: what waits for them is seen to wait. */
	rig_serve(&r, (const char *const[]){ "--set", "lanes.unsafe=true", "--set", "steam.pics_interval_ms=0",
			      "--set", "lanes.limits=pics.info=0,store.web=100000,cm.job=0", NULL });
	char key[128];
	snprintf(key, sizeof(key), "%s/data/admin.key", r.dir);
	CHECK(setenv("FOOTPLATE_SERVER", r.url, 1) == 0 && setenv("FOOTPLATE_KEY_FILE", key, 1) == 0);
	watches(&r);
	polls(&r);
	titles_and_changes(&r);
	sources(&r);
	triggers(&r);
	contents(&r);
	downloads(&r);
	branch_passwords(&r);
	rig_check_events(&r);
	rig_check_audit(&r);
	rig_done(&r);
	return 0;
}
