/*
 * The outbox of bells, and the fence of tunnels: what a commit has to tell is a row before it is a bell; a broker that is away, and a
 * control plane that dies before it has rung, cost no bell; one that rang gets it once.
 */
#include "base/log.h"
#include "contract/queue.h"
#include "control/cluster/bells.h"
#include "control/fleet/agents.h"
#include "control/fleet/fence.h"
#include "tests/unit/control/desk.h"
#include "wire/tunnel_msg.h"

/* A broker that is there or not. */
static struct fake {
	struct queue base;
	bool there;
	struct {
		char topic[QUEUE_TOPIC_MAX];
		int64_t seq, kept;
		int rings;
	} at[8];
	size_t n;
} fake;

static size_t slot_of(const char *topic)
{
	for (size_t i = 0; i < fake.n; i++)
		if (!strcmp(fake.at[i].topic, topic))
			return i;
	snprintf(fake.at[fake.n].topic, QUEUE_TOPIC_MAX, "%s", topic);
	return fake.n++;
}

static enum rc ring(struct queue *q, const struct queue_bell *b, struct fault *f)
{
	size_t i = slot_of(b->topic);
	(void)q, (void)f;
	CHECK_STR(b->log, "e1");
	fake.at[i].seq = b->seq;
	fake.at[i].rings++;
	if (fake.there)
		fake.at[i].kept = b->seq;
	return RC_OK;
}

static enum rc listen_to(
	struct queue *q, const char *topic, queue_heard *heard, void *ctx, struct queue_ear **ret, struct fault *f)
{
	(void)q, (void)topic, (void)heard, (void)ctx, (void)f;
	*ret = malloc(1);
	return *ret ? RC_OK : RC_NOMEM;
}

static void unlisten(struct queue *q, struct queue_ear *ear)
{
	(void)q;
	free(ear);
}

static int64_t kept(struct queue *q, const char *topic)
{
	(void)q;
	return fake.at[slot_of(topic)].kept;
}

static bool is_up(struct queue *q)
{
	(void)q;
	return fake.there;
}

static void free_fake(struct queue *q) { (void)q; }

static const struct queue_impl impl = { "fake", true, ring, listen_to, unlisten, kept, is_up, free_fake };

static void heard(void *c, const char *topic) { (void)c, (void)topic; }

static int rings_of(const char *topic) { return fake.at[slot_of(topic)].rings; }

/* A batch of the writer that has this to tell; a control plane that dies does so before it rings. */
static void commit(struct desk *d, const char *region, bool events, bool dies)
{
	struct tx *tx = desk_begin(d);
	tx->ring = false;
	if (region)
		tx_ring(tx, region);
	tx->appended = events;
	CHECK(bells_note(tx) == RC_OK);
	desk_commit(d);
	if (!dies)
		bells_ring(&d->control, tx);
}

static void relay(struct desk *d)
{
	struct tx *tx = desk_begin(d);
	CHECK(bells_relay(tx) == RC_OK);
	desk_commit(d);
}

static int64_t unsent(struct desk *d)
{
	return desk_number(d, DESK_QUERY("SELECT COUNT(*) FROM outbox WHERE sent < seq"), NULL, NULL);
}

static void what_was_kept_is_marked(struct desk *d)
{
	fake.there = true;
	commit(d, "rgn_eu", true, false);
	CHECK(rings_of("region.rgn_eu") == 1 && rings_of("all.events") == 1);
	CHECK(unsent(d) == 2);
	relay(d);
	CHECK(unsent(d) == 0);
	relay(d);
	CHECK(rings_of("region.rgn_eu") == 1 && rings_of("all.events") == 1);
}

static void what_was_not_is_rung_again(struct desk *d)
{
	fake.there = false;
	for (int i = 0; i < 50; i++)
		commit(d, "rgn_eu", false, false);
	CHECK(desk_number(d, DESK_QUERY("SELECT COUNT(*) FROM outbox"), NULL, NULL) == 2); /* it does not grow */
	relay(d);
	CHECK(unsent(d) == 1);
	fake.there = true;
	relay(d); /* rings it */
	CHECK(unsent(d) == 1);
	relay(d); /* and marks it */
	CHECK(unsent(d) == 0 && fake.at[slot_of("region.rgn_eu")].kept == 51);
}

/* The one that committed is gone; the holder of the role rings for it. */
static void it_outlives_who_had_to_ring(struct desk *d)
{
	int was = rings_of("all.work");

	commit(d, "", false, true);
	CHECK(rings_of("all.work") == was && unsent(d) == 1);
	snprintf(d->control.instance_id, sizeof(d->control.instance_id), "ins_other");
	d->tx.now_ms += 10000; /* the dead one's role lapses */
	relay(d);
	CHECK(rings_of("all.work") == was + 1);
	relay(d);
	CHECK(unsent(d) == 0);
}

