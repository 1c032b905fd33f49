#include "sim/world.h"

#include "io/file.h"
#include "sim/generate.h"
#include "wire/steam/vdf_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGE_FIRST  1000000
#define HISTORY_FIRST 10000
#define MIN_FIRST     2048
#define MAX_FIRST     61440

void world_done(struct world *w)
{
	for (size_t i = 0; i < w->n; i++) {
		buf_done(&w->at[i].buffer);
		free(w->at[i].apps);
	}
	free(w->at);
	*w = (struct world){ 0 };
}

static int by_id(const void *a, const void *b)
{
	const struct product *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

struct product *world_find(struct world *w, enum pics_kind kind, uint32_t id)
{
	struct product key = { .kind = kind, .id = id };
	return w->n ? bsearch(&key, w->at, w->n, sizeof(key), by_id) : NULL;
}

enum rc world_ready(struct product *p, struct fault *f)
{
	if (p->buffer.n > 0)
		return RC_OK;
	struct generate_app how = {
		.id = p->id, .seed = p->seed, .min_bytes = p->min_bytes, .max_bytes = p->max_bytes
	};
	enum rc rc = generate_app(&how, &p->buffer, f);
	if (rc == RC_OK)
		pics_sha(p->kind, p->buffer.p, p->buffer.n, p->sha);
	return rc;
}

void world_public_part(const struct product *p, struct buf *to)
{
	if (p->kind == PICS_APP)
		buf_fmt(to, "\"appinfo\"\n{\n\t\"appid\"\t\t\"%u\"\n\t\"public_only\"\t\t\"1\"\n}\n%c", p->id, 0);
}

/* ---- changes ---- */

static struct vdf *child(struct vdf *v, struct arena *a, const char *key)
{
	for (struct vdf *c = v ? v->first : NULL; c; c = c->next)
		if (!strcmp(c->key, key) && c->kind == VDF_OBJECT)
			return c;
	return v ? vdf_add(v, a, VDF_OBJECT, key) : NULL;
}

/* Adds 1 to a number that is written as text, or begins it with 1. False without memory. */
static bool raise(struct vdf *in, struct arena *a, const char *key)
{
	if (!in)
		return false;
	for (struct vdf *c = in->first; c; c = c->next)
		if (!strcmp(c->key, key) && c->kind == VDF_STR) {
			c->s = arena_fmt(a, "%llu", strtoull(c->s, NULL, 10) + 1);
			return c->s != NULL;
		}
	return vdf_add_text(in, a, key, "1") != NULL;
}

static bool set(struct vdf *in, struct arena *a, const char *key, const char *value)
{
	for (struct vdf *c = in ? in->first : NULL; c; c = c->next)
		if (!strcmp(c->key, key) && c->kind == VDF_STR) {
			c->s = arena_str(a, value);
			return c->s != NULL;
		}
	return in && vdf_add_text(in, a, key, value);
}

static bool set_number(struct vdf *in, struct arena *a, const char *key, uint64_t v)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
	return set(in, a, key, text);
}

static bool set_manifests(struct vdf *depots, struct arena *a, const struct world_build *b)
{
	char *text = arena_str(a, b->manifests), *rest = NULL;

	for (char *t = text ? strtok_r(text, ",", &rest) : NULL; t; t = strtok_r(NULL, ",", &rest)) {
		char *gid = strchr(t, ':');
		if (!gid)
			return false;
		*gid++ = 0;
		struct vdf *m = child(child(child(depots, a, t), a, "manifests"), a, b->branch);
		if (!set(m, a, "gid", gid) || !set_number(m, a, "size", b->size) ||
			!set_number(m, a, "download", b->size / 2))
			return false;
	}
	return text != NULL;
}

/* What is done to the tree of a record. False without memory, or when it makes no sense. */
typedef bool edit_fn(struct vdf *root, struct arena *a, void *how);

