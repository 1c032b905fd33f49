/*
 * verify_text: proves an audit trail from files: an export of all its records, and checkpoints.
 */
#pragma once

#include "control/audit/verify.h"

/* Gives all checkpoints of a file: signed texts one after another, or lines of JSON with a member note ({"note":"…"}); what else is in it is
 * skipped. False: there is none. */
bool verify_text_notes(struct verify *v, const struct buf *file);

/*
 * An export (JSON lines): records, or hashes of those that are not shown ({"seq":…,"leaf":…}) and of those that were pruned
 * ({"block":…,"leaves":…}). notes: the checkpoints; NULL: none.
 */
must_check enum rc verify_text(const struct buf *file, const struct buf *notes, const struct checkpoint_key *key,
	struct verify_verdict *ret, struct fault *f);
