#include "wire/steam/web_details.h"

#include "wire/steam/web_json.h"
#include "wire/tunnel_auth.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define SHA 20

static bool is_blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strchr(" \t\r\n", p[i]) || !p[i])
			return false;
	return true;
}

static bool add_section(struct web_details *to, const char *name, const json_t *of)
{
	struct web_details_section *s = &to->sections[to->sections_n];
	struct buf b = { 0 };
	uint8_t sha[SHA];

	s->name = name;
	bool good =
		json_put(&b, of, true) == RC_OK && !b.bad && EVP_Digest(b.p, b.n, sha, NULL, EVP_sha1(), NULL) == 1;
	buf_done(&b);
	if (good)
		tunnel_auth_hex(sha, SHA, s->sha1);
	to->sections_n += good;
	return good;
}

/* The members of `from` with these names, taken out of it. */
static json_t *part_of(json_t *from, const char *const *names)
{
	json_t *part = json_object();

	for (; part && *names; names++) {
		json_t *v = json_object_get(from, *names);
		if (v && json_object_set(part, *names, v) != 0) {
			json_decref(part);
			return NULL;
		}
		json_object_del(from, *names);
	}
	return part;
}

static bool put_sections(json_t *data, struct web_details *to)
{
	static const char *const price[] = { "price_overview", "is_free", NULL };
	static const char *const visibility[] = { "release_date", NULL };
	static const char *const counts[] = { "recommendations", "metacritic", "achievements", "reviews", NULL };
	auto_json json_t *one = part_of(data, price), *two = part_of(data, visibility),
			 *out = part_of(data, counts);

	return one && two && out && add_section(to, "price", one) && add_section(to, "visibility", two) &&
	       add_section(to, "store_page", data);
}

static const char *lower(struct arena *a, const char *s)
{
	char *to = s ? arena_str(a, s) : NULL;

	for (char *c = to; c && *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	return to;
}

enum web_details_state web_details_read(
	const char *p, size_t n, uint32_t app, struct arena *a, struct web_details *ret)
{
	auto_json json_t *doc = NULL;
	struct web_details to = { 0 };
	char key[12];

	if (n == 0 || is_blank(p, n))
		return WEB_DETAILS_EMPTY;
	if (n == 4 && !memcmp(p, "null", 4))
		return WEB_DETAILS_EMPTY;
	if (json_read(p, n, &doc, NULL) != RC_OK)
		return WEB_DETAILS_UNREADABLE;
	snprintf(key, sizeof(key), "%u", app);
	json_t *said = json_object_get(doc, key), *data = json_object_get(said, "data");
	if (json_is_null(doc) || ((json_is_object(doc) || json_is_array(doc)) && !said))
		return WEB_DETAILS_EMPTY;
	if (json_is_object(said) && !web_json_bool(said, "success"))
		return WEB_DETAILS_EMPTY;
	if (!json_is_object(data))
		return json_is_object(said) && !data ? WEB_DETAILS_EMPTY : WEB_DETAILS_UNREADABLE;
	if (web_json_u32(data, "steam_appid") != app)
		return WEB_DETAILS_EMPTY; /* it speaks of another one, where this one's page leads to */
	to.name = web_json_text(data, "name", a);
	to.kind = lower(a, web_json_text(data, "type", a));
	to.coming_soon = web_json_bool(json_object_get(data, "release_date"), "coming_soon");
	if (!put_sections(data, &to))
		return WEB_DETAILS_UNREADABLE;
	*ret = to;
	return WEB_DETAILS_KNOWN;
}
