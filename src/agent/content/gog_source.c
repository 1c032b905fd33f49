#include "agent/content/gog_source.h"

#include "agent/agent_conf.h"
#include "agent/shop_web.h"
#include "base/map.h"
#include "model/action_download.h"
#include "wire/gog_chunk.h"

#include <string.h>
#include <strings.h>

#define MEMORY_MAX (1u << 30)
#define SPARE      4096 /* bytes that a chunk may have over what the manifest says */

static void gog_source_free(struct gog_source *s)
{
	if (!s)
		return;
	shop_fetch_done(&s->fetch);
	arena_done(&s->arena);
	free(s);
}
OWN_DEFINE(gog_source)

static void on_free(struct content_source *c) { gog_source_free((struct gog_source *)c); }

enum rc gog_source_ask(
	struct gog_source *s, const char *url, bool login, size_t most, struct http_answer *ret, struct fault *f)
{
	const struct shop_web_ask how = { .url = url,
		.token = login ? &s->task->shops->gog_token : NULL,
		.login = login ? s->task->shops->gog : NULL,
		.lane = LANE_GOG,
		.body_max = most };
	struct http_answer a = { 0 };
	enum rc rc = url ? shop_web_get(s->task, &how, &a, f) : RC_NOMEM;

	if (rc == RC_OK && a.status == 404) {
		http_answer_done(&a);
		s->task->code = "not_found";
		return fault_set(f, RC_MISSING, "GOG has no such product, build or file");
	}
	if (rc == RC_OK)
		*ret = a;
	return rc;
}

/* ---- chunks ---- */

/* They stand in addresses as they are. */
static bool is_plain(const char *s, const char *good, size_t most)
{
	size_t n = s ? strlen(s) : 0;
	return n > 0 && n <= most && strspn(s, good) == n;
}

static bool address(void *ctx, uint32_t chunk, unsigned server, struct buf *url, char range[SHOP_FETCH_RANGE])
{
	const struct gog_source *s = ctx;
	const struct gog_links *links = &s->ways[s->chunks[chunk].way].links;
	char hex[GOG_HEX], path[GOG_PATH_MAX];

	*range = 0;
	gog_chunk_name(&s->chunks[chunk].chunk, hex);
	return server < links->n && gog_manifest_path(hex, path) && gog_answers_url(&links->at[server], path, url);
}

static size_t most(void *ctx, uint32_t chunk)
{
	const struct gog_chunk *c = &((struct gog_source *)ctx)->chunks[chunk].chunk;
	return (c->packed > c->size ? c->packed : c->size) + SPARE;
}

static enum rc open_chunk(void *ctx, uint32_t chunk, const void *p, size_t n, struct buf *plain, struct fault *f)
{
	return gog_chunk_open(&((struct gog_source *)ctx)->chunks[chunk].chunk, p, n, plain, f);
}

static enum rc get_links(struct gog_source *s, struct gog_source_way *way, struct fault *f)
{
	struct http_answer a = { 0 };

	enum rc rc = gog_source_ask(s,
		arena_fmt(&s->arena, "%s/products/%s/secure_link?generation=2&_version=2&path=/",
			s->task->shops->gog_content_url, way->product),
		true, 0, &a, f);
	if (rc == RC_OK)
		rc = gog_answers_links(a.body.p, a.body.n, &s->arena, &way->links, f);
	http_answer_done(&a);
	return rc;
}

static enum rc renew(void *ctx, struct fault *f)
{
	struct gog_source *s = ctx;
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < s->ways_n; i++)
		rc = get_links(s, &s->ways[i], f);
	return rc;
}

static bool find_way(const struct gog_source *s, const char *product, uint32_t *ret)
{
	for (*ret = 0; *ret < s->ways_n; ++*ret)
		if (!strcmp(s->ways[*ret].product, product))
			return true;
	return false;
}

/* A way to the game, and with allDlc to each DLC of it: one that the login does not have is refused, or is not there. */
static enum rc find_ways(struct gog_source *s, const struct gog_repository *r, struct fault *f)
{
	uint32_t known;

