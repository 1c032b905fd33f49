/*
 * proofs: what the trail keeps of its tree, for wire/merkle's proofs: leaves of records, pruned or not, and the subtrees of audit_nodes.
 */
#pragma once

#include "control/audit/trail.h"

/* Lives as long as db. RC_CONFLICT from it: the trail is damaged. */
struct merkle_source proofs_source(struct store_conn *db);
