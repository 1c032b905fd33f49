#include "control/access/cuts.h"
#include "control/control.h"
#include "control/events/feed_whose.h"
#include "control/events/slice.h"
#include "control/http/waits.h"

void feed_told(struct control *c, const struct slice_event *e)
{
	cuts_event(c->cuts, e->type, e->tenant_id, e->data);
	if (!strcmp(e->type, "job.finished"))
		waits_over(c->waits, e->job_id);
}
