/*
 * resolve: people know accounts by their login and regions by their name; the API knows both by id. Arguments and options
 * whose row says so are looked up, and replaced by the id.
 */
#pragma once

#include "cli/cmd.h"

enum cli_exit resolve_all(struct cmd *c);
