#include "model/content_match.h"

#include "model/content_path.h"

#include <string.h>

/*
 * A pattern is a program of steps. All places in it where the path may be are followed at once, byte by byte.
 */
enum step_kind { STEP_BYTE, STEP_CLASS, STEP_BOTH, STEP_JUMP, STEP_BEGIN, STEP_END, STEP_FOUND };

struct step {
	uint8_t kind, byte;
	uint16_t a, b; /* BOTH, JUMP: the steps that follow; CLASS: which */
};

struct class
{
	uint8_t bits[32];
};

struct pattern {
	struct step *steps;
	size_t n;
	struct class *classes;
};

struct content_match {
	struct pattern *include, *exclude;
	size_t include_n, exclude_n;
	const char **files; /* sorted */
	size_t files_n;
	uint16_t *now, *next; /* of places */
	uint64_t *seen;       /* of each step: in which round it was put into the list */
	uint64_t round;
};

static uint8_t small(uint8_t c) { return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c; }

/* ---- making programs ---- */

struct maker {
	struct step steps[CONTENT_MATCH_STEPS];
	size_t n;
	struct class classes[CONTENT_MATCH_TEXT];
	size_t classes_n;
	const char *at;
	const char *flaw;
	unsigned depth;
};

static void add(struct maker *m, enum step_kind kind, uint8_t byte, size_t a, size_t b)
{
	if (m->n == CONTENT_MATCH_STEPS) {
		m->flaw = m->flaw ? m->flaw : "is too long";
		return;
	}
	m->steps[m->n++] = (struct step){ (uint8_t)kind, byte, (uint16_t)a, (uint16_t)b };
}

/* Room for one step at `at`: what stands there and after it moves by one. */
static void insert(struct maker *m, size_t at)
{
	add(m, STEP_JUMP, 0, 0, 0);
	if (m->flaw)
		return;
	memmove(&m->steps[at + 1], &m->steps[at], (m->n - at - 1) * sizeof(*m->steps));
	for (size_t i = at + 1; i < m->n; i++) {
		struct step *s = &m->steps[i];
		if (s->kind != STEP_BOTH && s->kind != STEP_JUMP)
			continue;
		s->a = (uint16_t)(s->a + (s->a >= at));
		s->b = (uint16_t)(s->b + (s->b >= at));
	}
}

static void set_bit(struct class *c, uint8_t byte)
{
	byte = small(byte);
	c->bits[byte / 8] |= (uint8_t)(1u << byte % 8);
}

static void set_range(struct class *c, uint8_t from, uint8_t to)
{
	for (unsigned i = from; i <= to; i++)
		set_bit(c, (uint8_t)i);
}

static void set_named(struct class *c, char name)
{
	if (name == 'd' || name == 'w')
		set_range(c, '0', '9');
	if (name == 'w') {
		set_range(c, 'a', 'z');
		set_bit(c, '_');
	}
	if (name == 's') {
		set_range(c, 9, 13);
		set_bit(c, ' ');
	}
}

static void add_class(struct maker *m, const struct class *c, bool other)
{
	if (m->classes_n == CONTENT_MATCH_TEXT) {
		m->flaw = "is too long";
		return;
	}
	struct class *to = &m->classes[m->classes_n];
	*to = *c;
	for (size_t i = 0; other && i < sizeof(to->bits); i++)
		to->bits[i] = (uint8_t)~to->bits[i];
	add(m, STEP_CLASS, 0, m->classes_n++, 0);
}

static void add_any_but(struct maker *m, const char *bytes)
{
	struct class c = { 0 };
	for (; *bytes; bytes++)
		set_bit(&c, (uint8_t)*bytes);
	add_class(m, &c, true);
}

/* [abc], [a-z], [^a], [!a]; at the '['. */
static void bracket(struct maker *m, bool slash_too)
{
	struct class c = { 0 };
	const char *p = m->at + 1;
	bool other = *p == '^' || *p == '!';

	p += other;
	for (bool first = true; *p && (*p != ']' || first); first = false) {
		if (*p == '\\' && p[1]) {
			p++;
			if (strchr("dws", *p)) {
				set_named(&c, *p++);
				continue;
			}
		}
		uint8_t from = (uint8_t)*p++, to = from;
		if (*p == '-' && p[1] && p[1] != ']') {
			to = (uint8_t)p[1];
			p += 2;
		}
		if (to < from)
			m->flaw = "has a range that is the wrong way round";
		else
			set_range(&c, from, to);
	}
	if (!*p) {
		m->flaw = "has a [ without its ]";
		return;
	}
	if (other && !slash_too)
		set_bit(&c, '/');
	m->at = p + 1;
	add_class(m, &c, other);
}

