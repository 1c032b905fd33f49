/* What stores say, folded into what is known: baselines, builds once for ever, three-valued answers, polls; on a clock that the test moves. */
#include "control/engine/moves.h"
#include "control/updates/builds.h"
#include "control/updates/polls.h"
#include "control/updates/titles.h"
#include "control/updates/titles_due.h"
#include "control/updates/watch_library.h"
#include "control/updates/watches.h"
#include "model/action_download.h"
#include "model/action_titles.h"

#include "tests/unit/control/engine_desk.h"

#define PICS "steam.pics"
#define HTTP "steam.store_http"
#define HOUR ((int64_t)3600000)

static struct titles_seen seen;

#define count(text) desk_number(&d, DESK_QUERY(text), NULL, NULL)

static void watches(const char *body) { CHECK(writes("createWatch", NULL, body) == RC_OK); }

/* An app with one branch and one depot. */
static struct action_title app(const char *ref, uint32_t number, const char *build, const char *manifest)
{
	struct action_title_branch *b = arena_take(&d.arena, sizeof(*b));
	struct action_title_depot *o = arena_take(&d.arena, sizeof(*o));
	struct action_title_section *s = arena_take(&d.arena, sizeof(*s));

	*b = (struct action_title_branch){ .name = "public", .build_id = build, .updated_ms = 1 };
	*o = (struct action_title_depot){ .depot = "481", .branch = "public", .manifest = manifest, .size = 10 };
	*s = (struct action_title_section){ "common", "aa" };
	return (struct action_title){ .ref = ref,
		.status = "known",
		.change_number = number,
		.name = "Spacewar",
		.access = "public",
		.branches = { b, 1 },
		.depots = { o, 1 },
		.sections = { s, 1 } };
}

static struct action_title unknown(const char *ref, const char *reason)
{
	return (struct action_title){ .ref = ref, .status = "unknown", .reason = reason };
}

static void folds_all(const char *source, const struct action_title *at, size_t n)
{
	seen.source = source;
	seen.at = at;
	seen.n = n;
	enum rc rc = titles_fold(&d.tx, &seen);
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", d.fault.text);
		exit(1);
	}
	desk_commit(&d);
	seen = (struct titles_seen){ 0 };
}

/* One answer, made after desk_begin, folded and committed; which of the three was it? */
static char folds(const char *source, struct action_title t)
{
	char answer;
	seen.source = source;
	seen.at = &t;
	seen.n = 1;
	enum rc rc = titles_fold(&d.tx, &seen);
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", d.fault.text);
		exit(1);
	}
	desk_commit(&d);
	CHECK(seen.ret_changed + seen.ret_unchanged + seen.ret_unknown == 1);
	answer = seen.ret_changed ? 'c' : seen.ret_unchanged ? 'u' : '?';
	seen = (struct titles_seen){ 0 };
	return answer;
}
#define FOLDS(source, title) (desk_begin(&d), folds(source, title))

static int64_t events(const char *type)
{
	return desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM events WHERE type = $1"), type, NULL);
}

static const char *watch_state(void)
{
	static char state[32];
	auto_rows struct store_rows *r = NULL;
	CHECK(store_one(d.tx.db,
		      DESK_QUERY("SELECT state FROM watches WHERE title_id = (SELECT id FROM titles "
				 "WHERE ref = '480')"),
		      STORE_NO_ARGS, &r, &d.fault) == RC_OK);
	snprintf(state, sizeof(state), "%s", store_col_text(r, 0));
	return state;
}