static bool set_build(struct vdf *root, struct arena *a, void *how)
{
	struct world_build *b = how;
	struct vdf *depots = child(root, a, "depots"), *branch = child(child(depots, a, "branches"), a, b->branch);
	uint64_t now = 0;

	if (b->build ? !set_number(branch, a, "buildid", b->build) : !raise(branch, a, "buildid"))
		return false;
	if (b->updated && !set_number(branch, a, "timeupdated", b->updated))
		return false;
	if (b->locked && !set(branch, a, "pwdrequired", "1"))
		return false;
	if (vdf_number_at(branch, "buildid", &now))
		b->ret_build = (uint32_t)now;
	return set_manifests(depots, a, b);
}

static bool bump(struct vdf *root, struct arena *a, void *how)
{
	if (*(const enum world_bump *)how == WORLD_BUMP_METADATA)
		return raise(child(root, a, "common"), a, "review_score");
	return raise(child(child(child(root, a, "depots"), a, "branches"), a, "public"), a, "buildid");
}

static enum rc edit(struct product *p, edit_fn *how, void *with, struct fault *f)
{
	struct arena a = { 0 };
	struct buf out = { 0 };
	struct vdf *doc;

	enum rc rc = vdf_text_parse(p->buffer.p, p->buffer.n, &a, &doc, NULL, f);
	if (rc != RC_OK) {
		arena_done(&a);
		return rc;
	}
	struct vdf *root = child(doc, &a, "appinfo");
	bool done = how(root, &a, with);
	vdf_text_write(&out, doc, VDF_TEXT_PICS);
	arena_done(&a);
	if (!done || out.bad) {
		buf_done(&out);
		return fault_set(f, RC_INVALID, "app %u cannot be changed so", p->id);
	}
	buf_done(&p->buffer);
	p->buffer = out;
	return RC_OK;
}

static void changed(struct world *w, struct product *p)
{
	pics_sha(p->kind, p->buffer.p, p->buffer.n, p->sha);
	p->change = ++w->change;
	p->untold = false;
}

enum rc world_bump(struct world *w, enum pics_kind kind, uint32_t id, enum world_bump what, struct fault *f)
{
	struct product *p = world_find(w, kind, id);
	if (!p)
		return fault_set(f, RC_MISSING, "the world has no %s %u", kind == PICS_APP ? "app" : "package", id);
	enum rc rc = world_ready(p, f);
	if (rc == RC_OK && kind == PICS_APP)
		rc = edit(p, bump, &what, f);
	if (rc == RC_OK)
		changed(w, p);
	return rc;
}

enum rc world_build(struct world *w, uint32_t app, struct world_build *b, struct fault *f)
{
	struct product *p = world_find(w, PICS_APP, app);
	if (!p)
		return fault_set(f, RC_MISSING, "the world has no app %u", app);
	enum rc rc = world_ready(p, f);
	if (rc == RC_OK)
		rc = edit(p, set_build, b, f);
	if (rc == RC_OK)
		changed(w, p);
	return rc;
}

/* ---- the file ---- */

struct reader {
	struct world *w;
	const struct world_more *more; /* NULL: nobody else */
	const char *path;
	char folder[512];
	unsigned line;
	struct fault *fault;
};

static enum rc bad(struct reader *r, const char *what, const char *which)
{
	return fault_set(r->fault, RC_INVALID, "%s line %u: %s '%s'", r->path, r->line, what, which);
}

static bool number(const char *s, uint64_t max, uint64_t *ret)
{
	char *end;
	if (*s < '0' || *s > '9')
		return false;
	unsigned long long v = strtoull(s, &end, 10);
	if (*end || v > max)
		return false;
	*ret = v;
	return true;
}

/* "100-199" */
static bool range(char *s, uint32_t *ret_first, uint32_t *ret_last)
{
	char *dash = strchr(s, '-');
	uint64_t first, last;
	if (!dash)
		return false;
	*dash = 0;
	if (!number(s, UINT32_MAX, &first) || !number(dash + 1, UINT32_MAX, &last) || first > last)
		return false;
	*ret_first = (uint32_t)first;
	*ret_last = (uint32_t)last;
	return true;
}

static struct product *add(struct reader *r, const struct product *p)
{
	struct world *w = r->w;
	if (w->n == WORLD_PRODUCTS_MAX)
		return NULL;
	if (w->n == w->room) {
		size_t room = w->room ? w->room * 2 : 64;
		struct product *at = realloc(w->at, room * sizeof(*at));
		if (!at)
			return NULL;
		w->at = at;
		w->room = room;
	}
	w->at[w->n] = *p;
	return &w->at[w->n++];
}

