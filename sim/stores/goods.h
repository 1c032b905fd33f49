/*
 * goods: what the simulated stores beside Steam sell: files made of dice, the shelf that all that can be fetched stands on, and the words
 * of their lines in a world file. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/map.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

#define GOODS_FILES_MAX 2000
#define GOODS_BYTES_MAX (512u << 20)
#define GOODS_WORD      128

struct goods_file {
	char name[64];
	struct buf bytes;
	bool executable;
};

struct goods {
	struct goods_file *at;
	size_t n;
};

/* What a line says of one thing that is sold. */
struct goods_line {
	char id[GOODS_WORD], title[GOODS_WORD], version[GOODS_WORD], item[GOODS_WORD], space[GOODS_WORD];
	char os[GOODS_WORD], branch[GOODS_WORD], token[GOODS_WORD];
	char base[GOODS_WORD]; /* of a DLC: its game */
	char refresh[GOODS_WORD], client[GOODS_WORD], secret[GOODS_WORD], lasts[GOODS_WORD],
		codes[GOODS_WORD]; /* see desk.h */
	uint32_t files;
	uint64_t bytes, seed;
	bool json, hidden, installer;
};

/* `line` begins with the store's word. RC_INVALID names what is not understood. */
must_check enum rc goods_line_read(const char *line, struct goods_line *ret, struct fault *f);

/* Files of about bytes/files bytes each. From one build to the next the first file changes, and one more is there. */
must_check enum rc goods_make(const struct goods_line *of, unsigned build, struct goods *ret, struct fault *f);
void goods_done(struct goods *g);

/* Paths and the bytes that stand there. */
struct goods_shelf {
	struct map at;
};
/* Takes *bytes; what stood at the path is replaced. */
must_check enum rc goods_put(struct goods_shelf *s, const char *path, struct buf *bytes, struct fault *f);
const struct buf *goods_get(const struct goods_shelf *s, const char *path); /* NULL: nothing */
void goods_shelf_done(struct goods_shelf *s);
