#include "sim/stores/gog_shop.h"

#include "base/arena.h"
#include "sim/stores/desk.h"
#include "sim/stores/goods.h"
#include "wire/gog_chunk.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"
#include "wire/zpack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUILDS_MAX  5000
#define PIECE       (1u << 20) /* of a chunk; GOG's have up to ten times as much */
#define RANGE       (256u << 10)
#define PUBLISHED_S 1700000000
#define META        "/content-system/v2/meta/"
#define STORE       "/content-system/v2/store"
#define LINK        "sim-link-token"

/* One build: the newest of a product, an OS and a branch. Those before stay on the shelf, and are listed no more. */
struct build {
	struct goods_line line;
	unsigned build;
	uint64_t id;
	char link[160]; /* path of the repository */
	char depot[GOG_HEX];
	char installer[160];
	uint64_t installer_n;
};

struct gog_shop {
	struct desk desk;
	struct build *builds;
	size_t n;
	uint64_t last_id;
	struct goods_shelf shelf;
};

enum rc gog_shop_new(struct gog_shop **ret, struct fault *f)
{
	struct gog_shop *s = calloc(1, sizeof(*s));

	if (s)
		s->builds = calloc(BUILDS_MAX, sizeof(*s->builds));
	if (!s || !s->builds) {
		free(s);
		return fault_set(f, RC_NOMEM, "no memory for a store");
	}
	s->last_id = 51130000000000000u;
	*ret = s;
	return RC_OK;
}

void gog_shop_free(struct gog_shop *s)
{
	if (!s)
		return;
	goods_shelf_done(&s->shelf);
	free(s->builds);
	free(s);
}

/* ---- a build ---- */

static bool hex_of(const void *p, size_t n, char ret[static GOG_HEX])
{
	uint8_t md5[GOG_MD5];
	bool good = gog_chunk_md5(p, n, md5);
	tunnel_auth_hex(good ? md5 : (const uint8_t[GOG_MD5]){ 0 }, GOG_MD5, ret);
	return good;
}

static enum rc put_chunk(
	struct gog_shop *s, const char *product, const uint8_t *p, size_t n, struct buf *json, struct fault *f)
{
	char md5[GOG_HEX], packed[GOG_HEX], below[GOG_PATH_MAX], path[256];
	struct buf box = { 0 };
	struct gog_chunk c;

	enum rc rc = gog_chunk_pack(&c, p, n, &box, f);
	if (rc == RC_OK) {
		tunnel_auth_hex(c.md5, GOG_MD5, md5);
		tunnel_auth_hex(c.packed_md5, GOG_MD5, packed);
		bool good = gog_manifest_path(packed, below);
		buf_fmt(json, "{\"md5\":\"%s\",\"compressedMd5\":\"%s\",\"size\":%u,\"compressedSize\":%u}", md5,
			packed, c.size, c.packed);
		snprintf(path, sizeof(path), STORE "/%s/%s", product, below);
		rc = good ? goods_put(&s->shelf, path, &box, f) : RC_INTERNAL;
	}
	buf_done(&box);
	return rc;
}

/* The files of a DLC lie in a folder of its own. */
static enum rc put_file(
	struct gog_shop *s, const struct build *b, const struct goods_file *file, struct buf *json, struct fault *f)
{
	const char *product = b->line.id;
	char md5[GOG_HEX], name[240];
	enum rc rc = RC_OK;

	snprintf(name, sizeof(name), "%s%s%s", *b->line.base ? product : "", *b->line.base ? "/" : "", file->name);
	for (char *at = name; *at; at++)
		if (*at == '/')
			*at = '\\';
	buf_str(json, "{\"type\":\"DepotFile\",\"path\":");
	json_put_str(json, name);
	buf_str(json, ",\"chunks\":[");
	for (size_t at = 0; rc == RC_OK && at < file->bytes.n; at += PIECE) {
		size_t n = file->bytes.n - at < PIECE ? file->bytes.n - at : PIECE;
		if (at)
			buf_str(json, ",");
		rc = put_chunk(s, product, file->bytes.p + at, n, json, f);
	}
	buf_str(json, "]");
	if (file->bytes.n > PIECE && hex_of(file->bytes.p, file->bytes.n, md5))
		buf_fmt(json, ",\"md5\":\"%s\"", md5);
	buf_str(json, file->executable ? ",\"flags\":[\"executable\"]}" : "}");
	return rc;
}

/* A stream of JSON, kept by the hash of its bytes. */
static enum rc put_meta(struct gog_shop *s, const struct buf *json, char ret_hash[static GOG_HEX], struct fault *f)
{
	char below[GOG_PATH_MAX], path[160];
	struct buf box = { 0 };

