/* The settings of the audit trail, a section of conf_fields. */
#include "main/conf.h"

#define IN(member) .at = offsetof(struct conf, audit.member) - offsetof(struct conf, audit)

const struct field conf_audit_fields[] = {
	{ .name = "checkpoint_records",
		.type = FIELD_U32,
		IN(checkpoint_records),
		.min = 1,
		.def = 1000,
		.doc = "A checkpoint is signed after so many records." },
	{ .name = "checkpoint_s",
		.type = FIELD_U32,
		IN(checkpoint_s),
		.min = 1,
		.max = 86400,
		.def = 60,
		.doc = "A record waits for a checkpoint at most so many seconds." },
	{ .name = "keep_days",
		.type = FIELD_U32,
		IN(keep_days),
		.max = 36500,
		.doc = "Records are kept for so many days, their hashes for ever; 0: records too." },
	{ .name = "legal_hold",
		.type = FIELD_BOOL,
		IN(legal_hold),
		.doc = "No record is pruned, whatever keep_days says." },
	{ .name = "anchor_file",
		.type = FIELD_STR,
		IN(anchor_file),
		.doc = "Checkpoints are appended to this file; keep it where the database is not." },
	{ .name = "anchor_syslog",
		.type = FIELD_STR,
		IN(anchor_syslog),
		.doc = "Checkpoints go to this syslog: udp://HOST:PORT, tcp://HOST:PORT or unix:/PATH." },
	{ .name = "anchor_url", .type = FIELD_STR, IN(anchor_url), .doc = "Checkpoints are posted to this URL." },
	{ 0 },
};
