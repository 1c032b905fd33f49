#include "control/owners.h"
#include "control/downloads/download_fold.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_row.h"
#include "control/engine/moves.h"
#include "control/fleet/agent_logins.h"
#include "control/fleet/shop_answers.h"
#include "control/keys/key_fold.h"
#include "control/updates/sources.h"
#include "control/updates/sources_egresses_place.h"
#include "control/updates/watch_library.h"

#include <string.h>

/* Not where the source is away, and where somebody is logged in. */
static enum rc place_ask(struct tx *tx, const char *owner, struct placement_task *to)
{
	enum rc rc = sources_egresses_place(tx, owner, to);
	return rc == RC_OK ? agent_logins_place_ask(tx, owner, to) : rc;
}

static const struct {
	const char *prefix; /* of the owner's id; "": all that none before has */
	enum rc (*fold)(struct tx *tx, const struct moves_task *t);
	enum rc (*progress)(
		struct tx *tx, const struct moves_task *t, const char *data);          /* NULL: it does not care */
	enum rc (*place)(struct tx *tx, const char *owner, struct placement_task *to); /* the same */
} owners[] = {
	{ SOURCES_OWNER, sources_fold, sources_progress, place_ask },
	{ WATCH_LIBRARY_OWNER, watch_library_fold, NULL, NULL },
	{ SHOP_ANSWERS_OWNER, shop_answers_fold, NULL, NULL },
	{ DOWNLOAD_ROW_PREFIX, download_fold_task, download_progress_fold, agent_logins_place_download },
	{ "", key_fold_task, NULL, NULL },
};
#define OWNERS (sizeof(owners) / sizeof(*owners))

static size_t owner_of(const char *id)
{
	size_t i = 0;

	while (i < OWNERS && strncmp(id, owners[i].prefix, strlen(owners[i].prefix)) != 0)
		i++;
	return i;
}

enum rc owners_fold(struct tx *tx, const struct moves_task *t)
{
	size_t i = owner_of(t->owner);
	return i < OWNERS ? owners[i].fold(tx, t) : RC_OK;
}

enum rc owners_place(struct tx *tx, const char *owner, struct placement_task *to)
{
	size_t i = owner_of(owner);
	return i < OWNERS && owners[i].place ? owners[i].place(tx, owner, to) : RC_OK;
}

enum rc owners_progress(struct tx *tx, const struct moves_task *t, const char *data)
{
	size_t i = owner_of(t->owner);
	return i < OWNERS && owners[i].progress ? owners[i].progress(tx, t, data) : RC_OK;
}
