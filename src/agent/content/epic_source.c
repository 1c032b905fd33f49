/* Content of kind epic: a build of Epic's store. docs/protocol/epic.md. */
#include "agent/agent_conf.h"
#include "agent/content/shop_fetch.h"
#include "agent/epic_ref.h"
#include "agent/shop_web.h"
#include "model/action_download.h"
#include "wire/epic_answers.h"
#include "wire/epic_chunk.h"
#include "wire/epic_manifest.h"

#include <string.h>

#define MEMORY_MAX (1u << 30)
#define LIST_MAX   (64u << 20)
#define SPARE      4096 /* bytes that a chunk may have over what the manifest says */

struct source {
	struct content_source base;
	struct action_task *task;
	struct arena arena;
	struct epic_ref ref;
	struct epic_source at; /* where the manifest is */
	struct epic_manifest m;
	struct shop_fetch fetch;
	char sha[EPIC_HEX]; /* of the manifest */
};

static void source_free(struct source *s)
{
	if (!s)
		return;
	shop_fetch_done(&s->fetch);
	arena_done(&s->arena);
	free(s);
}
OWN_DEFINE(source)

static void on_free(struct content_source *c) { source_free((struct source *)c); }

/* ---- what is wanted ---- */

static enum rc ask(struct source *s, const char *url, size_t most, struct http_answer *ret, struct fault *f)
{
	const struct shop_web_ask how = { .url = url,
		.token = &s->task->shops->epic_token,
		.login = s->task->shops->epic,
		.lane = LANE_EPIC,
		.body_max = most };
	struct http_answer a = { 0 };
	enum rc rc = url ? shop_web_get(s->task, &how, &a, f) : RC_NOMEM;

	if (rc == RC_OK && a.status == 404) {
		http_answer_done(&a);
		s->task->code = "not_found";
		return fault_set(f, RC_MISSING, "Epic has no such app, or the agent's login does not own it");
	}
	if (rc == RC_OK)
		*ret = a;
	return rc;
}

/* An app by its name alone is looked up among those that the login has. */
static enum rc look_up(struct source *s, const char *app, const char *platform, struct fault *f)
{
	struct http_answer a = { 0 };
	struct field_list list = { 0 };

	enum rc rc = ask(s,
		arena_fmt(&s->arena, "%s/launcher/api/public/assets/%s?label=Live",
			s->task->shops->epic_launcher_url, platform),
		LIST_MAX, &a, f);
	if (rc == RC_OK)
		rc = epic_answers_assets(a.body.p, a.body.n, &s->arena, &list, f);
	http_answer_done(&a);
	if (rc != RC_OK)
		return rc;
	const struct epic_asset *at = list.at;
	for (size_t i = 0; i < list.n; i++) {
		if (strcmp(at[i].app, app) != 0)
			continue;
		const char *ref = arena_fmt(&s->arena, "%s:%s:%s:%s", at[i].space, at[i].item, at[i].app, platform);
		return ref && epic_ref_read(ref, &s->arena, &s->ref) ? RC_OK : RC_MALFORMED;
	}
	s->task->code = "no_license";
	return fault_set(f, RC_DENIED, "the agent's login at Epic has no app %.60s for %s", app, platform);
}

static enum rc find_app(struct source *s, const struct action_download_source *want, struct fault *f)
{
	const char *app = want->app_name ? want->app_name : "",
		   *platform = want->platform ? want->platform : "Windows";
	const char *probe = arena_fmt(&s->arena, "a:b:%s:%s", app, platform);
	const char *ref = arena_fmt(&s->arena, "%s:%s", app, platform);
	struct epic_ref r;

	if (!probe || !ref)
		return RC_NOMEM;
	if (strchr(app, ':') && epic_ref_read(ref, &s->arena, &s->ref))
		return RC_OK;
	if (!epic_ref_read(probe, &s->arena, &r))
		return fault_set(
			f, RC_INVALID, "appName: %.60s is neither APP nor NAMESPACE:CATALOG_ITEM:APP", app);
	return look_up(s, app, platform, f);
}

