#include "wire/steam/vdf_text.h"

#include "base/rd.h"

#include <inttypes.h>
#include <string.h>

struct parser {
	const char *at, *end;
	unsigned line, nodes, depth;
	struct arena *arena;
	struct vdf *open[VDF_DEPTH_MAX + 1]; /* open[depth] is the object that takes the next node */
	const char *text;                    /* the token just read, unescaped: in the input, or in `value` */
	size_t text_n;
	struct buf value;
	bool plain;          /* the writer would spell the token as the document did */
	const char *spelled; /* the token between its quotes */
	size_t spelled_n;
	uint8_t gap;
	struct fault *fault;
};

static enum rc broken(struct parser *p, const char *what)
{
	return fault_set(p->fault, RC_MALFORMED, "VDF line %u: %s", p->line, what);
}

static enum rc full(struct parser *p)
{
	return fault_set(p->fault, RC_TOO_LARGE,
		"VDF line %u: more than %u nodes, or more memory than its limit allows", p->line, VDF_NODES_MAX);
}

/* To the next thing that means something; counts the tabs it goes over. */
static unsigned skip(struct parser *p)
{
	unsigned tabs = 0;
	for (; p->at < p->end; p->at++) {
		if (*p->at == '\n')
			p->line++;
		else if (*p->at == '\t')
			tabs++;
		else if (*p->at == '/' && p->end - p->at > 1 && p->at[1] == '/')
			while (p->at + 1 < p->end && p->at[1] != '\n')
				p->at++;
		else if (*p->at != ' ' && *p->at != '\r')
			break;
	}
	return tabs;
}

/* The character that `\c` stands for; 0 when it stands for both. */
static char unescape(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '\\':
	case '"':
		return c;
	default:
		return 0;
	}
}

/* The backslash at p->at and what it escapes. */
static void escape(struct parser *p)
{
	char c = 0;
	if (p->end - p->at > 1)
		c = unescape(p->at[1]);
	if (c) {
		buf_u8(&p->value, (uint8_t)c);
		p->at += 2;
		return;
	}
	buf_u8(&p->value, '\\');
	p->plain = false;
	p->at++;
}

static const bool ends_run[256] = { [0] = true, ['"'] = true, ['\\'] = true, ['\n'] = true, ['\t'] = true };
static const bool ends_bare[256] = { [0] = true,
	['"'] = true,
	['{'] = true,
	['}'] = true,
	[' '] = true,
	['\t'] = true,
	['\r'] = true,
	['\n'] = true };

static void run_until(struct parser *p, const bool ends[256])
{
	while (p->at < p->end && !ends[(uint8_t)*p->at])
		p->at++;
}

/* After the first escape the token lies in `value`. */
static enum rc quoted(struct parser *p)
{
	unsigned begun = p->line;
	bool copied = false;

	p->spelled = ++p->at;
	for (const char *run = p->at;; run = p->at) {
		run_until(p, ends_run);
		if (copied)
			buf_put(&p->value, run, (size_t)(p->at - run));
		if (p->at == p->end || *p->at == '"')
			break;
		if (*p->at == 0)
			return broken(p, "a NUL inside a text");
		if (*p->at == '\\') {
			if (!copied)
				buf_put(&p->value, p->spelled, (size_t)(p->at - p->spelled));
			copied = true;
			escape(p);
			continue;
		}
		p->plain = false; /* a line break or a tab */
		p->line += *p->at == '\n';
		if (copied)
			buf_u8(&p->value, (uint8_t)*p->at);
		p->at++;
	}
	if (p->at == p->end) {
		p->line = begun;
		return broken(p, "a quote is never closed");
	}
	p->spelled_n = (size_t)(p->at++ - p->spelled);
	p->text = copied ? (const char *)p->value.p : p->spelled;
	p->text_n = copied ? p->value.n : p->spelled_n;
	return RC_OK;
}

static enum rc bare(struct parser *p)
{
	p->spelled = p->at;
	run_until(p, ends_bare);
	p->spelled_n = (size_t)(p->at - p->spelled);
	if (p->spelled_n == 0)
		return broken(p, p->at < p->end ? "a byte that begins nothing" : "a key without its value");
	if (*p->spelled == '[')
		return broken(p, "conditionals are not read");
	p->text = p->spelled;
	p->text_n = p->spelled_n;
	return RC_OK;
}

/* A key or a value. */
static enum rc token(struct parser *p)
{
	p->value.n = 0;
	p->plain = true;
	enum rc rc = p->at < p->end && *p->at == '"' ? quoted(p) : bare(p);
	return rc == RC_OK && p->value.bad ? full(p) : rc;
}

static enum rc value(struct parser *p, struct vdf *node)
{
	enum rc rc = token(p);
	if (rc != RC_OK)
		return rc;
	node->kind = VDF_STR;
	node->s = arena_strn(p->arena, p->text, p->text_n);
	node->spelled = p->plain ? NULL : arena_strn(p->arena, p->spelled, p->spelled_n);
	return node->s && (p->plain || node->spelled) ? RC_OK : full(p);
}

