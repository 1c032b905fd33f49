/*
 * D1 and its neighbours: an agent fetches depots of a simulated Steam, is killed again and again while it does, and what it publishes is what
 * the depots were made of, byte by byte. No chunk is fetched twice but those that were in flight; when the power is cut, what was not synced
 * besides.
 *
 *      FETCH_MIB       of the large depot (default 32; 10240)
 *      FETCH_KILLS     how often the agent is killed (default 3; 20)
 *      FETCH_CUT_MIB   of the depot during which the power is cut (default 32; 1024)
 *      FETCH_CUTS      how often (default 1; 10)
 */
#include "sim/cdn/cdn_large.h"
#include "tests/system/depots.h"
#include "tests/system/power.h"
#include "wire/content_journal.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define LARGE_MIB  1024 /* there, files of the large depots are of about so many */
#define FLIGHT     16   /* chunks on their way: 8 requests, and as many that wait to be unpacked */
#define FLIGHT_BIG 64   /* of a large depot, whose chunks also wait for the disk: the slots of the pipeline */
#define LOSS_MIB   64   /* what a loss of power may cost */

struct scene {
	struct rig rig;
	char region[64];
	unsigned mib, kills, cut_mib, cuts;
	unsigned seed; /* of the large depots */
};

static unsigned setting(const char *name, unsigned normal)
{
	const char *text = getenv(name);
	return text ? (unsigned)strtoul(text, NULL, 10) : normal;
}

/* ---- what the depots are made of ---- */

static const char app_vdf[] =
	"\"appinfo\"\n{\n\"appid\" \"700\"\n\"depots\"\n{\n"
	"\"701\" { \"manifests\" { \"public\" { \"gid\" \"9001\" } \"next\" { \"gid\" \"9011\" } } }\n"
	"\"702\" { \"config\" { \"oslist\" \"windows\" } \"manifests\" { \"public\" \"9002\" } }\n"
	"\"703\" { \"config\" { \"language\" \"german\" } \"manifests\" { \"public\" \"9003\" } }\n"
	"\"705\" { \"depotfromapp\" \"750\" \"sharedinstall\" \"1\" }\n"
	"\"branches\" { \"public\" { \"buildid\" \"1\" } \"next\" { \"buildid\" \"2\" } }\n}\n}\n";
static const char shared_vdf[] = "\"appinfo\"\n{\n\"appid\" \"750\"\n\"depots\"\n{\n\"705\" { \"manifests\" { "
				 "\"public\" { \"gid\" \"9005\" } } }\n"
				 "\"branches\" { \"public\" { \"buildid\" \"1\" } }\n}\n}\n";

static unsigned flight_of(unsigned mib) { return mib < LARGE_MIB ? FLIGHT : FLIGHT_BIG; }
static unsigned files_of(unsigned mib) { return mib < 2 * LARGE_MIB ? 2 : mib / LARGE_MIB; }

static void make_world(struct scene *s, char *world, size_t room)
{
	const struct rig *r = &s->rig;

	depots_file(r, "one", "bin/tool", 300000, 1);
	depots_file(r, "one", "data/a.pak", 5 << 20, 2);
	depots_file(r, "one", "data/copy.pak", 5 << 20, 2);
	depots_file(r, "one", "empty", 0, 3);
	depots_file(r, "two", "bin/tool", 300000, 1);
	depots_file(r, "two", "data/a.pak", (5 << 20) + 700000, 2);
	depots_file(r, "two", "data/copy.pak", 5 << 20, 2);
	depots_file(r, "two", "new", 1000, 4);
	depots_file(r, "windows", "tool.exe", 1000, 5);
	depots_file(r, "german", "text.de", 1000, 6);
	depots_file(r, "shared", "lib/runtime.so", 100000, 7);
	depots_file(r, "dlc", "dlc.pak", 1000, 8);
	depots_text(r, "700.vdf", app_vdf);
	depots_text(r, "750.vdf", shared_vdf);
	snprintf(world, room,
		"app 700 700.vdf\napp 750 750.vdf\n"
		"depot 701 app=700 manifest=9001 key=auto dir=one kind=vsz\n"
		"depot 701 app=700 manifest=9011 key=auto dir=two kind=vsz branch=next\n"
		"depot 702 app=700 manifest=9002 key=auto dir=windows kind=vz\n"
		"depot 703 app=700 manifest=9003 key=auto dir=german kind=zip\n"
		"depot 705 app=750 manifest=9005 key=auto dir=shared kind=vz\n"
		"depot 706 app=700 manifest=9006 key=auto dir=dlc package=99999\n"
		"depot 780 app=700 manifest=9081 key=auto large=%u,%u,%u kind=vsz\n"
		"depot 781 app=700 manifest=9082 key=auto large=%u,%u,%u kind=vsz\n"
		"workshop 5003 app=770 private\n",
		files_of(s->mib), s->mib, s->seed, files_of(s->cut_mib), s->cut_mib, s->seed + 1);
}