static enum rc find_build(struct source *s, struct fault *f)
{
	const struct epic_ref *r = &s->ref;
	struct http_answer a = { 0 };

	enum rc rc = ask(s,
		arena_fmt(&s->arena,
			"%s/launcher/api/public/assets/v2/platform/%s/namespace/%s/catalogItem/%s/app/%s/label/"
			"Live",
			s->task->shops->epic_launcher_url, r->platform, r->space, r->item, r->app),
		0, &a, f);
	if (rc == RC_OK)
		rc = epic_answers_source(a.body.p, a.body.n, &s->arena, &s->at, f);
	http_answer_done(&a);
	return rc;
}

/* ---- its manifest ---- */

static enum rc check(struct source *s, const struct buf *body, struct fault *f)
{
	epic_answers_sha(body->p, body->n, s->sha);
	if (s->at.sha && strcmp(s->sha, s->at.sha) != 0)
		return fault_set(f, RC_MALFORMED, "the manifest is not the one that Epic's launcher names");
	enum rc rc = epic_manifest_read(body->p, body->n, &s->arena, &s->m, f);
	if (rc == RC_OK && s->m.file_data)
		rc = fault_set(f, RC_INVALID, "the build is older than chunks: such are not fetched");
	return rc;
}

/* From the first server that has it whole. */
static enum rc get_manifest(struct source *s, struct fault *f)
{
	enum rc rc = RC_MISSING;

	for (size_t i = 0; rc != RC_OK && i < s->at.urls_n; i++) {
		struct http_answer a = { 0 };
		const struct shop_web_ask how = {
			.url = s->at.urls[i].url, .lane = LANE_EPIC, .body_max = EPIC_MANIFEST_MAX
		};
		rc = shop_web_get(s->task, &how, &a, f);
		if (rc == RC_OK && a.status == 404)
			rc = fault_set(f, RC_MISSING, "Epic's content server does not have the manifest");
		if (rc == RC_OK)
			rc = check(s, &a.body, f);
		http_answer_done(&a);
		if (rc == RC_CANCELED || rc == RC_NOMEM || rc == RC_INVALID)
			break;
	}
	s->task->code = rc == RC_OK ? NULL : rc == RC_MALFORMED ? "integrity" : "cdn_unavailable";
	return rc;
}

/* ---- its chunks ---- */

static bool address(void *ctx, uint32_t chunk, unsigned server, struct buf *url, char range[SHOP_FETCH_RANGE])
{
	const struct source *s = ctx;
	char path[EPIC_CHUNK_PATH];

	*range = 0;
	if (server >= s->at.urls_n)
		return false;
	epic_chunk_path(s->m.level, &s->m.chunks[chunk], path);
	buf_fmt(url, "%s/%s", s->at.urls[server].base, path);
	return true;
}

static size_t most(void *ctx, uint32_t chunk)
{
	const struct epic_chunk *c = &((struct source *)ctx)->m.chunks[chunk];
	return (c->packed > c->size ? c->packed : c->size) + SPARE;
}

static enum rc open_chunk(void *ctx, uint32_t chunk, const void *p, size_t n, struct buf *plain, struct fault *f)
{
	return epic_chunk_open(&((struct source *)ctx)->m.chunks[chunk], p, n, plain, f);
}

/* ---- as content ---- */

static void put_chunk(const struct epic_chunk *from, struct content_chunk *to)
{
	*to = (struct content_chunk){ .size = from->size, .packed = (uint32_t)from->packed };
	to->sum.kind = from->has_sha ? CONTENT_SHA1 : CONTENT_NAMED;
	if (from->has_sha) {
		memcpy(to->sum.at, from->sha, EPIC_SHA);
	} else {
		memcpy(to->sum.at, &from->guid, sizeof(from->guid));
		memcpy(to->sum.at + sizeof(from->guid), &from->hash, sizeof(from->hash));
	}
}