	enum rc rc = json->bad ? RC_NOMEM : zpack_write(json->p, json->n, &box, f);
	if (rc == RC_OK && !(hex_of(box.p, box.n, ret_hash) && gog_manifest_path(ret_hash, below)))
		rc = RC_INTERNAL;
	if (rc == RC_OK) {
		snprintf(path, sizeof(path), META "%s", below);
		rc = goods_put(&s->shelf, path, &box, f);
	}
	buf_done(&box);
	return rc;
}

static enum rc put_depot(
	struct gog_shop *s, const struct build *b, const struct goods *g, char ret[static GOG_HEX], struct fault *f)
{
	struct buf json = { 0 };
	enum rc rc = RC_OK;

	buf_str(&json, "{\"depot\":{\"items\":[{\"type\":\"DepotDirectory\",\"path\":\"saves\"}");
	for (size_t i = 0; rc == RC_OK && i < g->n; i++) {
		buf_str(&json, ",");
		rc = put_file(s, b, &g->at[i], &json, f);
	}
	buf_str(&json, "]},\"version\":2}");
	if (rc == RC_OK)
		rc = put_meta(s, &json, ret, f);
	buf_done(&json);
	return rc;
}

static enum rc put_repository(struct gog_shop *s, struct build *b, struct fault *f)
{
	char hash[GOG_HEX], below[GOG_PATH_MAX];
	struct buf json = { 0 };

	buf_fmt(&json,
		"{\"baseProductId\":\"%s\",\"buildId\":\"%" PRIu64
		"\",\"clientId\":\"1\",\"dependencies\":[],\"depots\":[{\"compressedSize\":1,"
		"\"languages\":[\"*\"],\"manifest\":\"%s\",\"productId\":\"%s\",\"size\":1}",
		b->line.id, b->id, b->depot, b->line.id);
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->builds[i].line.base, b->line.id))
			buf_fmt(&json,
				",{\"compressedSize\":1,\"languages\":[\"*\"],\"manifest\":\"%s\",\"productId\":\"%"
				"s\",\"size\":1}",
				s->builds[i].depot, s->builds[i].line.id);
	buf_str(&json, "],\"installDirectory\":");
	json_put_str(&json, b->line.title);
	buf_fmt(&json,
		",\"platform\":\"%s\",\"products\":[{\"name\":\"x\",\"productId\":\"%s\"}],\"tags\":[],\"version\":"
		"2}",
		b->line.os, b->line.id);
	enum rc rc = put_meta(s, &json, hash, f);
	if (rc == RC_OK && !gog_manifest_path(hash, below))
		rc = RC_INTERNAL;
	if (rc == RC_OK)
		snprintf(b->link, sizeof(b->link), META "%s", below);
	buf_done(&json);
	return rc;
}

static void put_sums(const char *name, const struct buf *file, struct buf *to)
{
	char md5[GOG_HEX];
	size_t n = (file->n + RANGE - 1) / RANGE;

	if (!hex_of(file->p, file->n, md5))
		return;
	buf_fmt(to,
		"<file name=\"%s\" available=\"1\" notavailablemsg=\"\" md5=\"%s\" chunks=\"%zu\" "
		"timestamp=\"2024-01-01 "
		"00:00:00\" total_size=\"%zu\">\n",
		name, md5, n, file->n);
	for (size_t i = 0; i < n; i++) {
		size_t from = i * RANGE, end = from + RANGE < file->n ? from + RANGE : file->n;
		if (hex_of(file->p + from, end - from, md5))
			buf_fmt(to, "    <chunk id=\"%zu\" from=\"%zu\" to=\"%zu\" method=\"md5\">%s</chunk>\n", i,
				from, end - 1, md5);
	}
	buf_str(to, "</file>\n");
}

/* One file of all that is in it, as a script that unpacks itself would be. */
static enum rc put_installer(struct gog_shop *s, struct build *b, const struct goods *g, struct fault *f)
{
	struct buf all = { 0 }, sums = { 0 };
	char name[64], path[200];

	buf_str(&all, "#!/bin/sh\n");
	for (size_t i = 0; i < g->n; i++)
		buf_put(&all, g->at[i].bytes.p, g->at[i].bytes.n);
	snprintf(name, sizeof(name), "game_%.20s_%u.sh", b->line.id, b->build);
	snprintf(b->installer, sizeof(b->installer), "/secure/%s", name);
	snprintf(path, sizeof(path), "%s.xml", b->installer);
	b->installer_n = all.n;
	put_sums(name, &all, &sums);
	enum rc rc = goods_put(&s->shelf, b->installer, &all, f);
	if (rc == RC_OK)
		rc = goods_put(&s->shelf, path, &sums, f);
	buf_done(&all);
	buf_done(&sums);
	return rc;
}

