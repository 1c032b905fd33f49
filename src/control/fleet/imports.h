/*
 * imports: accounts and their secrets from the files that other programs keep: CSV, JSON lines, the bots of an ASF folder, maFiles. Every
 * row is made alike: an account that is not there is created, one that is gets the secrets that the row has. A row that cannot be
 * taken is told in its place, without its values.
 */
#pragma once

#include "control/http/route.h"

#define IMPORTS_ROWS_MAX  500
#define IMPORTS_BYTES_MAX (1 << 20)

extern const struct route imports_routes[];
