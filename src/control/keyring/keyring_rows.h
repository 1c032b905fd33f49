/*
 * keyring_rows: the vault's keys as rows. State moves one way:
 *
 *	asked ──> coming ──> current ──> old ──> retired
 *
 * asked: a person wants a new key; it is made by the instance whose role that is (control/keyring/warden). coming: every control plane
 * loads it. current: all have it, and it seals. old: it only opens. retired: nothing is under it; it is loaded no more.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"
#include "contract/store.h"

#include <stddef.h>
#include <stdint.h>

struct tx;

#define KEYRING_ROWS_BOUND_MAX 48

struct keyring_row {
	int64_t number;
	const char *state, *kek, *wrapped, *root, *problem, *created_by;
	int64_t created_at, current_at, retired_at;
};

/* What a vault's key is bound to when it is wrapped. */
void keyring_rows_bound(int64_t number, char ret[static KEYRING_ROWS_BOUND_MAX]);

/* All but the retired, oldest first; in the arena. */
must_check enum rc keyring_rows_live(
	struct store_conn *db, struct arena *a, struct keyring_row **ret, size_t *ret_n, struct fault *f);

/* The first one, which is current. *ret_made: false: there are some already. */
must_check enum rc keyring_rows_first(
	struct store_conn *db, const struct keyring_row *row, bool *ret_made, struct fault *f);

/* This instance has these in memory. On the writer. */
must_check enum rc keyring_rows_known(struct tx *tx, const uint32_t *numbers, size_t n);

/* "PROVIDER:VERSION" of a wrapped text; in the arena. */
const char *keyring_rows_kek(struct arena *a, const char *wrapped);