static void alternatives(struct maker *m);

static void atom(struct maker *m)
{
	struct class c = { 0 };
	char byte = *m->at;

	switch (byte) {
	case '(':
		if (++m->depth > 32) {
			m->flaw = "is too deep";
			return;
		}
		m->at++;
		alternatives(m);
		if (!m->flaw && *m->at++ != ')')
			m->flaw = "has a ( without its )";
		m->depth--;
		return;
	case '[':
		bracket(m, true);
		return;
	case '.':
		add_any_but(m, "");
		break;
	case '^':
		add(m, STEP_BEGIN, 0, 0, 0);
		break;
	case '$':
		add(m, STEP_END, 0, 0, 0);
		break;
	case '*':
	case '+':
	case '?':
		m->flaw = "repeats nothing";
		return;
	case '{':
		m->flaw = "has a {, which is not known here; write \\{ for the letter";
		return;
	case '\\':
		byte = *++m->at;
		if (byte && strchr("dws", byte)) {
			set_named(&c, byte);
			add_class(m, &c, false);
			break;
		}
		if (!byte || (byte >= '0' && byte <= '9') ||
			(small((uint8_t)byte) >= 'a' && small((uint8_t)byte) <= 'z')) {
			m->flaw = "has a \\ before what is not known here";
			return;
		}
		add(m, STEP_BYTE, small((uint8_t)byte), 0, 0);
		break;
	default:
		add(m, STEP_BYTE, small((uint8_t)byte), 0, 0);
	}
	m->at++;
}

static void repeated(struct maker *m)
{
	size_t from = m->n;

	atom(m);
	while (!m->flaw && *m->at && strchr("*+?", *m->at)) {
		char how = *m->at++;
		if (how == '+') {
			add(m, STEP_BOTH, 0, from, m->n + 1);
			continue;
		}
		insert(m, from);
		if (how == '*')
			add(m, STEP_JUMP, 0, from, 0);
		if (!m->flaw)
			m->steps[from] = (struct step){ STEP_BOTH, 0, (uint16_t)(from + 1), (uint16_t)m->n };
	}
}

static void alternatives(struct maker *m)
{
	size_t from = m->n;

	while (!m->flaw && *m->at && *m->at != '|' && *m->at != ')')
		repeated(m);
	if (m->flaw || *m->at != '|')
		return;
	m->at++;
	insert(m, from);
	size_t jump = m->n;
	add(m, STEP_JUMP, 0, 0, 0);
	if (m->flaw)
		return;
	m->steps[from] = (struct step){ STEP_BOTH, 0, (uint16_t)(from + 1), (uint16_t)m->n };
	alternatives(m);
	m->steps[jump].a = (uint16_t)m->n;
}

/* Any bytes but these, as many as there are. */
static void add_many_but(struct maker *m, const char *bytes)
{
	size_t from = m->n;

	add(m, STEP_BOTH, 0, from + 1, from + 3);
	add_any_but(m, bytes);
	add(m, STEP_JUMP, 0, from, 0);
}

static void expression(struct maker *m)
{
	add_many_but(m, "");
	alternatives(m);
	if (!m->flaw && *m->at == ')')
		m->flaw = "has a ) without its (";
}