static void a_baseline_and_a_build(void)
{
	watches("{\"store\":\"steam\",\"titleId\":\"480\",\"classes\":[\"*\"]}");
	CHECK(FOLDS(PICS, app("480", 100, "7", "m1")) == 'u');
	CHECK(count("SELECT COUNT(*) FROM builds WHERE direction = 'first'") == 1);
	CHECK(count("SELECT COUNT(*) FROM changes") == 0);
	CHECK(events("title.build_announced") == 0 && events("title.changed") == 0);
	CHECK(FOLDS(PICS, app("480", 100, "7", "m1")) == 'u');

	CHECK(FOLDS(PICS, app("480", 101, "8", "m2")) == 'c');
	CHECK(events("title.build_announced") == 1);
	CHECK(count("SELECT COUNT(*) FROM builds WHERE build_id = '8' AND direction = 'forward' AND probe_at > "
		    "0") == 1);
	CHECK(count("SELECT COUNT(*) FROM changes WHERE class = 'build'") == 1);
	CHECK(count("SELECT COUNT(*) FROM changes WHERE class = 'depot' AND diff IS NULL AND diff_of > 0") == 1);
	CHECK(FOLDS(PICS, app("480", 101, "8", "m2")) == 'u');
	CHECK(events("title.build_announced") == 1);

	/* Told by the other way to ask, and by the first again: no news. */
	CHECK(FOLDS(HTTP, app("480", 0, "8", "m2")) == 'u');
	CHECK(FOLDS(PICS, app("480", 102, "8", "m2")) == 'u');
	CHECK(events("title.build_announced") == 1);
}

/* What a server that is behind says is no rollback. */
static void behind(void)
{
	CHECK(FOLDS(PICS, app("480", 90, "7", "m1")) == 'u');
	CHECK(events("title.build_announced") == 1);
	CHECK(count("SELECT change_number FROM titles WHERE ref = '480'") == 102);
}

static void rolled_back(void)
{
	int64_t told = events("title.changed");
	CHECK(FOLDS(PICS, app("480", 103, "7", "m1")) == 'c'); /* known: it is not announced a second time */
	CHECK(events("title.build_announced") == 1);
	CHECK(events("title.changed") == told + 2);
	CHECK(count("SELECT COUNT(*) FROM changes WHERE class = 'build' AND direction = 'rollback'") == 1);
	CHECK(FOLDS(PICS, app("480", 104, "6", "m0")) == 'c'); /* an older one that nobody saw */
	CHECK(events("title.build_announced") == 2);
	CHECK(count("SELECT COUNT(*) FROM builds WHERE build_id = '6' AND direction = 'rollback'") == 1);
	CHECK(FOLDS(PICS, app("480", 105, "8", "m2")) == 'c');
	CHECK(events("title.build_announced") == 2);
}

/* A section alone, or another time of the branch, is no build. */
static void no_build(void)
{
	desk_begin(&d);
	struct action_title t = app("480", 106, "8", "m2");
	((struct action_title_section *)t.sections.at)->sha1 = "bb";
	CHECK(folds(PICS, t) == 'c');
	CHECK(count("SELECT COUNT(*) FROM changes WHERE class = 'metadata'") == 1);
	desk_begin(&d);
	t = app("480", 107, "8", "m2");
	((struct action_title_section *)t.sections.at)->sha1 = "bb";
	((struct action_title_branch *)t.branches.at)->updated_ms = 99000;
	CHECK(folds(PICS, t) == 'c');
	CHECK(count("SELECT COUNT(*) FROM changes WHERE class = 'branch'") == 1);
	CHECK(events("title.build_announced") == 2);
	CHECK(count("SELECT COUNT(*) FROM changes WHERE class = 'build'") == 4);
}

static void numbers(void)
{
	struct action_title t = { .ref = "480", .status = "known", .change_number = 107 };

	seen.metadata_only = true;
	CHECK(FOLDS(PICS, t) == 'u');
	t.change_number = 110;
	seen.metadata_only = true;
	CHECK(FOLDS(PICS, t) == 'c');
	CHECK(count("SELECT wanted_number FROM titles WHERE ref = '480'") == 110);
	CHECK(count("SELECT change_number FROM titles WHERE ref = '480'") == 107);
	desk_begin(&d);
	struct field_list refs = { 0 };
	struct titles_ask ask = { .source = PICS, .kind = TITLES_WANTED, .limit = 50 };
	CHECK(titles_due(&d.tx, &ask, &refs) == RC_OK && refs.n == 1);
	CHECK(titles_due(&d.tx, &ask, &refs) == RC_OK && refs.n == 0); /* it is asked */
	d.tx.now_ms += TITLES_ASK_MS + 1;
	CHECK(titles_due(&d.tx, &ask, &refs) == RC_OK && refs.n == 1);
	desk_commit(&d);
	CHECK(FOLDS(PICS, app("480", 110, "8", "m2")) == 'c');
	desk_begin(&d);
	CHECK(titles_due(&d.tx, &ask, &refs) == RC_OK && refs.n == 0);
	CHECK(titles_touch(&d.tx, "steam", "480", 111) == RC_OK);
	CHECK(titles_due(&d.tx, &ask, &refs) == RC_OK && refs.n == 1);
	desk_commit(&d);
	CHECK(FOLDS(PICS, app("480", 111, "8", "m2")) == 'u');
}