/* A text VDF comes as PICS sends it, whatever form the file has. */
static enum rc take_file(struct reader *r, struct product *p, const char *name)
{
	char path[1024];
	struct buf in = { 0 };
	struct arena a = { 0 };
	struct vdf *doc;

	snprintf(path, sizeof(path), "%s%s", r->folder, name);
	enum rc rc = file_read(path, WORLD_FILE_MAX, &in, r->fault);
	if (rc != RC_OK)
		return rc;
	rc = pics_parse(p->kind, in.p, in.n, &a, &doc, r->fault);
	if (rc == RC_OK && p->kind == PICS_APP)
		vdf_text_write(&p->buffer, doc, VDF_TEXT_PICS);
	else if (rc == RC_OK)
		buf_put(&p->buffer, in.p, in.n);
	pics_sha(p->kind, p->buffer.p, p->buffer.n, p->sha);
	arena_done(&a);
	buf_done(&in);
	return rc;
}

static enum rc product_line(struct reader *r, enum pics_kind kind, char *rest)
{
	char *id_text = strtok_r(NULL, " \t", &rest), *file = strtok_r(NULL, " \t", &rest);
	struct product p = { .kind = kind, .change = r->w->change };
	uint64_t id, v;

	if (!id_text || !file || !number(id_text, UINT32_MAX, &id))
		return bad(r, "wants an id and a file, not", id_text ? id_text : "");
	p.id = (uint32_t)id;
	for (char *t; (t = strtok_r(NULL, " \t", &rest));) {
		if (!strncmp(t, "change=", 7) && number(t + 7, UINT32_MAX, &v))
			p.change = (uint32_t)v;
		else if (!strncmp(t, "token=", 6) && number(t + 6, UINT64_MAX, &v))
			p.token = v;
		else if (!strcmp(t, "denied"))
			p.denied = true;
		else
			return bad(r, "does not know", t);
	}
	if (p.denied && p.token == 0)
		p.token = UINT64_MAX;
	enum rc rc = take_file(r, &p, file);
	if (rc != RC_OK || !add(r, &p)) {
		buf_done(&p.buffer);
		return rc != RC_OK
			       ? rc
			       : fault_set(r->fault, RC_TOO_LARGE, "a world holds %d products", WORLD_PRODUCTS_MAX);
	}
	if (p.change > r->w->change)
		r->w->change = p.change;
	return RC_OK;
}

struct wish {
	uint32_t first, last;
	uint64_t package, seed, min, max, token_every;
	bool has_apps, has_package;
};

static bool wish_word(struct wish *w, char *t)
{
	static const struct {
		const char *key;
		size_t at;
	} numbers[] = {
		{ "seed=", offsetof(struct wish, seed) },
		{ "min=", offsetof(struct wish, min) },
		{ "max=", offsetof(struct wish, max) },
		{ "token_every=", offsetof(struct wish, token_every) },
	};
	if (!strncmp(t, "apps=", 5))
		return w->has_apps = range(t + 5, &w->first, &w->last);
	if (!strncmp(t, "package=", 8))
		return w->has_package = number(t + 8, UINT32_MAX, &w->package);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t n = strlen(numbers[i].key);
		if (!strncmp(t, numbers[i].key, n))
			return number(t + n, WORLD_FILE_MAX, (uint64_t *)(void *)((char *)w + numbers[i].at));
	}
	return false;
}

static enum rc generate_line(struct reader *r, char *rest)
{
	struct wish w = { .seed = 1, .min = MIN_FIRST, .max = MAX_FIRST };

