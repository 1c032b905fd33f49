/*
 * audit_record: one record of the audit trail, as bytes. Its canonical bytes are what the leaf of the trail's tree is the hash of
 * (wire/merkle); they are made from the members alone, so whoever has an export can make them again:
 *
 *	"footplate audit 1" LF, seq and ts as 8 bytes each, then every text in the order of the struct: its length in 4 bytes and the
 *	text, or FFFFFFFF for one that is null. Numbers are big endian.
 *
 * Texts are made harmless when the record is written (audit_record_clean), so no reader has to guess what is in them. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/field.h"
#include "wire/merkle.h"

struct audit_record {
	int64_t seq;            /* from 1, none left out */
	int64_t ts;             /* ms */
	const char *tenant_id;  /* whose record it is */
	const char *actor;      /* "key:apk_…", "user:usr_…", "agent:agt_…", "system", "" for nobody */
	const char *session_id; /* aus_…: by which log-on; NULL: by none */
	const char *peer;       /* the address; "" for none */
	const char *agent;      /* User-Agent; NULL: none was sent */
	const char *action;     /* "job.create" */
	const char *resource;   /* the thing */
	const char *outcome;    /* "done", "denied", "failed" */
	const char *request_id, *trace_id; /* NULL: not by a request */
	const char *words;                 /* why, or how many; NULL: none */
	const char *
		after; /* SHA-256 (hexadecimal) of the answer: of the thing as the API then shows it; NULL: not known */
};

#define AUDIT_RECORD_TEXTS 12

/* The texts in their order, and what JSON and CSV call the members. Ends in { 0 }. */
extern const struct field audit_record_fields[];

/* Longest texts of a record, in bytes; what is longer is cut. */
#define AUDIT_RECORD_SHORT 256
#define AUDIT_RECORD_WORDS 1024

/*
 * A text as it may stand in a record: at most `most` bytes of UTF-8. Bytes that are not UTF-8 become U+FFFD; control characters,
 * line and paragraph separators, and what turns the direction of writing around become \u{202e}. A backslash stays. NULL stays NULL;
 * also NULL without memory: see arena. *s itself when nothing has to change.
 */
const char *audit_record_clean(struct arena *a, const char *s, size_t most);

/* Is it as audit_record_clean leaves it? */
bool audit_record_is_clean(const char *s, size_t most);

/* The hash of the record's leaf. RC_NOMEM. */
must_check enum rc audit_record_leaf(const struct audit_record *r, uint8_t ret[static MERKLE_HASH]);
