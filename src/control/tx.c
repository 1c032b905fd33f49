#include "control/tx.h"
#include "base/id.h"
#include "io/clock.h"

#include <stdio.h>

const char *tx_id(struct tx *tx, const char *prefix)
{
	uint8_t random[ID_RANDOM];
	char *id = arena_take(tx->arena, ID_MAX);

	if (!id)
		return NULL;
	clock_random(random, sizeof(random));
	id_make(id, prefix, tx->now_ms, random);
	return id;
}

void tx_ring(struct tx *tx, const char *region_id)
{
	if (!tx->ring)
		snprintf(tx->ring_in, sizeof(tx->ring_in), "%s", region_id ? region_id : "");
	else if (strcmp(tx->ring_in, region_id ? region_id : "") != 0)
		*tx->ring_in = 0;
	tx->ring = true;
}
