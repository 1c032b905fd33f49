/*
 * egresses: the addresses by which accounts go out: the agent's own, another address of its machine, an HTTP or SOCKS5 proxy.
 * Rate lanes count by egress. A proxy's login is a secret: write-only.
 */
#pragma once

#include "control/http/route.h"

#define EGRESSES_SOFT_CAP 100 /* accounts; past it a warning shows (product.md T38) */
#define EGRESSES_HARD_CAP 200 /* no egress may have more */

extern const struct route egresses_routes[];
