/*
 * import: many accounts from a file: one login a line; blank lines and those that begin with '#' are nothing.
 */
#pragma once

#include "cli/cmd.h"

#define IMPORT_BYTES_MAX (8u << 20)

/* 0: all are there now (those that were before, too); 3: some were refused; else the first refusal's code. */
enum cli_exit import_accounts(struct cmd *c);