	s->ways = arena_take(&s->arena, (r->depots_n + 1) * sizeof(*s->ways));
	if (!s->ways)
		return fault_set(f, RC_TOO_LARGE, "the build's list of depots does not fit into memory");
	s->ways[s->ways_n++].product = r->product;
	enum rc rc = get_links(s, &s->ways[0], f);
	for (size_t i = 0; rc == RC_OK && s->want->all_dlc && i < r->depots_n; i++) {
		struct gog_source_way *way = &s->ways[s->ways_n];
		way->product = r->depots[i].product;
		if (r->depots[i].offline || find_way(s, way->product, &known) ||
			!is_plain(way->product, "0123456789", 20))
			continue;
		rc = get_links(s, way, f);
		s->ways_n += rc == RC_OK;
		if (rc == RC_DENIED || rc == RC_MISSING) {
			s->task->code = NULL;
			rc = RC_OK;
		}
	}
	return rc;
}

/* ---- a build ---- */

/* Chunks and files so far; keys of both maps live in the source's arena. */
struct gathering {
	struct gog_source *s;
	struct map chunks; /* by the stream's MD5: the number, a uint32_t */
	struct map files;  /* by path */
	size_t chunks_room;
	struct fault *fault;
};

static enum rc no_memory(struct fault *f)
{
	return fault_set(f, RC_TOO_LARGE, "the build's list of files does not fit into memory");
}

static bool number_of(struct gathering *g, uint32_t way, const struct gog_chunk *c, uint32_t *ret)
{
	struct gog_source *s = g->s;
	struct content_listing *l = &s->listing;
	char hex[GOG_HEX];

	gog_chunk_name(c, hex);
	const uint32_t *known = map_get(&g->chunks, hex);
	if (known) {
		*ret = *known;
		return s->chunks[*ret].chunk.size == c->size;
	}
	const char *key = arena_str(&s->arena, hex);
	uint32_t *number = arena_take(&s->arena, sizeof(*number));
	if (!key || !number || l->chunks_n == g->chunks_room || map_put(&g->chunks, key, number) != RC_OK)
		return false;
	*number = (uint32_t)l->chunks_n;
	s->chunks[l->chunks_n] = (struct gog_source_chunk){ *c, way };
	l->chunks[l->chunks_n] =
		(struct content_chunk){ .sum = { .kind = CONTENT_MD5 }, .size = c->size, .packed = c->packed };
	memcpy(l->chunks[l->chunks_n].sum.at, c->md5, GOG_MD5);
	*ret = (uint32_t)l->chunks_n++;
	return true;
}

static bool put_item(
	struct gathering *g, const struct gog_depot *d, const struct gog_item *from, struct content_file *to)
{
	struct arena *a = &g->s->arena;
	uint64_t at = 0;
	uint32_t way = 0;

	*to = (struct content_file){ .size = from->size, .link = from->kind == GOG_LINK ? from->target : NULL };
	to->path = from->support ? arena_fmt(a, "__support/%s/%s", d->product, from->path) : from->path;
	to->flags = from->kind == GOG_FOLDER ? CONTENT_FOLDER
		    : from->kind == GOG_LINK ? CONTENT_LINK
		    : from->executable       ? CONTENT_EXECUTABLE
					     : 0;
	if (from->kind != GOG_FILE)
		return to->path;
	to->summed = from->has_md5;
	to->sum.kind = CONTENT_MD5;
	memcpy(to->sum.at, from->md5, GOG_MD5);
	to->pieces = arena_take(a, (from->chunks_n + 1) * sizeof(*to->pieces));
	if (!find_way(g->s, d->product, &way))
		return false;
	for (uint32_t i = 0; to->path && to->pieces && i < from->chunks_n; i++) {
		struct content_piece *p = &to->pieces[to->pieces_n++];
		*p = (struct content_piece){ .at = at, .n = from->chunks[i].size };
		if (!number_of(g, way, &from->chunks[i], &p->chunk))
			return false;
		at += p->n;
	}
	return to->path && to->pieces;
}

/* Depots of several languages may hold the same file: the first counts. */
static enum rc add_depot(struct gathering *g, const struct gog_depot *d, const struct gog_depot_content *c)
{
	struct gog_source *s = g->s;
	struct content_listing *l = &s->listing;
	struct content_file *files = arena_take(&s->arena, (l->files_n + c->items_n + 1) * sizeof(*files));
	size_t chunks = l->chunks_n;

