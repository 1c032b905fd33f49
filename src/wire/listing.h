/*
 * listing: what a content is made of: each file with its SHA-256, as one canonical JSON text. The SHA-256 of that text is the content's
 * id, so equal trees have one id wherever they came from. A line for each file, sorted by the bytes of the paths:
 *
 *	{"files":[
 *	{"mode":"0644","path":"a.txt","sha256":"…","size":12},
 *	{"link":"a.txt","mode":"0777","path":"b"}
 *	]}
 *
 * Paths are relative, and lead nowhere else when the tree is unpacked: no "..", no drive, no path through a link; links lead to within
 * the tree. Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTING_PATH_MAX  1024
#define LISTING_LINE_MAX  16384 /* of a file: its texts may need escapes */
#define LISTING_FILES_MAX 1000000
#define LISTING_LINKS_MAX 10000
#define LISTING_HEX       65 /* of a SHA-256, with NUL */

struct listing_file {
	const char *path;
	const char *link;   /* of a symbolic link: where it leads; NULL: a file */
	const char *sha256; /* of a file, in lower-case hexadecimal */
	uint64_t size;
	uint32_t mode; /* 0644 or 0755 of a file; of a link 0777 */
};

/* May the path, or a link's target, stand in a listing? RC_INVALID with what is wrong. */
must_check enum rc listing_check_path(const char *path, struct fault *f);
must_check enum rc listing_check_link(const char *path, const char *target, struct fault *f);

/* The three parts of the text. The files come sorted and checked. */
void listing_begin(struct buf *to);
void listing_put(struct buf *to, const struct listing_file *file, bool first);
void listing_end(struct buf *to);

/* Reads the text a line at a time. Zeroes to begin with, but for the arena, which keeps the links. */
struct listing_reader {
	struct arena *arena;
	bool begun, over;
	uint64_t files, bytes;
	size_t links_n;
	const char **links;
	char last[LISTING_PATH_MAX + 1];
	bool comma; /* another must follow */
};

/*
 * One line without its newline. RC_OK: a file, whose texts live in `a`; RC_MORE: the first or last line. RC_MALFORMED: it is none, or not
 * written as listing_put writes it. The text is whole when r->over.
 */
must_check enum rc listing_line(struct listing_reader *r, const char *line, size_t n, struct arena *a,
	struct listing_file *ret, struct fault *f);

bool listing_is_sha256(const char *s); /* 64 lower-case hexadecimal characters, and no more */
