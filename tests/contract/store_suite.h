/*
 * store_suite: what contract/store.h promises, asked of any driver. A driver's test opens its engine in its own way, hands
 * it over here, and adds what only its engine can show.
 */
#pragma once

#include "contract/store.h"

struct store_subject {
	const char *name; /* the driver must have it */
	/* Opens the same database each time; it is empty at the first. The suite frees the store. */
	struct store *(*open)(void);
};

void store_suite(const struct store_subject *subject);

/* A query whose address is its own for ever, as the drivers keep statements by it. */
#define QUERY(text)                                                         \
	({                                                                  \
		static const struct store_query query_ = { .sql = (text) }; \
		&query_;                                                    \
	})

/* For the drivers' own tests: they fail the test when the store fails. */
struct store_conn *suite_connect(struct store *s, enum store_mode mode);
void suite_words(struct store_conn *c, const char *words);
void suite_do(struct store_conn *c, const struct store_query *q, struct store_args args);
void suite_begin(struct store_conn *c);
void suite_commit(struct store_conn *c);
int64_t suite_int(struct store_conn *c, const struct store_query *q); /* the first column of the only row */
