#include "sim/stores/epic_shop.h"

#include "base/arena.h"
#include "base/when.h"
#include "sim/stores/desk.h"
#include "sim/stores/goods.h"
#include "wire/epic_chunk.h"
#include "wire/epic_manifest.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define APPS_MAX   5000
#define FOLDER     "/Builds/SimOrg/%s/default"
#define CHANGED_MS 1700000000000

struct app {
	struct goods_line line;
	unsigned build, changes;
	char manifest[160]; /* path */
	char sha[2 * SHA_DIGEST_LENGTH + 1];
};

struct epic_shop {
	struct desk desk;
	struct app *apps;
	size_t n;
	struct goods_shelf shelf;
};

enum rc epic_shop_new(struct epic_shop **ret, struct fault *f)
{
	struct epic_shop *s = calloc(1, sizeof(*s));

	if (s)
		s->apps = calloc(APPS_MAX, sizeof(*s->apps));
	if (!s || !s->apps) {
		free(s);
		return fault_set(f, RC_NOMEM, "no memory for a store");
	}
	*ret = s;
	return RC_OK;
}

void epic_shop_free(struct epic_shop *s)
{
	if (!s)
		return;
	goods_shelf_done(&s->shelf);
	free(s->apps);
	free(s);
}

/* ---- a build ---- */

struct making {
	struct epic_shop *shop;
	const struct app *app;
	struct arena arena;
	struct epic_manifest m;
	struct buf stream; /* of all files, one behind the other; chunks are cut from it */
	uint32_t level;
	struct fault *fault;
};

static enum rc cut(struct making *x, struct epic_chunk *c, const uint8_t *p, size_t n)
{
	uint8_t sum[SHA_DIGEST_LENGTH];
	char name[EPIC_CHUNK_PATH], path[256];
	struct buf box = { 0 };

	SHA1(p, n, sum); /* the same bytes have the same name in every build */
	for (unsigned i = 0; i < 16; i++)
		c->guid.word[i / 4] = c->guid.word[i / 4] << 8 | sum[i];
	enum rc rc = epic_chunk_pack(c, p, n, &box, x->fault);
	epic_chunk_path(x->level, c, name);
	snprintf(path, sizeof(path), FOLDER "/%s", x->app->line.id, name);
	if (rc == RC_OK)
		rc = goods_put(&x->shop->shelf, path, &box, x->fault);
	buf_done(&box);
	return rc;
}

static enum rc cut_all(struct making *x)
{
	size_t most = x->stream.n / EPIC_CHUNK_SIZE + 1;
	enum rc rc = RC_OK;

	/* The older form says no size: its last chunk is filled up. */
	while (x->app->line.json && x->stream.n % EPIC_CHUNK_SIZE)
		buf_u8(&x->stream, 0);
	x->m.chunks = arena_take(&x->arena, most * sizeof(*x->m.chunks));
	if (x->stream.bad || !x->m.chunks)
		return fault_set(x->fault, RC_NOMEM, "no memory for a build");
	for (size_t at = 0; rc == RC_OK && at < x->stream.n; at += EPIC_CHUNK_SIZE) {
		size_t n = x->stream.n - at < EPIC_CHUNK_SIZE ? x->stream.n - at : EPIC_CHUNK_SIZE;
		rc = cut(x, &x->m.chunks[x->m.chunks_n++], x->stream.p + at, n);
	}
	return rc;
}

static bool describe(struct making *x, const struct goods_file *from, size_t at, struct epic_file *to)
{
	size_t end = at + from->bytes.n;

	to->name = from->name;
	to->mime = "";
	to->flags = from->executable ? EPIC_EXECUTABLE : 0;
	SHA1(from->bytes.n ? from->bytes.p : (const uint8_t *)"", from->bytes.n, to->sha);
	to->parts = arena_take(&x->arena, (from->bytes.n / EPIC_CHUNK_SIZE + 2) * sizeof(*to->parts));
	while (to->parts && at < end) {
		struct epic_part *p = &to->parts[to->parts_n++];
		p->chunk = (uint32_t)(at / EPIC_CHUNK_SIZE);
		p->offset = (uint32_t)(at % EPIC_CHUNK_SIZE);
		p->size =
			(uint32_t)(end - at < EPIC_CHUNK_SIZE - p->offset ? end - at : EPIC_CHUNK_SIZE - p->offset);
		at += p->size;
	}
	return to->parts;
}