static enum rc make(struct gog_shop *s, struct build *b, struct fault *f)
{
	struct goods g = { 0 };

	b->id = ++s->last_id;
	enum rc rc = goods_make(&b->line, b->build, &g, f);
	if (rc == RC_OK)
		rc = put_depot(s, b, &g, b->depot, f);
	if (rc == RC_OK)
		rc = put_repository(s, b, f);
	if (rc == RC_OK && b->line.installer)
		rc = put_installer(s, b, &g, f);
	goods_done(&g);
	return rc;
}

static struct build *find(struct gog_shop *s, const char *product, const char *branch)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->builds[i].line.id, product) &&
			(!branch || !strcmp(s->builds[i].line.branch, branch)))
			return &s->builds[i];
	return NULL;
}

enum rc gog_shop_line(struct gog_shop *s, const char *line, struct fault *f)
{
	struct goods_line l;

	if (strncmp(line, "gog", 3) != 0 || !strchr(" \t", line[3]))
		return RC_MISSING;
	enum rc rc = goods_line_read(line, &l, f);
	if (rc != RC_OK)
		return rc;
	if (!*l.id)
		return desk_line(&s->desk, &l, f);
	if (strspn(l.id, "0123456789") != strlen(l.id) || s->n == BUILDS_MAX || find(s, l.id, l.branch))
		return fault_set(f, RC_INVALID, "gog %.40s: a product's number, once for each branch", l.id);
	if (!*l.os)
		snprintf(l.os, sizeof(l.os), "windows");
	struct build *b = &s->builds[s->n++];
	*b = (struct build){ .line = l };
	rc = make(s, b, f);
	struct build *game = *l.base ? find(s, l.base, NULL) : NULL;
	if (rc == RC_OK && *l.base && !game)
		return fault_set(f, RC_INVALID, "gog %.40s: base=%.40s is to stand before it", l.id, l.base);
	return rc == RC_OK && game ? put_repository(s, game, f) : rc;
}

enum rc gog_shop_bump(struct gog_shop *s, const char *product, const char *branch, const char *version,
	const char *title, struct fault *f)
{
	struct build *b = find(s, product, branch ? branch : "");

	if (!b)
		return fault_set(f, RC_MISSING, "gog: there is no product %.60s of that branch", product);
	if (*title)
		snprintf(b->line.title, sizeof(b->line.title), "%s", title);
	if (!*version)
		return RC_OK;
	snprintf(b->line.version, sizeof(b->line.version), "%s", version);
	b->build++;
	return make(s, b, f);
}

/* ---- answers ---- */

enum request gog_shop_request(const char *path)
{
	if (strstr(path, "/builds"))
		return REQUEST_GOG_BUILDS;
	if (strstr(path, "/secure_link") || strstr(path, "/downlink/"))
		return REQUEST_GOG_LINK;
	if (!strcmp(path, "/token"))
		return REQUEST_GOG_TOKEN;
	return strncmp(path, "/products/", 10) ? REQUEST_GOG_FILE : REQUEST_GOG_PRODUCT;
}

static void refuse(struct shop_answer *a, int status, const char *words)
{
	a->status = status;
	buf_fmt(&a->body, "{\"error\":\"%s\",\"error_description\":\"%s\"}", words, words);
}

static void put_builds(const struct gog_shop *s, const struct shop_ask *q, char (*part)[128], struct buf *to)
{
	size_t n = 0;
	struct buf items = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		const struct build *b = &s->builds[i];
		const time_t at = PUBLISHED_S + (time_t)(b->id % 1000000) * 60;
		char when[40];
		struct tm tm;
		if (strcmp(b->line.id, part[0]) != 0 || strcmp(b->line.os, part[1]) != 0)
			continue;
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S+0000", gmtime_r(&at, &tm));
		buf_fmt(&items, "%s{\"build_id\":\"%" PRIu64 "\",\"product_id\":\"%s\",\"os\":\"%s\",\"branch\":",
			n++ ? "," : "", b->id, b->line.id, b->line.os);
		json_put_str(&items, *b->line.branch ? b->line.branch : NULL);
		buf_fmt(&items,
			",\"version_name\":\"%s\",\"tags\":[],\"public\":true,\"date_published\":\"%s\","
			"\"generation\":2,"
			"\"link\":\"%s%s\"}",
			b->line.version, when, q->base, b->link);
	}
	buf_fmt(to, "{\"total_count\":%zu,\"count\":%zu,\"items\":[", n, n);
	buf_put(to, items.p, items.n);
	buf_str(to, "],\"has_private_branches\":false}");
	buf_done(&items);
}

