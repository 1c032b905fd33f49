#include "cli/table.h"
#include "base/own.h"
#include "cli/columns.h"
#include "cli/text.h"

#include <jansson.h>
#include <string.h>

#define GAP           2
#define KEY_BYTES_MAX 64 /* of one part of a dotted name */
#define DEPTH_MAX     6  /* objects deeper than that are shown as JSON */
#define SGR_RESET     "\033[0m"
#define SGR_STRONG    "\033[1m"

/* The colour of a state; NULL: it is none, or an ordinary one. */
static const char *colour_of(const char *cell, size_t n)
{
	static const struct {
		const char *state, *sgr;
	} all[] = {
		{ "succeeded", "\033[32m" },
		{ "connected", "\033[32m" },
		{ "ok", "\033[32m" },
		{ "running", "\033[36m" },
		{ "leased", "\033[36m" },
		{ "partially_succeeded", "\033[33m" },
		{ "canceled", "\033[33m" },
		{ "degraded", "\033[33m" },
		{ "disconnected", "\033[33m" },
		{ "failed", "\033[31m" },
		{ "down", "\033[31m" },
		{ "revoked", "\033[31m" },
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strlen(all[i].state) == n && !memcmp(all[i].state, cell, n))
			return all[i].sgr;
	return NULL;
}

static void put_cell(struct buf *to, const char *cell, size_t n, const char *sgr)
{
	buf_str(to, sgr ? sgr : "");
	buf_put(to, cell, n);
	buf_str(to, sgr ? SGR_RESET : "");
}

static void pad(struct buf *to, size_t from, size_t until)
{
	for (; from < until; from++)
		buf_u8(to, ' ');
}

/* Every cell of the table in one buffer, row by row, the heading first; cell i ends at ends[i]. */
struct cells {
	struct buf text;
	size_t *ends, rows, width[COLUMNS_MAX];
	const struct columns *columns;
};

static void measure(struct cells *c, size_t row, size_t column)
{
	size_t i = row * c->columns->n + column, begin = i ? c->ends[i - 1] : 0;
	c->ends[i] = c->text.n;
	size_t width = c->text.n > begin ? text_columns((const char *)c->text.p + begin, c->text.n - begin) : 0;
	if (width > c->width[column])
		c->width[column] = width;
}

static void fill(struct cells *c, const json_t *items)
{
	for (size_t k = 0; k < c->columns->n; k++) {
		buf_str(&c->text, c->columns->at[k].heading);
		measure(c, 0, k);
	}
	for (size_t row = 1; row < c->rows; row++)
		for (size_t k = 0; k < c->columns->n; k++) {
			text_cell(&c->text, text_member(json_array_get(items, row - 1), c->columns->at[k].path));
			measure(c, row, k);
		}
}

static void put_rows(struct buf *to, const struct cells *c, bool colour)
{
	for (size_t row = 0; row < c->rows; row++) {
		for (size_t k = 0; k < c->columns->n; k++) {
			size_t i = row * c->columns->n + k, begin = i ? c->ends[i - 1] : 0, n = c->ends[i] - begin;
			const char *cell = (const char *)c->text.p + begin;
			const char *sgr = !colour ? NULL : row == 0 ? SGR_STRONG : colour_of(cell, n);
			put_cell(to, cell, n, sgr);
			if (k + 1 < c->columns->n)
				pad(to, text_columns(cell, n), c->width[k] + GAP);
		}
		buf_u8(to, '\n');
	}
}

void table_list(struct buf *to, const json_t *items, const char *columns, bool colour)
{
	const struct columns all = columns_read(columns);
	struct cells c = { .rows = json_array_size(items) + 1, .columns = &all };
	auto_free size_t *ends = calloc(c.rows * (all.n + 1), sizeof(*ends));

	c.ends = ends;
	if (ends)
		fill(&c, items);
	if (!ends || c.text.bad)
		to->bad = true;
	else
		put_rows(to, &c, colour);
	buf_done(&c.text);
}

/* The walk over a thing's members: once to measure (`to` is NULL), once to print. */
struct members {
	struct buf *to;
	struct buf name; /* dotted, of where the walk is */
	size_t width;    /* of the widest name */
	size_t depth;
	bool colour;
};

/* A key is cut when it is longer than any of ours, and not in the middle of a character. */
static void add_key(struct buf *name, const char *key)
{
	size_t n = strlen(key);

	if (n > KEY_BYTES_MAX)
		for (n = KEY_BYTES_MAX; n > 0 && ((uint8_t)key[n] & 0xC0) == 0x80; n--)
			continue;
	text_put(name, key, n);
	buf_str(name, key[n] ? "…" : "");
}

static void put_member(struct members *m, const json_t *value)
{
	const char *name = buf_text(&m->name);
	size_t columns = text_columns(name, m->name.n);
	struct buf cell = { 0 };

	if (!m->to) {
		m->width = columns > m->width ? columns : m->width;
		return;
	}
	text_cell(&cell, value);
	buf_put(m->to, name, m->name.n);
	pad(m->to, columns, m->width + GAP);
	put_cell(m->to, buf_text(&cell), cell.n, m->colour ? colour_of(buf_text(&cell), cell.n) : NULL);
	buf_u8(m->to, '\n');
	m->to->bad = m->to->bad || cell.bad;
	buf_done(&cell);
}

/* Calls itself for objects inside, DEPTH_MAX deep. */
static void walk(struct members *m, const json_t *object)
{
	size_t n = m->name.n;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)object, key, value)
	{
		add_key(&m->name, key);
		if (json_object_size(value) > 0 && m->depth < DEPTH_MAX) {
			buf_u8(&m->name, '.');
			m->depth++;
			walk(m, value);
			m->depth--;
		} else {
			put_member(m, value);
		}
		m->name.n = n;
	}
}

void table_object(struct buf *to, const json_t *object, bool colour)
{
	struct members m = { .colour = colour };

	walk(&m, object);
	m.to = to;
	walk(&m, object);
	to->bad = to->bad || m.name.bad;
	buf_done(&m.name);
}
