/*
 * reference: docs/generated/cli.md, made from the tables.
 */
#pragma once

#include "cli/cli.h"

void reference_write(struct buf *to, const struct cli_extra *extra);
