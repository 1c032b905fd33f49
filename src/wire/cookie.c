#include "wire/cookie.h"

#include <string.h>

bool cookie_find(const char *header, const char *name, char *ret, size_t n)
{
	const char *found = NULL;
	size_t name_n = strlen(name), found_n = 0;

	for (const char *at = header; at && *at; at += *at == ';') {
		at += strspn(at, " \t");
		size_t all = strcspn(at, ";");
		if (all > name_n && !strncmp(at, name, name_n) && at[name_n] == '=') {
			if (found)
				return false;
			found = at + name_n + 1;
			found_n = all - name_n - 1;
		}
		at += all;
	}
	while (found_n > 0 && (found[found_n - 1] == ' ' || found[found_n - 1] == '\t'))
		found_n--;
	if (!found || found_n >= n)
		return false;
	memcpy(ret, found, found_n);
	ret[found_n] = 0;
	return true;
}
