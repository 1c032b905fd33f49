/*
 * key_rows: rows of key batches, and the one door through which a key changes its state: row and event in one transaction.
 * On the writer; reading on any connection.
 */
#pragma once

#include "base/hush.h"
#include "control/tx.h"
#include "model/key.h"

enum key_batch_status { KEY_BATCH_DRAFT, KEY_BATCH_RUNNING, KEY_BATCH_PAUSED, KEY_BATCH_DONE, KEY_BATCH_CANCELED };
extern const char *const key_rows_batch_words[];

struct key_batch {
	const char *id, *name, *created_by, *tenant_id;
	int status, distribution;
	uint32_t max_tries, account_limit, stop_percent, priority;
	int64_t version, created_at, updated_at;
};

struct key_row {
	const char *id, *batch_id, *name, *masked, *sealed, *pinned, *account_id, *task_id, *detail, *packages,
		*receipt_id, *tenant_id;
	uint32_t sub, app, tries;
	int state; /* enum key_state */
	int64_t not_before, created_at, updated_at;
};

/* RC_MISSING: there is none. Texts are in the arena. */
must_check enum rc key_rows_batch(struct tx *tx, const char *id, struct key_batch *ret);
must_check enum rc key_rows_load(struct tx *tx, const char *id, struct key_row *ret);

/* Writes the row with its new state. RC_CONFLICT: the move is not lawful. Tells what others want to hear of it. */
must_check enum rc key_rows_move(struct tx *tx, struct key_row *k, enum key_state to);

/* Event key_batch.state_changed. */
must_check enum rc key_rows_batch_move(struct tx *tx, struct key_batch *b, enum key_batch_status to);

/* Keys of a batch in each state. */
must_check enum rc key_rows_count(struct tx *tx, const char *batch_id, uint32_t ret[static KEY_STATES]);

/* Of the key in canonical spelling: the same for the same key, and useless without the master key. */
void key_rows_hash(const struct control *c, const char *key, char ret[static 65]);
must_check enum rc key_rows_seal(struct tx *tx, const char *id, const char *key, const char **ret_sealed);
must_check enum rc key_rows_open(struct tx *tx, const struct key_row *k, struct hush *ret);