static void put_blob(struct buf *to, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		buf_fmt(to, "%03u", (unsigned)(v >> 8 * i & 0xff));
}

static void put_guid(struct buf *to, const struct epic_guid *g)
{
	buf_fmt(to, "%08X%08X%08X%08X", g->word[0], g->word[1], g->word[2], g->word[3]);
}

static void put_json_file(const struct epic_manifest *m, const struct epic_file *file, struct buf *to)
{
	buf_str(to, "{\"Filename\":");
	json_put_str(to, file->name);
	buf_str(to, ",\"FileHash\":\"");
	for (unsigned i = 0; i < EPIC_SHA; i++)
		put_blob(to, file->sha[i], 1);
	buf_str(to, "\",\"FileChunkParts\":[");
	for (uint32_t i = 0; i < file->parts_n; i++) {
		buf_str(to, i ? ",{\"Guid\":\"" : "{\"Guid\":\"");
		put_guid(to, &m->chunks[file->parts[i].chunk].guid);
		buf_str(to, "\",\"Offset\":\"");
		put_blob(to, file->parts[i].offset, 4);
		buf_str(to, "\",\"Size\":\"");
		put_blob(to, file->parts[i].size, 4);
		buf_str(to, "\"}");
	}
	buf_fmt(to, "],\"bIsUnixExecutable\":%s}", file->flags & EPIC_EXECUTABLE ? "true" : "false");
}

enum column { SIZES, HASHES, SHAS, GROUPS };

static void put_column(const struct epic_manifest *m, enum column what, struct buf *to)
{
	static const char *const names[] = { "ChunkFilesizeList", "ChunkHashList", "ChunkShaList",
		"DataGroupList" };

	buf_fmt(to, ",\"%s\":{", names[what]);
	for (uint32_t i = 0; i < m->chunks_n; i++) {
		const struct epic_chunk *c = &m->chunks[i];
		buf_str(to, i ? ",\"" : "\"");
		put_guid(to, &c->guid);
		buf_str(to, "\":\"");
		for (unsigned k = 0; what == SHAS && k < EPIC_SHA; k++)
			buf_fmt(to, "%02X", c->sha[k]);
		if (what != SHAS)
			put_blob(to,
				what == SIZES    ? c->packed
				: what == HASHES ? c->hash
						 : c->group,
				what == GROUPS ? 1 : 8);
		buf_str(to, "\"");
	}
	buf_str(to, "}");
}

static void put_json(const struct epic_manifest *m, struct buf *to)
{
	buf_str(to, "{\"ManifestFileVersion\":\"");
	put_blob(to, m->level, 4);
	buf_str(to, "\",\"bIsFileData\":false,\"AppID\":\"000000000000\",\"AppNameString\":");
	json_put_str(to, m->app_name);
	buf_str(to, ",\"BuildVersionString\":");
	json_put_str(to, m->version);
	buf_str(to, ",\"LaunchExeString\":\"bin/game.exe\",\"LaunchCommand\":\"\",\"FileManifestList\":[");
	for (uint32_t i = 0; i < m->files_n; i++) {
		if (i)
			buf_str(to, ",");
		put_json_file(m, &m->files[i], to);
	}
	buf_str(to, "]");
	for (enum column c = SIZES; c <= GROUPS; c++)
		put_column(m, c, to);
	buf_str(to, ",\"CustomFields\":{}}");
}

static enum rc put_manifest(struct making *x, struct app *app)
{
	struct buf out = { 0 };
	uint8_t sum[SHA_DIGEST_LENGTH];
	enum rc rc = RC_OK;

	x->m.level = x->level;
	x->m.app_name = app->line.id;
	x->m.version = app->line.version;
	x->m.exe = "bin/game.exe";
	if (app->line.json)
		put_json(&x->m, &out);
	else
		rc = epic_manifest_write(&x->m, &out, x->fault);
	if (rc == RC_OK && !out.bad) {
		tunnel_auth_hex(SHA1(out.p, out.n, sum), sizeof(sum), app->sha);
		snprintf(app->manifest, sizeof(app->manifest), FOLDER "/%.20s.manifest", app->line.id, app->sha);
		rc = goods_put(&x->shop->shelf, app->manifest, &out, x->fault);
	}
	buf_done(&out);
	return rc;
}

