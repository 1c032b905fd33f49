#include "sim/stores/goods.h"

#include "base/scan.h"
#include "sim/dice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_ 1024

/* One thing on the shelf; its key lives with it. */
struct thing {
	struct buf bytes;
	char path[];
};

/* ---- lines ---- */

static bool is_generate(const char *s, struct goods_line *to)
{
	uint64_t files;

	if (!scan_u64(&s, "", GOODS_FILES_MAX, &files) || !scan_u64(&s, ",", GOODS_BYTES_MAX, &to->bytes) ||
		!scan_u64(&s, ",", UINT32_MAX, &to->seed) || *s || files == 0)
		return false;
	to->files = (uint32_t)files;
	return true;
}

static bool take_word(char *word, struct goods_line *to)
{
	static const struct {
		const char *name;
		size_t at;
	} texts[] = { { "title=", offsetof(struct goods_line, title) },
		{ "version=", offsetof(struct goods_line, version) },
		{ "item=", offsetof(struct goods_line, item) }, { "ns=", offsetof(struct goods_line, space) },
		{ "os=", offsetof(struct goods_line, os) }, { "branch=", offsetof(struct goods_line, branch) },
		{ "token=", offsetof(struct goods_line, token) }, { "base=", offsetof(struct goods_line, base) },
		{ "refresh=", offsetof(struct goods_line, refresh) },
		{ "client=", offsetof(struct goods_line, client) },
		{ "secret=", offsetof(struct goods_line, secret) },
		{ "lasts=", offsetof(struct goods_line, lasts) },
		{ "codes=", offsetof(struct goods_line, codes) } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i].name);
		if (!strncmp(word, texts[i].name, n))
			return snprintf((char *)to + texts[i].at, GOODS_WORD, "%s", word + n) < GOODS_WORD;
	}
	if (!strncmp(word, "generate=", 9))
		return is_generate(word + 9, to);
	bool *flag = !strcmp(word, "json")        ? &to->json
		     : !strcmp(word, "hidden")    ? &to->hidden
		     : !strcmp(word, "installer") ? &to->installer
						  : NULL;
	if (flag)
		*flag = true;
	return flag;
}

enum rc goods_line_read(const char *line, struct goods_line *ret, struct fault *f)
{
	struct goods_line l = { .files = 3, .bytes = 300000, .version = "1.0", .title = "A game" };
	char text[LINE_MAX_], *rest = NULL;

	if (snprintf(text, sizeof(text), "%s", line) >= (int)sizeof(text))
		return fault_set(f, RC_TOO_LARGE, "a line of over %d bytes", LINE_MAX_);
	const char *store = strtok_r(text, " \t", &rest);
	for (char *word = strtok_r(NULL, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		bool good = take_word(word, &l);
		if (!good && !*l.id && !strchr(word, '='))
			good = snprintf(l.id, sizeof(l.id), "%s", word) < (int)sizeof(l.id);
		if (!good)
			return fault_set(f, RC_INVALID, "%s: '%.60s' is not understood", store ? store : "", word);
	}
	for (char *at = l.title; *at; at++)
		if (*at == '_')
			*at = ' ';
	*ret = l;
	return RC_OK;
}

/* ---- files ---- */

static void write_words(struct dice *d, size_t n, struct buf *to)
{
	static const char *const words[] = { "merchant", "harbour", "copper", "sail", "ledger", "lantern", "anchor",
		"parcel", "winter", "market", "barrel", "rope", "captain", "island", "storm", "chart" };

	while (to->n < n && !to->bad) {
		uint64_t r = dice_roll(d);
		buf_fmt(to, "%s %x%c", words[r % 16], (unsigned)(r >> 44), r >> 32 & 7 ? ' ' : '\n');
	}
	if (to->n > n)
		to->n = n;
}

enum rc goods_make(const struct goods_line *of, unsigned build, struct goods *ret, struct fault *f)
{
	size_t n = of->files + build;
	struct goods g = { .at = calloc(n + 1, sizeof(*g.at)), .n = n };
	bool bad = !g.at;

	for (size_t i = 0; !bad && i < n; i++) {
		struct goods_file *file = &g.at[i];
		struct dice d = dice_of((of->seed + 1) << 32 | (uint64_t)(i == 0 ? build : 0) << 16 | (i + 1));
		file->executable = i == 0;
		if (i == 0)
			snprintf(file->name, sizeof(file->name), "bin/game.exe");
		else
			snprintf(file->name, sizeof(file->name), "data/%s%03zu.txt",
				i % 3 == 2 ? "more/part_" : "part_", i);
		write_words(&d, i == 1 && n > 2 ? 0 : of->bytes / of->files, &file->bytes); /* an empty file, too */
		bad = file->bytes.bad;
	}
	if (bad) {
		goods_done(&g);
		return fault_set(f, RC_NOMEM, "no memory for what is sold");
	}
	*ret = g;
	return RC_OK;
}

void goods_done(struct goods *g)
{
	for (size_t i = 0; g->at && i < g->n; i++)
		buf_done(&g->at[i].bytes);
	free(g->at);
	*g = (struct goods){ 0 };
}

/* ---- the shelf ---- */

static void thing_free(struct thing *t)
{
	if (t)
		buf_done(&t->bytes);
	free(t);
}

enum rc goods_put(struct goods_shelf *s, const char *path, struct buf *bytes, struct fault *f)
{
	size_t n = strlen(path) + 1;
	struct thing *t = calloc(1, sizeof(*t) + n);

	thing_free(map_take(&s->at, path));
	if (t) {
		memcpy(t->path, path, n);
		t->bytes = *bytes;
		*bytes = (struct buf){ 0 };
	}
	if (t && !t->bytes.bad && map_put(&s->at, t->path, t) == RC_OK)
		return RC_OK;
	thing_free(t);
	return fault_set(f, RC_NOMEM, "no memory for what is sold");
}

const struct buf *goods_get(const struct goods_shelf *s, const char *path)
{
	const struct thing *t = map_get(&s->at, path);
	return t ? &t->bytes : NULL;
}

void goods_shelf_done(struct goods_shelf *s)
{
	struct map_walk w = map_walk(&s->at);

	for (struct thing *t; (t = map_next(&w));) {
		map_take(&s->at, t->path);
		thing_free(t);
	}
	map_done(&s->at);
}
