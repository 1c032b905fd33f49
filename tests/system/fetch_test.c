/*
 * D1 and its neighbours: an agent fetches depots of a simulated Steam, is killed again and again while it does, and what it publishes is what
 * the depots were made of, byte by byte. No chunk is fetched twice but those that were in flight.
 *
 *      FETCH_MIB     of the large depot (default 24). The simulator keeps 1 GiB of packed chunks at most, which are about 1.7 GiB of it
 *      FETCH_KILLS   how often the agent is killed (default 3; 20)
 */
#include "tests/system/rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MIB 128 /* of one file; the simulator takes 256 at most */
#define FLIGHT   8   /* requests at once, and as many chunks that wait to be unpacked */

struct scene {
	struct rig rig;
	char region[64];
	unsigned mib, kills;
};

static unsigned setting(const char *name, unsigned normal)
{
	const char *text = getenv(name);
	return text ? (unsigned)strtoul(text, NULL, 10) : normal;
}

/* ---- what the depots are made of ---- */

static void put_file(const struct scene *s, const char *folder, const char *name, size_t n, unsigned seed)
{
	char path[300];
	snprintf(path, sizeof(path), "%s/%s", s->rig.dir, folder);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", s->rig.dir, folder, name);
	for (char *slash = strchr(path + strlen(s->rig.dir) + strlen(folder) + 2, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
	FILE *f = fopen(path, "w");
	CHECK(f);
	uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;
	for (size_t i = 0; i < n; i++) { /* half of it can be packed */
		if (i % 16 < 8)
			x = x * 6364136223846793005ull + 1442695040888963407ull;
		fputc(i % 16 < 8 ? (int)(x >> 56) : 'x', f);
	}
	CHECK(fclose(f) == 0);
}

static const char app_vdf[] =
	"\"appinfo\"\n{\n\"appid\" \"700\"\n\"common\"\n{\n\"name\" \"Thing\"\n\"type\" \"game\"\n}\n"
	"\"depots\"\n{\n"
	"\"701\"\n{\n\"config\"\n{\n\"oslist\" \"linux\"\n}\n\"manifests\"\n{\n\"public\"\n{\n\"gid\" "
	"\"9001\"\n}\n\"next\"\n{\n\"gid\" \"9011\"\n}\n}\n}\n"
	"\"702\"\n{\n\"config\"\n{\n\"oslist\" \"windows\"\n}\n\"manifests\"\n{\n\"public\" \"9002\"\n}\n}\n"
	"\"703\"\n{\n\"config\"\n{\n\"language\" \"german\"\n}\n\"manifests\"\n{\n\"public\" \"9003\"\n}\n}\n"
	"\"705\"\n{\n\"depotfromapp\" \"750\"\n\"sharedinstall\" \"1\"\n}\n"
	"\"706\"\n{\n\"dlcappid\" \"760\"\n\"manifests\"\n{\n\"public\" \"9006\"\n}\n}\n"
	"\"branches\"\n{\n\"public\"\n{\n\"buildid\" \"1\"\n}\n\"next\"\n{\n\"buildid\" "
	"\"2\"\n}\n\"secret\"\n{\n\"buildid\" \"3\"\n\"pwdrequired\" \"1\"\n}\n}\n}\n}\n";
static const char shared_vdf[] =
	"\"appinfo\"\n{\n\"appid\" \"750\"\n\"common\"\n{\n\"name\" \"Shared\"\n}\n\"depots\"\n{\n\"705\"\n{\n"
	"\"manifests\"\n{\n\"public\"\n{\n\"gid\" \"9005\"\n}\n}\n}\n\"branches\"\n{\n\"public\"\n{\n\"buildid\" "
	"\"1\"\n}\n}\n}\n}\n";
static const char secret_vdf[] = "\"depots\"\n{\n\"701\"\n{\n\"config\"\n{\n\"oslist\" "
				 "\"linux\"\n}\n\"manifests\"\n{\n\"secret\"\n{\n\"gid\" \"9021\"\n}\n}\n}\n}\n";

static void write_text(const struct scene *s, const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", s->rig.dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void make_world(struct scene *s, char *world, size_t room)
{
	put_file(s, "one", "bin/tool", 300000, 1);
	put_file(s, "one", "data/a.pak", 5 << 20, 2);
	put_file(s, "one", "data/copy.pak", 5 << 20, 2);
	put_file(s, "one", "empty", 0, 3);
	put_file(s, "two", "bin/tool", 300000, 1);
	put_file(s, "two", "data/a.pak", (5 << 20) + 700000, 2);
	put_file(s, "two", "data/copy.pak", 5 << 20, 2);
	put_file(s, "two", "new", 1000, 4);
	put_file(s, "windows", "tool.exe", 1000, 5);
	put_file(s, "german", "text.de", 1000, 6);
	put_file(s, "shared", "lib/runtime.so", 100000, 7);
	put_file(s, "dlc", "dlc.pak", 1000, 8);
	put_file(s, "secret", "hidden", 2000, 9);
	put_file(s, "item", "map.bsp", 200000, 10);
	put_file(s, "item2", "skin.vpk", 150000, 11);
	for (unsigned at = 0; at < s->mib; at += FILE_MIB) {
		char name[32];
		snprintf(name, sizeof(name), "big%u.pak", at / FILE_MIB);
		put_file(
			s, "large", name, (size_t)(s->mib - at < FILE_MIB ? s->mib - at : FILE_MIB) << 20, 12 + at);
	}
	put_file(s, "large", "small/one", 70000, 13);
	write_text(s, "700.vdf", app_vdf);
	write_text(s, "750.vdf", shared_vdf);
	write_text(s, "secret.vdf", secret_vdf);
	int n = snprintf(world, room,
		"app 700 700.vdf\napp 750 750.vdf\nbeta 700 secret password=open-sesame "
		"depots=secret.vdf\n"
		"depot 701 app=700 manifest=9001 key=auto dir=one kind=vsz\n"
		"depot 701 app=700 manifest=9011 key=auto dir=two kind=vsz branch=next\n"
		"depot 701 app=700 manifest=9021 key=auto dir=secret kind=vsz branch=secret\n"
		"depot 702 app=700 manifest=9002 key=auto dir=windows kind=vz\n"
		"depot 703 app=700 manifest=9003 key=auto dir=german kind=zip\n"
		"depot 705 app=750 manifest=9005 key=auto dir=shared kind=vz\n"
		"depot 706 app=700 manifest=9006 key=auto dir=dlc package=99999\n");
	snprintf(world + n, room - (size_t)n,
		"depot 770 app=770 manifest=9071 key=auto dir=item kind=vsz\n"
		"depot 770 app=770 manifest=9072 key=auto dir=item2 kind=vsz\n"
		"depot 780 app=700 manifest=9081 key=auto dir=large kind=vsz\n"
		"workshop 5001 app=770 manifest=9071 title=One size=200000 children=5002\n"
		"workshop 5002 app=770 manifest=9072 title=Two size=150000\n"
		"workshop 5003 app=770 private\n"
		"workshop 5009 app=770 title=All children=5001,5002,5003,5004\n");
}

/* ---- asking for it ---- */

static void download(const struct scene *s, const char *source, char ret_id[64])
{
	char body[600];
	static unsigned keys;
	char header[80];

	snprintf(body, sizeof(body),
		"{\"source\":%s,\"account\":{\"mode\":\"anonymous\"},\"limits\":{\"stallSeconds\":60}}", source);
	snprintf(header, sizeof(header), "Idempotency-Key: fetch-%u", ++keys);
	struct rig_answer a = rig_call(&s->rig, "POST", "/v1/downloads", header, body);
	if (a.status / 100 != 2)
		fprintf(stderr, "%d %s\n", a.status, a.text);
	CHECK(a.status / 100 == 2);
	snprintf(ret_id, 64, "%s", json_str(a.body, "id"));
	rig_answer_done(&a);
}

static json_t *look(const struct scene *s, const char *id)
{
	char path[100];
	snprintf(path, sizeof(path), "/v1/downloads/%s", id);
	return rig_expect(&s->rig, 200, "GET", path, NULL);
}

/* Waits until it is over; the caller decrefs. */
static json_t *await(const struct scene *s, const char *id, const char *state)
{
	for (unsigned tries = 0; tries < 1200 + 10 * s->mib; tries++) {
		json_t *d = look(s, id);
		const char *now = json_str(d, "state");
		if (!strcmp(now, state))
			return d;
		if (!strcmp(now, "failed") || !strcmp(now, "ready") || !strcmp(now, "canceled")) {
			char *text = json_dumps(d, JSON_INDENT(1));
			fprintf(stderr, "it is not %s:\n%s\n", state, text);
			CHECK_NEVER("the download ended otherwise");
		}
		json_decref(d);
		rig_sleep_ms(100);
	}
	CHECK_NEVER("the download does not end");
}

static unsigned chunks_asked(const struct scene *s)
{
	json_t *l = rig_sim_get(&s->rig, "/sim/ledger");
	unsigned n = (unsigned)json_int(l, "requests.cdn_chunk");
	json_decref(l);
	return n;
}

static void fault(const struct scene *s, const char *rule)
{
	char url[160];
	struct http_answer a = { 0 };
	struct fault f = { 0 };

	snprintf(url, sizeof(url), "%s/sim/faults", s->rig.sim_url);
	const struct http_ask ask = { .url = url,
		.method = *rule ? "POST" : "DELETE",
		.body = *rule ? rule : NULL,
		.body_n = strlen(rule),
		.tls_ca = s->rig.sim_ca };
	CHECK(http_call(&ask, &a, &f) == RC_OK && a.status == 200);
	http_answer_done(&a);
}

/* ---- what it is ---- */

static bool same(const char *a, const char *b)
{
	static char x[65536], y[65536];
	FILE *f = fopen(a, "r"), *g = fopen(b, "r");
	bool good = f && g;

	if (!good)
		fprintf(stderr, "%s or %s is missing\n", a, b);
	while (good) {
		size_t n = fread(x, 1, sizeof(x), f), k = fread(y, 1, sizeof(y), g);
		good = n == k && memcmp(x, y, n) == 0;
		if (n == 0)
			break;
	}
	if (f)
		fclose(f);
	if (g)
		fclose(g);
	return good;
}

/* Each file below `want` is below `got` with the same bytes. Returns how many there are. */
static unsigned compare(const char *want, const char *got)
{
	DIR *d = opendir(want);
	unsigned files = 0;

	CHECK(d);
	for (const struct dirent *e; (e = readdir(d));) {
		char a[500], b[500];
		struct stat st;
		if (*e->d_name == '.')
			continue;
		snprintf(a, sizeof(a), "%s/%s", want, e->d_name);
		snprintf(b, sizeof(b), "%s/%s", got, e->d_name);
		CHECK(stat(a, &st) == 0);
		if (S_ISDIR(st.st_mode)) {
			files += compare(a, b);
			continue;
		}
		CHECK(same(a, b));
		files++;
	}
	closedir(d);
	return files;
}

static unsigned count(const char *folder)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	CHECK(d);
	for (const struct dirent *e; (e = readdir(d));) {
		char path[500];
		struct stat st;
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		CHECK(lstat(path, &st) == 0);
		n += S_ISDIR(st.st_mode) ? count(path) : 1;
	}
	closedir(d);
	return n;
}

/* The tree of this content in the agent's cache. */
static void tree_of(const struct scene *s, const char *content_id, char ret[static 400])
{
	char home[200], path[400], text[1000];
	snprintf(home, sizeof(home), "%s/agent-0/agent/content", s->rig.dir);
	DIR *d = opendir(home);

	CHECK(d && *content_id);
	*ret = 0;
	for (const struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%.100s/about", home, e->d_name);
		FILE *f = fopen(path, "r");
		size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
		text[n] = 0;
		if (f)
			fclose(f);
		if (strstr(text, content_id))
			snprintf(ret, 400, "%s/%.100s/tree", home, e->d_name);
	}
	closedir(d);
	CHECK(*ret);
}

static void is(const struct scene *s, const json_t *d, const char *const *folders)
{
	char tree[400], want[300];
	unsigned files = 0;

	tree_of(s, json_str(d, "contentId"), tree);
	for (; *folders; folders++) {
		snprintf(want, sizeof(want), "%s/%s", s->rig.dir, *folders);
		files += compare(want, tree);
	}
	CHECK(files > 0 && count(tree) == files); /* and nothing else */
}

/* ---- the cases ---- */

#define FOLDERS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void apps(const struct scene *s)
{
	char id[64];

	download(s, "{\"kind\":\"app\",\"appId\":700}", id);
	json_t *d = await(s, id, "ready");
	is(s, d, FOLDERS("one", "shared"));
	unsigned first = chunks_asked(s);
	CHECK(first == 1 + 5 + 1); /* what is in two files came once */
	json_decref(d);
	/* A later build of it: what the two have in common is here. */
	download(s, "{\"kind\":\"app\",\"appId\":700,\"branch\":\"next\"}", id);
	d = await(s, id, "ready");
	is(s, d, FOLDERS("two", "shared"));
	CHECK(chunks_asked(s) - first == 2);
	json_decref(d);
	download(s,
		"{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":702,\"manifest\":\"9002\"},{\"id\":703}]}",
		id);
	d = await(s, id, "ready");
	is(s, d, FOLDERS("windows", "german"));
	json_decref(d);
}

static void refused(const struct scene *s)
{
	char id[64];
	static const char *const cases[][2] = {
		{ "{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":706,\"manifest\":\"9006\"}]}",
			"no_license" },
		{ "{\"kind\":\"app\",\"appId\":700,\"branch\":\"nothing\"}", "not_found" },
		{ "{\"kind\":\"app\",\"appId\":799}", "not_found" },
		{ "{\"kind\":\"workshop_item\",\"id\":\"5003\"}", "private" },
		{ "{\"kind\":\"workshop_item\",\"id\":\"5004\"}", "not_found" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		download(s, cases[i][0], id);
		json_t *d = await(s, id, "failed");
		CHECK_STR(json_str(d, "error.code"), cases[i][1]);
		json_decref(d);
	}
}

static void workshop(const struct scene *s)
{
	char id[64], tree[400], want[400];

	download(s, "{\"kind\":\"workshop_item\",\"id\":\"5001\"}", id);
	json_t *d = await(s, id, "ready");
	is(s, d, FOLDERS("item"));
	json_decref(d);
	unsigned before = chunks_asked(s);
	download(s, "{\"kind\":\"workshop_collection\",\"id\":\"5009\"}", id);
	d = await(s, id, "ready");
	tree_of(s, json_str(d, "contentId"), tree);
	CHECK(count(tree) == 2 && chunks_asked(s) - before <= 2);
	size_t n = strlen(tree);
	snprintf(tree + n, sizeof(tree) - n, "/5001");
	snprintf(want, sizeof(want), "%s/item", s->rig.dir);
	CHECK(compare(want, tree) == 1);
	snprintf(tree + n, sizeof(tree) - n, "/5002");
	snprintf(want, sizeof(want), "%s/item2", s->rig.dir);
	CHECK(compare(want, tree) == 1);
	json_decref(d);
}

static void start_agent(struct scene *s, bool first)
{
	static const char *const more[] = { "--log-level", "warn", NULL };
	rig_agent(&s->rig, 0, first ? s->region : NULL, more);
}

/* Waits until some of it has come, or it is over. */
static bool comes(const struct scene *s, const char *id)
{
	unsigned before = chunks_asked(s), more = 1 + rig_random(3);

	for (unsigned tries = 0; tries < 3000; tries++) {
		if (chunks_asked(s) >= before + more)
			return true;
		if (tries % 20 == 19) {
			json_t *d = look(s, id);
			bool over = !strcmp(json_str(d, "state"), "ready");
			CHECK(strcmp(json_str(d, "state"), "failed") != 0);
			json_decref(d);
			if (over)
				return false;
		}
		rig_sleep_ms(10);
	}
	CHECK_NEVER("nothing comes any more");
}

static void killed(struct scene *s)
{
	char id[64];
	unsigned kills = 0, before = chunks_asked(s);

	fault(s, "cdn_chunk@*:latency=150");
	download(s, "{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":780,\"manifest\":\"9081\"}]}", id);
	while (kills < s->kills && comes(s, id)) {
		rig_stop(&s->rig.agents[0], SIGKILL);
		kills++;
		start_agent(s, false);
	}
	fault(s, "");
	json_t *d = await(s, id, "ready");
	is(s, d, FOLDERS("large"));
	unsigned asked = chunks_asked(s) - before, chunks = s->mib + 1;
	printf("killed %u times: %u chunks, %u requests\n", kills, chunks, asked);
	CHECK(kills > 0 && asked >= chunks && asked <= chunks + kills * 2 * FLIGHT);
	json_decref(d);
}

int main(void)
{
	struct scene s = { .mib = setting("FETCH_MIB", 24), .kills = setting("FETCH_KILLS", 3) };
	static char world[8192];

	rig_init(&s.rig);
	make_world(&s, world, sizeof(world));
	rig_sim(&s.rig, world, NULL);
	rig_serve(&s.rig, (const char *const[]){ "--no-agent", "--set", "engine.lease_ms=3000", "--set",
				  "engine.heartbeat_ms=500", NULL });
	json_t *region = rig_expect(&s.rig, 201, "POST", "/v1/regions", "{\"name\":\"far\"}");
	snprintf(s.region, sizeof(s.region), "%s", json_str(region, "id"));
	json_decref(region);
	start_agent(&s, true);
	rig_await_agents(&s.rig, 1);
	apps(&s);
	refused(&s);
	workshop(&s);
	killed(&s);
	rig_done(&s.rig);
	return 0;
}
