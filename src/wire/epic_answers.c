#include "wire/epic_answers.h"

#include "base/when.h"
#include "wire/json.h"
#include "wire/tunnel_auth.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <string.h>

#define TEXT_MAX 4096

static const char *text(const json_t *o, const char *name, struct arena *a)
{
	const char *s = json_string_value(json_object_get(o, name));
	return s && *s && strlen(s) < TEXT_MAX ? arena_str(a, s) : NULL;
}

enum rc epic_answers_assets(const void *p, size_t n, struct arena *a, struct field_list *ret, struct fault *f)
{
	auto_json json_t *doc = NULL;
	enum rc rc = json_read(p, n, &doc, f);

	if (rc != RC_OK)
		return rc;
	if (!json_is_array(doc))
		return fault_set(f, RC_MALFORMED, "Epic's launcher did not answer with a list of assets");
	size_t all = json_array_size(doc), kept = 0;
	struct epic_asset *at = arena_take(a, all * sizeof(*at) + 1);
	if (!at)
		return fault_set(f, RC_TOO_LARGE, "%zu assets do not fit into memory", all);
	for (size_t i = 0; i < all; i++) {
		const json_t *o = json_array_get(doc, i);
		at[kept] = (struct epic_asset){ .app = text(o, "appName", a),
			.version = text(o, "buildVersion", a),
			.item = text(o, "catalogItemId", a),
			.space = text(o, "namespace", a),
			.label = text(o, "labelName", a),
			.asset = text(o, "assetId", a) };
		kept += at[kept].app && at[kept].item && at[kept].space;
	}
	*ret = (struct field_list){ at, kept };
	return RC_OK;
}

static void put_query(const json_t *list, struct buf *to)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(o, "name"));
		const char *value = json_string_value(json_object_get(o, "value"));
		if (!name || !value)
			continue;
		buf_str(to, memchr(to->p, '?', to->n) ? "&" : "?");
		buf_str(to, name);
		buf_str(to, "=");
		buf_str(to, value);
	}
}

/* The parameters come ready to be put behind the address, as the service has escaped them. */
static bool read_url(const json_t *o, struct arena *a, struct epic_url *ret)
{
	const char *uri = json_string_value(json_object_get(o, "uri"));
	struct buf url = { 0 };

	if (!uri || strlen(uri) >= TEXT_MAX || strpbrk(uri, " \t\r\n"))
		return false;
	size_t path = strcspn(uri, "?");
	while (path && uri[path - 1] != '/')
		path--;
	if (path < sizeof("https://x"))
		return false;
	buf_str(&url, uri);
	put_query(json_object_get(o, "queryParams"), &url);
	bool good = !url.bad && !memchr(url.p, '\n', url.n) && !memchr(url.p, '\r', url.n) &&
		    !memchr(url.p, ' ', url.n);
	*ret = (struct epic_url){ .url = good ? arena_strn(a, (const char *)url.p, url.n) : NULL,
		.base = arena_strn(a, uri, path - 1) };
	buf_done(&url);
	return ret->url && ret->base;
}

enum rc epic_answers_source(const void *p, size_t n, struct arena *a, struct epic_source *ret, struct fault *f)
{
	auto_json json_t *doc = NULL;
	enum rc rc = json_read(p, n, &doc, f);

	if (rc != RC_OK)
		return rc;
	const json_t *o = json_array_get(json_object_get(doc, "elements"), 0);
	const json_t *urls = json_object_get(o, "manifests");
	*ret = (struct epic_source){ .app = text(o, "appName", a),
		.version = text(o, "buildVersion", a),
		.label = text(o, "labelName", a),
		.sha = text(o, "hash", a) };
	for (size_t i = 0; i < json_array_size(urls) && ret->urls_n < EPIC_URLS_MAX; i++)
		ret->urls_n += read_url(json_array_get(urls, i), a, &ret->urls[ret->urls_n]);
	if (ret->sha && strlen(ret->sha) != (size_t)2 * SHA_DIGEST_LENGTH)
		return fault_set(f, RC_MALFORMED, "Epic's launcher names a manifest by something that is no SHA-1");
	return ret->urls_n ? RC_OK : fault_set(f, RC_MISSING, "Epic's launcher knows no manifest of it");
}

static const char *digest(const json_t *j, struct arena *a)
{
	uint8_t sum[SHA_DIGEST_LENGTH];
	struct buf text = { 0 };
	char *hex = arena_take(a, 2 * sizeof(sum) + 1);
	bool good = hex && json_put(&text, j, true) == RC_OK;

	if (good)
		tunnel_auth_hex(SHA1(text.p, text.n, sum), sizeof(sum), hex);
	buf_done(&text);
	return good ? hex : NULL;
}

enum rc epic_answers_item(
	const void *p, size_t n, const char *id, struct arena *a, struct epic_item *ret, struct fault *f)
{
	auto_json json_t *doc = NULL;
	enum rc rc = json_read(p, n, &doc, f);

	if (rc != RC_OK)
		return rc;
	if (!json_is_object(doc))
		return fault_set(f, RC_MALFORMED, "Epic's catalog did not answer with items");
	const json_t *o = json_object_get(doc, id), *releases = json_object_get(o, "releaseInfo");
	if (!json_is_object(o))
		return fault_set(f, RC_MISSING, "Epic's catalog has no item %.64s there", id);
	const char *modified = json_string_value(json_object_get(o, "lastModifiedDate"));
	*ret = (struct epic_item){ .title = text(o, "title", a),
		.kind = text(json_array_get(json_object_get(o, "categories"), 0), "path", a),
		.status = text(o, "status", a),
		.sha1 = digest(o, a) };
	if (modified)
		(void)when_parse(modified, &ret->modified_ms);
	const char **apps = arena_take(a, (json_array_size(releases) + 1) * sizeof(*apps));
	ret->apps.at = apps;
	for (size_t i = 0; apps && i < json_array_size(releases); i++) {
		apps[ret->apps.n] = text(json_array_get(releases, i), "appId", a);
		ret->apps.n += apps[ret->apps.n] != NULL;
	}
	return apps && ret->sha1 ? RC_OK : RC_TOO_LARGE;
}

void epic_answers_sha(const void *p, size_t n, char ret[static EPIC_HEX])
{
	uint8_t sum[SHA_DIGEST_LENGTH];
	tunnel_auth_hex(SHA1(n ? p : (const uint8_t *)"", n, sum), sizeof(sum), ret);
}

const char *epic_answers_error(const void *p, size_t n, struct arena *a)
{
	auto_json json_t *doc = NULL;
	return json_read(p, n, &doc, NULL) == RC_OK ? text(doc, "errorCode", a) : NULL;
}
