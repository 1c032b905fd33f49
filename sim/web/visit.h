/*
 * visit: a web request from its arrival to its answer: which of the sim's rooms answers it. The directory and the controls
 * (directory.h), the controls of trades (econ_controls.h), and Steam's pages (pages.h). One thread.
 */
#pragma once

#include "sim/web/ask.h"
#include "sim/web/directory.h"

enum visit_kind { VISIT_APP_DETAILS };

/* Fills the empty *ret. What has to be done to connections besides is the return value's `act`; its body is not used. */
struct directory_answer visit(struct directory *d, const struct web_request *r, struct answer *ret);

/* May this address do it once more, when so many are free within the window? Counts it. */
bool visit_may(struct ask *q, enum visit_kind kind, uint32_t max, uint32_t window_s);
