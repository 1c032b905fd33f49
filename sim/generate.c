#include "sim/generate.h"

#include "sim/dice.h"
#include "wire/steam/vdf_binary.h"
#include "wire/steam/vdf_text.h"

#include <stdio.h>

#define TIME_2026 1767225600u

/* The tree under construction. A text that does not fit into the arena is noticed at the end. */
struct maker {
	struct arena arena;
	struct dice dice;
	bool full;
};

static struct vdf *object(struct maker *m, struct vdf *parent, const char *key)
{
	struct vdf *v = parent ? vdf_add(parent, &m->arena, VDF_OBJECT, key) : NULL;
	m->full |= !v;
	return v;
}

static void text(struct maker *m, struct vdf *parent, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void text(struct maker *m, struct vdf *parent, const char *key, const char *fmt, ...)
{
	char value[256];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	m->full |= !parent || !vdf_add_text(parent, &m->arena, key, value);
}

static const char *one_of(struct maker *m, const char *const *words, uint32_t n)
{
	return words[dice_range(&m->dice, 0, n - 1)];
}

static void put_common(struct maker *m, struct vdf *root, uint32_t id)
{
	static const char *const first[] = { "Iron", "Silent", "Deep", "Last", "Hidden", "Broken", "Northern",
		"Little" };
	static const char *const second[] = { "Harbour", "Frontier", "Signal", "Garden", "Engine", "Orbit", "Tower",
		"River" };
	static const char *const types[] = { "Game", "Game", "Game", "DLC", "Tool", "Demo" };
	static const char *const systems[] = { "windows", "windows,macos", "windows,macos,linux", "windows,linux" };
	static const char *const languages[] = { "english", "german", "french", "spanish", "russian", "japanese",
		"polish" };
	struct vdf *common = object(m, root, "common");

	text(m, common, "name", "%s %s %u", one_of(m, first, 8), one_of(m, second, 8), id);
	text(m, common, "type", "%s", one_of(m, types, 6));
	text(m, common, "releasestate", "released");
	text(m, common, "oslist", "%s", one_of(m, systems, 4));
	text(m, common, "clienticon", "%016llx%016llx%08x", (unsigned long long)dice_roll(&m->dice),
		(unsigned long long)dice_roll(&m->dice), id);
	struct vdf *spoken = object(m, common, "languages");
	for (uint32_t i = 0, n = dice_range(&m->dice, 1, 7); i < n; i++)
		text(m, spoken, languages[i], "1");
	struct vdf *tags = object(m, common, "store_tags");
	for (uint32_t i = 0, n = dice_range(&m->dice, 3, 20); i < n; i++) {
		char key[16];
		snprintf(key, sizeof(key), "%u", i);
		text(m, tags, key, "%u", dice_range(&m->dice, 1, 30000));
	}
	text(m, common, "review_score", "%u", dice_range(&m->dice, 1, 9));
	text(m, common, "gameid", "%u", id);
}

static void put_config(struct maker *m, struct vdf *root, uint32_t id)
{
	struct vdf *extended = object(m, root, "extended");
	text(m, extended, "developer", "Studio \"%u\"", dice_range(&m->dice, 1, 5000));
	text(m, extended, "publisher", "Publisher %u", dice_range(&m->dice, 1, 900));
	text(m, extended, "homepage", "http://example.com/%u", id);

	struct vdf *config = object(m, root, "config");
	text(m, config, "installdir", "App %u", id);
	struct vdf *launch = object(m, config, "launch");
	for (uint32_t i = 0, n = dice_range(&m->dice, 1, 3); i < n; i++) {
		char key[16];
		snprintf(key, sizeof(key), "%u", i);
		struct vdf *way = object(m, launch, key);
		text(m, way, "executable", "bin\\app_%u_%u.exe", id, i);
		text(m, way, "type", i ? "option1" : "default");
	}
}

static void put_depot(struct maker *m, struct vdf *depots, uint32_t depot)
{
	static const char *const branches[] = { "public", "beta", "previous", "experimental" };
	char key[16];

	snprintf(key, sizeof(key), "%u", depot);
	struct vdf *d = object(m, depots, key);
	struct vdf *config = object(m, d, "config");
	text(m, config, "oslist", dice_range(&m->dice, 0, 1) ? "windows" : "linux");
	struct vdf *manifests = object(m, d, "manifests");
	for (uint32_t i = 0, n = dice_range(&m->dice, 1, 4); i < n; i++) {
		uint32_t size = dice_range(&m->dice, 1000, 2000000000);
		struct vdf *b = object(m, manifests, branches[i]);
		text(m, b, "gid", "%llu", (unsigned long long)dice_roll(&m->dice));
		text(m, b, "size", "%u", size);
		text(m, b, "download", "%u", size / 2);
	}
}

static void put_branches(struct maker *m, struct vdf *depots)
{
	static const char *const names[] = { "public", "beta", "previous", "experimental" };
	struct vdf *branches = object(m, depots, "branches");
	for (uint32_t i = 0; i < 4; i++) {
		struct vdf *b = object(m, branches, names[i]);
		text(m, b, "buildid", "%u", dice_range(&m->dice, 1000000, 20000000));
		text(m, b, "timeupdated", "%u", TIME_2026 - dice_range(&m->dice, 0, 90000000));
		if (i > 1)
			text(m, b, "pwdrequired", "1");
	}
}

static enum rc finish(struct maker *m, struct buf *to, struct fault *f)
{
	arena_done(&m->arena);
	if (m->full || to->bad)
		return fault_set(f, RC_NOMEM, "no memory to generate product info");
	return RC_OK;
}

/* How long the nodes in `doc` are as text, when they stand `depth` deep. */
static size_t measure(const struct vdf *doc, size_t depth)
{
	struct buf text = { 0 };
	vdf_text_write(&text, doc, VDF_TEXT_WEB);
	size_t n = text.n;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n' ? depth : 0;
	buf_done(&text);
	return n;
}

enum rc generate_app(const struct generate_app *how, struct buf *to, struct fault *f)
{
	struct maker m = { .dice = dice_of(how->seed ^ (uint64_t)how->id << 20) };
	struct vdf doc = { .key = "" };
	uint32_t target = dice_range(&m.dice, how->min_bytes, how->max_bytes);

	struct vdf *root = object(&m, &doc, "appinfo");
	text(&m, root, "appid", "%u", how->id);
	put_common(&m, root, how->id);
	put_config(&m, root, how->id);
	struct vdf *depots = object(&m, root, "depots");
	put_branches(&m, depots);
	size_t bytes = measure(&doc, 0);
	/* Depots fill it up to its size: they are what makes real records large. */
	for (uint32_t depot = 1; !m.full && bytes < target; depot++) {
		put_depot(&m, depots, how->id * 100 + depot);
		if (!m.full)
			bytes += measure(&(struct vdf){ .first = depots->last }, 2);
	}
	vdf_text_write(to, &doc, VDF_TEXT_PICS);
	return finish(&m, to, f);
}

static void number(struct maker *m, struct vdf *parent, const char *key, uint32_t value)
{
	struct vdf *v = parent ? vdf_add(parent, &m->arena, VDF_I32, key) : NULL;
	if (v)
		v->i32 = (int32_t)value;
	m->full |= !v;
}

enum rc generate_package(uint32_t id, uint32_t first, uint32_t last, struct buf *to, struct fault *f)
{
	struct maker m = { 0 };
	struct vdf doc = { .key = "" };
	char key[16];

	snprintf(key, sizeof(key), "%u", id);
	struct vdf *root = object(&m, &doc, key);
	number(&m, root, "packageid", id);
	number(&m, root, "billingtype", 0);
	number(&m, root, "licensetype", 1);
	number(&m, root, "status", 0);
	object(&m, root, "extended");
	struct vdf *apps = object(&m, root, "appids");
	for (uint32_t app = first; app <= last && !m.full; app++) {
		snprintf(key, sizeof(key), "%u", app - first);
		number(&m, apps, key, app);
	}
	object(&m, root, "depotids");
	object(&m, root, "appitems");
	buf_le32(to, 1);
	vdf_binary_write(to, &doc);
	return finish(&m, to, f);
}
