#include "main/drivers.h"
#include "base/log.h"
#include "contract/kek.h"
#include "control/control.h"
#include "main/database.h"
#include "main/open_kek.h"
#include "main/open_queue.h"

enum rc drivers_open(const struct conf *c, struct control *to, struct fault *f)
{
	char place[DATABASE_PLACE_MAX];

	enum rc rc = database_open(c, &to->store, place, f);
	if (rc == RC_OK)
		log_info(to->log, "database opened at=%s", place);
	if (rc == RC_OK)
		rc = open_queue(c, &to->queue, f);
	return rc == RC_OK ? open_kek(c, true, &to->kek, &to->old_kek, f) : rc;
}

void drivers_close(struct control *c)
{
	queue_free(take(c->queue));
	kek_free(take(c->kek));
	kek_free(take(c->old_kek));
	store_free(take(c->store));
}
