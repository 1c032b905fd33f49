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