static enum rc build(struct epic_shop *s, struct app *app, struct fault *f)
{
	struct making x = { .shop = s, .app = app, .level = app->line.json ? 13 : 18, .fault = f };
	struct goods g = { 0 };

	x.arena.limit = 256u << 20;
	enum rc rc = goods_make(&app->line, app->build, &g, f);
	for (size_t i = 0; i < g.n; i++)
		buf_put(&x.stream, g.at[i].bytes.p, g.at[i].bytes.n);
	if (rc == RC_OK)
		rc = cut_all(&x);
	x.m.files = rc == RC_OK ? arena_take(&x.arena, (g.n + 1) * sizeof(*x.m.files)) : NULL;
	for (size_t i = 0, at = 0; x.m.files && rc == RC_OK && i < g.n; at += g.at[i++].bytes.n)
		rc = describe(&x, &g.at[i], at, &x.m.files[x.m.files_n++]) ? RC_OK : RC_NOMEM;
	if (rc == RC_OK)
		rc = x.m.files ? put_manifest(&x, app) : RC_NOMEM;
	goods_done(&g);
	buf_done(&x.stream);
	arena_done(&x.arena);
	return rc;
}

static struct app *find(struct epic_shop *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->apps[i].line.id, id))
			return &s->apps[i];
	return NULL;
}

enum rc epic_shop_line(struct epic_shop *s, const char *line, struct fault *f)
{
	struct goods_line l;

	if (strncmp(line, "epic", 4) != 0 || !strchr(" \t", line[4]))
		return RC_MISSING;
	enum rc rc = goods_line_read(line, &l, f);
	if (rc != RC_OK)
		return rc;
	if (!*l.id)
		return desk_line(&s->desk, &l, f);
	if (!*l.item || !*l.space || s->n == APPS_MAX || find(s, l.id))
		return fault_set(
			f, RC_INVALID, "epic %.40s: it needs item= and ns=, and may stand here once", l.id);
	if (!*l.os)
		snprintf(l.os, sizeof(l.os), "Windows");
	struct app *app = &s->apps[s->n++];
	*app = (struct app){ .line = l };
	return build(s, app, f);
}

enum rc epic_shop_bump(
	struct epic_shop *s, const char *app_id, const char *version, const char *title, struct fault *f)
{
	struct app *app = find(s, app_id);

	if (!app)
		return fault_set(f, RC_MISSING, "epic: there is no app %.60s", app_id);
	app->changes++;
	if (*title)
		snprintf(app->line.title, sizeof(app->line.title), "%s", title);
	if (!*version)
		return RC_OK;
	snprintf(app->line.version, sizeof(app->line.version), "%s", version);
	app->build++;
	return build(s, app, f);
}

/* ---- answers ---- */

enum request epic_shop_request(const char *path)
{
	if (strstr(path, "/assets/v2/"))
		return REQUEST_EPIC_BUILD;
	if (!strncmp(path, "/launcher/", 10))
		return REQUEST_EPIC_ASSETS;
	if (!strncmp(path, "/account/", 9))
		return REQUEST_EPIC_TOKEN;
	return strncmp(path, "/catalog/", 9) ? REQUEST_EPIC_FILE : REQUEST_EPIC_CATALOG;
}

static void refuse(struct shop_answer *a, int status, const char *code)
{
	a->status = status;
	buf_fmt(&a->body,
		"{\"errorCode\":\"errors.com.epicgames.%s\",\"errorMessage\":\"%s\",\"numericErrorCode\":1}", code,
		code);
}

static void put_assets(const struct epic_shop *s, const char *platform, struct buf *to)
{
	bool first = true;

	buf_str(to, "[");
	for (size_t i = 0; i < s->n; i++) {
		const struct goods_line *l = &s->apps[i].line;
		if (l->hidden || strcmp(l->os, platform) != 0)
			continue;
		buf_fmt(to,
			"%s{\"appName\":\"%s\",\"labelName\":\"Live-%s\",\"buildVersion\":\"%s\",\"catalogItemId\":"
			"\"%s\","
			"\"namespace\":\"%s\",\"assetId\":\"%s\",\"metadata\":{},\"sidecarRvn\":0}",
			first ? "" : ",", l->id, platform, l->version, l->item, l->space, l->id);
		first = false;
	}
	buf_str(to, "]");
}

