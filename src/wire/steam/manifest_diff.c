#include "wire/steam/manifest_diff.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A chunk that is there or was counted. Open addressing; its places are a power of two. */
struct have {
	const uint8_t **at;
	size_t mask;
};

static size_t place_of(const struct have *h, const uint8_t *sha)
{
	uint64_t key;

	memcpy(&key, sha, sizeof(key));
	size_t i = (size_t)key & h->mask;
	while (h->at[i] && memcmp(h->at[i], sha, MANIFEST_SHA) != 0)
		i = (i + 1) & h->mask;
	return i;
}

/* True: it was not there. */
static bool put(struct have *h, const uint8_t *sha)
{
	size_t i = place_of(h, sha);
	bool is_new = !h->at[i];

	h->at[i] = sha;
	return is_new;
}

static size_t chunks_of(const struct manifest *m)
{
	size_t n = 0;
	for (uint32_t i = 0; i < m->files_n; i++)
		n += m->files[i].chunks_n;
	return n;
}

static bool have_init(struct have *h, size_t n, struct arena *a)
{
	size_t room = 64;

	while (room < 2 * n)
		room *= 2;
	h->mask = room - 1;
	h->at = arena_take(a, room * sizeof(*h->at));
	return h->at != NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct manifest_file *x = a, *y = b;
	int way = strcasecmp(x->name, y->name);
	return way ? way : strcmp(x->name, y->name);
}

static bool is_folder(const struct manifest_file *f) { return (f->flags & MANIFEST_DIRECTORY) != 0; }

static bool is_same(const struct manifest_file *a, const struct manifest_file *b)
{
	bool links = (a->link == NULL) == (b->link == NULL) && (!a->link || !strcmp(a->link, b->link));
	return a->size == b->size && a->flags == b->flags && links && !memcmp(a->sha, b->sha, MANIFEST_SHA) &&
	       !strcmp(a->name, b->name);
}

static void tell(
	struct manifest_diff *d, struct have *h, enum manifest_diff_kind kind, const struct manifest_file *f)
{
	struct manifest_diff_file *to = &d->files[d->n];

	if (is_folder(f))
		return;
	*to = (struct manifest_diff_file){ .kind = kind, .file = f };
	for (uint32_t i = 0; kind != MANIFEST_DIFF_REMOVED && i < f->chunks_n; i++)
		if (put(h, f->chunks[i].sha))
			to->fetched += f->chunks[i].packed;
	d->fetched += to->fetched;
	d->added += kind == MANIFEST_DIFF_ADDED;
	d->removed += kind == MANIFEST_DIFF_REMOVED;
	d->changed += kind == MANIFEST_DIFF_CHANGED;
	d->n++;
}

/* NULL: its list is at its end; then the other goes first. */
static int way_of(const struct manifest_file *x, const struct manifest_file *y)
{
	if (!x || !y)
		return x ? -1 : 1;
	return strcasecmp(x->name, y->name);
}

/* Of one name. Where a file becomes a folder, or a folder a file, the file alone is told of. */
static void tell_both(
	struct manifest_diff *d, struct have *h, const struct manifest_file *x, const struct manifest_file *y)
{
	if (is_folder(y) && !is_folder(x))
		tell(d, h, MANIFEST_DIFF_REMOVED, x);
	else if (is_folder(x) && !is_folder(y))
		tell(d, h, MANIFEST_DIFF_ADDED, y);
	else if (!is_same(x, y))
		tell(d, h, MANIFEST_DIFF_CHANGED, y);
}

static void merge(const struct manifest *from, const struct manifest *to, struct have *h, struct manifest_diff *d)
{
	uint32_t i = 0, j = 0;

	while (i < from->files_n || j < to->files_n) {
		const struct manifest_file *x = i < from->files_n ? &from->files[i] : NULL;
		const struct manifest_file *y = j < to->files_n ? &to->files[j] : NULL;
		int way = way_of(x, y);
		if (way < 0)
			tell(d, h, MANIFEST_DIFF_REMOVED, x);
		else if (way > 0)
			tell(d, h, MANIFEST_DIFF_ADDED, y);
		else
			tell_both(d, h, x, y);
		i += way <= 0;
		j += way >= 0;
	}
}

enum rc manifest_diff_make(
	struct manifest *from, struct manifest *to, struct arena *a, struct manifest_diff *ret, struct fault *f)
{
	struct manifest_diff d = { 0 };
	struct have have;

	if (from->encrypted || to->encrypted)
		return fault_set(f, RC_INVALID, "the names of a manifest are encrypted");
	d.files = arena_take(a, ((size_t)from->files_n + to->files_n + 1) * sizeof(*d.files));
	if (!d.files || !have_init(&have, chunks_of(from) + chunks_of(to), a))
		return fault_set(f, RC_NOMEM, "no memory to compare manifests");
	if (from->files_n)
		qsort(from->files, from->files_n, sizeof(*from->files), by_name);
	if (to->files_n)
		qsort(to->files, to->files_n, sizeof(*to->files), by_name);
	for (uint32_t i = 0; i < from->files_n; i++)
		for (uint32_t k = 0; k < from->files[i].chunks_n; k++)
			(void)put(&have, from->files[i].chunks[k].sha);
	merge(from, to, &have, &d);
	*ret = d;
	return RC_OK;
}
