#include "control/tx.h"
#include "base/id.h"
#include "io/clock.h"

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
