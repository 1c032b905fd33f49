/* How long what waits for the stores takes, by which source a roll-out leaves it to. */
#include "control/budgets/budgets.h"
#include "control/updates/sources_eta.h"

#include "tests/unit/control/engine_desk.h"

#define TITLES 8
#define GOLD   3

static char poll[64];

static void rollout(const char *json)
{
	desk_begin(&d);
	does(DESK_QUERY("UPDATE sources SET rollout = $1 WHERE name = 'steam.pics'"), json, NULL, NULL);
	desk_commit(&d);
}

static int64_t eta(void)
{
	int64_t seconds = -2;

	CHECK(sources_eta_poll(desk_begin(&d), poll, &seconds) == RC_OK);
	desk_commit(&d);
	return seconds;
}

static int64_t waiting(const char *source)
{
	struct sources_eta e = { -2, -2 };

	CHECK(sources_eta_of(desk_begin(&d), sources_kind(source), &e) == RC_OK);
	desk_commit(&d);
	return e.waiting;
}

/* One title each, as the store's lane allows. */
static int64_t by_store(int64_t titles)
{
	int64_t every_ms = budgets_kind(d.tx.control, LANE_STORE_WEB)->every_ms;

	CHECK(every_ms > 1000);
	return (titles * every_ms + 999) / 1000;
}

static void shares(const char *json, int64_t other)
{
	rollout(json);
	CHECK(waiting("steam.pics") == TITLES - other && waiting("steam.store_http") == other);
	CHECK(other ? eta() == by_store(other) : eta() < by_store(1));
}

int main(void)
{
	char body[200];

	desk_open(&d);
	people();
	for (int i = 0; i < TITLES; i++) {
		snprintf(body, sizeof(body),
			"{\"titleId\":\"%d\",\"labels\":{\"a\":\"tier\",\"tier\":\"%s\",\"say\":\"a\\\"b\"}}",
			100 + i,
			i < GOLD    ? "gold"
			: i == GOLD ? "golden"
				    : "Gold");
		CHECK(writes("createWatch", NULL, body) == RC_OK);
	}
	CHECK(writes("createPoll", NULL, "{\"mode\":\"full\"}") == RC_OK);
	snprintf(poll, sizeof(poll), "%s", got("id"));
	shares("{}", 0);
	shares("{\"labels\":{\"tier\":\"gold\"}}", TITLES - GOLD);
	shares("{\"labels\":{\"tier\":\"gold\",\"a\":\"tier\",\"say\":\"a\\\"b\"}}", TITLES - GOLD);
	shares("{\"labels\":{\"tier\":\"gold\",\"a\":\"gold\"}}", TITLES);
	shares("{\"labels\":{\"a\":\"tier\"}}", 0);
	shares("{\"labels\":{\"a\":\"tier\"},\"percent\":50}", TITLES / 2);
	shares("{\"labels\":{\"a\":\"tier\"},\"maxTitles\":2}", TITLES - 2);
	shares("{\"maxTitles\":5}", TITLES - 5);
	shares("{\"shadow\":true}", TITLES);
	desk_close(&d);
	return 0;
}
