/*
 * keys_address: the lists of addresses of a key: may it be used from there, and can what somebody wants to store be read at all.
 */
#pragma once

#include "control/http/route.h"

enum keys_address_kind { KEYS_ADDRESS_ALLOW, KEYS_ADDRESS_DENY };

/*
 * Holds tx->peer against a list as it is stored (a JSON list of texts); an empty one lets all through. RC_DENIED: it may not come
 * from there. An address that cannot be read is on every list of denied and on none of allowed ones.
 */
must_check enum rc keys_address_check(struct tx *tx, const char *list, enum keys_address_kind kind);

/* Each must be an address or a block of them; else a problem at `pointer`/i, and RC_INVALID. */
must_check enum rc keys_address_valid(struct call *c, const char *pointer, const struct field_list *texts);
