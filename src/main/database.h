/*
 * database: which store the configuration means, opened.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "contract/store.h"
#include "main/conf.h"

#define DATABASE_CREDENTIAL "footplate-database-url"
#define DATABASE_PLACE_MAX  4300

/*
 * Finds the URL (database.url, the file of database.url_file, systemd's credential, else SQLite in data.dir) and opens its driver;
 * *ret_store is freed by store_free. `place` is where it is, for people: never with a password. RC_INVALID: no URL that we know.
 */
must_check enum rc database_open(
	const struct conf *c, struct store **ret_store, char place[static DATABASE_PLACE_MAX], struct fault *f);

/* Does the configuration name one? Else it is the file in data.dir. */
bool database_named(const struct conf *c);
