/*
 * migrate: brings the database to this program's schema, at the start. Migrations are numbered, run in order, each in a
 * transaction of its own, and are noted with the SHA-256 of their text: a text that was changed after it had run is an error, and so
 * is a database that a newer program has migrated.
 */
#pragma once

#include "contract/store.h"

/* How many migrations this program knows. */
size_t migrate_known(void);

/* *ret_ran: how many were run now. */
must_check enum rc migrate_run(struct store_conn *db, size_t *ret_ran, struct fault *f);
