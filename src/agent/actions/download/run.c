/* download.run: fetches what a source of content has, and publishes it. product.md 5.9. */
#include "agent/action_run.h"
#include "agent/content/fetch.h"
#include "agent/content/fetch_env.h"
#include "agent/content/pace.h"
#include "agent/content/publish.h"
#include "base/buf.h"
#include "model/content_match.h"
#include "wire/field_json.h"

#include <stdio.h>
#include <string.h>

extern const struct action_run download_run;

#define LISTING_MEMORY ((size_t)4 << 30) /* of listing and plan; they take what they need */

struct download {
	struct action_task *task;
	struct action_task teller; /* the same for the thread that tells: its calls are no part of the task's own */
	const struct action_download *in;
	struct fetch *fetch;
	struct arena arena;
	struct fault *f;
};

static enum rc tell(void *ctx, const struct action_download_progress *p)
{
	struct download *d = ctx;
	struct buf json = { 0 };

	field_json_encode(action_download_progress_fields, p, &json);
	enum rc rc = json.bad ? RC_NOMEM : task_progress(&d->teller, buf_text(&json), NULL);
	buf_done(&json);
	return rc == RC_CANCELED ? rc : RC_OK; /* one that was lost is made up for by the next */
}

static enum rc fetch_it(struct download *d, struct pace_job *pace)
{
	const struct action_download *in = d->in;
	const struct content_store *store = content_store_find(in->source.kind);
	auto_of(content_source) struct content_source *source = NULL;
	struct content_match *match;

	if (!store)
		return fault_set(d->f, RC_INVALID, "source.kind: this agent knows no \"%.32s\"", in->source.kind);
	enum rc rc = content_match_new(
		&in->filter.include, &in->filter.exclude, &in->filter.file_list, &d->arena, &match, d->f);
	if (rc == RC_OK)
		rc = store->open(d->task, in, &source, d->f);
	const struct fetch_ask ask = { .home = d->task->env->home,
		.source = source,
		.match = match,
		.base_content = in->base_content,
		.concurrency = in->concurrency,
		.stall_s = in->stall_s,
		.max_bytes = in->max_bytes,
		.store = d->task->publish->store,
		.pace = pace,
		.arena = &d->arena,
		.code = &d->task->code,
		.tell = tell,
		.ctx = d };
	if (rc == RC_OK)
		rc = fetch_new(&ask, &d->fetch, d->f);
	if (rc == RC_OK)
		rc = fetch_run(d->fetch, d->f);
	if (rc != RC_OK && rc != RC_CANCELED)
		fetch_tell_last(d->fetch);
	fetch_leave(d->fetch); /* the source ends here */
	return rc;
}

/* ---- publishing ---- */

static void packed(void *ctx, uint64_t read, uint64_t bytes)
{
	struct download *d = ctx;
	(void)read;
	fetch_packed(d->fetch, bytes);
}

static size_t list_files(const struct fetch_plan *p, struct publish_file *to)
{
	size_t n = 0;

	for (uint32_t i = 0; i < p->files_n; i++) {
		const struct fetch_file *file = &p->files[i];
		const struct content_file *listed = file->listed;
		if (file->flags & CONTENT_FOLDER)
			continue;
		to[n++] = (struct publish_file){ .path = file->path,
			.size = file->size,
			.sha1 = listed->summed && listed->sum.kind == CONTENT_SHA1 && file->size ? listed->sum.at
												 : NULL,
			.mode = file->flags & CONTENT_EXECUTABLE ? 0755 : 0644,
			.link = file->link };
	}
	return n;
}

static enum rc publish_it(struct download *d, struct publish_done *ret)
{
	const struct fetch_plan *plan = fetch_plan_of(d->fetch);
	struct publish_file *files = arena_take(&d->arena, ((size_t)plan->files_n + 1) * sizeof(*files));
	bool packs = d->in->package.format && strcmp(d->in->package.format, "none") != 0;

