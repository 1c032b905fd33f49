/*
 * ensure: no change without a record. The one place from which the handlers of the routes are called.
 */
#pragma once

#include "control/http/route.h"

/* Runs the route's handler. One that changes something (ROUTE_WRITE) and wrote no record itself gets one that is named after the route. */
must_check enum rc ensure_run(struct call *c, void *ret_out);
