#include "base/buf.h"
#include "base/when.h"
#include "control/downloads/download_progress.h"
#include "control/downloads/download_row.h"
#include "control/events/events.h"
#include "control/rows.h"
#include "wire/json.h"

static void put_lists(struct buf *b, const struct action_download_progress *p)
{
	const struct action_download_server *s = p->servers.at;

	buf_str(b, "\"currentFiles\":[");
	for (size_t i = 0; i < p->current_files.n && i < 4; i++) {
		buf_str(b, i ? "," : "");
		json_put_str(b, ((const char *const *)p->current_files.at)[i]);
	}
	buf_str(b, "],\"servers\":[");
	for (size_t i = 0; i < p->servers.n && i < 20; i++) {
		buf_str(b, i ? ",{\"host\":" : "{\"host\":");
		json_put_str(b, s[i].host ? s[i].host : "");
		buf_fmt(b, ",\"rateBps\":%llu,\"errors\":%u}", (unsigned long long)s[i].rate_bps, s[i].errors);
	}
	buf_str(b, "],\"chunkErrors\":");
	download_progress_errors_put(p->chunk_errors, b);
}

static void put_waiting(struct buf *b, const struct download_row *d)
{
	char text[WHEN_MAX] = "";

	if (d->state != DOWNLOAD_QUEUED)
		return;
	buf_fmt(b, ",\"waiting\":{\"reason\":\"%s\",\"notBefore\":", d->reason);
	if (d->not_before)
		when_text(text, d->not_before);
	json_put_str(b, d->not_before ? text : NULL);
	buf_u8(b, '}');
}

const char *download_progress_text(
	struct tx *tx, const struct download_row *d, const struct action_download_progress *p)
{
	enum download_state is = (enum download_state)d->state;
	struct buf b = { 0 };

#define N(v) (unsigned long long)(v)
	buf_fmt(&b,
		"{\"state\":\"%s\",\"phase\":\"%s\",\"percent\":%u,\"bytesTotal\":%llu,\"bytesDone\":%llu,"
		"\"bytesNetwork\":%lld,\"bytesReused\":%llu,\"packageDone\":%llu,\"filesTotal\":%u,\"filesDone\":%"
		"u,"
		"\"rateBps\":%llu,\"etaSeconds\":%lld,\"tries\":%u,",
		download_words[is], download_phase(is), d->percent, N(p->bytes_total), N(p->bytes_done),
		(long long)d->network_bytes, N(p->bytes_reused), N(p->package_done), p->files_total, p->files_done,
		N(p->rate_bps), (long long)p->eta_s, p->tries);
#undef N
	put_lists(&b, p);
	put_waiting(&b, d);
	buf_u8(&b, '}');
	const char *text = b.bad ? NULL : arena_str(tx->arena, buf_text(&b));
	buf_done(&b);
	return text;
}

struct follower {
	const char *id, *tenant_id;
};
static const struct field follower_fields[] = {
	{ .name = "id", .type = FIELD_STR, FIELD_AT(struct follower, id) },
	{ .name = "tenantId", .type = FIELD_STR, FIELD_AT(struct follower, tenant_id) },
	{ 0 },
};

/* Those who follow it hear the same, each at most as often; when they are many, those who waited longest go first. */
static enum rc tell_followers(struct tx *tx, const struct download_row *d)
{
	static const struct store_query turn = {
		.sql = "UPDATE downloads SET told_at = $2 WHERE id IN (SELECT f.id FROM downloads f WHERE f.state "
		       "= "
		       "'attached' AND f.leader_id = $1 AND f.told_at <= $3 ORDER BY f.told_at, f.id LIMIT $4) "
		       "RETURNING id, tenant_id"
	};
	auto_rows struct store_rows *r = NULL;
	struct field_list all = { 0 };
	enum rc rc = store_run(tx->db, &turn,
		STORE_ARGS(store_text(d->id), store_int(tx->now_ms),
			store_int(tx->now_ms - DOWNLOAD_PROGRESS_TELL_MS), store_int(DOWNLOAD_PROGRESS_FOLLOWERS)),
		&r, tx->fault);

	if (rc == RC_OK)
		rc = rows_list(r, &(struct rows_into){ follower_fields, tx->arena, NULL }, sizeof(struct follower),
			DOWNLOAD_PROGRESS_FOLLOWERS, &all, tx->fault);
	store_close(take(r));
	const struct follower *f = all.at;
	for (size_t i = 0; rc == RC_OK && i < all.n; i++)
		rc = events_add(tx, &(struct event){ .type = "download.progress",
					    .resource = f[i].id,
					    .payload = d->progress,
					    .tenant_id = f[i].tenant_id });
	return rc;
}

enum rc download_progress_tell(struct tx *tx, const struct download_row *d)
{
	enum rc rc = events_add(tx, &(struct event){ .type = "download.progress",
					    .account_id = d->account_id,
					    .resource = d->id,
					    .payload = d->progress,
					    .tenant_id = d->tenant_id });
	return rc == RC_OK ? tell_followers(tx, d) : rc;
}

enum rc download_progress_waits(struct tx *tx, struct download_row *d)
{
	const struct action_download_progress p = {
		.bytes_total = (uint64_t)d->bytes_total, .bytes_done = (uint64_t)d->bytes_done, .eta_s = -1
	};

	d->told_at = tx->now_ms;
	d->progress = download_progress_text(tx, d, &p);
	return d->progress ? download_progress_tell(tx, d) : RC_NOMEM;
}
