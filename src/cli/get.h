/*
 * get: `footplate get STORE:ID`: has it fetched by the server, and brings the files here. With --local the server is this program
 * itself, started for the time that it takes.
 */
#pragma once

#include "cli/cmd.h"

extern const struct verb_option get_options[];

enum cli_exit get_run(struct cmd *c); /* the verb's `run`; its argument is what get_what reads */
