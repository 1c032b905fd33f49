#include "cli/output.h"
#include "cli/csv.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/yaml.h"
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

static int take_dump(const char *p, size_t n, void *to)
{
	buf_put(to, p, n);
	return 0;
}

static void put_pretty(struct buf *to, const json_t *v)
{
	if (json_dump_callback(v, take_dump, to, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0)
		to->bad = true;
	buf_u8(to, '\n');
}

static void put_compact(struct buf *to, const json_t *v)
{
	if (json_put(to, v, false) != RC_OK)
		to->bad = true;
	buf_u8(to, '\n');
}

static void put_id(const struct cmd *c, struct buf *to, const json_t *v)
{
	const json_t *id = text_member(v, c->verb->id ? c->verb->id : "id");
	if (!id)
		return;
	text_cell(to, id);
	buf_u8(to, '\n');
}

/* Without columns a CSV file of many is a line of JSON each. */
static const char *columns_of(const struct cmd *c) { return c->verb->columns ? c->verb->columns : "id"; }

void output_object(struct cmd *c, const json_t *object)
{
	struct buf b = { 0 };

	if (c->quiet)
		put_id(c, &b, object);
	else if (c->format == CMD_JSON)
		put_pretty(&b, object);
	else if (c->format == CMD_JSONL)
		put_compact(&b, object);
	else if (c->format == CMD_YAML)
		yaml_put(&b, object);
	else if (c->format == CMD_CSV)
		csv_object(&b, object);
	else
		table_object(&b, object, c->colour);
	cmd_write(c, &b);
	buf_done(&b);
}

void output_list(struct cmd *c, const json_t *items)
{
	struct buf b = { 0 };
	size_t n = json_array_size(items);

	if (!c->quiet && c->format == CMD_JSON)
		put_pretty(&b, items);
	else if (!c->quiet && c->format == CMD_YAML)
		yaml_put(&b, items);
	else if (!c->quiet && c->format == CMD_TABLE)
		table_list(&b, items, columns_of(c), c->colour);
	else if (!c->quiet && c->format == CMD_CSV)
		csv_heading(&b, columns_of(c));
	for (size_t i = 0; i < n; i++)
		if (c->quiet)
			put_id(c, &b, json_array_get(items, i));
		else if (c->format == CMD_JSONL)
			put_compact(&b, json_array_get(items, i));
		else if (c->format == CMD_CSV)
			csv_row(&b, json_array_get(items, i), columns_of(c));
	cmd_write(c, &b);
	buf_done(&b);
}

/* A line of a table that nobody can align: the cells, parted by two blanks. */
static void put_line(struct buf *to, const json_t *v, const char *columns)
{
	const char *at = columns;
	char path[64];

	while (*at) {
		size_t n = strcspn(at, ","), k = strcspn(at, ",:");
		snprintf(path, sizeof(path), "%.*s", (int)k, at);
		text_cell(to, text_member(v, path));
		at += n + (at[n] == ',');
		buf_str(to, *at ? "  " : "\n");
	}
}

void output_item(struct cmd *c, const json_t *item, bool first)
{
	struct buf b = { 0 };

	if (c->quiet) {
		put_id(c, &b, item);
	} else if (c->format == CMD_TABLE) {
		put_line(&b, item, columns_of(c));
	} else if (c->format == CMD_YAML) {
		buf_str(&b, "---\n");
		yaml_put(&b, item);
	} else if (c->format == CMD_CSV) {
		if (first)
			csv_heading(&b, columns_of(c));
		csv_row(&b, item, columns_of(c));
	} else {
		put_compact(&b, item);
	}
	cmd_write(c, &b);
	fflush(c->out);
	buf_done(&b);
}
