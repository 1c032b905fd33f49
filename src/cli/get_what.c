#include "cli/get_what.h"
#include "wire/json.h"

#include <string.h>

/* The parts of what was typed; absent ones have n 0. */
struct what {
	const char *text;
	struct part {
		const char *p;
		size_t n;
	} store, id, depot, branch, manifest;
};

static bool digits(struct part p, size_t most)
{
	for (size_t i = 0; i < p.n; i++)
		if (p.p[i] < '0' || p.p[i] > '9')
			return false;
	return p.n > 0 && p.n <= most;
}

/* From `from` to the first of the characters in `ends`. */
static struct part part_at(const char *from, const char *ends)
{
	return (struct part){ from, strcspn(from, ends) };
}

static enum rc split(const char *text, struct what *w, struct fault *f)
{
	if (strlen(text) > GET_WHAT_MAX)
		return fault_set(f, RC_INVALID, "that is longer than %d characters", GET_WHAT_MAX);
	w->text = text;
	w->store = part_at(text, ":");
	if (!text[w->store.n])
		return fault_set(f, RC_INVALID,
			"write STORE:ID, as in steam:730@public, workshop:2814500000, epic:NAME or gog:1207658930");
	bool steam = w->store.n == 5 && !strncmp(text, "steam", 5);
	w->id = part_at(text + w->store.n + 1, steam ? "/@:" : "@");
	const char *at = w->id.p + w->id.n;
	if (*at == '/') {
		w->depot = part_at(at + 1, "@:");
		at = w->depot.p + w->depot.n;
	}
	if (*at == '@')
		w->branch = part_at(at + 1, "");
	else if (*at == ':')
		w->manifest = part_at(at + 1, "");
	if (*at && !w->branch.n && !w->manifest.n)
		return fault_set(f, RC_INVALID, "nothing stands behind \"%c\"", *at);
	return w->id.n ? RC_OK : fault_set(f, RC_INVALID, "no id stands behind \"%.*s:\"", (int)w->store.n, text);
}

static void put(struct buf *to, const char *name, struct part p)
{
	if (!p.n)
		return;
	buf_fmt(to, ",\"%s\":", name);
	json_put_strn(to, p.p, p.n);
}

static void put_text(struct buf *to, const char *name, const char *text)
{
	if (text)
		put(to, name, (struct part){ text, strlen(text) });
}

static enum rc steam(const struct what *w, struct buf *to, struct fault *f)
{
	if (!digits(w->id, 10) || (w->depot.p && !digits(w->depot, 10)))
		return fault_set(
			f, RC_INVALID, "apps and depots of Steam are numbers, as in steam:730 or steam:740/741");
	if (w->manifest.n && !w->depot.n)
		return fault_set(f, RC_INVALID, "a manifest is one of a depot: steam:APP/DEPOT:MANIFEST");
	if (w->manifest.n && !digits(w->manifest, 20))
		return fault_set(f, RC_INVALID, "a manifest is a number of at most 20 digits");
	buf_fmt(to, "\"kind\":\"%s\",\"appId\":%.*s", w->depot.n ? "depot" : "app", (int)w->id.n, w->id.p);
	if (w->depot.n) {
		buf_fmt(to, ",\"depots\":[{\"id\":%.*s", (int)w->depot.n, w->depot.p);
		put(to, "manifest", w->manifest);
		buf_str(to, "}]");
	}
	put(to, "branch", w->branch);
	return RC_OK;
}

static enum rc simple(
	const struct what *w, const char *kind, const char *member, bool number, struct buf *to, struct fault *f)
{
	if (number && !digits(w->id, 20))
		return fault_set(f, RC_INVALID, "the id behind \"%.*s:\" is a number", (int)w->store.n, w->text);
	if (w->branch.n)
		return fault_set(f, RC_INVALID, "only apps and depots of Steam have branches here");
	buf_fmt(to, "\"kind\":\"%s\"", kind);
	put(to, member, w->id);
	return RC_OK;
}

enum rc get_what_source(const char *text, const struct get_what_more *more, struct buf *to, struct fault *f)
{
	static const struct {
		const char *store, *kind, *member;
		bool number;
	} others[] = {
		{ "workshop", "workshop_item", "id", true },
		{ "collection", "workshop_collection", "id", true },
		{ "epic", "epic", "appName", false },
		{ "gog", "gog", "productId", true },
	};
	struct what w = { 0 };
	enum rc rc = split(text, &w, f);

	if (rc != RC_OK)
		return rc;
	buf_u8(to, '{');
	rc = RC_MISSING;
	if (w.store.n == 5 && !strncmp(text, "steam", 5))
		rc = steam(&w, to, f);
	for (size_t i = 0; rc == RC_MISSING && i < sizeof(others) / sizeof(*others); i++)
		if (w.store.n == strlen(others[i].store) && !strncmp(text, others[i].store, w.store.n))
			rc = simple(&w, others[i].kind, others[i].member, others[i].number, to, f);
	if (rc == RC_MISSING)
		return fault_set(f, RC_INVALID,
			"there is no store \"%.*s\": steam, workshop, collection, epic or gog", (int)w.store.n,
			text);
	put_text(to, "os", more->os);
	put_text(to, "arch", more->arch);
	put_text(to, "lang", more->lang);
	if (more->all_dlc)
		buf_str(to, ",\"allDlc\":true");
	buf_u8(to, '}');
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}