/* The tree has the files of this large depot, made once more, and no others. */
static void is_large(const struct scene *s, const json_t *d, unsigned mib, unsigned seed)
{
	static uint8_t want[CDN_LARGE_CHUNK], got[CDN_LARGE_CHUNK];
	char tree[DEPOTS_PATH], path[DEPOTS_PATH + 40], name[32];
	unsigned files = files_of(mib), chunks = 0;

	depots_tree(&s->rig, json_str(d, "contentId"), tree);
	for (unsigned i = 0; i < files; i++) {
		struct cdn_recipe how = { .seed = seed, .file = i };
		cdn_large_name(i, name);
		snprintf(path, sizeof(path), "%s/%s", tree, name);
		FILE *f = fopen(path, "r");
		CHECK(f);
		for (; fread(got, 1, sizeof(got), f) == sizeof(got); how.index++, chunks++) {
			cdn_large_fill(&how, want);
			CHECK(memcmp(got, want, sizeof(got)) == 0);
		}
		CHECK(feof(f) && fclose(f) == 0);
	}
	CHECK(chunks == mib && depots_count(tree) == files);
}

/* ---- the cases ---- */

static void is(const struct scene *s, const char *members, const char *const *folders)
{
	json_t *d = depots_ready(&s->rig, members);
	depots_are(&s->rig, d, folders);
	json_decref(d);
}

static unsigned chunks_asked(const struct scene *s) { return depots_asked(&s->rig, "cdn_chunk"); }

static void apps(const struct scene *s)
{
	is(s, "\"source\":{\"kind\":\"app\",\"appId\":700}", DEPOTS_OF("one", "shared"));
	unsigned first = chunks_asked(s);
	CHECK(first == 1 + 5 + 1); /* what is in two files came once */
	/* A later build of it: what the two have in common is here. */
	is(s, "\"source\":{\"kind\":\"app\",\"appId\":700,\"branch\":\"next\"}", DEPOTS_OF("two", "shared"));
	CHECK(chunks_asked(s) - first == 2);
	is(s,
		"\"source\":{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":702,\"manifest\":\"9002\"},{"
		"\"id\":703}]}",
		DEPOTS_OF("windows", "german"));
}

