#include "agent/content/source_steam.h"

#include "model/action_download.h"
#include "model/content_path.h"
#include "wire/steam/manifest.h"
#include "wire/steam/manifest_names.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

static enum rc no_memory(struct fault *f)
{
	return fault_set(f, RC_TOO_LARGE, "the content's listing needs more memory than its limit allows");
}

/* Room doubles at powers of two. */
static bool grow(struct arena *a, void **at, uint32_t n, size_t size)
{
	if (n & (n - 1) && n)
		return true;
	void *more = arena_take(a, (n ? 2 * (size_t)n : 1) * size);
	if (more && n)
		memcpy(more, *at, n * size);
	*at = more;
	return more != NULL;
}

enum rc source_add_part(struct source_steam *s, const struct source_part *part, struct fault *f)
{
	if (s->parts_n == SOURCE_PARTS_MAX)
		return fault_set(f, RC_TOO_LARGE, "it is made of more than %d manifests", SOURCE_PARTS_MAX);
	if (!grow(&s->arena, (void **)&s->parts, s->parts_n, sizeof(*part)))
		return no_memory(f);
	s->parts[s->parts_n++] = *part;
	return RC_OK;
}

enum rc source_add_url(struct source_steam *s, const struct source_url *url, struct fault *f)
{
	if (s->urls_n == SOURCE_PARTS_MAX)
		return fault_set(f, RC_TOO_LARGE, "it is made of more than %d files", SOURCE_PARTS_MAX);
	if (!grow(&s->arena, (void **)&s->urls, s->urls_n, sizeof(*url)))
		return no_memory(f);
	s->urls[s->urls_n++] = *url;
	return RC_OK;
}

/* ---- the listing ---- */

struct listing {
	struct source_steam *s;
	struct arena *a;
	struct manifest *manifests; /* of each part */
	struct content_listing *to;
	uint32_t *part_of; /* of each file */
	struct fault *f;
};

static enum rc read_manifest(struct listing *l, uint32_t i)
{
	struct source_part *p = &l->s->parts[i];
	struct buf b = { 0 };

	enum rc rc = content_key(l->s->task, p->m.depot, p->m.app, p->key, l->f);
	if (rc == RC_OK)
		rc = cdn_manifest(l->s->task, &p->m, NULL, NULL, &b, l->f);
	if (rc == RC_OK)
		rc = manifest_read(b.p, b.n, l->a, &l->manifests[i], l->f);
	if (rc == RC_OK)
		rc = manifest_names_decrypt(&l->manifests[i], p->key, l->a, l->f);
	buf_done(&b);
	if (rc == RC_OK && (l->manifests[i].depot != p->m.depot || l->manifests[i].gid != p->m.gid))
		rc = fault_set(
			l->f, RC_MALFORMED, "the content server sent another manifest than %" PRIu64, p->m.gid);
	return rc;
}

static bool may_be_left_out(const struct source_steam *s, const struct source_part *p)
{
	const char *code = s->task->code;
	return p->optional && code && (!strcmp(code, "no_license") || !strcmp(code, "access_denied"));
}

/* Those that the account may not have go from the list. */
static enum rc read_manifests(struct listing *l)
{
	struct source_steam *s = l->s;
	uint32_t n = 0;

	l->manifests = arena_take(l->a, (s->parts_n + 1) * sizeof(*l->manifests));
	if (!l->manifests)
		return no_memory(l->f);
	for (uint32_t i = 0; i < s->parts_n; i++) {
		enum rc rc = read_manifest(l, i);
		if (rc != RC_OK &&
			(!may_be_left_out(s, &s->parts[i]) || (n == 0 && i + 1 == s->parts_n && !s->urls_n)))
			return rc;
		if (rc != RC_OK) {
			s->task->code = NULL;
			s->task->eresult = 0;
			continue;
		}
		s->parts[n] = s->parts[i];
		l->manifests[n++] = l->manifests[i];
	}
	s->parts_n = n;
	return RC_OK;
}

static const char *path_of(struct arena *a, const char *prefix, const char *name)
{
	char *path = *prefix ? arena_fmt(a, "%s/%s", prefix, name) : arena_str(a, name);

	for (char *p = path; p && *p; p++)
		if (*p == '\\')
			*p = '/';
	return path;
}

