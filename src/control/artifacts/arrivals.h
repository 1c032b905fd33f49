/*
 * arrivals: contents that agents bring which do not share the store's disk. An agent asks for a ticket over its tunnel (PUBLISH_ASK), for an
 * attempt that is its own; with it (Authorization: Ticket …) it asks which blobs are missing, puts these in pieces, each from where the last
 * one ended, and says at last what the content is. Every blob is hashed here as it comes, and only takes its place under the hash that
 * it has; a content's sheet is written when all that its listing names is there.
 */
#pragma once

#include "control/http/route.h"

#define ARRIVALS_MISSING 1000 /* blobs that may be asked about at once */

extern const struct route arrivals_routes[];
