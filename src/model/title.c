#include "model/title.h"

#include <stdlib.h>
#include <string.h>

const char *const title_class_words[] = { "build", "branch", "depot", "metadata", "store_page", "price",
	"visibility", "package", "workshop_item", NULL };
const char *const title_store_words[] = { "steam", "workshop", "epic", "gog", NULL };

enum title_store title_store_of(const char *source)
{
	static const struct {
		const char *prefix;
		enum title_store store;
	} all[] = { { "steam.workshop", TITLE_WORKSHOP }, { "steam.", TITLE_STEAM }, { "epic.", TITLE_EPIC },
		{ "gog.", TITLE_GOG } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strncmp(source, all[i].prefix, strlen(all[i].prefix)))
			return all[i].store;
	return TITLE_STORES;
}

bool title_is_ref(enum title_store s, const char *ref)
{
	static const char digits[] = "0123456789";
	static const char epic[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.:";
	size_t n = strlen(ref), colons = 0;

	if (n == 0 || n > TITLE_REF_MAX)
		return false;
	if (s != TITLE_EPIC)
		return n <= 19 && *ref != '0' && ref[strspn(ref, digits)] == 0;
	for (const char *p = ref; *p; p++)
		colons += *p == ':';
	return ref[strspn(ref, epic)] == 0 && colons <= 2 && *ref != ':' && ref[n - 1] != ':' && !strstr(ref, "::");
}

/* ---- order ---- */

static int by_text(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : ""); }

static int by_branch(const void *p, const void *q)
{
	const struct action_title_branch *a = p, *b = q;
	int d = by_text(a->name, b->name);
	return d ? d : by_text(a->os, b->os);
}

static int by_depot(const void *p, const void *q)
{
	const struct action_title_depot *a = p, *b = q;
	int d = by_text(a->branch, b->branch);
	d = d ? d : by_text(a->os, b->os);
	d = d ? d : by_text(a->depot, b->depot);
	d = d ? d : by_text(a->arch, b->arch);
	return d ? d : by_text(a->language, b->language);
}

static int by_section(const void *p, const void *q)
{
	const struct action_title_section *a = p, *b = q;
	return by_text(a->name, b->name);
}

static int by_child(const void *p, const void *q)
{
	const char *const *a = p, *const *b = q;
	return by_text(*a, *b);
}

/* A copy that is sorted and has everything once. */
static enum rc put_in_order(
	struct field_list *l, size_t size, int (*by)(const void *, const void *), struct arena *a)
{
	char *to = arena_take(a, l->n * size + 1);
	size_t n = 0;

	if (!to)
		return RC_NOMEM;
	if (l->n) {
		memcpy(to, l->at, l->n * size);
		qsort(to, l->n, size, by);
	}
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || by(to + (n - 1) * size, to + i * size) != 0)
			memmove(to + n++ * size, to + i * size, size);
	*l = (struct field_list){ to, n };
	return RC_OK;
}

static bool is_same(const char *a, const char *b) { return by_text(a, b) == 0; }

/* An item has one branch. Votes and comments move nothing but its sections; only another time and other content are a build. */
static enum rc settle_item(const struct action_title *before, struct action_title *t, struct arena *a)
{
	struct action_title_branch *b = arena_take(a, sizeof(*b));
	const struct action_title_branch *was = before && before->branches.n ? before->branches.at : NULL;
	bool moved = !before || (t->updated_ms != before->updated_ms &&
					(!is_same(t->manifest, before->manifest) || t->size != before->size));

	if (!b)
		return RC_NOMEM;
	if (was && !moved) {
		*b = *was;
	} else {
		bool has = t->manifest && *t->manifest && strcmp(t->manifest, "0") != 0;
		b->build_id = has ? t->manifest : arena_fmt(a, "%lld", (long long)(t->updated_ms / 1000));
		b->name = "public";
		b->os = "";
		b->updated_ms = t->updated_ms;
	}
	t->branches = (struct field_list){ b, 1 };
	return b->build_id ? RC_OK : RC_NOMEM;
}

