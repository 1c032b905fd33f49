#include "control/downloads/download_store.h"
#include "control/artifacts/storage.h"
#include "control/control.h"
#include "control/downloads/download_request.h"

static bool packs(const struct download_request *in)
{
	const char *format = download_request_package(in);
	return format && strcmp(format, "none") != 0;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

/* What is already on the store's disk of it takes no room there again; of the store's share it does. */
static int64_t left_for(const struct tx *tx, const struct download_row *d, const struct storage_room *room)
{
	return room->left + (tx->control->conf->artifacts->max_bytes ? 0 : d->here_bytes);
}

enum rc download_store_find(struct tx *tx, const struct download_row *d, const struct download_request *in,
	int64_t estimate, struct download_store *ret)
{
	bool packed = packs(in);
	struct storage_room room;
	enum rc rc = storage_room(tx, d->id, &room);

	*ret = (struct download_store){ .needs = d->store_need, .mark = room.mark };
	if (rc != RC_OK)
		return rc;
	int64_t left = left_for(tx, d, &room), asked = in->limits.max_bytes;
	if (!ret->needs && estimate)
		ret->needs = download_room(estimate, 0, packed);
	int64_t guess = most(DOWNLOAD_STORE_GUESS, left / DOWNLOAD_STORE_PART);
	if (asked)
		guess = least(guess, download_room(asked, 0, packed));
	int64_t floor = asked ? least(DOWNLOAD_STORE_LEAST, guess) : DOWNLOAD_STORE_LEAST;
	/* Another build may be larger than the last. */
	int64_t want = d->store_need ? d->store_need : most(ret->needs, least(guess, left));
	if (want <= left && want >= (ret->needs ? ret->needs : floor))
		ret->bytes = want;
	ret->max_bytes = most(download_room_bytes(want, packed), ret->needs ? estimate : 0);
	return RC_OK;
}

void download_store_hold(struct download_row *d, const struct download_store *s)
{
	d->store_bytes = most(s->bytes, d->store_bytes); /* what is not counted yet may be in the store */
	d->store_freed_at = 0;
}

enum rc download_store_learn(
	struct tx *tx, struct download_row *d, const struct action_download_progress *p, bool *ret_short)
{
	struct download_request in = { 0 };
	struct storage_room room;
	int64_t bytes = p->bytes_total > DOWNLOAD_STORE_MOST ? DOWNLOAD_STORE_MOST : (int64_t)p->bytes_total;

	*ret_short = false;
	d->here_bytes = p->beside_bytes > DOWNLOAD_STORE_MOST ? 0 : (int64_t)p->beside_bytes;
	if (!bytes || (d->store_need && bytes == d->bytes_total))
		return RC_OK;
	enum rc rc = download_request_read(tx, d->request, &in);
	if (rc == RC_OK)
		rc = storage_room(tx, d->id, &room);
	if (rc != RC_OK)
		return rc == RC_INVALID ? RC_OK : rc;
	d->store_need = download_room(bytes, p->files_total, packs(&in));
	*ret_short = d->store_need > d->store_bytes && d->store_need > left_for(tx, d, &room);
	if (!*ret_short)
		d->store_bytes = d->store_need;
	return RC_OK;
}

/* A store with a share of its own is counted now and then: what this one brought is not in the count yet. */
void download_store_release(const struct tx *tx, struct download_row *d)
{
	if (!tx->control->conf->artifacts->max_bytes)
		d->store_bytes = d->store_freed_at = 0;
	else if (d->store_bytes && !d->store_freed_at)
		d->store_freed_at = tx->now_ms;
}