static void glob(struct maker *m)
{
	const char *end = m->at + strlen(m->at);
	bool below = end > m->at && (end[-1] == '/' || end[-1] == '\\');

	add(m, STEP_BEGIN, 0, 0, 0);
	if (!strpbrk(m->at, "/\\")) { /* any folder, or none: in or behind a '/' */
		size_t from = m->n;
		add(m, STEP_BOTH, 0, from + 1, from + 5);
		add_many_but(m, "");
		add(m, STEP_BYTE, '/', 0, 0);
	}
	while (!m->flaw && *m->at) {
		char c = *m->at;
		if (c == '[') {
			bracket(m, false);
			continue;
		}
		m->at++;
		if (c == '*' && *m->at == '*') {
			m->at++;
			if (*m->at == '/' || *m->at == '\\') { /* also no folder at all */
				size_t from = m->n;
				m->at++;
				add(m, STEP_BOTH, 0, from + 1, from + 5);
				add_many_but(m, "");
				add(m, STEP_BYTE, '/', 0, 0);
			} else {
				add_many_but(m, "");
			}
		} else if (c == '*') {
			add_many_but(m, "/");
		} else if (c == '?') {
			add_any_but(m, "/");
		} else {
			add(m, STEP_BYTE, c == '\\' ? '/' : small((uint8_t)c), 0, 0);
		}
	}
	if (below)
		add_many_but(m, "");
	add(m, STEP_END, 0, 0, 0);
}

static enum rc make(const char *text, struct arena *a, struct pattern *ret, struct fault *f)
{
	struct arena own = { .limit = 2 * sizeof(struct maker) };
	struct maker *m = arena_take(&own, sizeof(*m));
	enum rc rc = m ? RC_OK : RC_NOMEM;

	if (m) {
		bool is_expression = !strncmp(text, "re:", 3);
		m->at = is_expression ? text + 3 : text;
		if (!*m->at || strlen(text) > CONTENT_MATCH_TEXT)
			m->flaw = *m->at ? "is too long" : "is empty";
		else if (is_expression)
			expression(m);
		else
			glob(m);
		add(m, STEP_FOUND, 0, 0, 0);
		if (m->flaw)
			rc = fault_set(f, RC_INVALID, "the pattern \"%.80s\" %s", text, m->flaw);
	}
	if (rc == RC_OK) {
		ret->n = m->n;
		ret->steps = arena_take(a, m->n * sizeof(*m->steps));
		ret->classes = arena_take(a, m->classes_n * sizeof(*m->classes) + 1);
		rc = ret->steps && ret->classes ? RC_OK : RC_NOMEM;
	}
	if (rc == RC_OK) {
		memcpy(ret->steps, m->steps, m->n * sizeof(*m->steps));
		memcpy(ret->classes, m->classes, m->classes_n * sizeof(*m->classes));
	}
	arena_done(&own);
	return rc;
}

/* ---- matching ---- */

/* Where in the text is it? */
#define EDGE_BEGIN 1u
#define EDGE_END   2u

/* What may follow without a byte: at most two, the one to be looked at first stands last. */
static size_t follow(const struct step *s, uint16_t at, unsigned edges, uint16_t to[static 2])
{
	switch ((enum step_kind)s->kind) {
	case STEP_BOTH:
		to[0] = s->b;
		to[1] = s->a;
		return 2;
	case STEP_JUMP:
		to[0] = s->a;
		return 1;
	case STEP_BEGIN:
		to[0] = (uint16_t)(at + 1);
		return (edges & EDGE_BEGIN) != 0;
	case STEP_END:
		to[0] = (uint16_t)(at + 1);
		return (edges & EDGE_END) != 0;
	case STEP_BYTE:
	case STEP_CLASS:
	case STEP_FOUND:
		break;
	}
	return 0;
}

static bool is_place(const struct step *s)
{
	return s->kind == STEP_BYTE || s->kind == STEP_CLASS || s->kind == STEP_FOUND;
}

/* The places that are reached from `at` without a byte. */
static size_t reach(struct content_match *m, const struct pattern *p, uint16_t at, uint16_t *to, unsigned edges)
{
	uint16_t stack[CONTENT_MATCH_STEPS + 2]; /* each place is left once, for at most two */
	size_t waits = 0, n = 0;

	stack[waits++] = at;
	while (waits) {
		at = stack[--waits];
		if (m->seen[at] == m->round)
			continue;
		m->seen[at] = m->round;
		if (is_place(&p->steps[at]))
			to[n++] = at;
		else
			waits += follow(&p->steps[at], at, edges, stack + waits);
	}
	return n;
}