bool title_is_denied(const char *reason)
{
	return reason &&
	       (!strcmp(reason, "denied") || !strcmp(reason, "license") || !strcmp(reason, "login_required"));
}

static bool is_open(const struct action_title *t) { return !t->access || !strcmp(t->access, "public"); }

enum rc title_settle(
	enum title_store s, const struct action_title *before, struct action_title *after, struct arena *a)
{
	enum rc rc = RC_OK;

	if (before && is_open(before) && !is_open(after)) {
		after->branches = before->branches;
		after->depots = before->depots;
		after->sections = before->sections;
		after->children = before->children;
	}
	for (size_t i = 0; i < after->branches.n; i++) {
		struct action_title_branch *b = (struct action_title_branch *)after->branches.at + i;
		if (!b->os)
			b->os = "";
	}
	if (s == TITLE_WORKSHOP)
		rc = settle_item(before, after, a);
	if (rc == RC_OK)
		rc = put_in_order(&after->branches, sizeof(struct action_title_branch), by_branch, a);
	if (rc == RC_OK)
		rc = put_in_order(&after->depots, sizeof(struct action_title_depot), by_depot, a);
	if (rc == RC_OK)
		rc = put_in_order(&after->sections, sizeof(struct action_title_section), by_section, a);
	return rc == RC_OK ? put_in_order(&after->children, sizeof(const char *), by_child, a) : rc;
}

/* ---- comparison ---- */

struct compare {
	enum title_store store;
	const struct action_title *before, *after;
	struct title_change *to;
	size_t n, room;
};

static void note(struct compare *c, struct title_change change)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->to[i].class == change.class && is_same(c->to[i].branch, change.branch) &&
			is_same(c->to[i].os, change.os))
			return;
	if (c->n < c->room)
		c->to[c->n++] = change;
}

static bool is_number(const char *s) { return s && *s && strlen(s) <= 18 && s[strspn(s, "0123456789")] == 0; }

bool title_is_rollback(
	enum title_store s, const struct action_title_branch *from, const struct action_title_branch *to)
{
	bool numbers = is_number(from->build_id) && is_number(to->build_id);

	if (s == TITLE_STEAM && numbers)
		return strtoull(to->build_id, NULL, 10) < strtoull(from->build_id, NULL, 10);
	if (from->updated_ms && to->updated_ms)
		return to->updated_ms < from->updated_ms;
	return s == TITLE_GOG && numbers && strtoull(to->build_id, NULL, 10) < strtoull(from->build_id, NULL, 10);
}

static bool has_build(const struct action_title_branch *b) { return b->build_id && *b->build_id; }

static void compare_branch(struct compare *c, const void *p, const void *q)
{
	const struct action_title_branch *was = p, *is = q;
	struct title_change change = {
		.class = TITLE_BRANCH, .branch = is ? is->name : was->name, .os = is ? is->os : was->os
	};

	if (is && has_build(is) && (!was || !is_same(was->build_id, is->build_id))) {
		change.class = TITLE_BUILD;
		change.build = is;
		change.rollback = was && has_build(was) && title_is_rollback(c->store, was, is);
		note(c, change);
		return;
	}
	if (!was || !is || was->locked != is->locked || was->updated_ms != is->updated_ms ||
		!is_same(was->build_id, is->build_id) || !is_same(was->version, is->version))
		note(c, change);
}

static bool same_depot(const struct action_title_depot *a, const struct action_title_depot *b)
{
	return is_same(a->manifest, b->manifest) && a->size == b->size && a->download_size == b->download_size &&
	       is_same(a->from_app, b->from_app) && is_same(a->dlc_app, b->dlc_app);
}

static void compare_depot(struct compare *c, const void *p, const void *q)
{
	const struct action_title_depot *was = p, *is = q;
	if (!was || !is || !same_depot(was, is))
		note(c, (struct title_change){
				.class = TITLE_DEPOT, .branch = is ? is->branch : was->branch, .os = "" });
}