	for (size_t i = 0; i < c->items_n; i++)
		chunks += c->items[i].chunks_n;
	struct gog_source_chunk *own = arena_take(&s->arena, (chunks + 1) * sizeof(*own));
	struct content_chunk *listed = arena_take(&s->arena, (chunks + 1) * sizeof(*listed));
	if (!files || !own || !listed || chunks > CONTENT_CHUNKS_MAX)
		return no_memory(g->fault);
	if (l->files_n)
		memcpy(files, l->files, l->files_n * sizeof(*files));
	if (l->chunks_n) {
		memcpy(own, s->chunks, l->chunks_n * sizeof(*own));
		memcpy(listed, l->chunks, l->chunks_n * sizeof(*listed));
	}
	l->files = files;
	l->chunks = listed;
	s->chunks = own;
	g->chunks_room = chunks;
	for (size_t i = 0; i < c->items_n; i++) {
		struct content_file *file = &files[l->files_n];
		if (!put_item(g, d, &c->items[i], file))
			return fault_set(
				g->fault, RC_MALFORMED, "what the depot says of %.80s cannot be", c->items[i].path);
		if (map_get(&g->files, file->path))
			continue;
		if (map_put(&g->files, file->path, file) != RC_OK)
			return no_memory(g->fault);
		l->files_n++;
	}
	return RC_OK;
}

static enum rc read_depot(struct gathering *g, const char *meta, const struct gog_depot *d)
{
	struct gog_source *s = g->s;
	struct gog_depot_content c;
	struct http_answer a = { 0 };
	char path[GOG_PATH_MAX];

	if (!gog_manifest_path(d->manifest, path))
		return RC_MALFORMED;
	enum rc rc =
		gog_source_ask(s, arena_fmt(&s->arena, "%s/%s", meta, path), false, GOG_MANIFEST_MAX, &a, g->fault);
	if (rc == RC_OK)
		rc = gog_manifest_depot(a.body.p, a.body.n, &s->arena, &c, g->fault);
	http_answer_done(&a);
	return rc == RC_OK ? add_depot(g, d, &c) : rc;
}

/* Of "…/meta/ab/cd/abcd…", what stands before the three parts. */
static const char *meta_of(struct gog_source *s, const char *link)
{
	size_t n = strlen(link);

	for (int parts = 0; n > 0; n--)
		if (link[n - 1] == '/' && ++parts == 3)
			break;
	return n > 1 ? arena_strn(&s->arena, link, n - 1) : NULL;
}

static enum rc read_depots(struct gog_source *s, const char *link, const struct gog_repository *r, struct fault *f)
{
	struct gathering g = { .s = s, .fault = f };
	const char *meta = meta_of(s, link);
	uint32_t way;
	enum rc rc =
		meta ? RC_OK
		     : fault_set(f, RC_MALFORMED, "GOG's repository stands at an address that is not known here");

	for (size_t i = 0; rc == RC_OK && i < r->depots_n; i++)
		if (find_way(s, r->depots[i].product, &way) &&
			gog_manifest_wanted(&r->depots[i], s->want->lang, s->want->arch))
			rc = read_depot(&g, meta, &r->depots[i]);
	map_done(&g.chunks);
	map_done(&g.files);
	return rc;
}

static const char *os_of(const struct gog_source *s)
{
	const char *os = s->want->os ? s->want->os : "windows";
	return !strcasecmp(os, "macos") || !strcasecmp(os, "mac") ? "osx" : os;
}

static enum rc find_build(struct gog_source *s, struct gog_build *ret, struct fault *f)
{
	struct http_answer a = { 0 };
	struct field_list builds = { 0 };

	enum rc rc = gog_source_ask(s,
		arena_fmt(&s->arena, "%s/products/%s/os/%s/builds?generation=2", s->task->shops->gog_content_url,
			s->want->product_id, os_of(s)),
		false, 0, &a, f);
	if (rc == RC_OK)
		rc = gog_answers_builds(a.body.p, a.body.n, &s->arena, &builds, f);
	http_answer_done(&a);
	if (rc != RC_OK)
		return rc;
	const char *branch = s->want->branch && strcmp(s->want->branch, "public") != 0 ? s->want->branch : NULL;
	const struct gog_build *b = gog_answers_newest(&builds, branch);
	if (!b) {
		s->task->code = "not_found";
		return fault_set(f, RC_MISSING, "GOG has no build of this product for this system and branch");
	}
	*ret = *b;
	return RC_OK;
}

