#include "io/http_range.h"
#include "base/scan.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

bool http_range_lists(const char *list, const char *etag)
{
	size_t n = strlen(etag);

	for (const char *s = list; *s;) {
		s += strspn(s, " \t,");
		if (*s == '*')
			return true;
		if (!strncmp(s, "W/", 2))
			s += 2;
		if (!strncmp(s, etag, n) && strchr(" \t,", s[n])) /* or its end */
			return true;
		if (*s == '"') {
			const char *close = strchr(s + 1, '"');
			s = close ? close + 1 : s + strlen(s);
		} else {
			s += strcspn(s, ",");
		}
	}
	return false;
}

/* "bytes=5-9", "bytes=5-", "bytes=-5". False: not one range. */
static bool read_one(const char *s, bool *ret_suffix, uint64_t *ret_first, uint64_t *ret_last)
{
	*ret_last = UINT64_MAX;
	if (strncasecmp(s, "bytes=", 6) != 0)
		return false;
	s += 6 + strspn(s + 6, " \t");
	*ret_suffix = *s == '-';
	if (*ret_suffix)
		return scan_u64(&s, "-", UINT64_MAX, ret_first) && s[strspn(s, " \t")] == 0;
	if (!scan_u64(&s, "", UINT64_MAX, ret_first) || *s != '-')
		return false;
	s++;
	if (*s >= '0' && *s <= '9' && !scan_u64(&s, "", UINT64_MAX, ret_last))
		return false;
	return s[strspn(s, " \t")] == 0 && *ret_last >= *ret_first;
}

enum http_range http_range_of(const struct http_range_ask *ask, uint64_t *ret_from, uint64_t *ret_n)
{
	uint64_t first = 0, last = 0;
	bool suffix = false;

	*ret_from = *ret_n = 0;
	if (ask->if_none_match && http_range_lists(ask->if_none_match, ask->etag))
		return HTTP_RANGE_SAME;
	*ret_n = ask->size;
	if (!ask->range || (ask->if_range && strcmp(ask->if_range, ask->etag) != 0) ||
		!read_one(ask->range, &suffix, &first, &last))
		return HTTP_RANGE_WHOLE;
	if (suffix ? first == 0 || ask->size == 0 : first >= ask->size) {
		*ret_n = 0;
		return HTTP_RANGE_NONE;
	}
	*ret_from = !suffix ? first : first < ask->size ? ask->size - first : 0;
	*ret_n = ask->size - *ret_from;
	if (!suffix && last < ask->size - 1)
		*ret_n = last - first + 1;
	return HTTP_RANGE_PART;
}