static bool put_file(struct listing *l, uint32_t part, const struct manifest_file *from)
{
	struct content_listing *to = l->to;
	struct content_file *file = &to->files[to->files_n];

	*file = (struct content_file){ .path = path_of(l->a, l->s->parts[part].prefix, from->name),
		.link = from->link,
		.size = from->size,
		.flags = (from->flags & MANIFEST_DIRECTORY ? CONTENT_FOLDER : 0u) |
			 (from->flags & (MANIFEST_EXECUTABLE | MANIFEST_CUSTOM_EXECUTABLE) ? CONTENT_EXECUTABLE
											   : 0u) |
			 (from->flags & MANIFEST_SYMLINK ? CONTENT_LINK : 0u),
		.summed = from->has_sha && from->size > 0,
		.sum.kind = CONTENT_SHA1,
		.pieces = arena_take(l->a, (from->chunks_n + 1) * sizeof(struct content_piece)),
		.pieces_n = from->chunks_n };
	if (!file->path || !file->pieces)
		return false;
	memcpy(file->sum.at, from->sha, MANIFEST_SHA);
	for (uint32_t i = 0; i < from->chunks_n; i++) {
		const struct manifest_chunk *c = &from->chunks[i];
		file->pieces[i] = (struct content_piece){ c->offset, (uint32_t)to->chunks_n, 0, c->size };
		struct content_chunk *chunk = &to->chunks[to->chunks_n++];
		*chunk = (struct content_chunk){ .sum.kind = CONTENT_SHA1,
			.size = c->size,
			.packed = c->packed,
			.check = c->adler,
			.ref = part };
		memcpy(chunk->sum.at, c->sha, MANIFEST_SHA);
	}
	l->part_of[to->files_n++] = part;
	return true;
}

/* The bytes of a URL are known by where they come from, and by when they were changed. */
static bool put_url(struct listing *l, uint32_t number)
{
	const struct source_url *u = &l->s->urls[number];
	struct content_listing *to = l->to;
	struct content_file *file = &to->files[to->files_n];
	uint32_t n = (uint32_t)((u->size + SOURCE_URL_CHUNK - 1) / SOURCE_URL_CHUNK);

	*file = (struct content_file){ .path = u->path,
		.size = u->size,
		.pieces = arena_take(l->a, (n + 1) * sizeof(struct content_piece)),
		.pieces_n = n };
	if (!file->pieces)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = (uint64_t)i * SOURCE_URL_CHUNK, left = u->size - at;
		uint32_t size = left < SOURCE_URL_CHUNK ? (uint32_t)left : SOURCE_URL_CHUNK;
		char *name =
			arena_fmt(l->a, "%s %" PRIu64 " %" PRId64 " %" PRIu64, u->url, u->size, u->updated_ms, at);
		if (!name)
			return false;
		struct content_chunk *chunk = &to->chunks[to->chunks_n];
		*chunk = (struct content_chunk){ .sum.kind = CONTENT_NAMED,
			.size = size,
			.packed = size,
			.check = number,
			.ref = SOURCE_URL_REF };
		SHA256((const uint8_t *)name, strlen(name), chunk->sum.at);
		file->pieces[i] = (struct content_piece){ at, (uint32_t)to->chunks_n++, 0, size };
	}
	l->part_of[to->files_n++] = l->s->parts_n + number;
	return true;
}

/* ---- depots that have the same file ---- */

struct named {
	const char *path;
	uint32_t file, part;
};

static int by_path(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int way = content_path_compare(x->path, y->path);
	return way ? way : x->part < y->part ? -1 : x->part > y->part;
}

/* The later depot's file is the one that counts. What one manifest has twice is left to the plan, which refuses it. */
static enum rc drop_covered(struct listing *l)
{
	struct content_listing *to = l->to;
	struct arena work = { .limit = l->a->limit };
	struct named *all = arena_take(&work, (to->files_n + 1) * sizeof(*all));
	bool *gone = arena_take(&work, to->files_n + 1);
	size_t n = 0;