static void put_build(const struct app *app, const char *base, struct buf *to)
{
	buf_fmt(to,
		"{\"elements\":[{\"appName\":\"%s\",\"labelName\":\"Live-%s\",\"buildVersion\":\"%s\",\"hash\":\"%"
		"s\","
		"\"useSignedUrl\":true,\"metadata\":{},\"manifests\":[{\"uri\":\"%s%s\",\"queryParams\":[{\"name\":"
		"\"f_token\","
		"\"value\":\"exp%%3D1\"}]}]}]}",
		app->line.id, app->line.os, app->line.version, app->sha, base, app->manifest);
}

static void put_item(const struct app *app, struct buf *to)
{
	char when[WHEN_MAX];

	when_text(when, CHANGED_MS + (int64_t)app->changes * 60000);
	buf_fmt(to, "{\"%s\":{\"id\":\"%s\",\"title\":", app->line.item, app->line.item);
	json_put_str(to, app->line.title);
	buf_fmt(to,
		",\"categories\":[{\"path\":\"games\"},{\"path\":\"applications\"}],\"namespace\":\"%s\","
		"\"status\":\"ACTIVE\","
		"\"creationDate\":\"2020-01-01T00:00:00.000Z\",\"lastModifiedDate\":\"%s\",\"releaseInfo\":[{"
		"\"id\":\"r\","
		"\"appId\":\"%s\",\"platform\":[\"%s\"]}]}}",
		app->line.space, when, app->line.id, app->line.os);
}

static void answer_catalog(struct epic_shop *s, const struct shop_ask *q, char (*part)[128], struct shop_answer *a)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->apps[i].line.space, part[0]) && shop_query(q->query, "id", s->apps[i].line.item)) {
			put_item(&s->apps[i], &a->body);
			return;
		}
	buf_str(&a->body, "{}");
}

static void answer_build(struct epic_shop *s, const struct shop_ask *q, char (*part)[128], struct shop_answer *a)
{
	const struct app *app = find(s, part[3]);

	if (app && !app->line.hidden && *q->base && !strcmp(app->line.os, part[0]) &&
		!strcmp(app->line.space, part[1]) && !strcmp(app->line.item, part[2]))
		put_build(app, q->base, &a->body);
	else
		refuse(a, 404, "launcher.build_not_found");
}

static void answer_file(struct epic_shop *s, const struct shop_ask *q, struct shop_answer *a)
{
	bool manifest = strstr(q->path, ".manifest");

	a->shelf = goods_get(&s->shelf, q->path);
	a->type = "application/octet-stream";
	if (!a->shelf || (manifest && !shop_query(q->query, "f_token", "exp%3D1"))) {
		a->status = a->shelf ? 403 : 404;
		a->shelf = NULL;
	}
}

void epic_shop_answer(struct epic_shop *s, const struct shop_ask *q, struct shop_answer *a)
{
	char part[5][128];

	a->status = 200;
	a->type = "application/json;charset=UTF-8";
	if (desk_epic(&s->desk, q, a))
		return;
	if (strcmp(q->method, "GET") != 0)
		refuse(a, 405, "common.method_not_allowed");
	else if (!strncmp(q->path, "/Builds/", 8))
		answer_file(s, q, a);
	else if (*s->desk.token && strcmp(q->token, s->desk.token) != 0)
		refuse(a, 401, "common.oauth.invalid_token");
	else if (shop_path(q->path, "/launcher/api/public/assets/*", part, 1))
		put_assets(s, part[0], &a->body);
	else if (shop_path(q->path,
			 "/launcher/api/public/assets/v2/platform/*/namespace/*/catalogItem/*/app/*/label/*", part,
			 5))
		answer_build(s, q, part, a);
	else if (shop_path(q->path, "/catalog/api/shared/namespace/*/bulk/items", part, 1))
		answer_catalog(s, q, part, a);
	else
		refuse(a, 404, "common.not_found");
}
