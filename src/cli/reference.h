/*
 * reference: docs/generated/cli.md, made from the tables.
 */
#pragma once

#include "base/buf.h"
#include "cli/extra.h"

void reference_write(struct buf *to, const struct cli_extra *extra);