	if (!all || !gone) {
		arena_done(&work);
		return no_memory(l->f);
	}
	for (uint32_t i = 0; i < to->files_n; i++)
		all[i] = (struct named){ to->files[i].path, i, l->part_of[i] };
	if (to->files_n)
		qsort(all, to->files_n, sizeof(*all), by_path);
	for (size_t i = 1; i < to->files_n; i++)
		if (content_path_compare(all[i - 1].path, all[i].path) == 0 && all[i - 1].part != all[i].part)
			gone[all[i - 1].file] = true;
	for (size_t i = 0; i < to->files_n; i++)
		if (!gone[i])
			to->files[n++] = to->files[i];
	to->files_n = n;
	arena_done(&work);
	return RC_OK;
}

static enum rc name_parts(struct listing *l)
{
	struct source_steam *s = l->s;
	struct action_download_piece *made =
		arena_take(s->task->arena, (s->parts_n + s->urls_n + 1) * sizeof(*made));
	size_t n = 0;

	for (uint32_t i = 0; made && i < s->parts_n; i++, n++) {
		made[n] = (struct action_download_piece){ arena_fmt(s->task->arena, "%u", s->parts[i].m.depot),
			arena_fmt(s->task->arena, "%" PRIu64, s->parts[i].m.gid),
			arena_str(s->task->arena, s->parts[i].item) };
		if (!made[n].depot || !made[n].manifest)
			made = NULL;
	}
	for (uint32_t i = 0; made && i < s->urls_n; i++)
		made[n++].item = arena_str(s->task->arena, s->urls[i].item);
	l->to->made_of = (struct field_list){ made, made ? n : 0 };
	return made ? RC_OK : no_memory(l->f);
}

static enum rc put_all(struct listing *l)
{
	struct source_steam *s = l->s;
	size_t files = s->urls_n, chunks = 0;
	bool good = true;

	for (uint32_t i = 0; i < s->parts_n; i++) {
		files += l->manifests[i].files_n;
		for (uint32_t k = 0; k < l->manifests[i].files_n; k++)
			chunks += l->manifests[i].files[k].chunks_n;
	}
	for (uint32_t i = 0; i < s->urls_n; i++)
		chunks += s->urls[i].size / SOURCE_URL_CHUNK + 1;
	if (files > CONTENT_FILES_MAX || chunks > CONTENT_CHUNKS_MAX)
		return fault_set(l->f, RC_TOO_LARGE, "the content has too many files or chunks");
	l->to->files = arena_take(l->a, (files + 1) * sizeof(*l->to->files));
	l->to->chunks = arena_take(l->a, (chunks + 1) * sizeof(*l->to->chunks));
	l->part_of = arena_take(l->a, (files + 1) * sizeof(*l->part_of));
	good = l->to->files && l->to->chunks && l->part_of;
	for (uint32_t i = 0; i < s->parts_n && good; i++)
		for (uint32_t k = 0; k < l->manifests[i].files_n && good; k++)
			good = put_file(l, i, &l->manifests[i].files[k]);
	for (uint32_t i = 0; i < s->urls_n && good; i++)
		good = put_url(l, i);
	return good ? drop_covered(l) : no_memory(l->f);
}

static enum rc list(struct content_source *base, struct arena *a, struct content_listing *ret, struct fault *f)
{
	struct source_steam *s = (struct source_steam *)base;
	struct content_listing to = { 0 };
	struct listing l = { .s = s, .a = a, .to = &to, .f = f };
	const char *kind = s->in->source.kind;

	enum rc rc = !strcmp(kind, "app") || !strcmp(kind, "depot") ? source_app_resolve(s, f)
								    : source_workshop_resolve(s, f);
	if (rc == RC_OK)
		rc = read_manifests(&l);
	if (rc == RC_OK)
		rc = put_all(&l);
	if (rc == RC_OK)
		rc = name_parts(&l);
	to.line = s->line;
	if (rc == RC_OK)
		*ret = to;
	return rc;
}

/* ---- chunks ---- */

/* The chunks of manifests, of those that the engine wants. */
struct depots_run {
	const struct content_run *run;
	struct cdn_want *want;
	size_t *number; /* in run->want */
	size_t n;
};

static bool put(void *ctx, size_t i, const void *plain, size_t n)
{
	const struct depots_run *d = ctx;
	return d->run->put(d->run->ctx, d->number[i], plain, n);
}

static void came(void *ctx, size_t n)
{
	const struct depots_run *d = ctx;
	d->run->came(d->run->ctx, n);
}

