/* download_acts: what callers do to a download that is there, for others that do the same in other words (control/wallwhale). */
#pragma once

#include "control/http/route.h"

/* Of the path's download. RC_CONFLICT: it is over otherwise. ret_out: a struct download_view. On the writer. */
must_check enum rc download_acts_cancel(struct call *c, void *ret_out);
