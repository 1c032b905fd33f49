/*
 * egresses_desk: agents that are played, each with a mood towards the source that it is asked to ask, on a clock that the test moves.
 */
#pragma once

#include "control/engine/dispatch.h"
#include "control/engine/moves.h"
#include "control/engine/park.h"
#include "control/owners.h"
#include "control/updates/sources.h"

#include "tests/unit/control/engine_desk.h"

#define AGENTS 4
#define S      1000

enum mood { WELL, UNREACHABLE, SILENT, BROKEN };
struct stage {
	enum mood mood[AGENTS];  /* towards Steam's own connection; the store's pages always answer */
	unsigned got[AGENTS];    /* asks of that connection that it was given since they were counted last */
	unsigned probes[AGENTS]; /* those of them that were probes */
	bool pages_hang;
	unsigned pages;         /* asks of the store's pages */
	int64_t newest[AGENTS]; /* the change number that its Steam is at */
};
static struct stage s;

#define NUMBER(text) desk_number(&d, DESK_QUERY(text), NULL, NULL)
#define OF(text, id) desk_number(&d, DESK_QUERY(text), id, NULL)

static inline const char *text_of(const struct store_query *q, const char *id)
{
	static char ring[8][2048];
	static int at;
	auto_rows struct store_rows *r = NULL;
	char *to = ring[at++ % 8];

	*to = 0;
	if (store_one(d.tx.db, q, STORE_ARGS(store_text(id)), &r, NULL) == RC_OK)
		snprintf(to, sizeof(ring[0]), "%s", store_col_text(r, 0) ? store_col_text(r, 0) : "");
	return to;
}
#define TEXT(text, id) text_of(DESK_QUERY(text), id)
#define STATE(id)      TEXT("SELECT state FROM source_breakers WHERE source = 'steam.pics' AND egress_id = $1", id)
/* One that was never asked has no row. */
#define OPENED(id)                                                                                                 \
	OF("SELECT COUNT(*) FROM source_breakers WHERE source = 'steam.pics' AND state <> 'closed' AND egress_id " \
	   "= $1",                                                                                                 \
		id)
#define WHOLE() TEXT("SELECT breaker FROM sources WHERE name = $1", "steam.pics")

static inline void agent(const char *id)
{
	does(DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, boot_id, "
			"last_seen_at, created_at, updated_at, lease_until, capacity) VALUES ($1, 'rgn_1', $1, "
			"'connected', '1', '[\"titles.poll\",\"pics.changes\",\"manifests.probe\"]', '', 1, 1, 1, "
			"9000000000000000000, 1000)"),
		id, NULL, NULL);
}

static const char *const ids[AGENTS] = { "agt_a", "agt_b", "agt_c", "agt_d" };

static inline void begin(unsigned agents)
{
	s = (struct stage){ .newest = { 1000, 1000, 1000, 1000 } };
	desk_open(&d);
	people();
	d.control.owned = owners_fold;
	d.control.owned_progress = owners_progress;
	d.control.owned_place = owners_place;
	does(DESK_QUERY("DELETE FROM agents WHERE id = 'agt_1'"), NULL, NULL, NULL);
	for (unsigned i = 0; i < agents; i++)
		agent(ids[i]);
	CHECK(writes("createWatch", NULL,
		      "{\"store\":\"steam\",\"titleId\":\"480\",\"classes\":[\"store_page\"]}") == RC_OK);
}

/* Who is there, as the roster sees it. */
static inline void there(const char *id, bool is)
{
	does(DESK_QUERY("UPDATE agents SET state = $2 WHERE id = $1"), id, is ? "connected" : "disconnected", NULL);
}

static const char *answer_of(unsigned i, const char *kind, const char *task)
{
	static char text[512];

	if (!strcmp(kind, "changes"))
		snprintf(text, sizeof(text),
			"{\"current\":%lld,\"since\":%s,\"gap\":false,\"apps\":[],\"packages\":[]}",
			(long long)s.newest[i],
			TEXT("SELECT CAST(cursor AS TEXT) FROM sources WHERE name = $1", "steam.pics"));
	else
		snprintf(text, sizeof(text),
			"{\"alive\":true,\"calls\":1,\"titles\":[{\"ref\":\"480\",\"status\":\"known\","
			"\"changeNumber\":7,"
			"\"name\":\"Spacewar\"}]}");
	(void)task;
	return text;
}

