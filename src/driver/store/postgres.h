/*
 * postgres: a PostgreSQL server as the store, by libpq. One writer at a time over all processes that share the database
 * (POSTGRES_WRITER_LOCK), so that what is right with SQLite's one writer is right here; readers never wait. A connection that
 * broke is opened again by the next begin, or by the next read; while the server is away they fail at once with RC_AWAY, and try
 * it again after pauses that grow to POSTGRES_PAUSE_MAX_MS. See docs/decisions/0011-postgresql.md.
 */
#pragma once

#include "contract/store.h"
#include "driver/store/pg_limits.h"

#include <stdbool.h>
#include <stdint.h>

/* The key of the advisory lock that every write transaction holds until its end: "footplat" in ASCII. */
#define POSTGRES_WRITER_LOCK  INT64_C(0x666f6f74706c6174)
#define POSTGRES_PAUSE_MIN_MS 50
#define POSTGRES_PAUSE_MAX_MS 500

bool postgres_is_url(const char *url); /* postgresql:// or postgres:// */

/*
 * Reads the URL, and copies it (it may hold a password: the copy is wiped by store_free, and shown nowhere); connects to nothing
 * yet. `limits`: NULL for PG_LIMITS. RC_INVALID: not a URL that libpq understands.
 */
must_check enum rc postgres_open(
	const char *url, const struct pg_limits *limits, struct store **ret_store, struct fault *f);

/* Writes host, port and database of the URL for people; never a password. */
void postgres_place(const char *url, char *to, size_t n);
