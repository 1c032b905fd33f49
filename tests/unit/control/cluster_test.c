/* Roles that one control plane has at a time, and the list of control planes. Two instances work on one database, in turns. */
#include "base/log.h"
#include "control/cluster/instances.h"
#include "control/cluster/singletons.h"
#include "tests/unit/control/desk.h"

static void be(struct desk *d, const char *id)
{
	snprintf(d->control.instance_id, sizeof(d->control.instance_id), "%s", id);
	d->conf.node = d->control.instance_id;
}

static bool holds(struct desk *d, const char *id, const char *role)
{
	bool held = false;
	be(d, id);
	struct tx *tx = desk_begin(d);
	CHECK(singletons_hold(tx, role, &held) == RC_OK);
	desk_commit(d);
	return held;
}

static int64_t beat(struct desk *d, const char *id, bool *ret_lost)
{
	int64_t others = -1;
	be(d, id);
	struct tx *tx = desk_begin(d);
	CHECK(instances_beat(tx, &others, ret_lost) == RC_OK);
	desk_commit(d);
	return others;
}

static int64_t enter(struct desk *d, const char *id)
{
	int64_t others = -1;
	be(d, id);
	struct tx *tx = desk_begin(d);
	CHECK(instances_enter(tx, &others) == RC_OK);
	desk_commit(d);
	return others;
}

static void leave(struct desk *d, const char *id)
{
	be(d, id);
	struct tx *tx = desk_begin(d);
	CHECK(instances_leave(tx) == RC_OK);
	desk_commit(d);
}

static void a_role_has_one_holder(struct desk *d)
{
	bool lost = false;

	CHECK(enter(d, "ins_a") == 0);
	CHECK(enter(d, "ins_b") == 1);
	CHECK(holds(d, "ins_a", "scan"));
	CHECK(holds(d, "ins_a", "scan"));
	CHECK(!holds(d, "ins_b", "scan"));
	CHECK(holds(d, "ins_b", "sweep"));

	/* A heartbeat keeps what is held; without one it is anybody's. */
	d->tx.now_ms += SINGLETONS_MS - 1;
	CHECK(beat(d, "ins_a", &lost) == 1 && !lost);
	d->tx.now_ms += SINGLETONS_MS - 1;
	CHECK(!holds(d, "ins_b", "scan"));
	CHECK(holds(d, "ins_a", "sweep"));
	d->tx.now_ms += 1;
	CHECK(holds(d, "ins_b", "scan"));
	CHECK(!holds(d, "ins_a", "scan"));

	/* Late, but nobody came: still its own. */
	d->tx.now_ms += 10 * SINGLETONS_MS;
	CHECK(holds(d, "ins_b", "scan"));
}

static void who_stops_gives_up_at_once(struct desk *d)
{
	bool lost = false;

	CHECK(holds(d, "ins_b", "scan"));
	leave(d, "ins_b");
	CHECK(holds(d, "ins_a", "scan"));
	CHECK(beat(d, "ins_a", &lost) == 0);
	atomic_store(&d->control.draining, true);
	CHECK(!holds(d, "ins_c", "a role of its own"));
	atomic_store(&d->control.draining, false);
}

static void the_silent_are_taken_for_dead(struct desk *d)
{
	bool lost = false;

	CHECK(enter(d, "ins_b") == 1);
	d->tx.now_ms += INSTANCES_DEAD_MS - 1;
	CHECK(beat(d, "ins_a", &lost) == 0 && !lost); /* b has its row, but is not counted as alive */
	CHECK(beat(d, "ins_b", &lost) == 1 && !lost);
	d->tx.now_ms += INSTANCES_DEAD_MS + 1;
	CHECK(beat(d, "ins_a", &lost) == 0 && !lost);
	CHECK(beat(d, "ins_b", &lost) == 1 && lost);
	CHECK(beat(d, "ins_b", &lost) == 1 && !lost);
}

/* The same machine and folder: a restart, also after a kill. */
static void a_restart_replaces_its_predecessor(struct desk *d)
{
	bool held = false;
	int64_t others = -1;

	CHECK(holds(d, "ins_b", "webhooks"));
	be(d, "ins_b2");
	d->conf.node = "ins_b";
	struct tx *tx = desk_begin(d);
	CHECK(instances_enter(tx, &others) == RC_OK && others == 1);
	CHECK(singletons_hold(tx, "webhooks", &held) == RC_OK && held);
	desk_commit(d);
}

int main(void)
{
	struct desk d;
	struct log quiet = { 0 };

	desk_open(&d);
	d.control.log = &quiet; /* drops what is no error */
	a_role_has_one_holder(&d);
	who_stops_gives_up_at_once(&d);
	the_silent_are_taken_for_dead(&d);
	a_restart_replaces_its_predecessor(&d);
	desk_close(&d);
	return 0;
}