/* Empty is not "unchanged", and not "deleted" until it was said three times, an hour apart, while others are there. */
static void unknowns(void)
{
	CHECK(FOLDS(PICS, unknown("480", "timeout")) == '?');
	CHECK(FOLDS(HTTP, unknown("480", "empty")) == '?');
	CHECK(count("SELECT COUNT(*) FROM titles WHERE state = 'known' AND unknown_n = 0") == 1);
	watches("{\"store\":\"steam\",\"titleId\":\"570\"}");
	for (int i = 0; i < 6; i++) {
		CHECK(FOLDS(PICS, unknown("480", "missing")) == '?'); /* alone: it may be the source */
		d.tx.now_ms += HOUR;
	}
	CHECK(count("SELECT unknown_n FROM titles WHERE ref = '480'") == 0);
	for (int i = 0; i < 3; i++) {
		CHECK(count("SELECT COUNT(*) FROM titles WHERE ref = '480' AND state = 'known'") == 1);
		for (int twice = 0; twice < 2; twice++) {
			desk_begin(&d);
			folds_all(PICS,
				(struct action_title[]){ unknown("480", "missing"), app("570", 5, "1", "m") }, 2);
		}
		d.tx.now_ms += HOUR;
	}
	CHECK(count("SELECT COUNT(*) FROM titles WHERE ref = '480' AND state = 'removed'") == 1);
	CHECK(events("title.visibility_changed") == 1);
	CHECK_STR(watch_state(), "unknown_title");
	CHECK(FOLDS(PICS, app("480", 112, "8", "m2")) == 'u');
	CHECK(events("title.visibility_changed") == 2);
	CHECK_STR(watch_state(), "active");
	CHECK(FOLDS(PICS, unknown("480", "denied")) == '?');
	CHECK_STR(watch_state(), "denied");
	CHECK(FOLDS(PICS, unknown("480", "login_required")) == '?');
	CHECK_STR(watch_state(), "denied");
	CHECK(FOLDS(PICS, unknown("480", "license")) == '?');
	CHECK_STR(watch_state(), "denied");
	CHECK(FOLDS(PICS, unknown("480", "denied")) == '?');
	seen.fallback = true;
	CHECK(FOLDS(HTTP, app("480", 0, "8", "m2")) == 'u');
	CHECK_STR(watch_state(), "degraded");
	CHECK(FOLDS(PICS, app("480", 112, "8", "m2")) == 'u');
	CHECK_STR(watch_state(), "active");
}

static void looks(void)
{
	CHECK(watches_scan(desk_begin(&d)) == RC_OK);
	desk_commit(&d);
}

static void stale(void)
{
	int64_t before = events("watch.stale");
	CHECK(FOLDS(PICS, app("480", 112, "8", "m2")) == 'u');
	d.tx.now_ms += 2699 * 1000;
	looks();
	CHECK_STR(watch_state(), "active");
	d.tx.now_ms += 2000;
	looks();
	looks();
	CHECK_STR(watch_state(), "stale");
	CHECK(FOLDS(PICS, unknown("480", "timeout")) == '?');
	CHECK_STR(watch_state(), "stale");
	CHECK(events("watch.stale") > before);
	CHECK(FOLDS(PICS, app("480", 112, "8", "m2")) == 'u');
	CHECK_STR(watch_state(), "active");
}

