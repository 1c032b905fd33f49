/* sessions_self: what an action can learn of its account without asking Steam. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What Steam told of the account since its logon: bodies of the newest messages, copied into the asker's arena. NULL: not told.
 * `friends` is whole: later changes are merged into it. `personas` is the messages one after the other (of a friend the last
 * counts), kept from the first ask on. Bodies of a struct message (vac) are as they came. */
struct sessions_self {
	uint64_t steamid;
	struct {
		const uint8_t *p;
		size_t n;
	} licenses, friends, wallet, limited, info, email, vac, playing, personas, nicknames;
	bool blocked; /* another session plays */
	uint32_t cell_id;
};
