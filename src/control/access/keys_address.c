#include "control/access/keys_address.h"
#include "control/control.h"
#include "wire/field_json.h"
#include "wire/ip_block.h"

#include <stdio.h>
#include <string.h>

static enum rc read_blocks(struct tx *tx, const char *list, struct ip_block_list *ret)
{
	static const struct field row = { .name = "addresses", .type = FIELD_LIST, .item = FIELD_STR };
	struct field_list texts = { 0 };
	struct ip_block_list one;

	ret->n = 0;
	enum rc rc = field_json_text(&row, list, tx->arena, &texts, tx->fault);
	const char *const *at = texts.at;
	for (size_t i = 0; rc == RC_OK && i < texts.n && i < IP_BLOCK_LIST_MAX; i++) {
		rc = ip_block_read(at[i], &one, tx->fault);
		if (rc == RC_OK)
			ret->blocks[ret->n++] = one.blocks[0];
	}
	return rc;
}

enum rc keys_address_check(struct tx *tx, const char *list, enum keys_address_kind kind)
{
	struct ip_block_list blocks;
	uint8_t at[IP_BLOCK_BYTES];

	if (!list || !strcmp(list, "[]"))
		return RC_OK;
	enum rc rc = read_blocks(tx, list, &blocks);
	if (rc != RC_OK)
		return rc;
	bool known = ip_block_of_text(tx->peer, at), on = known && ip_block_has(&blocks, at);
	if (kind == KEYS_ADDRESS_ALLOW ? on : known && !on)
		return RC_OK;
	return fault_set(tx->fault, RC_DENIED, "the key may not be used from the address %.48s", tx->peer);
}

/* One address or block, no list of them. */
static bool is_block(const char *text)
{
	struct ip_block_list l;

	return ip_block_read(text, &l, NULL) == RC_OK && l.n == 1;
}

enum rc keys_address_valid(struct call *c, const char *pointer, const struct field_list *texts)
{
	const char *const *at = texts->at;
	enum rc rc = RC_OK;
	char place[64];

	for (size_t i = 0; i < texts->n; i++) {
		if (is_block(at[i]))
			continue;
		snprintf(place, sizeof(place), "%s/%zu", pointer, i);
		rc = field_json_problem(c->reader, place, "malformed",
			"is no address and no block of addresses, such as 10.0.0.0/8 or fd00::/8");
	}
	return rc;
}
