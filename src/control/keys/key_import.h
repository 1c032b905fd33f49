/*
 * key_import: a list of keys becomes a batch. The keys are sealed as they come in; what is the same key twice in the list is
 * one row; a key that another batch has, or that is known to be spent, gets a row that is over (K4). On the writer.
 */
#pragma once

#include "control/http/route.h"

#define KEY_IMPORT_MAX 20000 /* keys of one batch */

struct key_in {
	const char *key, *name, *account_id;
	struct {
		uint32_t sub, app;
	} expect;
};

struct key_candidates {
	struct field_list accounts; /* ids */
	struct field_list labels;   /* struct field_pair */
	bool all;
};

struct key_batch_in {
	const char *name;
	struct field_list keys; /* struct key_in */
	struct key_candidates candidates;
	int distribution;
	uint32_t max_tries, account_limit, stop_percent, priority;
	bool start;
};
extern const struct field key_import_fields[];

/* The settings of a batch whose keys come as lines of text: "key" or "name<TAB>key". */
struct key_text_query {
	const char *name, *accounts, *label; /* accounts: ids parted by commas; label: NAME=VALUE */
	bool all, start;
	int distribution;
	uint32_t max_tries, account_limit, stop_percent, priority;
};
extern const struct field key_import_query[];

must_check enum rc key_import_new(struct call *c, const struct key_batch_in *in, const char **ret_id);
must_check enum rc key_import_text(struct call *c, const struct key_text_query *q, const char **ret_id);
