#include "wire/gog_answers.h"

#include "base/when.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"

#include <inttypes.h>
#include <jansson.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define TEXT_MAX 4096

static const char *text(const json_t *o, const char *name, struct arena *a)
{
	const json_t *v = json_object_get(o, name);
	const char *s = json_string_value(v);

	if (json_is_integer(v))
		return arena_fmt(a, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	return s && *s && strlen(s) < TEXT_MAX ? arena_str(a, s) : NULL;
}

static uint64_t number(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));
	return v > 0 ? (uint64_t)v : 0;
}

/* "2019-02-21T11:03:38+0000": the offset has no colon. */
static int64_t moment(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));
	size_t n = s ? strlen(s) : 0;
	char with[WHEN_MAX + 8];
	int64_t ms = 0;

	if (n < 5 || n > WHEN_MAX)
		return 0;
	if (strchr("+-", s[n - 5]))
		snprintf(with, sizeof(with), "%.*s:%s", (int)n - 2, s, s + n - 2);
	else
		snprintf(with, sizeof(with), "%s", s);
	return when_parse(with, &ms) ? ms : 0;
}

/* ---- builds ---- */

enum rc gog_answers_builds(const void *p, size_t n, struct arena *a, struct field_list *ret, struct fault *f)
{
	auto_json json_t *doc = NULL;
	enum rc rc = json_read(p, n, &doc, f);

	if (rc != RC_OK)
		return rc;
	const json_t *items = json_object_get(doc, "items");
	if (!json_is_array(items))
		return fault_set(f, RC_MALFORMED, "GOG's content system did not answer with builds");
	size_t all = json_array_size(items), kept = 0;
	struct gog_build *at = arena_take(a, all * sizeof(*at) + 1);
	if (!at)
		return fault_set(f, RC_TOO_LARGE, "%zu builds do not fit into memory", all);
	for (size_t i = 0; i < all; i++) {
		const json_t *o = json_array_get(items, i);
		at[kept] = (struct gog_build){ .id = text(o, "build_id", a),
			.product = text(o, "product_id", a),
			.os = text(o, "os", a),
			.version = text(o, "version_name", a),
			.branch = text(o, "branch", a),
			.link = text(o, "link", a),
			.published_ms = moment(o, "date_published"),
			.generation = (uint32_t)number(o, "generation"),
			.public = !json_is_false(json_object_get(o, "public")) };
		kept += at[kept].id && at[kept].link;
	}
	*ret = (struct field_list){ at, kept };
	return RC_OK;
}

const struct gog_build *gog_answers_newest(const struct field_list *builds, const char *branch)
{
	const struct gog_build *at = builds->at, *best = NULL;

	for (size_t i = 0; i < builds->n; i++) {
		if (strcmp(at[i].branch ? at[i].branch : "", branch ? branch : "") != 0)
			continue;
		if (!best || at[i].published_ms > best->published_ms)
			best = &at[i];
	}
	return best;
}

/* ---- ways to the chunks ---- */

static bool read_link(json_t *o, struct arena *a, struct gog_link *ret)
{
	json_t *values = json_object_get(o, "parameters");
	struct field_pair *at = arena_take(a, json_object_size(values) * sizeof(*at) + 1);
	const char *key;
	json_t *value;
	size_t n = 0;

	*ret = (struct gog_link){ .name = text(o, "endpoint_name", a), .format = text(o, "url_format", a) };
	if (!at || !ret->format)
		return false;
	json_object_foreach(values, key, value)
	{
		at[n].key = arena_str(a, key);
		at[n].value = json_is_string(value) ? arena_str(a, json_string_value(value)) : text(values, key, a);
		n += at[n].key && at[n].value;
	}
	ret->values = (struct field_list){ at, n };
	return true;
}

enum rc gog_answers_links(const void *p, size_t n, struct arena *a, struct gog_links *ret, struct fault *f)
{
	auto_json json_t *doc = NULL;
	enum rc rc = json_read(p, n, &doc, f);

	if (rc != RC_OK)
		return rc;
	const json_t *urls = json_object_get(doc, "urls");
	*ret = (struct gog_links){ 0 };
	for (size_t i = 0; i < json_array_size(urls) && ret->n < GOG_LINKS_MAX; i++)
		ret->n += read_link(json_array_get(urls, i), a, &ret->at[ret->n]);
	return ret->n ? RC_OK : fault_set(f, RC_MISSING, "GOG names no server for it");
}

static const struct field_pair *value_of(const struct gog_link *l, const char *name, size_t n)
{
	const struct field_pair *at = l->values.at;

	for (size_t i = 0; i < l->values.n; i++)
		if (strlen(at[i].key) == n && !strncmp(at[i].key, name, n))
			return &at[i];
	return NULL;
}

