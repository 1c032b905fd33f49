/*
 * anchors: tells signed checkpoints outside, where who alters the database cannot alter them: appended to a file, to a syslog, posted
 * to a URL. Each as it is signed, in order, again and again until it is there (audit_anchors keeps how far that is); a new anchor
 * begins with the newest. A thread of its own; else on the loop.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

struct anchors;
struct control;

/* *ret stays NULL when none is configured. RC_INVALID: the configuration is malformed. */
must_check enum rc anchors_new(struct control *c, struct anchors **ret, struct fault *f);
void anchors_stop(struct anchors *a); /* ends its thread. Before the writer ends. Takes NULL */
void anchors_free(struct anchors *a); /* after it has ended. Takes NULL */
OWN_DEFINE(anchors)

/* There may be checkpoints that are not told yet. Takes NULL. */
void anchors_wake(struct anchors *a);