	if (!files)
		return RC_NOMEM;
	const struct publish p = { .task = d->task,
		.download_id = d->in->download_id,
		.folder = fetch_folder(d->fetch),
		.kind = d->in->source.kind,
		.files = files,
		.n = list_files(plan, files),
		.package_format = d->in->package.format,
		.package_level = d->in->package.level,
		.stop = fetch_stop(d->fetch),
		.told = packed,
		.ctx = d };
	fetch_enter(d->fetch, packs ? FETCH_PACKAGING : FETCH_PUBLISHING);
	enum rc rc = publish_tree(&p, ret, d->f);
	if (rc == RC_OK)
		rc = fetch_keep(d->fetch, ret->content_id, d->f);
	return rc;
}

/* The listing goes with the download; the result is the task's. */
static struct field_list keep_pieces(struct arena *a, const struct field_list *from)
{
	const struct action_download_piece *is = from->at;
	struct action_download_piece *to = arena_take(a, (from->n + 1) * sizeof(*to));

	for (size_t i = 0; to && i < from->n; i++)
		to[i] = (struct action_download_piece){ arena_str(a, is[i].depot), arena_str(a, is[i].manifest),
			arena_str(a, is[i].item) };
	return (struct field_list){ to, to ? from->n : 0 };
}

static enum rc fill(struct download *d, const struct publish_done *done, struct action_download_result *to)
{
	struct arena *a = d->task->arena;

	*to = (struct action_download_result){ .content_id = arena_str(a, done->content_id),
		.pieces = keep_pieces(a, &fetch_plan_of(d->fetch)->listing->made_of),
		.bytes = done->bytes,
		.files = done->files,
		.bytes_network = fetch_bytes_network(d->fetch),
		.bytes_reused = fetch_bytes_reused(d->fetch),
		.package_bytes = done->package_bytes,
		.package_sha256 = *done->package_sha256 ? arena_str(a, done->package_sha256) : NULL };
	fetch_errors(d->fetch, to->chunk_errors);
	return to->content_id && (to->package_sha256 || !*done->package_sha256) ? RC_OK : RC_NOMEM;
}

/* ---- the task ---- */

/* Codes are those of product.md 5.9.2. */
static const char *code_of(const struct action_task *t, enum rc rc)
{
	if (t->code)
		return !strcmp(t->code, "session_offline") ? "login_required" : t->code;
	switch ((unsigned)rc) {
	case RC_MALFORMED:
		return "integrity";
	case RC_MISSING:
		return "not_found";
	case RC_DENIED:
		return "access_denied";
	case RC_LIMIT:
		return "rate_limited";
	case RC_QUOTA:
		return "disk_full";
	case RC_AWAY:
		return "cdn_unavailable";
	default:
		return NULL;
	}
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_download *want = in;
	struct download d = { .task = t, .teller = *t, .in = want, .arena.limit = LISTING_MEMORY, .f = f };
	const struct pace_share share = { .tenant = want->share.tenant_id,
		.key = want->share.key_id,
		.tenant_bps = want->share.tenant_bps,
		.key_bps = want->share.key_bps,
		.job_bps = want->share.job_bps,
		.weight = want->share.weight,
		.of = t->work };
	struct publish_done done = { 0 };
	struct pace_job *pace = NULL;

	d.teller.scope = NULL;
	enum rc rc = pace_join(t->pace, &share, &pace, f);
	uint64_t bps;
	if (rc == RC_OK && task_tune_bps(t, &bps))
		pace_tune(t->pace, t->work, bps);
	if (rc == RC_OK)
		rc = fetch_it(&d, pace);
	pace_leave(pace);
	if (rc == RC_OK)
		rc = publish_it(&d, &done);
	if (rc == RC_OK)
		rc = fill(&d, &done, out);
	if (rc != RC_OK && rc != RC_CANCELED)
		t->code = code_of(t, rc);
	fetch_free(d.fetch);
	arena_done(&d.arena);
	return rc;
}

const struct action_run download_run = { .name = "download.run", .run = run };