static void refused(const struct scene *s)
{
	static const char *const cases[][2] = {
		{ "\"source\":{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":706,\"manifest\":\"9006\"}]}",
			"no_license" },
		{ "\"source\":{\"kind\":\"app\",\"appId\":700,\"branch\":\"nothing\"}", "not_found" },
		{ "\"source\":{\"kind\":\"app\",\"appId\":799}", "not_found" },
		{ "\"source\":{\"kind\":\"workshop_item\",\"id\":\"5003\"}", "private" },
		{ "\"source\":{\"kind\":\"workshop_item\",\"id\":\"5004\"}", "not_found" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		depots_fails(&s->rig, cases[i][0], cases[i][1]);
}

/* Steam's rule, and ours for every address, is 10 s between two logons, and an agent that comes back logs on anew: that would be most of
   this test. It is in `system budgets`; here the lanes are open. */
#define OPEN_LANES "--set", "lanes.unsafe=true", "--set", "lanes.limits=cm.connect=0,cm.login=0"

static void start_agent(struct scene *s, bool first)
{
	rig_agent(&s->rig, 0, first ? s->region : NULL,
		(const char *const[]){ "--log-level", "warn", OPEN_LANES, NULL });
}

/* Waits until so many more chunks were asked for; false: it is over before. */
static bool comes(const struct scene *s, const char *id, unsigned more)
{
	unsigned before = chunks_asked(s);

	for (unsigned tries = 0; tries < 3000 + 100 * more; tries++) {
		if (chunks_asked(s) >= before + more)
			return true;
		if (tries % 20 == 19) {
			json_t *d = depots_look(&s->rig, id);
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

/* A chunk takes a while to come, so that a kill finds some under way. */
static void begin(const struct scene *s, unsigned mib, const char *source, char ret_id[static 64])
{
	rig_sim_say(&s->rig, "/sim/faults", mib < LARGE_MIB ? "cdn_chunk@*:latency=60" : "cdn_chunk@*:latency=5");
	CHECK(depots_download(&s->rig, source, ret_id) / 100 == 2);
}

static void finish(const struct scene *s, const char *id, unsigned mib, unsigned seed)
{
	rig_sim_clear(&s->rig);
	json_t *d = depots_await(&s->rig, id, "ready", 60 + mib);
	is_large(s, d, mib, seed);
	json_decref(d);
}

static void killed(struct scene *s)
{
	char id[64];
	unsigned kills = 0, before = chunks_asked(s), asked, step = s->mib / (s->kills + 1);

	begin(s, s->mib,
		"\"source\":{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":780,\"manifest\":\"9081\"}]}",
		id);
	while (kills < s->kills && comes(s, id, 1 + rig_random(step))) {
		rig_stop(&s->rig.agents[0], SIGKILL);
		unsigned then = chunks_asked(s) - before;
		start_agent(s, false);
		kills++;
		printf("kill %u when %u were asked for\n", kills, then);
	}
	finish(s, id, s->mib, s->seed);
	asked = chunks_asked(s) - before;
	printf("killed %u times: %u chunks, %u requests\n", kills, s->mib, asked);
	CHECK(kills == s->kills && asked >= s->mib && asked <= s->mib + kills * flight_of(s->mib));
}

/*
 * What the journal says is what a disk has: whenever it is written, it is sure of no more chunks than a sync has covered. Read from the log
 * of power_shim, of every write and sync in their order.
 */
struct order {
	struct {
		uint64_t inode, at, tick;
		bool synced;
	} places[LARGE_MIB]; /* where a chunk was written */
	unsigned places_n, journals;
};

static void note_write(struct order *o, const struct power_record *r)
{
	unsigned i = 0;

	while (i < o->places_n && (o->places[i].inode != r->inode || o->places[i].at != r->at))
		i++;
	CHECK(i < LARGE_MIB);
	o->places_n += i == o->places_n;
	o->places[i].inode = r->inode;
	o->places[i].at = r->at;
	o->places[i].tick = r->tick;
}

static void note_journal(struct order *o, const uint8_t *page)
{
	unsigned sure = 0, synced = 0;

	for (unsigned i = 8; i < CONTENT_JOURNAL_PAGE - 4; i++)
		for (unsigned shift = 0; shift < 8; shift += 2)
			sure += (page[i] >> shift & 3) == CONTENT_CELL_SURE;
	for (unsigned i = 0; i < o->places_n; i++)
		synced += o->places[i].synced;
	if (sure > synced)
		fprintf(stderr, "the journal is sure of %u chunks, %u are on the disk\n", sure, synced);
	CHECK(sure <= synced);
	o->journals++;
}

static void in_order(void *ctx, const struct power_record *r, const uint8_t *fresh)
{
	struct order *o = ctx;

	for (unsigned i = 0; r->kind == POWER_SYNC && i < o->places_n; i++)
		if ((r->inode == 0 || r->inode == o->places[i].inode) && o->places[i].tick <= r->tick)
			o->places[i].synced = true;
	if (r->kind == POWER_WRITE && r->n == CDN_LARGE_CHUNK)
		note_write(o, r);
	/* Its first page of chunks, of which there are no more than stand on one. */
	if (fresh && r->at == CONTENT_JOURNAL_PAGE && !memcmp(fresh, "FPCJ", 4))
		note_journal(o, fresh);
}

/* A life ends; the next one counts its writes anew. */
static void check_order(struct order *o, const char *log)
{
	power_records(log, in_order, o);
	for (unsigned i = 0; i < o->places_n; i++)
		o->places[i].tick = 0;
}

/* Agents that start now write down what a loss of power would undo. */
static void watch_power(const struct scene *s, char log[static 128], char root[static 128])
{
	const char *shim = getenv("POWER_SHIM");
	char beside[300];

	snprintf(log, 128, "%s/power.log", s->rig.dir);
	snprintf(root, 128, "%s/agent-0/agent/content/", s->rig.dir);
	if (!shim) {
		const char *program = getenv("FOOTPLATE");
		snprintf(beside, sizeof(beside), "%.*s/tests/system/libpower_shim.so",
			(int)(strrchr(program, '/') - program), program);
		shim = beside;
	}
	CHECK(access(shim, R_OK) == 0);
	setenv("POWER_SHIM_LOG", log, 1);
	setenv("POWER_SHIM_ROOT", root, 1);
	setenv("LD_PRELOAD", shim, 1);
}

static void cut_off(struct scene *s)
{
	char id[64], log[128], root[128];
	unsigned cuts = 0, before = chunks_asked(s), step = s->cut_mib / (s->cuts + 1);
	uint64_t lost = 0;
	static struct order order;

	rig_stop(&s->rig.agents[0], SIGTERM);
	watch_power(s, log, root);
	start_agent(s, false);
	begin(s, s->cut_mib,
		"\"source\":{\"kind\":\"depot\",\"appId\":700,\"depots\":[{\"id\":781,\"manifest\":\"9082\"}]}",
		id);
	while (cuts < s->cuts && comes(s, id, step / 2 + 1 + rig_random(step / 2 + 1))) {
		rig_stop(&s->rig.agents[0], SIGKILL);
		check_order(&order, log);
		uint64_t now = power_cut(log, root);
		printf("cut %u when %u were asked for: %llu KiB were lost\n", ++cuts, chunks_asked(s) - before,
			(unsigned long long)now >> 10);
		lost += now;
		start_agent(s, false);
	}
	unsetenv("LD_PRELOAD");
	finish(s, id, s->cut_mib, s->seed + 1);
	check_order(&order, log);
	CHECK(order.places_n == s->cut_mib && order.journals > 0);
	unsigned asked = chunks_asked(s) - before;
	printf("cut off %u times: %u chunks, %u requests\n", cuts, s->cut_mib, asked);
	CHECK(cuts == s->cuts && lost > 0 && asked >= s->cut_mib);
	CHECK(asked <= s->cut_mib + cuts * (flight_of(s->cut_mib) + LOSS_MIB));
}

int main(void)
{
	struct scene s = { .mib = setting("FETCH_MIB", 32),
		.kills = setting("FETCH_KILLS", 3),
		.cut_mib = setting("FETCH_CUT_MIB", 32),
		.cuts = setting("FETCH_CUTS", 1),
		.seed = 7 };
	static char world[8192];

	setvbuf(stdout, NULL, _IOLBF, 0);
	rig_init(&s.rig);
	make_world(&s, world, sizeof(world));
	rig_sim(&s.rig, world, NULL);
	rig_serve(&s.rig, (const char *const[]){ "--no-agent", "--set", "engine.lease_ms=3000", "--set",
				  "engine.heartbeat_ms=500", OPEN_LANES, NULL });
	json_t *region = rig_expect(&s.rig, 201, "POST", "/v1/regions", "{\"name\":\"far\"}");
	snprintf(s.region, sizeof(s.region), "%s", json_str(region, "id"));
	json_decref(region);
	start_agent(&s, true);
	rig_await_agents(&s.rig, 1);
	apps(&s);
	refused(&s);
	killed(&s);
	cut_off(&s);
	rig_done(&s.rig);
	return 0;
}