bool gog_answers_url(const struct gog_link *l, const char *path, struct buf *to)
{
	size_t before = to->n;

	for (const char *at = l->format; *at;) {
		size_t plain = strcspn(at, "{");
		buf_put(to, at, plain);
		at += plain;
		if (!*at)
			break;
		size_t name = strcspn(at + 1, "}");
		const struct field_pair *v = at[1 + name] ? value_of(l, at + 1, name) : NULL;
		if (!v) {
			to->n = before;
			return false;
		}
		buf_str(to, v->value);
		if (!strcmp(v->key, "path"))
			buf_fmt(to, "/%s", path);
		at += name + 2;
	}
	return !to->bad;
}

/* ---- a product ---- */

static const char *digest(const json_t *j, struct arena *a)
{
	uint8_t sum[SHA_DIGEST_LENGTH];
	struct buf text = { 0 };
	char *hex = j ? arena_take(a, 2 * sizeof(sum) + 1) : NULL;
	bool good = hex && json_put(&text, j, true) == RC_OK;

	if (good)
		tunnel_auth_hex(SHA1(text.p, text.n, sum), sizeof(sum), hex);
	buf_done(&text);
	return good ? hex : NULL;
}

static bool read_installer(const json_t *o, struct arena *a, struct gog_installer *to)
{
	const json_t *files = json_object_get(o, "files");
	size_t n = json_array_size(files);

	*to = (struct gog_installer){ .id = text(o, "id", a),
		.name = text(o, "name", a),
		.os = text(o, "os", a),
		.language = text(o, "language", a),
		.version = text(o, "version", a),
		.size = number(o, "total_size") };
	to->parts = arena_take(a, n * sizeof(*to->parts) + 1);
	for (size_t i = 0; to->parts && i < n; i++) {
		const json_t *part = json_array_get(files, i);
		to->parts[to->parts_n] = (struct gog_part){
			.id = text(part, "id", a), .link = text(part, "downlink", a), .size = number(part, "size")
		};
		to->parts_n += to->parts[to->parts_n].link != NULL;
	}
	return to->id && to->parts_n;
}

/* Without what changes with every look: links and signed addresses stand in other members. */
static const char *store_digest(json_t *doc, struct arena *a)
{
	static const char *const apart[] = { "downloads", "changelog", "expanded_dlcs", "related_products" };
	json_t *rest = json_copy(doc);

	for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++)
		json_object_del(rest, apart[i]);
	const char *hex = rest ? digest(rest, a) : NULL;
	json_drop(rest);
	return hex;
}

enum rc gog_answers_product(const void *p, size_t n, struct arena *a, struct gog_product *ret, struct fault *f)
{
	auto_json json_t *doc = NULL;
	enum rc rc = json_read(p, n, &doc, f);

	if (rc != RC_OK)
		return rc;
	const json_t *has = json_object_get(doc, "content_system_compatibility");
	const json_t *downloads = json_object_get(doc, "downloads"),
		     *list = json_object_get(downloads, "installers");
	*ret = (struct gog_product){ .id = text(doc, "id", a),
		.title = text(doc, "title", a),
		.kind = text(doc, "game_type", a),
		.slug = text(doc, "slug", a),
		.secret = json_is_true(json_object_get(doc, "is_secret")),
		.on_windows = json_is_true(json_object_get(has, "windows")),
		.on_osx = json_is_true(json_object_get(has, "osx")),
		.on_linux = json_is_true(json_object_get(has, "linux")) };
	if (!ret->id || !ret->title)
		return fault_set(f, RC_MALFORMED, "GOG did not answer with a product");
	ret->store_sha1 = store_digest(doc, a);
	ret->downloads_sha1 = digest(downloads, a);
	ret->changelog_sha1 = digest(json_object_get(doc, "changelog"), a);
	ret->installers = arena_take(a, json_array_size(list) * sizeof(*ret->installers) + 1);
	if (!ret->store_sha1 || !ret->installers)
		return RC_TOO_LARGE;
	for (size_t i = 0; i < json_array_size(list); i++)
		ret->installers_n +=
			read_installer(json_array_get(list, i), a, &ret->installers[ret->installers_n]);
	return RC_OK;
}

enum rc gog_answers_downlink(
	const void *p, size_t n, struct arena *a, const char **ret_link, const char **ret_checksum, struct fault *f)
{
	auto_json json_t *doc = NULL;
	enum rc rc = json_read(p, n, &doc, f);

	if (rc != RC_OK)
		return rc;
	const char *link = text(doc, "downlink", a);
	if (!link)
		return fault_set(f, RC_MALFORMED, "GOG did not answer with a link to the file");
	*ret_link = link;
	*ret_checksum = text(doc, "checksum", a);
	return RC_OK;
}
