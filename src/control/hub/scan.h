/*
 * scan: what time and silence bring, looked for every SCAN_MS by one of the control planes (role "scan"): lapsed leases, agents of a
 * control plane that died, moments that have come. Loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#define SCAN_MS 500

struct control;
struct scan;

must_check enum rc scan_new(struct control *c, struct scan **ret, struct fault *f);
void scan_free(struct scan *s); /* after the writer */
OWN_DEFINE(scan)
