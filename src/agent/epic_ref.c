#include "agent/epic_ref.h"

#include <string.h>

#define PART_MAX 128

/* They go into addresses as they are. */
static bool is_plain(const char *s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t n = strlen(s);

	return n > 0 && n <= PART_MAX && strspn(s, good) == n && strspn(s, ".") < n;
}

bool epic_ref_read(const char *ref, struct arena *a, struct epic_ref *ret)
{
	char *text = arena_str(a, ref), *rest = NULL;
	const char *part[5] = { 0 };
	unsigned n = 0;

	if (!text || strstr(ref, "::"))
		return false;
	for (char *s = strtok_r(text, ":", &rest); s && n < 5; s = strtok_r(NULL, ":", &rest))
		part[n++] = s;
	if (n < 3 || n > 4)
		return false;
	*ret = (struct epic_ref){ part[0], part[1], part[2], n == 4 ? part[3] : "Windows" };
	return is_plain(ret->space) && is_plain(ret->item) && is_plain(ret->app) && is_plain(ret->platform);
}
