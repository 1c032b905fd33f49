#include "control/downloads/download_progress.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/downloads/download_bytes.h"
#include "control/downloads/download_row.h"
#include "control/downloads/download_stop.h"
#include "control/downloads/download_store.h"
#include "control/engine/moves.h"
#include "wire/field_json.h"
#include "wire/json.h"

/* RC_MISSING: the task is not (any more) that of a download. */
enum rc download_progress_load(struct tx *tx, const struct moves_task *t, struct download_row *ret)
{
	enum rc rc = download_row_load(tx, t->owner, ret);

	if (rc == RC_OK && (!ret->task_id || strcmp(ret->task_id, t->id) != 0))
		return RC_MISSING;
	return rc;
}

/* ---- bytes that were sent ---- */

enum rc download_progress_run(struct tx *tx, struct download_row *d, bool *ret_short)
{
	struct download_room room = { .fits = true };
	enum rc rc = d->reserved_bytes && d->run_bytes ? download_bytes_reserve(tx, d, d->run_bytes, &room) : RC_OK;

	d->run_bytes = 0;
	d->progress = NULL;
	*ret_short = !room.fits;
	return rc;
}

void download_progress_sent(struct tx *tx, struct download_row *d, uint64_t run)
{
	int64_t now = run > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)run;
	int64_t more = now > d->run_bytes ? now - d->run_bytes : 0;

	d->network_bytes += more;
	d->run_bytes += more;
	if (more > 0)
		metric_add(tx->control->metrics, METRIC_DOWNLOAD_BYTES, "network", (uint64_t)more);
}

/* ---- how far it is ---- */

enum rc download_progress_read(struct tx *tx, const struct field *t, const char *text, void *to)
{
	struct field_reader r = { .arena = tx->arena, .lenient = true };
	auto_json struct json_t *j = NULL;
	enum rc rc = text ? json_read(text, strlen(text), &j, tx->fault) : RC_INVALID;

	return rc == RC_OK ? field_json_decode(t, j, &r, to, tx->fault) : rc;
}

static uint32_t percent_of(const struct download_row *d, const struct action_download_progress *p)
{
	uint64_t all = p->bytes_total ? p->bytes_done * 100 / p->bytes_total : 0;
	uint32_t now = all > 100 ? 100 : (uint32_t)all;

	return now > d->percent ? now : d->percent;
}

/* The state that the agent names, if it is one of a running download and may follow. */
static enum rc follow_state(struct tx *tx, struct download_row *d, const char *word)
{
	enum download_state is = (enum download_state)d->state;

	for (int s = DOWNLOAD_RESOLVING; word && s <= DOWNLOAD_PUBLISHING; s++)
		if (!strcmp(download_words[s], word) && s != DOWNLOAD_ATTACHED && s != d->state &&
			download_move(&is, (enum download_state)s) == RC_OK)
			return download_row_move(tx, d, (enum download_state)s, NULL);
	return download_row_keep(tx, d);
}

/* It is known now how large it is: of a limit nothing changes, of the store it holds what it needs. */
static enum rc hold(
	struct tx *tx, struct download_row *d, const struct action_download_progress *p, bool *ret_short)
{
	enum rc rc = download_store_learn(tx, d, p, ret_short);

	if (rc != RC_OK || !*ret_short || d->wants)
		return rc;
	d->estimate = (int64_t)p->bytes_total;
	return download_stop(tx, d, DOWNLOAD_WANTS_DISK);
}

enum rc download_progress_fold(struct tx *tx, const struct moves_task *t, const char *data)
{
	struct action_download_progress p = { 0 };
	struct download_row d = { 0 };
	bool is_short = false;
	enum rc rc = download_progress_load(tx, t, &d);

	if (rc == RC_OK && !download_is_running((enum download_state)d.state))
		rc = RC_MISSING;
	if (rc == RC_OK)
		rc = download_progress_read(tx, action_download_progress_fields, data, &p);
	if (rc == RC_MISSING || rc == RC_INVALID)
		return RC_OK; /* it is another's word that does not count */
	if (rc != RC_OK)
		return rc;
	if (p.bytes_network < (uint64_t)d.run_bytes) /* a run that tells less than before is another */
		rc = download_progress_run(tx, &d, &is_short);
	if (rc == RC_OK && is_short && !d.wants)
		rc = download_stop(tx, &d, DOWNLOAD_WANTS_QUOTA);
	if (rc != RC_OK || is_short)
		return rc;
	rc = hold(tx, &d, &p, &is_short);
	if (rc != RC_OK || !download_is_running((enum download_state)d.state))
		return rc;
	download_progress_sent(tx, &d, p.bytes_network);
	download_progress_errors(tx, &d, p.chunk_errors);
	d.percent = percent_of(&d, &p);
	d.bytes_total = p.bytes_total > INT64_MAX ? INT64_MAX : (int64_t)p.bytes_total;
	d.bytes_done = p.bytes_done > INT64_MAX ? INT64_MAX : (int64_t)p.bytes_done;
	d.estimate = d.bytes_total ? d.bytes_total : d.estimate;
	bool tells = tx->now_ms - d.told_at >= DOWNLOAD_PROGRESS_TELL_MS;
	if (tells)
		d.told_at = tx->now_ms;
	d.progress = download_progress_text(tx, &d, &p);
	rc = d.progress ? follow_state(tx, &d, p.state) : RC_NOMEM;
	return rc == RC_OK && tells ? download_progress_tell(tx, &d) : rc;
}
