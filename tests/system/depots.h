/*
 * depots: what tests of downloads share: the files that depots are made of, downloads that are asked for and awaited, and what agent 0 has
 * of them in its cache.
 */
#pragma once

#include "tests/system/rig.h"

#define DEPOTS_PATH 600

/* DIR/FOLDER/NAME, with the folders above it, of `n` bytes of which half can be packed; the same seed makes the same bytes. */
void depots_file(const struct rig *r, const char *folder, const char *name, size_t n, unsigned seed);
void depots_text(const struct rig *r, const char *name, const char *text); /* DIR/NAME */

/*
 * POST /v1/downloads with members of the body: "\"source\":{…},\"account\":{…}". Without "account" it is nobody's. The answer's status; the
 * id of what was made goes to ret_id.
 */
int depots_download(const struct rig *r, const char *members, char ret_id[static 64]);
json_t *depots_look(const struct rig *r, const char *id);
/* Waits until it is over and in that state, about `s` seconds at most; the caller decrefs. */
json_t *depots_await(const struct rig *r, const char *id, const char *state, unsigned s);
/* Both, of a source: it ends failed with this code. */
void depots_fails(const struct rig *r, const char *members, const char *code);
json_t *depots_ready(const struct rig *r, const char *members);

unsigned depots_asked(const struct rig *r, const char *request); /* so often Steam was asked: "cdn_chunk" */

/* The tree of this content in the agent's cache. */
void depots_tree(const struct rig *r, const char *content_id, char ret[static DEPOTS_PATH]);
/* Each file below `want` is below `got` with the same bytes. Returns how many there are. */
unsigned depots_compare(const char *want, const char *got);
unsigned depots_count(const char *folder); /* files below it */
/* The download's tree has what is in these folders of DIR, and nothing else. */
void depots_are(const struct rig *r, const json_t *download, const char *const *folders);
#define DEPOTS_OF(...) ((const char *const[]){ __VA_ARGS__, NULL })