/* A build can be fetched some time after it was announced: asked for at 5, 15, 30, 60 … seconds; told once. */
static void availability(void)
{
	static const int64_t at_s[] = { 5, 15, 30, 60, 120, 240 };
	struct field_list due = { 0 };
	int64_t begin, told = events("title.build_available");

	desk_begin(&d);
	does(DESK_QUERY("UPDATE builds SET probe_at = 0"), NULL, NULL, NULL);
	desk_commit(&d);
	CHECK(FOLDS(PICS, app("480", 120, "20", "m20")) == 'c');
	begin = d.tx.now_ms;
	for (size_t i = 0; i < sizeof(at_s) / sizeof(*at_s); i++) {
		d.tx.now_ms = begin + at_s[i] * 1000 - 1;
		CHECK(builds_due(desk_begin(&d), false, 10, &due) == RC_OK && due.n == 0);
		d.tx.now_ms++;
		CHECK(builds_due(&d.tx, false, 10, &due) == RC_OK && due.n == 1);
		const struct builds_due *b = due.at;
		const struct action_download_depot *o = b->depots.at;
		CHECK_STR(b->ref, "480");
		CHECK(b->depots.n == 1 && o->id == 481);
		CHECK_STR(o->manifest, "m20");
		CHECK(builds_probed(&d.tx, b->id, false) == RC_OK);
		desk_commit(&d);
	}
	d.tx.now_ms += 3 * HOUR;
	CHECK(builds_due(desk_begin(&d), false, 10, &due) == RC_OK && due.n == 1);
	const char *id = ((const struct builds_due *)due.at)->id;
	CHECK(builds_probed(&d.tx, id, true) == RC_OK && builds_probed(&d.tx, id, true) == RC_OK);
	desk_commit(&d);
	CHECK(events("title.build_available") == told + 1);
	d.tx.now_ms += 3 * HOUR;
	CHECK(builds_due(desk_begin(&d), false, 10, &due) == RC_OK && due.n == 0);
	desk_commit(&d);
}

/* What was not committed was not told; what was, is told once, whoever says it again. */
static void crashes(void)
{
	int64_t told = events("title.build_announced");
	desk_begin(&d);
	struct action_title t = app("480", 130, "30", "m30");
	seen = (struct titles_seen){ .source = PICS, .at = &t, .n = 1 };
	CHECK(titles_fold(&d.tx, &seen) == RC_OK && seen.ret_changed == 1);
	seen = (struct titles_seen){ 0 };
	desk_again(&d);
	CHECK(events("title.build_announced") == told);
	CHECK(FOLDS(PICS, app("480", 130, "30", "m30")) == 'c');
	CHECK(events("title.build_announced") == told + 1);
	desk_again(&d);
	CHECK(FOLDS(PICS, app("480", 131, "30", "m30")) == 'u');
	CHECK(events("title.build_announced") == told + 1);
}

static void shadow(void)
{
	int64_t told = events("title.build_announced");
	seen.shadow = true;
	CHECK(FOLDS(PICS, app("480", 140, "40", "m40")) == 'c');
	CHECK(events("title.build_announced") == told);
	CHECK(count("SELECT change_number FROM titles WHERE ref = '480'") == 131);
}

/* A library becomes watches when its task has ended, once, whoever tells the end again. */
static void library(void)
{
	int64_t before = count("SELECT COUNT(*) FROM watches");

	CHECK(writes("importWatches", NULL, "{}") == RC_INVALID);
	CHECK(writes("importWatches", NULL, "{\"accountId\":\"acc_9\"}") == RC_INVALID);
	CHECK(writes("importWatches", NULL, "{\"accountId\":\"acc_1\",\"labels\":{\"set\":\"lib\"}}") == RC_OK);
	CHECK(got("importId") && count("SELECT COUNT(*) FROM tasks WHERE owner LIKE 'wim_%'") == 1);
	struct moves_task t = { .owner = got("importId"), .status = TASK_RUNNING };
	CHECK(watch_library_fold(desk_begin(&d), &t) == RC_OK);
	t.status = TASK_SUCCEEDED;
	t.result = "{\"apps\":[{\"app\":480},{\"app\":10},{\"app\":20}]}";
	CHECK(watch_library_fold(&d.tx, &t) == RC_OK && watch_library_fold(&d.tx, &t) == RC_OK);
	desk_commit(&d);
	CHECK(count("SELECT COUNT(*) FROM watches") == before + 2); /* 480 was watched */
	CHECK(count("SELECT COUNT(*) FROM watches WHERE labels = '{\"set\":\"lib\"}'") == 2);
	CHECK(events("watch.imported") == 1 && count("SELECT COUNT(*) FROM watch_imports") == 0);
}

int main(void)
{
	desk_open(&d);
	people();
	a_baseline_and_a_build();
	behind();
	rolled_back();
	no_build();
	numbers();
	unknowns();
	stale();
	availability();
	crashes();
	shadow();
	library();
	desk_close(&d);
	return 0;
}
