/* actions: the catalogue of what a job can do. */
#pragma once

#include "base/buf.h"
#include "control/http/route.h"

extern const struct route actions_routes[];

/* Writes the catalogue, for docs/generated/actions.md. */
void actions_document(struct buf *to);