static bool fits(const struct pattern *p, const struct step *s, uint8_t byte)
{
	if (s->kind == STEP_BYTE)
		return s->byte == byte;
	return s->kind == STEP_CLASS && (p->classes[s->a].bits[byte / 8] >> byte % 8 & 1);
}

static bool is_found(const struct pattern *p, const uint16_t *places, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p->steps[places[i]].kind == STEP_FOUND)
			return true;
	return false;
}

static bool matches(struct content_match *m, const struct pattern *p, const char *text)
{
	m->round++;
	size_t n = reach(m, p, 0, m->now, EDGE_BEGIN | (*text ? 0 : EDGE_END));

	for (; n; text++) {
		if (is_found(p, m->now, n))
			return true;
		if (!*text)
			return false;
		uint8_t byte = small((uint8_t)*text);
		size_t next_n = 0;
		m->round++;
		for (size_t i = 0; i < n; i++)
			if (fits(p, &p->steps[m->now[i]], byte))
				next_n += reach(
					m, p, (uint16_t)(m->now[i] + 1), m->next + next_n, text[1] ? 0 : EDGE_END);
		uint16_t *was = m->now;
		m->now = m->next;
		m->next = was;
		n = next_n;
	}
	return false;
}

static bool any(struct content_match *m, const struct pattern *p, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (matches(m, &p[i], path))
			return true;
	return false;
}

static bool is_listed(const struct content_match *m, const char *path)
{
	size_t low = 0, high = m->files_n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int way = content_path_compare(path, m->files[mid]);
		if (way == 0)
			return true;
		if (way < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

bool content_match_wants(struct content_match *m, const char *path)
{
	if (any(m, m->exclude, m->exclude_n, path))
		return false;
	if (!m->include_n && !m->files_n)
		return true;
	return is_listed(m, path) || any(m, m->include, m->include_n, path);
}

/* ---- the lists ---- */

static enum rc make_all(
	const struct field_list *of, struct arena *a, struct pattern **ret, size_t *ret_n, struct fault *f)
{
	const char *const *texts = of->at;
	enum rc rc = RC_OK;

	*ret = arena_take(a, of->n * sizeof(**ret) + 1);
	*ret_n = of->n;
	if (!*ret)
		return RC_NOMEM;
	for (size_t i = 0; i < of->n && rc == RC_OK; i++)
		rc = make(texts[i], a, &(*ret)[i], f);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return content_path_compare(*(const char *const *)a, *(const char *const *)b);
}

static enum rc take_files(const struct field_list *of, struct arena *a, struct content_match *m, struct fault *f)
{
	const char *const *texts = of->at;
	struct buf path = { 0 };
	enum rc rc = RC_OK;

	m->files = arena_take(a, of->n * sizeof(*m->files) + 1);
	if (!m->files)
		return RC_NOMEM;
	for (size_t i = 0; i < of->n && rc == RC_OK; i++) {
		path.n = 0;
		rc = content_path_clean(texts[i], &path, f);
		if (rc == RC_OK && !(m->files[m->files_n++] = arena_str(a, buf_text(&path))))
			rc = RC_NOMEM;
	}
	buf_done(&path);
	if (rc == RC_OK && m->files_n)
		qsort(m->files, m->files_n, sizeof(*m->files), by_path);
	return rc;
}

enum rc content_match_new(const struct field_list *include, const struct field_list *exclude,
	const struct field_list *files, struct arena *a, struct content_match **ret, struct fault *f)
{
	struct content_match *m = arena_take(a, sizeof(*m));

	if (!m)
		return RC_NOMEM;
	m->now = arena_take(a, CONTENT_MATCH_STEPS * sizeof(*m->now));
	m->next = arena_take(a, CONTENT_MATCH_STEPS * sizeof(*m->next));
	m->seen = arena_take(a, CONTENT_MATCH_STEPS * sizeof(*m->seen));
	if (!m->now || !m->next || !m->seen)
		return RC_NOMEM;
	enum rc rc = make_all(include, a, &m->include, &m->include_n, f);
	if (rc == RC_OK)
		rc = make_all(exclude, a, &m->exclude, &m->exclude_n, f);
	if (rc == RC_OK)
		rc = take_files(files, a, m, f);
	if (rc == RC_OK)
		*ret = m;
	return rc;
}
