/*
 * sqlite: the embedded store. WAL, synchronous=FULL: a commit returns after fdatasync. Writers take
 * turns, readers never wait for them. Statements are prepared once per connection and kept, by the address
 * of their store_query. The database file is made 0600.
 */
#pragma once

#include "contract/store.h"

/* Opens (and makes) the file. *ret_store is freed by store_free, after its connections. */
must_check enum rc sqlite_open(const char *path, struct store **ret_store, struct fault *f);

/* A file that nobody writes, such as a backup: it is only read, and not a byte of it changes. */
must_check enum rc sqlite_open_copy(const char *path, struct store **ret_store, struct fault *f);
