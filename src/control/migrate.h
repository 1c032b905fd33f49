/*
 * migrate: brings the database to this program's schema, at the start. Migrations are numbered, run in order, each in a
 * transaction of its own, and are noted with the SHA-256 of their text: a text that was changed after it had run is an error, and so
 * is a database that a newer program has migrated.
 */
#pragma once

#include "contract/store.h"

struct control;

/* How many migrations this program knows. */
size_t migrate_known(void);

/* *ret_ran: how many were run now. */
must_check enum rc migrate_run(struct store_conn *db, size_t *ret_ran, struct fault *f);

/*
 * Records of a time before the audit trail was a tree are taken into it, after the migrations and before anything else is written; piece
 * by piece, each in a transaction of its own, so a start that is killed goes on where it was. (audit/adopt)
 */
must_check enum rc adopt_records(struct control *c, struct store_conn *db, struct fault *f);