/* What is undone rings nothing. */
static void an_undone_batch_leaves_no_row(struct desk *d)
{
	struct tx *tx = desk_begin(d);
	tx->ring = false;
	tx_ring(tx, "rgn_us");
	CHECK(bells_note(tx) == RC_OK);
	store_rollback(tx->db);
	CHECK(desk_number(d, DESK_QUERY("SELECT COUNT(*) FROM outbox WHERE topic = 'region.rgn_us'"), NULL, NULL) ==
		0);
}

static void several_regions_are_any(struct desk *d)
{
	struct tx *tx = desk_begin(d);

	tx->ring = false;
	tx_ring(tx, "rgn_a");
	tx_ring(tx, "rgn_a");
	CHECK_STR(tx->ring_in, "rgn_a");
	tx_ring(tx, "rgn_b");
	CHECK_STR(tx->ring_in, "");
	tx_ring(tx, "rgn_b");
	CHECK_STR(tx->ring_in, "");
	store_rollback(tx->db);
}

static bool counts(struct desk *d, int64_t session)
{
	bool current = false;
	struct tx *tx = desk_begin(d);
	CHECK(fence_check(tx, "agt_1", session, &current) == RC_OK);
	desk_commit(d);
	return current;
}

/* Two control planes, one agent: the tunnel it opened last counts, and the end of the older changes nothing. */
static void the_newest_tunnel_counts(struct desk *d)
{
	const struct tunnel_msg_hello hello = { .boot_id = "b", .version = "1" };
	int64_t first = 0, second = 0, late = 0;

	struct tx *tx = desk_begin(d);
	CHECK(store_do(tx->db,
		      DESK_QUERY("INSERT INTO regions (id, name, labels, version, created_at, updated_at) VALUES "
				 "('rgn_1', 'here', '{}', 1, 1, 1)"),
		      STORE_NO_ARGS, tx->fault) == RC_OK);
	CHECK(store_do(tx->db,
		      DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, "
				 "boot_id, "
				 "last_seen_at, created_at, updated_at) VALUES ('agt_1', 'rgn_1', 'k', 'enrolled', "
				 "'', '[]', '', 1, "
				 "1, 1)"),
		      STORE_NO_ARGS, tx->fault) == RC_OK);
	snprintf(d->control.instance_id, sizeof(d->control.instance_id), "ins_a");
	CHECK(agents_connected(tx, "agt_1", &hello, 7, &first) == RC_OK);
	desk_commit(d);
	CHECK(counts(d, first));

	tx = desk_begin(d);
	snprintf(d->control.instance_id, sizeof(d->control.instance_id), "ins_b");
	CHECK(agents_connected(tx, "agt_1", &hello, 3, &second) == RC_OK && second > first);
	desk_commit(d);
	tx = desk_begin(d); /* accepted before that one; its HELLO was on its way for longer */
	CHECK(agents_connected(tx, "agt_1", &hello, 2, &late) == RC_CONFLICT);
	desk_commit(d);
	CHECK(!counts(d, first) && counts(d, second));

	tx = desk_begin(d);
	CHECK(agents_gone(tx, "agt_1", first, "late") == RC_OK);
	desk_commit(d);
	CHECK(desk_number(d,
		      DESK_QUERY("SELECT COUNT(*) FROM agents WHERE state = 'connected' AND instance_id = $1"),
		      "ins_b", NULL) == 1);
	tx = desk_begin(d);
	CHECK(agents_gone(tx, "agt_1", second, "now") == RC_OK);
	desk_commit(d);
	CHECK(desk_number(d, DESK_QUERY("SELECT COUNT(*) FROM agents WHERE state = 'connected'"), NULL, NULL) == 0);
}

int main(void)
{
	struct desk d;
	struct log quiet = { 0 };
	struct fault f = { 0 };

	fake.base.impl = &impl;
	desk_open(&d);
	d.control.log = &quiet;
	d.control.queue = &fake.base;
	snprintf(d.control.epoch, sizeof(d.control.epoch), "e1");
	snprintf(d.control.instance_id, sizeof(d.control.instance_id), "ins_a");
	CHECK(bells_new(&d.control, heard, &d.control.bells, &f) == RC_OK);
	what_was_kept_is_marked(&d);
	what_was_not_is_rung_again(&d);
	it_outlives_who_had_to_ring(&d);
	an_undone_batch_leaves_no_row(&d);
	several_regions_are_any(&d);
	the_newest_tunnel_counts(&d);
	bells_free(d.control.bells);
	desk_close(&d);
	return 0;
}
