/*
 * life: the beginning and the end of a control plane.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "control/control.h"

/*
 * Opens the store, migrates it, makes the first administrator's key when there is none (written to DATA/admin.key, 0600),
 * and listens. *c is made by the caller with conf, log, metrics, loop, store, queue and kek filled in.
 */
must_check enum rc life_start(struct control *c, struct fault *f);
void life_drain(struct control *c); /* loop thread: no new work; agents are told to go away for a while */
void life_stop(
	struct control *c); /* after the loop has ended; frees the loop, too. Also after a start that failed */
