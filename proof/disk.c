#include "proof/disk.h"
#include "proof/sim.h"
#include "proof/vfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

/* One write, or a cut. */
struct undo {
	struct undo *next;
	uint64_t number, at, n;
	size_t was, old; /* the file's size before; how many bytes there were */
	bool cut, lost;  /* lost: a sync failed, and the system believes that it is on the disk */
	uint8_t bytes[]; /* what was there; when it was reverted: what was written */
};

struct disk *disk_new(void)
{
	struct disk *d = calloc(1, sizeof(*d));
	if (!d)
		abort();
	disk_mend(d);
	return d;
}

void disk_mend(struct disk *d)
{
	d->full = false;
	d->bad_syncs = d->bad_writes = 0;
	d->sync_us = 1500;
}

struct disk_file *disk_find(struct disk *d, const char *path)
{
	for (struct disk_file *f = d->files; f; f = f->next)
		if (f->path && !strcmp(f->path, path))
			return f;
	return NULL;
}

struct disk_file *disk_make(struct disk *d, const char *path, unsigned mode)
{
	struct disk_file *f = disk_find(d, path);

	if (f)
		return f;
	f = calloc(1, sizeof(*f));
	if (!f || !(f->path = strdup(path)))
		abort();
	f->mode = mode;
	f->next = d->files;
	d->files = f;
	return f;
}

void disk_unlink(struct disk *d, struct disk_file *f)
{
	(void)d;
	free(f->path);
	f->path = NULL;
}

void disk_rename(struct disk *d, struct disk_file *f, const char *path)
{
	struct disk_file *old = disk_find(d, path);

	if (old && old != f)
		disk_unlink(d, old);
	free(f->path);
	f->path = strdup(path);
}

size_t disk_read(const struct disk_file *f, uint64_t at, void *p, size_t n)
{
	size_t left = at < f->n ? f->n - (size_t)at : 0, k = n < left ? n : left;
	if (k)
		memcpy(p, f->p + at, k);
	return k;
}

static void room_for(struct disk_file *f, size_t n)
{
	if (n <= f->room)
		return;
	size_t room = f->room ? f->room : 4096;
	while (room < n)
		room *= 2;
	f->p = realloc(f->p, room);
	if (!f->p)
		abort();
	f->room = room;
}

static struct undo *undo_new(size_t n)
{
	struct undo *u = malloc(sizeof(*u) + n);
	if (!u)
		abort();
	return u;
}

/* Before the bytes at `at` change: they are kept. */
static void remember(struct disk *d, struct disk_file *f, uint64_t at, size_t n, bool cut)
{
	size_t there = at < f->n ? f->n - (size_t)at : 0, old = there < n ? there : n;
	struct undo *u = undo_new(old);

	*u = (struct undo){
		.next = f->undo, .number = ++d->writes, .at = at, .n = n, .was = f->n, .old = old, .cut = cut
	};
	if (old)
		memcpy(u->bytes, f->p + at, old);
	f->undo = u;
}

static void put(struct disk_file *f, uint64_t at, const void *p, size_t n)
{
	room_for(f, (size_t)at + n);
	if (at > f->n)
		memset(f->p + f->n, 0, (size_t)at - f->n);
	memcpy(f->p + at, p, n);
	if (at + n > f->n)
		f->n = (size_t)at + n;
}

static bool fails(unsigned per_mille)
{
	if (sim.quiet || !per_mille || !sim_chance(per_mille))
		return false;
	sim.faults++;
	return true;
}

int disk_write(struct disk *d, struct disk_file *f, uint64_t at, const void *p, size_t n)
{
	if (!sim.quiet && d->full && at + n > f->n) {
		sim.faults++;
		return ENOSPC;
	}
	if (fails(d->bad_writes))
		return EIO;
	remember(d, f, at, n, false);
	put(f, at, p, n);
	return 0;
}

int disk_cut(struct disk *d, struct disk_file *f, uint64_t n)
{
	if (n < f->n) {
		remember(d, f, n, f->n - (size_t)n, true);
		f->n = (size_t)n;
	} else if (n > f->n) {
		static const uint8_t zero = 0;
		return disk_write(d, f, n - 1, &zero, 1);
	}
	return 0;
}

static bool overlap(const struct undo *a, const struct undo *b)
{
	return a->at < b->at + b->n && b->at < a->at + a->n;
}

/* All up to this write is on the disk now. */
static void settle(struct disk_file *f, uint64_t upto)
{
	struct undo **at = &f->undo, *settled = NULL;

	while (*at) {
		struct undo *u = *at;
		bool go = u->number <= upto && !u->lost;
		for (const struct undo *s = settled; u->lost && s; s = s->next)
			go = go || overlap(u, s);
		if (!go) {
			at = &u->next;
			continue;
		}
		*at = u->next;
		u->next = settled;
		settled = u;
	}
	while (settled) {
		struct undo *u = settled;
		settled = u->next;
		free(u);
	}
}

int disk_sync(struct disk *d, struct disk_file *f)
{
	uint64_t upto = d->writes;

	if (sim.quiet || !sim.current) {
		settle(f, upto);
		return 0;
	}
	d->syncs++;
	uint64_t us = sim_chance(5) ? sim_between(SIM_MS, 200 * SIM_MS) : sim_between(50, d->sync_us);
	uint64_t first = sim_below(us + 1);
	fiber_sleep(first);
	if (fails(d->bad_syncs)) {
		bool lost = sim_chance(500); /* the kernel may take the pages for clean */
		for (struct undo *u = f->undo; lost && u; u = u->next)
			u->lost = u->lost || u->number <= upto;
		return EIO;
	}
	settle(f, upto);
	fiber_sleep(us - first);
	return 0;
}

/* Brings the file back to what was synced. Returns what was written since, oldest first. */
static struct undo *revert(struct disk_file *f)
{
	struct undo *forward = NULL;

	while (f->undo) {
		struct undo *u = f->undo, *written = u;
		f->undo = u->next;
		if (!u->cut) {
			written = undo_new((size_t)u->n);
			*written = *u;
			memcpy(written->bytes, f->p + u->at, (size_t)u->n);
		}
		room_for(f, u->was);
		if (u->old)
			memcpy(f->p + u->at, u->bytes, u->old);
		f->n = u->was;
		if (written != u)
			free(u);
		written->next = forward;
		forward = written;
	}
	return forward;
}

static void redo(struct disk_file *f, const struct undo *u, bool torn)
{
	if (u->cut) {
		if (f->n > u->at)
			f->n = (size_t)u->at;
		return;
	}
	for (uint64_t at = u->at; at < u->at + u->n;) {
		uint64_t to = (at / SECTOR + 1) * SECTOR;
		if (to > u->at + u->n)
			to = u->at + u->n;
		if (!torn || sim_chance(500))
			put(f, at, u->bytes + (at - u->at), (size_t)(to - at));
		at = to;
	}
}

/* What was written and not synced may be there, be gone, or be there in parts. */
static void lose_power(struct disk_file *f)
{
	unsigned kept = (unsigned)sim_below(3) * 500; /* per mille of the writes */

	for (struct undo *u = revert(f), *next; u; u = next) {
		next = u->next;
		if (sim_chance(kept))
			redo(f, u, sim_chance(300));
		free(u);
	}
}

void disk_machine_gone(struct disk *d, bool power)
{
	for (struct disk_file *f = d->files; f; f = f->next) {
		vfs_forget(f);
		if (power)
			lose_power(f);
	}
}
