#include "control/audit/later.h"
#include "control/http/perform.h"

static void on_written(void *ctx, enum rc rc, const char *why)
{
	struct exchange *x = ctx;

	if (rc != RC_OK)
		perform_problem(x, rc, why, NULL);
	x->noted(x);
}

bool noted_first(struct exchange *x, void (*done)(struct exchange *x))
{
	if (!x->later)
		return false;
	if (x->rc != RC_OK) {
		later_refused(x->control, take(x->later));
		return false;
	}
	x->noted = done;
	if (later_push(x->control, x->later, &(struct later_on){ on_written, x }) == RC_OK) {
		x->later = NULL;
		return true;
	}
	later_free(take(x->later));
	perform_problem(x, RC_OVERLOADED, "too many requests wait; try again in a moment", NULL);
	return false;
}
