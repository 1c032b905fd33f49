#include "agent/journal.h"

#include "base/map.h"
#include "base/rd.h"
#include "io/append.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "FPJRNL1\n";
#define MAGIC_N      (sizeof(magic) - 1)
#define HEAD_N       8 /* length and check */
#define INNER_N      2 /* kind and length of the key */
#define DROPPED      0
#define COPY_AT_ONCE (1u << 20)
#define RECORD_MAX   (HEAD_N + INNER_N + JOURNAL_KEY_MAX + JOURNAL_BODY_MAX)

struct entry {
	char key[JOURNAL_KEY_MAX + 1];
	uint8_t kind;
	uint64_t at; /* of the body; in `waiting` when past the file's end */
	size_t n;
};

struct journal {
	struct append file;
	struct buf waiting;  /* records for the next sync */
	struct map entries;  /* key → struct entry, mine */
	uint64_t live;       /* bytes of the records that count */
	uint64_t compact_at; /* size of the file from which it may be written anew */
};

static uint64_t record_size(const struct entry *e) { return HEAD_N + INNER_N + strlen(e->key) + e->n; }

static void forget(struct journal *j, const char *key)
{
	struct entry *e = map_take(&j->entries, key);
	if (e)
		j->live -= record_size(e);
	free(e);
}

/* Notes where a record's body is. */
static enum rc note(struct journal *j, uint8_t kind, const char *key, size_t key_n, uint64_t at, size_t n)
{
	struct entry *e = calloc(1, sizeof(*e));
	if (!e)
		return RC_NOMEM;
	*e = (struct entry){ .kind = kind, .at = at, .n = n };
	memcpy(e->key, key, key_n);

	struct entry *old = map_get(&j->entries, e->key);
	if (old) { /* keeps its place in the order */
		j->live -= record_size(old);
		old->kind = kind;
		old->at = at;
		old->n = n;
		j->live += record_size(old);
		free(e);
		return RC_OK;
	}
	if (map_put(&j->entries, e->key, e) != RC_OK) {
		free(e);
		return RC_NOMEM;
	}
	j->live += record_size(e);
	return RC_OK;
}

static void write_record(struct buf *to, uint8_t kind, const char *key, const void *body, size_t n)
{
	size_t key_n = strlen(key), start = to->n;

	buf_u32(to, (uint32_t)(INNER_N + key_n + n));
	buf_u32(to, 0);
	buf_u8(to, kind);
	buf_u8(to, (uint8_t)key_n);
	buf_put(to, key, key_n);
	buf_put(to, body, n);
	if (to->bad)
		return;
	uint8_t *p = to->p + start;
	uint32_t check = libdeflate_crc32(0, p + HEAD_N, to->n - start - HEAD_N);
	for (int i = 0; i < 4; i++)
		p[4 + i] = (uint8_t)(check >> (24 - 8 * i));
}

/* Reads the record at `at`. False: it is torn or not there, and so is all behind it. */
static bool load_record(struct journal *j, uint64_t at, struct buf *room, uint64_t *ret_next)
{
	uint8_t head[HEAD_N];

	if (j->file.n - at < HEAD_N || append_read(&j->file, at, head, HEAD_N, NULL) != RC_OK)
		return false;
	struct rd r = rd_over(head, HEAD_N);
	uint32_t n = rd_u32(&r), check = rd_u32(&r);
	if (n < INNER_N || n > RECORD_MAX || n > j->file.n - at - HEAD_N)
		return false;
	room->n = 0;
	uint8_t *p = buf_room(room, n);
	if (!p || append_read(&j->file, at + HEAD_N, p, n, NULL) != RC_OK || libdeflate_crc32(0, p, n) != check)
		return false;

	size_t key_n = p[1];
	char key[JOURNAL_KEY_MAX + 1] = "";
	if (key_n == 0 || key_n > JOURNAL_KEY_MAX || key_n > n - INNER_N || memchr(p + INNER_N, 0, key_n))
		return false;
	memcpy(key, p + INNER_N, key_n);
	if (p[0] == DROPPED)
		forget(j, key);
	else if (note(j, p[0], key, key_n, at + HEAD_N + INNER_N + key_n, n - INNER_N - key_n) != RC_OK)
		return false;
	*ret_next = at + HEAD_N + n;
	return true;
}

