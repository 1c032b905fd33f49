/*
 * import: accounts from a file or a folder, as many requests as it takes. What is refused is said, and does not hinder the rest.
 */
#pragma once

#include "cli/cmd.h"

#define IMPORT_COLUMNS "row,id,login,outcome,code,detail"

/* 0: all are there now; 3: some were refused, or the rest could not be sent; else why nothing was taken. */
enum cli_exit import_accounts(struct cmd *c);
