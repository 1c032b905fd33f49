#include "sim/stores/shop.h"

#include <stdio.h>
#include <string.h>

bool shop_path(const char *path, const char *form, char (*ret)[128], unsigned stars)
{
	unsigned n = 0;

	while (*form) {
		if (*form != '*') {
			if (*form++ != *path++)
				return false;
			continue;
		}
		size_t word = strcspn(path, "/");
		if (word == 0 || word >= 128 || n == stars)
			return false;
		snprintf(ret[n++], 128, "%.*s", (int)word, path);
		path += word;
		form++;
	}
	return !*path;
}

bool shop_query(const char *query, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	for (const char *at = query; at && *at; at = strchr(at, '&')) {
		at += *at == '&';
		if (!strncmp(at, name, n) && at[n] == '=' && !strncmp(at + n + 1, value, v) &&
			(!at[n + 1 + v] || at[n + 1 + v] == '&'))
			return true;
	}
	return false;
}