/* A key, and its value or the brace that opens an object. */
static enum rc node(struct parser *p)
{
	enum rc rc = token(p);
	if (rc != RC_OK)
		return rc;
	if (++p->nodes > VDF_NODES_MAX)
		return full(p);
	struct vdf *v = vdf_addn(p->open[p->depth], p->arena, VDF_OBJECT, p->text, p->text_n);
	if (!v)
		return full(p);

	unsigned tabs = skip(p);
	if (p->at == p->end || *p->at != '{') {
		if (p->gap == 0)
			p->gap = (uint8_t)(tabs < 8 ? tabs : 8);
		return value(p, v);
	}
	if (p->depth == VDF_DEPTH_MAX)
		return fault_set(
			p->fault, RC_TOO_LARGE, "VDF line %u: objects more than %u deep", p->line, VDF_DEPTH_MAX);
	p->at++;
	p->open[++p->depth] = v;
	return RC_OK;
}

static enum rc document(struct parser *p)
{
	for (skip(p); p->at < p->end; skip(p)) {
		enum rc rc = RC_OK;
		if (*p->at != '}') {
			rc = node(p);
		} else if (p->depth == 0) {
			rc = broken(p, "a closing brace too many");
		} else {
			p->depth--;
			p->at++;
		}
		if (rc != RC_OK)
			return rc;
	}
	return p->depth ? broken(p, "a brace is never closed") : RC_OK;
}

enum rc vdf_text_parse(const void *bytes, size_t n, struct arena *a, struct vdf **ret_doc,
	struct vdf_text_form *ret_form, struct fault *f)
{
	const char *at = bytes;
	struct vdf_text_form form = { 0 };

	if (n > VDF_BYTES_MAX)
		return fault_set(f, RC_TOO_LARGE, "VDF: %zu bytes, at most %u are read", n, VDF_BYTES_MAX);
	if (n >= 3 && !memcmp(at, "\xef\xbb\xbf", 3)) {
		form.bom = true;
		at += 3;
		n -= 3;
	}
	if (n > 0 && at[n - 1] == 0) {
		form.nul = true;
		n--;
	}
	form.no_break = n > 0 && at[n - 1] != '\n';

	struct vdf *doc = arena_take(a, sizeof(*doc));
	struct parser p = { .at = at, .end = n ? at + n : at, .line = 1, .arena = a, .open = { doc }, .fault = f };
	if (!doc)
		return full(&p);
	doc->key = "";
	enum rc rc = document(&p);
	buf_done(&p.value);
	if (rc != RC_OK)
		return rc;

	form.gap = p.gap ? p.gap : 2;
	if (ret_form)
		*ret_form = form;
	*ret_doc = doc;
	return RC_OK;
}

static void put_tabs(struct buf *to, unsigned n)
{
	while (n-- > 0)
		buf_u8(to, '\t');
}

static void put_text(struct buf *to, const char *s)
{
	buf_u8(to, '"');
	for (; *s; s++) {
		if (*s == '\n')
			buf_str(to, "\\n");
		else if (*s == '\t')
			buf_str(to, "\\t");
		else if (*s == '\\' || *s == '"')
			buf_put(to, (char[]){ '\\', *s }, 2);
		else
			buf_u8(to, (uint8_t)*s);
	}
	buf_u8(to, '"');
}

static void put_value(struct buf *to, const struct vdf *v)
{
	switch (v->kind) {
	case VDF_OBJECT:
		return;
	case VDF_STR:
		if (v->spelled)
			buf_fmt(to, "\"%s\"", v->spelled);
		else
			put_text(to, v->s);
		return;
	case VDF_I32:
	case VDF_PTR:
	case VDF_COLOR:
		buf_fmt(to, "\"%" PRId32 "\"", v->i32);
		return;
	case VDF_F32:
		buf_fmt(to, "\"%.9g\"", (double)v->f32);
		return;
	case VDF_U64:
		buf_fmt(to, "\"%" PRIu64 "\"", v->u64);
		return;
	case VDF_I64:
		buf_fmt(to, "\"%" PRId64 "\"", v->i64);
		return;
	}
}

static void put_children(struct buf *to, const struct vdf *v, unsigned depth, unsigned gap)
{
	for (const struct vdf *c = v->first; c; c = c->next) {
		put_tabs(to, depth);
		put_text(to, c->key);
		if (c->kind != VDF_OBJECT) {
			put_tabs(to, gap);
			put_value(to, c);
			buf_u8(to, '\n');
			continue;
		}
		buf_u8(to, '\n');
		put_tabs(to, depth);
		buf_str(to, "{\n");
		put_children(to, c, depth + 1, gap);
		put_tabs(to, depth);
		buf_str(to, "}\n");
	}
}

void vdf_text_write(struct buf *to, const struct vdf *doc, struct vdf_text_form form)
{
	if (form.bom)
		buf_str(to, "\xef\xbb\xbf");
	size_t before = to->n;
	put_children(to, doc, 0, form.gap);
	if (form.no_break && to->n > before && !to->bad)
		to->n--;
	if (form.nul)
		buf_u8(to, 0);
}
