/*
 * failpoint: places in the programs at which a test can have the process die, stand still or fail:
 *
 *      FOOTPLATE_FAILPOINT=name:kill[:n]         SIGKILL to itself at the n-th pass (the first)
 *      FOOTPLATE_FAILPOINT=name:pause:ms[:n]     sleeps so long at the n-th pass and each after it
 *      FOOTPLATE_FAILPOINT=name:error[:n]        FAILPOINT_RC fails at the n-th pass and each after it
 *
 * Several are separated by commas. The names are listed in docs/testing.md. With -Dfailpoints=false (a release) there are none: the
 * macros are empty. Any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#ifndef NO_FAILPOINTS
#define FAILPOINT(name)       failpoint_pass(name)
#define FAILPOINT_RC(name, f) failpoint_rc(name, f)
#else
#define FAILPOINT(name)       ((void)0)
#define FAILPOINT_RC(name, f) RC_OK
#endif

void failpoint_pass(const char *name);
must_check enum rc failpoint_rc(const char *name, struct fault *f); /* RC_INTERNAL when it is armed with `error` */
