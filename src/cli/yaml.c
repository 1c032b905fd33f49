#include "cli/yaml.h"
#include "wire/json.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

/* Words that some reader takes for a truth value, null or a number. */
static bool is_word(const char *s)
{
	static const char *const words[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n", NULL };
	for (int i = 0; words[i]; i++)
		if (!strcasecmp(words[i], s))
			return true;
	return false;
}

/* Begins with a letter, and holds nothing that YAML gives a meaning: so it is itself without quotes. */
static bool is_bare(const char *s)
{
	if (!isalpha((unsigned char)*s) || is_word(s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("_-./", *s))
			return false;
	return true;
}

/* The characters that YAML takes for line ends or refuses, but JSON leaves as they are. */
static bool is_odd(const char *s, size_t n)
{
	return n > 1 && ((s[0] == '\xC2' && (uint8_t)s[1] < 0xA0) ||
				(n > 2 && s[0] == '\xE2' && s[1] == '\x80' && (s[2] == '\xA8' || s[2] == '\xA9')) ||
				(n > 2 && s[0] == '\xEF' && s[1] == '\xBB' && s[2] == '\xBF'));
}

static void put_odd(struct buf *to, const char *s)
{
	if (s[0] == '\xC2')
		buf_fmt(to, "\\u%04X", (unsigned)(uint8_t)s[1]);
	else
		buf_str(to, s[0] == '\xEF' ? "\\uFEFF" : s[2] == '\xA8' ? "\\u2028" : "\\u2029");
}

static void put_text(struct buf *to, const char *s)
{
	struct buf quoted = { 0 };

	if (is_bare(s)) {
		buf_str(to, s);
		return;
	}
	json_put_str(&quoted, s);
	const char *p = buf_text(&quoted);
	for (size_t i = 0; i < quoted.n; i++) {
		if (!is_odd(p + i, quoted.n - i)) {
			buf_u8(to, (uint8_t)p[i]);
			continue;
		}
		put_odd(to, p + i);
		i += p[i] == '\xC2' ? 1 : 2;
	}
	buf_done(&quoted);
}

static void put_scalar(struct buf *to, const json_t *v)
{
	if (json_is_string(v))
		put_text(to, json_string_value(v));
	else if (json_is_array(v))
		buf_str(to, "[]");
	else if (json_is_object(v))
		buf_str(to, "{}");
	else if (json_put(to, v, false) != RC_OK)
		to->bad = true;
}

static bool is_scalar(const json_t *v) { return json_array_size(v) + json_object_size(v) == 0; }

static void indent(struct buf *to, unsigned depth)
{
	while (depth-- > 0)
		buf_str(to, "  ");
}

/* `first`: the cursor stands where the first line begins already, as behind "- ". */
static void put_block(struct buf *to, const json_t *v, unsigned depth, bool first)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)v, key, value)
	{
		if (!first)
			indent(to, depth);
		first = false;
		put_text(to, key);
		buf_u8(to, ':');
		if (is_scalar(value)) {
			buf_u8(to, ' ');
			put_scalar(to, value);
			buf_u8(to, '\n');
			continue;
		}
		buf_u8(to, '\n');
		put_block(to, value, depth + 1, false);
	}
	for (size_t i = 0; i < json_array_size(v); i++) {
		value = json_array_get(v, i);
		if (!first)
			indent(to, depth);
		first = false;
		buf_str(to, "- ");
		if (!is_scalar(value)) {
			put_block(to, value, depth + 1, true);
			continue;
		}
		put_scalar(to, value);
		buf_u8(to, '\n');
	}
}

void yaml_put(struct buf *to, const json_t *v)
{
	if (!is_scalar(v)) {
		put_block(to, v, 0, false);
		return;
	}
	put_scalar(to, v);
	buf_u8(to, '\n');
}
