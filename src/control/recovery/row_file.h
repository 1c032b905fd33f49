/*
 * row_file: a database as lines of JSON, for an engine that is not a file. A line is the head of a table,
 * {"table":"jobs","columns":["id",…]}, or a row of the last such table, an array of numbers, texts and null, in that order.
 */
#pragma once

#include "base/arena.h"
#include "contract/store.h"

#include <stdio.h>

#define ROW_FILE_LINE_MAX (64u << 20)

/* Writes all tables as they were at one moment. */
must_check enum rc row_file_write(struct store_conn *db, FILE *to, struct fault *f);

/*
 * Puts the rows into a database of the same schema, in place of what its tables hold; in one transaction of the write connection.
 * RC_MALFORMED: not such a file.
 */
must_check enum rc row_file_read(struct store_conn *db, FILE *from, struct fault *f);
