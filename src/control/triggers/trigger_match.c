#include "control/triggers/trigger_match.h"

#include "control/engine/submit.h"
#include "control/rows.h"
#include "wire/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define TEMPLATE_MAX (256u << 10)

const char *trigger_match_text(const struct trigger_event *e, const char *name)
{
	return json_string_value(json_object_get(e->payload, name));
}

static bool is_or_any(const struct trigger_event *e, const char *name, const char *want)
{
	const char *has = trigger_match_text(e, name);
	return !want || (has && !strcmp(has, want));
}

/* The labels of the watch that told it. */
static enum rc has_labels(struct tx *tx, const struct trigger_on *on, const struct trigger_event *e, bool *ret)
{
	static const struct store_query find = { .sql = "SELECT labels FROM watches WHERE id = $1" };
	const char *watch = trigger_match_text(e, "watchId");
	auto_rows struct store_rows *r = NULL;

	*ret = false;
	enum rc rc = watch ? store_one(tx->db, &find, STORE_ARGS(store_text(watch)), &r, tx->fault) : RC_MISSING;
	if (rc == RC_OK)
		*ret = submit_has_labels(tx->arena, store_col_text(r, 0), &on->labels);
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc trigger_match(struct tx *tx, const struct trigger_on *on, const struct trigger_event *e, bool *ret)
{
	const char *type = on->type ? on->type : "title.build_available";

	*ret = !strcmp(type, e->type) && is_or_any(e, "store", on->store) && is_or_any(e, "titleId", on->title) &&
	       is_or_any(e, "branch", on->branch) && is_or_any(e, "os", on->os) && is_or_any(e, "class", on->class);
	return *ret && on->labels.n ? has_labels(tx, on, e, ret) : RC_OK;
}

static const char *or_none(const char *s) { return s ? s : ""; }

const char *trigger_match_line(struct tx *tx, const struct trigger_event *e)
{
	return arena_fmt(tx->arena, "%s/%s/%s/%s/%s", or_none(trigger_match_text(e, "store")),
		or_none(trigger_match_text(e, "titleId")), or_none(trigger_match_text(e, "class")),
		or_none(trigger_match_text(e, "branch")), or_none(trigger_match_text(e, "os")));
}

const char *trigger_match_key(struct tx *tx, const struct trigger_event *e)
{
	const char *line = trigger_match_line(tx, e), *build = trigger_match_text(e, "buildId");
	const json_t *change = json_object_get(e->payload, "change");

	if (!line)
		return NULL;
	if (build)
		return arena_fmt(tx->arena, "%s/%s", line, build);
	return arena_fmt(
		tx->arena, "%s/change %" PRId64, line, change ? (int64_t)json_integer_value(change) : e->pos);
}

/* A value as it stands inside of a JSON text. */
static void put_inside(struct buf *to, const json_t *v)
{
	struct buf quoted = { 0 };

	if (json_is_integer(v))
		buf_fmt(to, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	if (!json_is_string(v))
		return;
	json_put_str(&quoted, json_string_value(v));
	if (quoted.n > 2)
		buf_put(to, quoted.p + 1, quoted.n - 2);
	to->bad |= quoted.bad;
	buf_done(&quoted);
}

static void fill(struct buf *to, const char *at, const json_t *payload)
{
	char name[40];

	while (*at && to->n < TEMPLATE_MAX) {
		size_t plain = strcspn(at, "{");
		buf_put(to, at, plain);
		at += plain;
		if (!*at)
			break;
		size_t n = strncmp(at, "{{", 2) ? 0 : strcspn(at + 2, "{}\"\\");
		if (n == 0 || n >= sizeof(name) || strncmp(at + 2 + n, "}}", 2) != 0) {
			buf_u8(to, (uint8_t)*at++);
			continue;
		}
		memcpy(name, at + 2, n);
		name[n] = 0;
		put_inside(to, json_object_get(payload, name));
		at += n + 4;
	}
	to->bad |= to->n >= TEMPLATE_MAX;
}

enum rc trigger_match_fill(struct tx *tx, const char *template, const char *payload, const char **ret)
{
	auto_json json_t *j = NULL;
	struct buf b = { 0 };

	enum rc rc = json_read(payload, strlen(payload), &j, tx->fault);
	if (rc == RC_OK)
		fill(&b, template, j);
	if (rc == RC_OK && b.bad)
		rc = fault_set(tx->fault, RC_INVALID, "what the template became is too long");
	*ret = rc == RC_OK ? arena_strn(tx->arena, (const char *)b.p, b.n) : NULL;
	buf_done(&b);
	return rc == RC_OK && !*ret ? RC_NOMEM : rc;
}