/* What kind of change is it when this section has another hash? */
static enum title_class class_of(const struct compare *c, const char *section)
{
	static const struct {
		const char *section;
		enum title_class class;
	} all[] = { { "price", TITLE_PRICE }, { "store_page", TITLE_STORE_PAGE },
		{ "visibility", TITLE_VISIBILITY } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(section, all[i].section))
			return all[i].class;
	if (is_same(c->after->kind, "package"))
		return TITLE_PACKAGE;
	return c->store == TITLE_WORKSHOP ? TITLE_WORKSHOP_ITEM : TITLE_METADATA;
}

static void compare_section(struct compare *c, const void *p, const void *q)
{
	const struct action_title_section *was = p, *is = q;
	const char *name = is ? is->name : was->name;

	/* Its branches and depots were looked at one by one. */
	if (name && strcmp(name, "depots") != 0 && (!was || !is || !is_same(was->sha1, is->sha1)))
		note(c, (struct title_change){ .class = class_of(c, name) });
}

/* Two sorted lists, side by side: what stands in one alone has NULL for the other. */
struct pairs {
	const struct field_list *was, *is;
	size_t size;
	int (*by)(const void *, const void *);
	void (*with)(struct compare *c, const void *was, const void *is);
};

static void side_by_side(struct compare *c, const struct pairs *l)
{
	size_t i = 0, j = 0;

	for (;;) {
		const char *p = i < l->was->n ? (const char *)l->was->at + i * l->size : NULL;
		const char *q = j < l->is->n ? (const char *)l->is->at + j * l->size : NULL;
		if (!p && !q)
			return;
		int d = !p ? 1 : !q ? -1 : l->by(p, q);
		l->with(c, d <= 0 ? p : NULL, d >= 0 ? q : NULL);
		i += d <= 0;
		j += d >= 0;
	}
}

static bool same_children(const struct action_title *a, const struct action_title *b)
{
	const char *const *p = a->children.at, *const *q = b->children.at;

	for (size_t i = 0; i < a->children.n && i < b->children.n; i++)
		if (!is_same(p[i], q[i]))
			return false;
	return a->children.n == b->children.n;
}

/* What the title itself says. The change number, the record's hash and its time say that something changed, not what. */
static void compare_title(struct compare *c)
{
	const struct action_title *b = c->before, *a = c->after;
	bool item = c->store == TITLE_WORKSHOP;

	if (!is_same(b->visibility, a->visibility) || !is_same(b->access, a->access))
		note(c, (struct title_change){ .class = TITLE_VISIBILITY });
	if (!is_same(b->name, a->name) || !is_same(b->kind, a->kind) || !same_children(b, a) ||
		(item && (!is_same(b->manifest, a->manifest) || b->size != a->size ||
				 b->updated_ms != a->updated_ms)))
		note(c, (struct title_change){ .class = class_of(c, "") });
}

static int by_class(const void *p, const void *q)
{
	const struct title_change *a = p, *b = q;
	int d = (int)a->class - (int)b->class;
	d = d ? d : by_text(a->branch, b->branch);
	return d ? d : by_text(a->os, b->os);
}

enum rc title_compare(enum title_store s, const struct action_title *before, const struct action_title *after,
	struct arena *a, struct field_list *ret)
{
	struct compare c = { .store = s, .before = before, .after = after };

	*ret = (struct field_list){ 0 };
	if (!before)
		return RC_OK;
	c.room = before->branches.n + after->branches.n + before->depots.n + after->depots.n + TITLE_CLASSES;
	c.to = arena_take(a, c.room * sizeof(*c.to));
	if (!c.to)
		return RC_NOMEM;
	side_by_side(&c, &(struct pairs){ &before->branches, &after->branches, sizeof(struct action_title_branch),
				 by_branch, compare_branch });
	side_by_side(&c, &(struct pairs){ &before->depots, &after->depots, sizeof(struct action_title_depot),
				 by_depot, compare_depot });
	side_by_side(&c, &(struct pairs){ &before->sections, &after->sections, sizeof(struct action_title_section),
				 by_section, compare_section });
	compare_title(&c);
	qsort(c.to, c.n, sizeof(*c.to), by_class);
	*ret = (struct field_list){ c.to, c.n };
	return RC_OK;
}
