/*
 * audit_routes: the audit trail over HTTP: search, checkpoints, proofs, export. Everyone sees the records of their own tenant; the
 * tree is the installation's, and shows of others nothing but hashes.
 */
#pragma once

#include "control/http/route.h"

extern const struct route audit_routes[];

/* Of audit/proof_route and audit/export. */
extern const struct field audit_proof_query[], audit_export_query[];
struct audit_proof_query {
	int64_t record, checkpoint, from;
};
struct audit_export_query {
	int format; /* enum audit_format */
	uint32_t limit;
	int64_t after, since, until;
	bool complete;
};
enum audit_format { AUDIT_JSONL, AUDIT_CSV };
must_check enum rc audit_proof_show(struct call *c, void *ret_out);
must_check enum rc audit_export_show(struct call *c, void *ret_out);
