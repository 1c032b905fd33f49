/*
 * builds: each build of a title, once for ever: it is announced in the transaction that makes its row, and told as available once. On
 * the writer's thread. product.md 5.8.2.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"

/* A build that was announced, and of which it is not known whether it can be fetched: to be asked by the action manifests.probe. */
struct builds_due {
	const char *id; /* bld_… */
	const char *ref, *branch;
	const char *scope, *account_id; /* of an account's title: whose it is, and who may ask; NULL: anybody may */
	struct field_list depots;       /* of struct action_download_depot, with their manifests */
};

/*
 * Those whose time has come: 5, 15, 30, 60 … seconds after they were announced, at most 30 minutes apart, for BUILDS_PROBE_MS. They
 * count as asked: none is given again before builds_probed, or its next time. Of steam; other stores list what can be fetched.
 * owned: those that only accounts see, while their account is online; else those that everybody sees.
 */
#define BUILDS_PROBE_MS (7 * (int64_t)86400000)
must_check enum rc builds_due(
	struct tx *tx, bool owned, uint32_t limit, struct field_list *ret /* of struct builds_due */);

/* It was asked: ok: it can be fetched, told by title.build_available. Else it is asked again later. */
must_check enum rc builds_probed(struct tx *tx, const char *build_id, bool ok);