static bool put_file(const struct epic_file *from, struct arena *a, struct content_file *to)
{
	*to = (struct content_file){ .path = arena_str(a, from->name),
		.size = from->size,
		.flags = from->flags & EPIC_EXECUTABLE ? CONTENT_EXECUTABLE : 0,
		.summed = true,
		.sum = { .kind = CONTENT_SHA1 } };
	memcpy(to->sum.at, from->sha, EPIC_SHA);
	if (*from->link) {
		*to = (struct content_file){
			.path = to->path, .link = arena_str(a, from->link), .flags = CONTENT_LINK
		};
		return to->path && to->link;
	}
	to->pieces = arena_take(a, (from->parts_n + 1) * sizeof(*to->pieces));
	for (uint64_t i = 0, at = 0; to->pieces && i < from->parts_n; at += from->parts[i++].size)
		if (from->parts[i].size)
			to->pieces[to->pieces_n++] = (struct content_piece){ at, from->parts[i].chunk,
				from->parts[i].offset, from->parts[i].size };
	return to->path && to->pieces;
}

static enum rc list(struct content_source *c, struct arena *a, struct content_listing *ret, struct fault *f)
{
	struct source *s = (struct source *)c;
	struct content_listing l = { .chunks_n = s->m.chunks_n, .files_n = s->m.files_n };
	struct action_download_piece *piece = arena_take(a, sizeof(*piece));

	l.chunks = arena_take(a, l.chunks_n * sizeof(*l.chunks) + 1);
	l.files = arena_take(a, l.files_n * sizeof(*l.files) + 1);
	l.line = arena_fmt(a, "epic %s %s", s->ref.app, s->ref.platform);
	if (!l.chunks || !l.files || !l.line || !piece)
		return fault_set(f, RC_TOO_LARGE, "the build's list of files does not fit into memory");
	for (size_t i = 0; i < l.chunks_n; i++)
		put_chunk(&s->m.chunks[i], &l.chunks[i]);
	for (size_t i = 0; i < l.files_n; i++)
		if (!put_file(&s->m.files[i], a, &l.files[i]))
			return fault_set(f, RC_TOO_LARGE, "the build's list of files does not fit into memory");
	*piece = (struct action_download_piece){ .depot = arena_str(a, s->ref.app),
		.manifest = arena_str(a, s->sha) };
	l.made_of = (struct field_list){ piece, 1 };
	*ret = l;
	return RC_OK;
}

static enum rc fetch(struct content_source *c, const struct content_run *r, struct fault *f)
{
	return shop_fetch_run(&((struct source *)c)->fetch, r, f);
}

static void figures(struct content_source *c, struct content_figures *ret)
{
	shop_fetch_figures(&((struct source *)c)->fetch, ret);
}

static const struct content_source_impl impl = {
	.list = list, .fetch = fetch, .figures = figures, .free = on_free
};

static enum rc open_build(
	struct action_task *t, const struct action_download *in, struct content_source **ret, struct fault *f)
{
	auto_of(source) struct source *s = calloc(1, sizeof(*s));

	if (!s)
		return fault_set(f, RC_NOMEM, "no memory for a download");
	s->base.impl = &impl;
	s->task = t;
	s->arena.limit = MEMORY_MAX;
	shop_fetch_init(&s->fetch, t,
		&(struct shop_fetch_site){ .ctx = s, .address = address, .most = most, .open = open_chunk });
	enum rc rc = find_app(s, &in->source, f);
	if (rc == RC_OK)
		rc = find_build(s, f);
	if (rc == RC_OK)
		rc = get_manifest(s, f);
	if (rc != RC_OK)
		return rc;
	*ret = &take(s)->base;
	return RC_OK;
}

const struct content_store epic_source = { .kind = "epic", .open = open_build };