static void put_link(const char *product, const struct shop_ask *q, struct buf *to)
{
	buf_fmt(to,
		"{\"product_id\":%s,\"type\":\"depot\",\"urls\":[{\"endpoint_name\":\"simcdn\",\"url_format\":"
		"\"{base_url}/token={token}{path}\",\"parameters\":{\"base_url\":\"%s\",\"path\":\"" STORE
		"/%s\",\"token\":\"" LINK "\"},\"priority\":1,\"supports_generation\":[1,2]}]}",
		product, q->base, product);
}

static void put_product(const struct build *b, const struct shop_ask *q, struct buf *to)
{
	buf_fmt(to, "{\"id\":%s,\"title\":", b->line.id);
	json_put_str(to, b->line.title);
	buf_fmt(to,
		",\"slug\":\"game_%s\",\"game_type\":\"game\",\"is_secret\":false,\"content_system_compatibility\":"
		"{"
		"\"windows\":%s,\"osx\":false,\"linux\":false},\"release_date\":\"2020-01-01T00:00:00+0200\","
		"\"downloads\":{"
		"\"installers\":[",
		b->line.id, strcmp(b->line.os, "windows") ? "false" : "true");
	if (*b->installer)
		buf_fmt(to,
			"{\"id\":\"installer_linux_en\",\"name\":\"Game\",\"os\":\"linux\",\"language\":\"en\","
			"\"language_full\":"
			"\"English\",\"version\":\"%s\",\"total_size\":%" PRIu64
			",\"files\":[{\"id\":\"en3installer0\",\"size\":%" PRIu64
			",\"downlink\":\"%s/products/%s/downlink/installer/en3installer0\"}]}",
			b->line.version, b->installer_n, b->installer_n, q->base, b->line.id);
	buf_str(to, "],\"patches\":[],\"language_packs\":[],\"bonus_content\":[]},\"changelog\":null}");
}

static void answer_shelf(struct gog_shop *s, const char *path, struct shop_answer *a)
{
	a->shelf = goods_get(&s->shelf, path);
	a->type = "application/octet-stream";
	if (!a->shelf)
		a->status = 404;
}

/* What only owners may have. */
static void answer_owner(struct gog_shop *s, const struct shop_ask *q, const struct build *b, struct shop_answer *a)
{
	bool link = strstr(q->path, "/secure_link");

	if (*s->desk.token && strcmp(q->token, s->desk.token) != 0)
		refuse(a, 401, "unauthorized");
	else if (b && b->line.hidden)
		refuse(a, 403, "forbidden");
	else if (!b || !*q->base || (!link && !*b->installer))
		refuse(a, 404, "not_found");
	else if (link)
		put_link(b->line.id, q, &a->body);
	else
		buf_fmt(&a->body, "{\"downlink\":\"%s%s?sig=1\",\"checksum\":\"%s%s.xml?sig=1\"}", q->base,
			b->installer, q->base, b->installer);
}

void gog_shop_answer(struct gog_shop *s, const struct shop_ask *q, struct shop_answer *a)
{
	const struct build *product = NULL;
	static const char token[] = "/token=" LINK;
	char part[2][128];

	a->status = 200;
	a->type = "application/json";
	if (desk_gog(&s->desk, q, a))
		return;
	if (strcmp(q->method, "GET") != 0)
		refuse(a, 405, "method_not_allowed");
	else if (!strncmp(q->path, token, sizeof(token) - 1))
		answer_shelf(s, q->path + sizeof(token) - 1, a);
	else if (!strncmp(q->path, META, sizeof(META) - 1) || !strncmp(q->path, "/secure/", 8))
		answer_shelf(s, q->path, a);
	else if (shop_path(q->path, "/products/*/os/*/builds", part, 2))
		put_builds(s, q, part, &a->body);
	else if (shop_path(q->path, "/products/*/secure_link", part, 1) ||
		 shop_path(q->path, "/products/*/downlink/installer/*", part, 2))
		answer_owner(s, q, find(s, part[0], NULL), a);
	else if (shop_path(q->path, "/products/*", part, 1) && (product = find(s, part[0], NULL)))
		put_product(product, q, &a->body);
	else
		refuse(a, 404, "not_found");
}
