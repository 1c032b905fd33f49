/* storage: the disk of the store of what was fetched. */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct control;
struct tx;

struct storage_disk {
	bool full; /* from high_percent on, until below low_percent */
	int64_t total_bytes, free_bytes,
		used_percent; /* of the disk, or of downloads.max_mib when less is left of that */
};

/* Of control.storage_bytes: with downloads.max_mib the store counts as full until it was counted for the first time. */
#define STORAGE_NOT_COUNTED UINT64_MAX

/* Looks anew; what `full` was counts. Any thread. What is found is also control.storage_full. */
void storage_look(struct control *c, struct storage_disk *d);

/* The event storage.watermark, when `full` is another than was told last. On the writer. */
must_check enum rc storage_tell(struct tx *tx, const struct storage_disk *d);

/* ---- what is promised ---- */

/*
 * Downloads hold what they may take in the store (rows of downloads: store_bytes) from the commit that admits them until they are over, and,
 * with downloads.max_mib, until the store was counted after that. What is held and what is used are never more than the mark together, at any commit.
 */
struct storage_room {
	int64_t mark;           /* that may be taken at all: of the store's share, or of its disk */
	int64_t used, reserved; /* of the one of these that has less room left */
	int64_t left;           /* for a hold; 0: nothing */
};

/* As it is in this transaction, without what the download `but` holds; NULL: with all. RC_OK. */
must_check enum rc storage_room(struct tx *tx, const char *but, struct storage_room *ret);

/* The store took so many bytes when it was counted; that began at this moment. What was over by then holds nothing more. On the writer. */
must_check enum rc storage_counted(struct tx *tx, uint64_t bytes, int64_t began_ms);

/* Does a download wait for room? */
must_check enum rc storage_awaited(struct tx *tx, bool *ret);