	for (char *t; (t = strtok_r(NULL, " \t", &rest));)
		if (!wish_word(&w, t))
			return bad(r, "does not know", t);
	if (!w.has_apps || w.min == 0 || w.min > w.max)
		return bad(r, "wants apps=A-B and min no larger than", "max");
	if (w.has_package) {
		struct product p = { .kind = PICS_PACKAGE, .id = (uint32_t)w.package, .change = r->w->change };
		enum rc rc = generate_package(p.id, w.first, w.last, &p.buffer, r->fault);
		if (rc != RC_OK)
			return rc;
		pics_sha(p.kind, p.buffer.p, p.buffer.n, p.sha);
		return add(r, &p) ? RC_OK : bad(r, "no room for package", "");
	}
	for (uint32_t id = w.first; id <= w.last; id++) {
		struct product p = { .kind = PICS_APP,
			.id = id,
			.change = r->w->change,
			.seed = w.seed,
			.min_bytes = (uint32_t)w.min,
			.max_bytes = (uint32_t)w.max };
		if (w.token_every && (id - w.first) % w.token_every == w.token_every - 1)
			p.token = (uint64_t)id << 32 | 0x5eed;
		if (!add(r, &p))
			return bad(r, "a world is full at", "200000 products");
		if (id == UINT32_MAX)
			break;
	}
	return RC_OK;
}

static enum rc more_line(struct reader *r, const char *line)
{
	struct fault why = { 0 };
	enum rc rc = r->more ? r->more->line(r->more->ctx, r->folder, line, &why) : RC_MISSING;
	if (rc == RC_OK || rc == RC_MISSING)
		return rc;
	return fault_set(r->fault, rc, "%s line %u: %.160s", r->path, r->line, why.text);
}

static enum rc one_line(struct reader *r, char *line)
{
	const char *first = line + strspn(line, " \t");
	if (!*first || *first == '#')
		return RC_OK;
	enum rc rc = more_line(r, first);
	if (rc != RC_MISSING)
		return rc;
	char *rest = NULL, *word = strtok_r(line, " \t", &rest);
	uint64_t v = 0;

	if (!strcmp(word, "app"))
		return product_line(r, PICS_APP, rest);
	if (!strcmp(word, "package"))
		return product_line(r, PICS_PACKAGE, rest);
	if (!strcmp(word, "generate"))
		return generate_line(r, rest);
	bool change = !strcmp(word, "change");
	if (!change && strcmp(word, "history") != 0)
		return bad(r, "does not know", word);
	const char *value = strtok_r(NULL, " \t", &rest);
	if (!value || !number(value, UINT32_MAX, &v) || v == 0)
		return bad(r, "wants a number after", word);
	*(change ? &r->w->change : &r->w->history) = (uint32_t)v;
	return RC_OK;
}

static enum rc read_lines(struct reader *r, char *text)
{
	for (char *next; text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = 0;
		r->line++;
		text[strcspn(text, "\r")] = 0;
		enum rc rc = one_line(r, text);
		if (rc != RC_OK)
			return rc;
	}
	if (r->w->n)
		qsort(r->w->at, r->w->n, sizeof(*r->w->at), by_id);
	for (size_t i = 1; i < r->w->n; i++)
		if (by_id(&r->w->at[i - 1], &r->w->at[i]) == 0)
			return fault_set(r->fault, RC_INVALID, "%s: id %u is there twice", r->path, r->w->at[i].id);
	return RC_OK;
}

enum rc world_load(struct world *w, const char *path, struct fault *f) { return world_load_more(w, path, NULL, f); }

enum rc world_load_more(struct world *w, const char *path, const struct world_more *more, struct fault *f)
{
	struct reader r = { .w = w, .more = more, .path = path, .fault = f };
	struct buf in = { 0 };
	const char *slash = strrchr(path, '/');

	*w = (struct world){ .change = CHANGE_FIRST, .history = HISTORY_FIRST };
	if (slash)
		snprintf(r.folder, sizeof(r.folder), "%.*s", (int)(slash - path + 1), path);
	enum rc rc = file_read(path, WORLD_FILE_MAX, &in, f);
	if (rc == RC_OK) {
		buf_text(&in);
		rc = in.bad ? RC_NOMEM : read_lines(&r, (char *)in.p);
	}
	buf_done(&in);
	/* Making thousands of records at the first question for all of them would hold up every client. */
	for (size_t i = 0; rc == RC_OK && w->n <= WORLD_EAGER_MAX && i < w->n; i++)
		rc = world_ready(&w->at[i], f);
	if (rc != RC_OK)
		world_done(w);
	return rc;
}