static bool stop(void *ctx)
{
	const struct depots_run *d = ctx;
	return d->run->stop(d->run->ctx);
}

static void collect(struct depots_run *d)
{
	for (size_t i = 0; i < d->run->n; i++) {
		const struct content_chunk *c = &d->run->listing->chunks[d->run->want[i]];
		if (c->ref == SOURCE_URL_REF)
			continue;
		d->want[d->n] = (struct cdn_want){ c->sum.at, c->check, c->size, c->packed, c->ref };
		d->number[d->n++] = i;
	}
}

/* Those of all depots in one pipeline: small depots at the end of an app do not wait for each other's last chunks. */
static enum rc fetch_depots(struct source_steam *s, struct depots_run *d, struct fault *f)
{
	auto_free struct cdn_of *of = calloc((size_t)s->parts_n + 1, sizeof(*of));
	const struct cdn_run r = { .task = s->task,
		.of = of,
		.want = d->want,
		.n = d->n,
		.put = put,
		.came = came,
		.stop = stop,
		.ctx = d,
		.pace = d->run->pace,
		.stats = &s->stats,
		.concurrency = d->run->concurrency,
		.stall_ms = d->run->stall_s * 1000 };

	if (!of)
		return RC_NOMEM;
	for (uint32_t i = 0; i < s->parts_n; i++)
		of[i] = (struct cdn_of){ s->parts[i].m.app, s->parts[i].m.depot, s->parts[i].key };
	return d->n ? cdn_chunks(&r, f) : RC_OK;
}

static enum rc fetch(struct content_source *base, const struct content_run *run, struct fault *f)
{
	struct source_steam *s = (struct source_steam *)base;
	auto_free struct cdn_want *want = calloc(run->n + 1, sizeof(*want));
	auto_free size_t *number = calloc(run->n + 1, sizeof(*number));
	struct depots_run d = { .run = run, .want = want, .number = number };

	if (!want || !number)
		return RC_NOMEM;
	collect(&d);
	enum rc rc = fetch_depots(s, &d, f);
	return rc == RC_OK ? source_url_fetch(s, run, f) : rc;
}

_Static_assert(CONTENT_ERRORS == CHUNK_ERROR_KINDS, "one count of each kind");

static void figures(struct content_source *base, struct content_figures *ret)
{
	struct source_steam *s = (struct source_steam *)base;
	struct cdn_rate rates[8];
	size_t n = cdn_rates(s->task->cdn, rates, 8);

	ret->bytes_network = s->stats.bytes_network + s->bytes_url;
	ret->tries = s->stats.errors;
	for (size_t i = 0; i < CHUNK_ERROR_KINDS; i++)
		ret->errors[i] = s->stats.errors_of[i];
	ret->servers_n = n;
	for (size_t i = 0; i < n; i++) {
		snprintf(ret->servers[i].host, sizeof(ret->servers[i].host), "%.127s", rates[i].host);
		ret->servers[i].rate_bps = rates[i].rate_bps;
		ret->servers[i].errors = rates[i].errors;
	}
}

static void drop(struct content_source *base)
{
	struct source_steam *s = (struct source_steam *)base;

	for (uint32_t i = 0; i < s->parts_n; i++)
		OPENSSL_cleanse(s->parts[i].key, sizeof(s->parts[i].key));
	OPENSSL_cleanse(s->branch_key, sizeof(s->branch_key));
	arena_done(&s->arena);
	free(s);
}

static const struct content_source_impl impl = { .list = list, .fetch = fetch, .figures = figures, .free = drop };

static enum rc open(
	struct action_task *t, const struct action_download *in, struct content_source **ret, struct fault *f)
{
	struct source_steam *s = calloc(1, sizeof(*s));

	(void)f;
	if (!s)
		return RC_NOMEM;
	s->base.impl = &impl;
	s->task = t;
	s->in = in;
	s->arena.wipes = true;
	*ret = &s->base;
	return RC_OK;
}

const struct content_store source_depot = { .kind = "depot", .open = open };
const struct content_store source_app = { .kind = "app", .open = open };
const struct content_store source_item = { .kind = "workshop_item", .open = open };
const struct content_store source_collection = { .kind = "workshop_collection", .open = open };
