/*
 * facts: what a database holds, for the manifest of a backup and for whoever checks one. Each call sees what its connection's
 * transaction sees.
 */
#pragma once

#include "base/arena.h"
#include "base/field.h"
#include "contract/store.h"

struct facts_table {
	const char *name;
	int64_t rows;
};

struct facts {
	int64_t schema;           /* migrations that ran */
	const char *schema_name;  /* of the last */
	const char *epoch;        /* of the event log; "" before the first start */
	int64_t first, last;      /* positions of the oldest and the newest event; 0: none */
	const char *master_key;   /* its fingerprint; "" before the first start */
	struct field_list tables; /* of struct facts_table, by name */
};

/* The names of all tables, those that others refer to before these. In the arena, as all of it. */
must_check enum rc facts_tables(
	struct store_conn *db, struct arena *a, const char ***ret_names, size_t *ret_n, struct fault *f);
must_check enum rc facts_read(struct store_conn *db, struct arena *a, struct facts *ret, struct fault *f);

/* Is it whole? Counts what does not fit together; *ret_words say what, for people. */
must_check enum rc facts_check(
	struct store_conn *db, struct arena *a, unsigned *ret_wrong, const char **ret_words, struct fault *f);
