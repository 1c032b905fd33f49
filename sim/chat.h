/*
 * chat: what people said to each other. The newest CHAT_MAX messages are remembered.
 */
#pragma once

#include "sim/sim.h"

#define CHAT_MAX      20000
#define CHAT_TEXT_MAX 5000 /* bytes of one */

struct chat_message {
	uint64_t from, to;
	uint32_t time, ordinal; /* ordinal: of those of one second */
	char *text;
};

/* False without memory, or when the text is too long. */
must_check bool chat_add(struct sim *s, uint64_t from, uint64_t to, const char *text, struct chat_message *ret);
/* The `i`th newest of all, from 0; NULL when there are no more. */
const struct chat_message *chat_newest(const struct sim *s, size_t i);
bool chat_is_between(const struct chat_message *m, uint64_t a, uint64_t b);
void chat_done(struct sim *s);