static enum rc open_content(struct gog_source *s, struct fault *f)
{
	struct gog_repository repository;
	struct http_answer a = { 0 };
	struct gog_build b = { 0 };

	s->fetch.site = (struct shop_fetch_site){
		.ctx = s, .address = address, .most = most, .open = open_chunk, .renew = renew
	};
	enum rc rc = find_build(s, &b, f);
	if (rc == RC_OK)
		rc = gog_source_ask(s, b.link, false, GOG_MANIFEST_MAX, &a, f);
	if (rc == RC_OK)
		rc = gog_manifest_repository(a.body.p, a.body.n, &s->arena, &repository, f);
	http_answer_done(&a);
	if (rc == RC_OK)
		rc = find_ways(s, &repository, f);
	if (rc == RC_OK)
		rc = read_depots(s, b.link, &repository, f);
	s->build = b.id;
	return rc;
}

/* ---- as content ---- */

/* The listing outlives the source. */
static bool copy_listing(const struct content_listing *from, struct arena *a, struct content_listing *to)
{
	*to = *from;
	to->files = arena_take(a, (from->files_n + 1) * sizeof(*to->files));
	to->chunks = arena_take(a, (from->chunks_n + 1) * sizeof(*to->chunks));
	if (!to->files || !to->chunks)
		return false;
	if (from->chunks_n)
		memcpy(to->chunks, from->chunks, from->chunks_n * sizeof(*to->chunks));
	for (size_t i = 0; i < from->files_n; i++) {
		const struct content_file *is = &from->files[i];
		struct content_file *file = &to->files[i];
		*file = *is;
		file->path = arena_str(a, is->path);
		file->link = arena_str(a, is->link);
		file->pieces = arena_take(a, ((size_t)is->pieces_n + 1) * sizeof(*file->pieces));
		if (!file->path || (is->link && !file->link) || !file->pieces)
			return false;
		if (is->pieces_n)
			memcpy(file->pieces, is->pieces, is->pieces_n * sizeof(*file->pieces));
	}
	return true;
}

static enum rc list(struct content_source *c, struct arena *a, struct content_listing *ret, struct fault *f)
{
	struct gog_source *s = (struct gog_source *)c;
	struct action_download_piece *piece = arena_take(a, sizeof(*piece));

	if (!copy_listing(&s->listing, a, ret))
		return no_memory(f);
	ret->line =
		arena_fmt(a, "gog %s %s %s", s->want->product_id, os_of(s), s->ranges ? "installer" : "content");
	if (!piece || !ret->line)
		return no_memory(f);
	*piece = (struct action_download_piece){ .depot = arena_str(a, s->want->product_id),
		.manifest = arena_str(a, s->build) };
	ret->made_of = (struct field_list){ piece, 1 };
	return RC_OK;
}

static enum rc fetch(struct content_source *c, const struct content_run *r, struct fault *f)
{
	return shop_fetch_run(&((struct gog_source *)c)->fetch, r, f);
}

static void figures(struct content_source *c, struct content_figures *ret)
{
	shop_fetch_figures(&((struct gog_source *)c)->fetch, ret);
}

static const struct content_source_impl impl = {
	.list = list, .fetch = fetch, .figures = figures, .free = on_free
};

static enum rc open_source(
	struct action_task *t, const struct action_download *in, struct content_source **ret, struct fault *f)
{
	auto_of(gog_source) struct gog_source *s = calloc(1, sizeof(*s));

	if (!s)
		return fault_set(f, RC_NOMEM, "no memory for a download");
	s->base.impl = &impl;
	s->task = t;
	s->want = &in->source;
	s->arena.limit = MEMORY_MAX;
	shop_fetch_init(&s->fetch, t, &(struct shop_fetch_site){ 0 });
	if (!is_plain(in->source.product_id, "0123456789", 20))
		return fault_set(f, RC_INVALID, "productId: it is a number");
	if (in->source.os && !is_plain(in->source.os, "abcdefghijklmnopqrstuvwxyz", 16))
		return fault_set(f, RC_INVALID, "os: windows, osx or linux");
	bool installer = in->source.kind_of && !strcmp(in->source.kind_of, "installer");
	enum rc rc = installer ? gog_installer_open(s, f) : open_content(s, f);
	if (rc != RC_OK)
		return rc;
	*ret = &take(s)->base;
	return RC_OK;
}

const struct content_store gog_source = { .kind = "gog", .open = open_source };
