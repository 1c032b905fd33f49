#include "wire/steam/web_inventory.h"

#include "base/map.h"
#include "base/scan.h"
#include "base/when.h"
#include "wire/steam/web_json.h"

#include <string.h>

#define KEY_MAX 48 /* "class_instance" */

static bool kind_key(const json_t *o, char ret[static KEY_MAX])
{
	struct arena a = { .limit = 4096 };
	const char *class = web_json_id(o, "classid", &a), *instance = web_json_id(o, "instanceid", &a);
	bool good = class && snprintf(ret, KEY_MAX, "%s_%s", class, instance ? instance : "0") < KEY_MAX;

	arena_done(&a);
	return good;
}

/* 1 to 12, and *at behind its three letters; 0: there is none. */
static unsigned month_of(const char **at)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *s = *at + strspn(*at, " ");

	for (size_t i = 0; i < 12; i++)
		if (!strncmp(s, &months[3 * i], 3)) {
			*at = s + 3;
			return (unsigned)i + 1;
		}
	return 0;
}

/* Only what comes with a mark can be told from other words: "Tradable After <date>" is left to tags of Steam that change. */
static int64_t time_in(const json_t *list, const char *mark)
{
	size_t i;
	json_t *d;

	json_array_foreach(list, i, d)
	{
		const char *text = json_string_value(json_object_get(d, "value"));
		const char *at = text ? strstr(text, mark) : NULL;
		char stamp[40];
		int64_t ms;
		uint64_t day, year, h, m, s;
		/* "Tradable/Marketable After Jan 25, 2025 (8:00:00) GMT" */
		if (!at)
			continue;
		at += strlen(mark);
		unsigned month = month_of(&at);
		if (!month || !scan_u64(&at, " ", 31, &day) || !scan_u64(&at, ", ", 9999, &year) ||
			!scan_u64(&at, " (", 23, &h) || !scan_u64(&at, ":", 59, &m) || !scan_u64(&at, ":", 59, &s))
			continue;
		snprintf(stamp, sizeof(stamp), "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year, month,
			(unsigned)day, (unsigned)h, (unsigned)m, (unsigned)s);
		if (when_parse(stamp, &ms))
			return ms;
	}
	return 0;
}

static void describe(struct web_item *item, const json_t *d, struct arena *a)
{
	const json_t *words = json_object_get(d, "owner_descriptions");

	item->name = web_json_text(d, "name", a);
	item->market_name = web_json_text(d, "market_hash_name", a);
	item->tradable = web_json_bool(d, "tradable");
	item->marketable = web_json_bool(d, "marketable");
	item->tradable_after_ms = time_in(words, "Tradable/Marketable After");
	if (!item->tradable_after_ms)
		item->tradable_after_ms = time_in(words, "Tradable After");
	item->protected_until_ms = time_in(words, "trade-protected until");
}

static bool read_item(const json_t *o, struct arena *a, struct web_item *ret)
{
	*ret = (struct web_item){
		.app = web_json_u32(o, "appid"),
		.amount = web_json_u32(o, "amount"),
		.context = web_json_id(o, "contextid", a),
		.asset = web_json_id(o, "assetid", a),
		.class = web_json_id(o, "classid", a),
		.instance = web_json_id(o, "instanceid", a),
	};
	if (!ret->instance)
		ret->instance = "0";
	return ret->app && ret->context && ret->asset && ret->class;
}

/* asset_properties: a list of {appid, contextid, assetid, asset_properties: [...]}. */
static void add_properties(const json_t *all, struct map *by_asset, struct arena *a)
{
	size_t i;
	json_t *o;

	json_array_foreach(all, i, o)
	{
		const char *asset = web_json_id(o, "assetid", a);
		struct web_item *item = asset ? map_get(by_asset, asset) : NULL;
		const json_t *list = json_object_get(o, "asset_properties");
		struct buf text = { 0 };
		if (item && json_is_array(list) && json_put(&text, list, true) == RC_OK)
			item->properties = arena_strn(a, (const char *)text.p, text.n);
		buf_done(&text);
	}
}

static enum rc read_items(const json_t *j, struct arena *a, struct web_inventory *ret, struct fault *f)
{
	const json_t *assets = json_object_get(j, "assets"), *kinds = json_object_get(j, "descriptions");
	struct map by_kind = { 0 }, by_asset = { 0 };
	char key[KEY_MAX];
	enum rc rc = RC_OK;
	size_t i;
	json_t *o;

	ret->items = arena_take(a, (json_array_size(assets) + 1) * sizeof(*ret->items));
	if (!ret->items)
		return RC_NOMEM;
	json_array_foreach(kinds, i, o) if (rc == RC_OK && kind_key(o, key)) rc = map_put(&by_kind, key, o);
	json_array_foreach(assets, i, o)
	{
		struct web_item *item = &ret->items[ret->items_n];
		if (rc != RC_OK)
			break;
		if (!read_item(o, a, item)) {
			rc = fault_set(f, RC_MALFORMED, "Steam answered an item without its ids");
			break;
		}
		const json_t *d = kind_key(o, key) ? map_get(&by_kind, key) : NULL;
		if (d)
			describe(item, d, a);
		ret->items_n++;
		rc = map_put(&by_asset, item->asset, item);
	}
	if (rc == RC_OK)
		add_properties(json_object_get(j, "asset_properties"), &by_asset, a);
	map_done(&by_kind);
	map_done(&by_asset);
	return rc;
}

enum rc web_inventory_read(const char *p, size_t n, struct arena *a, struct web_inventory *ret, struct fault *f)
{
	struct web_inventory got = { 0 };
	json_t *j = NULL;

	enum rc rc = web_json_read(p, n, "a page of an inventory", &j, f);
	if (rc != RC_OK)
		return rc;
	if (!web_json_bool(j, "success")) {
		const char *why = web_json_text(j, "error", a);
		if (!why)
			why = web_json_text(j, "Error", a);
		rc = fault_set(f, RC_REFUSED, "Steam did not give the inventory: %.120s",
			why ? why : "no reason was given");
	} else {
		rc = read_items(j, a, &got, f);
	}
	got.total = web_json_u32(j, "total_inventory_count");
	if (web_json_bool(j, "more_items"))
		got.more = web_json_id(j, "last_assetid", a);
	json_drop(j);
	if (rc == RC_OK)
		*ret = got;
	return rc;
}
