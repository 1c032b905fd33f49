/*
 * power: a loss of power, as far as a test can make one: a program that runs under power_shim was killed, and what it had written and not
 * synced is undone, page by page, some of the pages and not others, as a disk's cache loses them.
 */
#pragma once

#include <stdint.h>

enum power_kind { POWER_WRITE, POWER_SYNC };

#define POWER_PAGE 4096

/* A record of the shim's log. One of POWER_WRITE is followed by the bytes that stood there, and, if it wrote a page, by those that it wrote. */
struct power_record {
	uint32_t kind;
	uint32_t fresh; /* 1: these follow */
	uint64_t tick;  /* of the write; POWER_SYNC: of the last write that it covers */
	uint64_t inode; /* POWER_SYNC: 0: of all files */
	uint64_t at, n;
};

/* All of the log, in its order; `fresh` NULL: not known. */
void power_records(
	const char *log, void (*each)(void *ctx, const struct power_record *r, const uint8_t *fresh), void *ctx);

/* Undoes what is not synced in the files below `root`, and forgets the log. Returns how many bytes were lost. */
uint64_t power_cut(const char *log, const char *root);