static enum rc load(struct journal *j, uint64_t *ret_lost, struct fault *f)
{
	char found[MAGIC_N];
	uint64_t at = MAGIC_N;
	struct buf room = { 0 };

	*ret_lost = 0;
	if (j->file.n < MAGIC_N) { /* new, or torn while it was made */
		enum rc rc = append_cut(&j->file, 0, f);
		return rc == RC_OK ? append_add(&j->file, magic, MAGIC_N, f) : rc;
	}
	enum rc rc = append_read(&j->file, 0, found, MAGIC_N, f);
	if (rc != RC_OK)
		return rc;
	if (memcmp(found, magic, MAGIC_N) != 0)
		return fault_set(f, RC_INVALID, "%s is no journal of this program: move it away", j->file.path);
	while (at < j->file.n && load_record(j, at, &room, &at))
		;
	buf_done(&room);
	*ret_lost = j->file.n - at;
	return *ret_lost ? append_cut(&j->file, at, f) : RC_OK;
}

enum rc journal_open(const char *path, struct journal **ret_journal, uint64_t *ret_lost, struct fault *f)
{
	uint64_t lost = 0;
	auto_of(journal) struct journal *j = calloc(1, sizeof(*j));
	if (!j)
		return RC_NOMEM;
	j->file.fd = -1;
	enum rc rc = append_open(path, &j->file, f);
	if (rc == RC_OK)
		rc = load(j, &lost, f);
	if (rc != RC_OK)
		return rc;
	*ret_journal = take(j);
	*ret_lost = lost;
	return RC_OK;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	struct map_walk w = map_walk(&j->entries);
	for (struct entry *e; (e = map_next(&w));) {
		map_take(&j->entries, e->key);
		free(e);
	}
	map_done(&j->entries);
	append_close(&j->file);
	buf_done(&j->waiting);
	free(j);
}

enum rc journal_put(struct journal *j, uint8_t kind, const char *key, const void *body, size_t n, struct fault *f)
{
	size_t key_n = strlen(key), before = j->waiting.n;

	if (kind == DROPPED || key_n == 0 || key_n > JOURNAL_KEY_MAX)
		return fault_set(
			f, RC_INVALID, "a record needs a kind and a key of 1 to %d bytes", JOURNAL_KEY_MAX);
	if (n > JOURNAL_BODY_MAX)
		return fault_set(f, RC_TOO_LARGE, "a record has at most %u bytes", JOURNAL_BODY_MAX);
	write_record(&j->waiting, kind, key, body, n);
	enum rc rc = j->waiting.bad ? RC_NOMEM : note(j, kind, key, key_n, j->file.n + j->waiting.n - n, n);
	j->waiting.bad = false;
	if (rc != RC_OK)
		j->waiting.n = before;
	return rc;
}

void journal_drop(struct journal *j, const char *key)
{
	size_t before = j->waiting.n;

	if (!map_get(&j->entries, key))
		return;
	forget(j, key);
	write_record(&j->waiting, DROPPED, key, NULL, 0);
	if (j->waiting.bad) { /* at worst it is told once more after a restart */
		j->waiting.bad = false;
		j->waiting.n = before;
	}
}

/* Copies the record to the end of `room`. */
static enum rc copy_record(const struct journal *j, const struct entry *e, struct buf *room, struct fault *f)
{
	uint64_t start = e->at - HEAD_N - INNER_N - strlen(e->key);
	size_t n = (size_t)record_size(e);
	uint8_t *p = buf_room(room, n);

