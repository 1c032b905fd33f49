/*
 * steward: sees to the audit trail: signs it when it has grown (audit/checkpoints), at the start, by the clock, and at the stop, and
 * has the checkpoints told outside (audit/anchors). One control plane at a time does this by the clock. Lives on the loop thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct control;
struct steward;

/* RC_INVALID: the configuration is malformed. */
must_check enum rc steward_new(struct control *c, struct steward **ret, struct fault *f);
void steward_stop(struct steward *s); /* a last checkpoint. Before the writer ends. Takes NULL */
void steward_free(struct steward *s); /* after it has ended. Takes NULL */
OWN_DEFINE(steward)

/* A call of this caller (actor and address) was refused: is it written, or only counted? */
bool steward_admits(struct steward *s, const char *caller);
