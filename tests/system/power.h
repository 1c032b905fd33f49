/*
 * power: a loss of power, as far as a test can make one: a program that runs under power_shim was killed, and what it had written and not
 * synced is undone, page by page, some of the pages and not others, as a disk's cache loses them.
 */
#pragma once

#include <stdint.h>

enum power_kind { POWER_WRITE, POWER_SYNC };

/* A record of the shim's log; the bytes that stood there follow one of POWER_WRITE. */
struct power_record {
	uint32_t kind, pad;
	uint64_t tick;  /* of the write; POWER_SYNC: of the last write that it covers */
	uint64_t inode; /* POWER_SYNC: 0: of all files */
	uint64_t at, n;
};

/* Undoes what is not synced in the files below `root`, and forgets the log. Returns how many bytes were lost. */
uint64_t power_cut(const char *log, const char *root);
