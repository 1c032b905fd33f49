#include "model/content_path.h"

#include "base/utf8.h"

#include <string.h>
#include <strings.h>

static bool is_utf8(const char *p, size_t n)
{
	for (size_t used; n; p += used, n -= used) {
		used = utf8_len((const uint8_t *)p, n);
		if (!used)
			return false;
	}
	return true;
}

static bool is_separator(char c) { return c == '/' || c == '\\'; }

/* Windows keeps these in every folder, whatever follows the first dot. */
static bool is_reserved(const char *part, size_t n)
{
	static const char *const words[] = { "con", "prn", "aux", "nul", "conin$", "conout$" };
	size_t stem = 0;

	while (stem < n && part[stem] != '.')
		stem++;
	while (stem > 0 && part[stem - 1] == ' ')
		stem--;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == stem && !strncasecmp(part, words[i], stem))
			return true;
	return stem == 4 && (!strncasecmp(part, "com", 3) || !strncasecmp(part, "lpt", 3)) && part[3] >= '1' &&
	       part[3] <= '9';
}

static const char *flaw_of_part(const char *part, size_t n)
{
	if (n == 0)
		return "has an empty part";
	if (n > CONTENT_PATH_PART)
		return "has a part that is too long";
	if (part[n - 1] == '.' || part[n - 1] == ' ')
		return part[0] == '.' && n <= 2 ? "has a part \".\" or \"..\""
						: "has a part that ends in a dot or a space";
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)part[i] < 32 || part[i] == 127)
			return "has a control character";
	if (memchr(part, ':', n))
		return "has a colon";
	return is_reserved(part, n) ? "has a part whose name is reserved" : NULL;
}

static const char *put_parts(const char *name, struct buf *to)
{
	unsigned parts = 0;

	for (const char *at = name;; at++) {
		size_t n = 0;
		while (at[n] && !is_separator(at[n]))
			n++;
		const char *flaw = flaw_of_part(at, n);
		if (flaw)
			return flaw;
		if (++parts > CONTENT_PATH_DEPTH)
			return "is too deep";
		if (at != name)
			buf_u8(to, '/');
		buf_put(to, at, n);
		at += n;
		if (!*at)
			return NULL;
	}
}

/* A name is shown without what a terminal or a log would take for its own. */
static enum rc refuse(const char *what, const char *name, const char *flaw, struct fault *f)
{
	char shown[81];
	size_t n = 0;

	for (; name[n] && n < sizeof(shown) - 1; n++)
		shown[n] = (char)(name[n] >= 32 && name[n] < 127 ? name[n] : '?');
	shown[n] = 0;
	return fault_set(f, RC_INVALID, "the %s \"%s\" %s", what, shown, flaw);
}

enum rc content_path_clean(const char *name, struct buf *to, struct fault *f)
{
	size_t before = to->n, n = strnlen(name, CONTENT_PATH_MAX + 1);
	const char *flaw = NULL;

	if (n == 0)
		flaw = "is empty";
	else if (n > CONTENT_PATH_MAX)
		flaw = "is too long";
	else if (!is_utf8(name, n))
		flaw = "is not UTF-8";
	else if (is_separator(*name))
		flaw = "is absolute";
	else
		flaw = put_parts(name, to);
	if (!flaw)
		return to->bad ? RC_NOMEM : RC_OK;
	if (!to->bad)
		to->n = before;
	return refuse("path", name, flaw, f);
}

static unsigned depth_of(const char *path)
{
	unsigned n = 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

enum rc content_path_link(const char *path, const char *target, struct buf *to, struct fault *f)
{
	size_t before = to->n;
	const char *at = target;
	unsigned up = 0;

	while (at[0] == '.' && at[1] == '.' && (!at[2] || is_separator(at[2]))) {
		buf_str(to, up++ ? "/.." : "..");
		at += at[2] ? 3 : 2;
	}
	enum rc rc = up > depth_of(path) ? refuse("link to", target, "leads out of the content", f) : RC_OK;
	if (rc == RC_OK && *at) {
		buf_str(to, up ? "/" : "");
		rc = content_path_clean(at, to, f);
	} else if (rc == RC_OK && !up) {
		rc = refuse("link to", target, "leads nowhere", f);
	}
	if (rc == RC_OK && to->n - before > CONTENT_PATH_MAX)
		rc = refuse("link to", target, "is too long", f);
	if (rc != RC_OK)
		to->n = before;
	return rc == RC_OK && to->bad ? RC_NOMEM : rc;
}

/* The next character, small; '/' is below all others. Of two bytes: Latin, Greek and Cyrillic letters. */
static uint32_t small(const uint8_t **p)
{
	uint32_t c = *(*p)++;

	if (c == '/')
		return 1;
	if (c >= 'A' && c <= 'Z')
		return c + 32;
	if ((c & 0xe0) != 0xc0 || (**p & 0xc0) != 0x80)
		return c;
	c = (c & 31) << 6 | (*(*p)++ & 63);
	if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		c += 32;
	else if (c >= 0x400 && c <= 0x40f)
		c += 80;
	else if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177))
		c |= 1;
	return c + 0x100; /* apart from single bytes */
}

int content_path_compare(const char *a, const char *b)
{
	const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;

	while (*x && *y) {
		uint32_t c = small(&x), d = small(&y);
		if (c != d)
			return c < d ? -1 : 1;
	}
	return *x ? 1 : *y ? -1 : 0;
}

bool content_path_is_below(const char *path, const char *above)
{
	const uint8_t *x = (const uint8_t *)path, *y = (const uint8_t *)above;

	while (*x && *y)
		if (small(&x) != small(&y))
			return false;
	return !*y && *x == '/';
}
