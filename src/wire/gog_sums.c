/* The XML of an installer's checksums: one element and its children, of attributes and hexadecimal text; nothing else is understood. */
#include "wire/gog_answers.h"
#include "wire/tunnel_auth.h"

#include <string.h>

#define XML_MAX   (8u << 20)
#define RANGE_MAX (16u << 20)
#define HASH_N    32

/* The value of an attribute of the tag that begins at `tag`, within it; NULL: it has none. */
static const char *attribute(const char *tag, const char *name, size_t *ret_n)
{
	const char *end = strchr(tag, '>');
	size_t n = strlen(name);

	for (const char *at = strchr(tag, ' '); end && at && at < end; at = strchr(at + 1, ' ')) {
		if (strncmp(at + 1, name, n) != 0 || strncmp(at + 1 + n, "=\"", 2) != 0)
			continue;
		const char *value = at + n + 3, *close = strchr(value, '"');
		if (!close || close > end)
			return NULL;
		*ret_n = (size_t)(close - value);
		return value;
	}
	return NULL;
}

static bool number(const char *tag, const char *name, uint64_t *ret)
{
	size_t n = 0;
	const char *s = attribute(tag, name, &n);
	uint64_t v = 0;

	if (!s || n == 0 || n > 18)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s[i] - '0');
	}
	*ret = v;
	return true;
}

static bool md5(const char *s, size_t n, uint8_t *ret)
{
	char hex[HASH_N + 1] = "";

	if (!s || n != HASH_N)
		return false;
	memcpy(hex, s, HASH_N);
	return tunnel_auth_of_hex(hex, ret, HASH_N / 2);
}

/* One range behind the other. */
static bool read_range(const char *tag, struct gog_sums *to)
{
	struct gog_range *r = &to->ranges[to->ranges_n];
	uint64_t last, after = to->ranges_n ? r[-1].from + r[-1].n : 0;
	const char *end = strchr(tag, '>');

	if (!number(tag, "from", &r->from) || !number(tag, "to", &last) || !end || r->from != after ||
		last < r->from || last - r->from >= RANGE_MAX)
		return false;
	r->n = (uint32_t)(last - r->from + 1);
	return md5(end + 1, strcspn(end + 1, "<"), r->md5);
}

static enum rc read_xml(const char *xml, struct arena *a, struct gog_sums *ret, struct fault *f)
{
	const char *file = strstr(xml, "<file ");
	size_t n = 0, all = 0;
	struct gog_sums s = { 0 };
	const char *name = file ? attribute(file, "name", &n) : NULL;

	s.name = name && n && n < 256 && !memchr(name, '&', n) ? arena_strn(a, name, n) : NULL;
	const char *sum = file ? attribute(file, "md5", &n) : NULL;
	if (!s.name || !md5(sum, n, s.md5) || !number(file, "total_size", &s.size))
		return fault_set(f, RC_MALFORMED, "GOG's list of checksums cannot be read");
	for (const char *at = file; (at = strstr(at, "<chunk ")); at++)
		all++;
	if (all > GOG_SUMS_MAX)
		return fault_set(f, RC_TOO_LARGE, "%zu checksums, at most %d are taken", all, GOG_SUMS_MAX);
	s.ranges = arena_take(a, all * sizeof(*s.ranges) + 1);
	if (!s.ranges)
		return RC_TOO_LARGE;
	for (const char *at = file; (at = strstr(at, "<chunk ")); at++, s.ranges_n++)
		if (!read_range(at, &s))
			return fault_set(f, RC_MALFORMED, "checksum %zu of GOG's list is broken", s.ranges_n);
	uint64_t sum_n = s.ranges_n ? s.ranges[s.ranges_n - 1].from + s.ranges[s.ranges_n - 1].n : 0;
	if (sum_n != s.size)
		return fault_set(f, RC_MALFORMED, "GOG's checksums are not of the whole file");
	*ret = s;
	return RC_OK;
}

enum rc gog_answers_sums(const void *p, size_t n, struct arena *a, struct gog_sums *ret, struct fault *f)
{
	struct buf text = { 0 };

	if (n > XML_MAX || memchr(p, 0, n))
		return fault_set(f, RC_MALFORMED, "GOG's list of checksums is no text");
	buf_put(&text, p, n);
	enum rc rc = text.bad ? RC_NOMEM : read_xml(buf_text(&text), a, ret, f);
	buf_done(&text);
	return rc;
}
