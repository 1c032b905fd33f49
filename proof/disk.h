/*
 * disk: the files of a machine, in memory, with what a power cut would take: each write is remembered with what it replaced
 * until a sync covers it. A kill loses nothing that was written. Errors are errno values; 0 is none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct undo;

struct disk_file {
	char *path; /* NULL: unlinked */
	uint8_t *p;
	size_t n, room;
	struct undo *undo; /* newest first */
	struct disk_file *next;
	unsigned mode;
	void *of; /* of the file system's user: locks, see vfs.c */
};

struct disk {
	struct disk_file *files;
	uint64_t writes;     /* counts them */
	bool full;           /* every write that makes a file longer fails */
	unsigned bad_syncs;  /* per mille */
	unsigned bad_writes; /* per mille */
	uint64_t sync_us;    /* how long a sync takes at most, mostly */
	uint64_t syncs;
};

struct disk *disk_new(void);
struct disk_file *disk_find(struct disk *d, const char *path); /* NULL: there is none */
struct disk_file *disk_make(struct disk *d, const char *path, unsigned mode);
void disk_unlink(struct disk *d, struct disk_file *f);                   /* lasting at once */
void disk_rename(struct disk *d, struct disk_file *f, const char *path); /* the same, and as one step */

size_t disk_read(const struct disk_file *f, uint64_t at, void *p, size_t n);
int disk_write(struct disk *d, struct disk_file *f, uint64_t at, const void *p, size_t n);
int disk_cut(struct disk *d, struct disk_file *f, uint64_t n);
/* Takes its time, on a fiber. */
int disk_sync(struct disk *d, struct disk_file *f);

void disk_machine_gone(struct disk *d, bool power);
void disk_mend(struct disk *d); /* no more faults */