	if (!p)
		return RC_NOMEM;
	enum rc rc = append_read(&j->file, start, p, n, f);
	if (rc == RC_OK)
		room->n += n;
	return rc;
}

static enum rc copy_all(const struct journal *j, struct append *to, struct fault *f)
{
	struct buf room = { 0 };
	enum rc rc = append_cut(to, 0, f);
	struct map_walk w = map_walk(&j->entries);

	buf_put(&room, magic, MAGIC_N);
	for (const struct entry *e; rc == RC_OK && (e = map_next(&w));) {
		rc = copy_record(j, e, &room, f);
		if (rc == RC_OK && room.n >= COPY_AT_ONCE) {
			rc = append_add(to, room.p, room.n, f);
			room.n = 0;
		}
	}
	if (rc == RC_OK)
		rc = room.bad ? RC_NOMEM : append_add(to, room.p, room.n, f);
	buf_done(&room);
	return rc;
}

/* The bodies lie behind one another in the new file, in the order of the walk. */
static void place_all(struct journal *j)
{
	uint64_t at = MAGIC_N;
	struct map_walk w = map_walk(&j->entries);
	for (struct entry *e; (e = map_next(&w));) {
		e->at = at + HEAD_N + INNER_N + strlen(e->key);
		at += record_size(e);
	}
}

static enum rc compact(struct journal *j, struct fault *f)
{
	char path[4096];
	struct append fresh = { .fd = -1 };

	if ((size_t)snprintf(path, sizeof(path), "%s.new", j->file.path) >= sizeof(path))
		return fault_set(f, RC_INVALID, "%s: the path is too long", j->file.path);
	enum rc rc = append_open(path, &fresh, f);
	if (rc != RC_OK)
		return rc;
	rc = copy_all(j, &fresh, f);
	if (rc == RC_OK)
		rc = append_replace(&j->file, &fresh, f);
	if (fresh.fd < 0) /* it took the place, even when that may not be durable yet */
		place_all(j);
	append_close(&fresh);
	return rc;
}

enum rc journal_sync(struct journal *j, struct fault *f)
{
	if (j->waiting.n > 0) {
		enum rc rc = append_add(&j->file, j->waiting.p, j->waiting.n, f);
		if (rc != RC_OK)
			return rc;
		buf_done(&j->waiting);
	}
	if (!journal_is_slack(j))
		return RC_OK;
	/* What was put is durable whether this succeeds or not; a full disk need not be asked again at once. */
	j->compact_at = compact(j, NULL) == RC_OK ? JOURNAL_COMPACT_AT : j->file.n + JOURNAL_COMPACT_AT;
	return RC_OK;
}

enum rc journal_read(struct journal *j, const char *key, struct buf *to, struct fault *f)
{
	const struct entry *e = map_get(&j->entries, key);

	if (!e)
		return fault_set(f, RC_MISSING, "the journal has no %s", key);
	enum rc rc = e->at + e->n > j->file.n ? journal_sync(j, f) : RC_OK;
	if (rc != RC_OK)
		return rc;
	uint8_t *p = buf_room(to, e->n);
	if (!p)
		return RC_NOMEM;
	rc = append_read(&j->file, e->at, p, e->n, f);
	if (rc == RC_OK)
		to->n += e->n;
	return rc;
}

void journal_walk(const struct journal *j, void (*seen)(void *ctx, uint8_t kind, const char *key), void *ctx)
{
	struct map_walk w = map_walk(&j->entries);
	for (const struct entry *e; (e = map_next(&w));)
		seen(ctx, e->kind, e->key);
}

uint64_t journal_bytes(const struct journal *j) { return j->file.n; }

bool journal_is_slack(const struct journal *j)
{
	uint64_t least = j->compact_at ? j->compact_at : JOURNAL_COMPACT_AT;
	return j->file.n >= least && j->live <= j->file.n / 2;
}