/* An agent has the task: it does with it what it is in the mood for. */
static inline void play(unsigned i, const char *task)
{
	const char *kind = TEXT("SELECT kind FROM source_asks WHERE task_id = $1", task);
	bool pages = !strcmp(TEXT("SELECT source FROM source_asks WHERE task_id = $1", task), "steam.store_http");
	enum mood mood = pages ? (s.pages_hang ? SILENT : WELL) : s.mood[i];
	struct moves_task t = { 0 };
	enum rc rc = RC_OK;

	s.pages += pages;
	s.got[i] += !pages;
	s.probes[i] += !strcmp(kind, "probe");
	if (mood == SILENT)
		return;
	desk_begin(&d);
	CHECK(moves_load(&d.tx, task, &t) == RC_OK);
	if (mood == UNREACHABLE) {
		t.code = "dependency_unavailable";
		rc = moves_fail(&d.tx, &t, moves_error(&d.tx, t.code, "no connection", true),
			(struct task_failure){ true, false });
	} else {
		rc = moves_succeed(&d.tx, &t, mood == BROKEN ? "{\"current\":\"\"}" : answer_of(i, kind, task));
	}
	if (rc != RC_OK) {
		fprintf(stderr, "%s\n", d.fault.text);
		exit(1);
	}
	desk_commit(&d);
}

static inline void look(void)
{
	desk_begin(&d);
	if (sources_scan(&d.tx) != RC_OK) {
		fprintf(stderr, "%s\n", d.fault.text);
		exit(1);
	}
	CHECK(park_scan(&d.tx) == RC_OK);
	desk_commit(&d);
}

/* All that can be handed out is, and answered. */
static inline void hand_out(void)
{
	struct dispatch_offer offers[AGENTS];
	char tasks[64][64];
	unsigned to[64];
	bool more = true;

	for (unsigned i = 0; i < AGENTS; i++)
		offers[i] = (struct dispatch_offer){ ids[i], "rgn_1", ",titles.poll,pics.changes,manifests.probe,",
			50 };
	while (more) {
		struct field_list list = { 0 };
		size_t there_n = 0;
		struct dispatch_offer here[AGENTS];
		for (unsigned i = 0; i < AGENTS; i++)
			if (OF("SELECT COUNT(*) FROM agents WHERE id = $1 AND state = 'connected'", ids[i]))
				here[there_n++] = offers[i];
		if (there_n == 0)
			return;
		CHECK(dispatch_lease(desk_begin(&d), here, there_n, &list, &more) == RC_OK);
		const struct dispatch_grant *g = list.at;
		size_t n = list.n < 64 ? list.n : 64;
		for (size_t k = 0; k < n; k++) {
			snprintf(tasks[k], sizeof(*tasks), "%s", g[k].task_id);
			to[k] = 0;
			while (strcmp(ids[to[k]], here[g[k].offer].agent_id) != 0)
				to[k]++;
		}
		desk_commit(&d);
		for (size_t k = 0; k < n; k++)
			play(to[k], tasks[k]);
		more = n > 0;
	}
}

static inline void turn(int64_t ms)
{
	d.tx.now_ms += ms;
	look();
	hand_out();
}

static inline void turns(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		turn(6 * S);
}

static inline void count_anew(void)
{
	memset(s.got, 0, sizeof(s.got));
	memset(s.probes, 0, sizeof(s.probes));
	s.pages = 0;
}

/* Turns until the egress's breaker is that. */
static inline void until(const char *id, const char *state)
{
	for (int i = 0; i < 700 && strcmp(STATE(id), state) != 0; i++)
		turns(1);
	CHECK_STR(STATE(id), state);
}

static inline int64_t told(const char *egress, const char *state)
{
	char like[128];

	if (egress)
		snprintf(like, sizeof(like), "%%\"egressId\":\"%s\",%%\"state\":\"%s\"%%", egress, state);
	else
		snprintf(like, sizeof(like), "%%\"egressId\":null,%%\"state\":\"%s\"%%", state);
	return OF("SELECT COUNT(*) FROM events WHERE type = 'source.state_changed' AND data LIKE $1", like);
}
