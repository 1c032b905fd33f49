/*
 * get_bar: how far a download is, as a line for people's terminals, and as words for logs. Pure.
 *
 *      downloading  ━━━━━━━━━━━━━━──────────  58.3 %   1.2 of 2.1 GB   38.4 MB/s   0:23 left
 *
 * A line is never longer than the terminal is wide; what does not fit is left out, from the right.
 */
#pragma once

#include "base/buf.h"

struct get_bar {
	const char *doing;          /* downloading, verifying, … */
	const char *why;            /* it waits: for what; NULL: it does not */
	uint64_t done, total, rate; /* bytes, and bytes a second; total 0: not known */
	int64_t left_s;             /* -1: not known */
	unsigned columns;           /* of the terminal */
	bool plain;                 /* ASCII alone */
};

/* Appends the line, without a line end. */
void get_bar_line(struct buf *to, const struct get_bar *b);

/* Appends "1.2 GB": powers of 1000, three digits. */
void get_bar_bytes(struct buf *to, uint64_t n);

/* Appends "0:23", "1:04:59", "3 days". */
void get_bar_time(struct buf *to, int64_t seconds);
