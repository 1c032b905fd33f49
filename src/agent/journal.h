/*
 * journal: what the agent must not forget, in one append-only file: records under a key, put and dropped. It survives a crash
 * and a power cut: a record counts when journal_sync said so, a torn end of the file is cut off at the next start.
 *
 * The file is "FPJRNL1\n" and records: u32 length of what follows the check | u32 CRC-32 of it | u8 kind (0: the key is
 * dropped) | u8 length of the key | key | body. All big endian. Putting a key again replaces it. When less than half of a
 * large file is alive, it is written anew beside and renamed into place.
 *
 * Bodies stay on disk; memory holds the keys and where they are. One thread at a time. Any call may block.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdint.h>

#define JOURNAL_KEY_MAX    96
#define JOURNAL_BODY_MAX   (65u << 20) /* a result of the largest size, and its head */
#define JOURNAL_COMPACT_AT (1u << 20)  /* smaller files are left alone */

struct journal;

/* Opens or makes it. *ret_lost is how many bytes of a torn end were cut off. */
must_check enum rc journal_open(
	const char *path, struct journal **ret_journal, uint64_t *ret_lost, struct fault *f);
void journal_free(struct journal *j);
OWN_DEFINE(journal)

/* Both are only remembered until journal_sync writes them. kind is 1 … 255. */
must_check enum rc journal_put(
	struct journal *j, uint8_t kind, const char *key, const void *body, size_t n, struct fault *f);
void journal_drop(struct journal *j, const char *key); /* no news when there is none */

/* Makes all that was put and dropped durable, by one write. On failure all waits for the next call. */
must_check enum rc journal_sync(struct journal *j, struct fault *f);

/* Appends the body to *to. RC_MISSING: no such key. Syncs first when it must. */
must_check enum rc journal_read(struct journal *j, const char *key, struct buf *to, struct fault *f);

/* Walks what is alive, in the order it was put first. `seen` may not change the journal. */
void journal_walk(const struct journal *j, void (*seen)(void *ctx, uint8_t kind, const char *key), void *ctx);

uint64_t journal_bytes(const struct journal *j); /* of the file */

/* Would a sync write it anew, because most of it is dead? */
bool journal_is_slack(const struct journal *j);
