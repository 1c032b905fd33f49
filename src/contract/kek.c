#include "contract/kek.h"

#include <stdlib.h>
#include <string.h>

int64_t kek_version_of(const char *wrapped, const char *name, const char **ret_rest)
{
	size_t n = strlen(name);
	char *end = NULL;

	if (strncmp(wrapped, name, n) != 0 || wrapped[n] != ':' || wrapped[n + 1] < '1' || wrapped[n + 1] > '9')
		return 0;
	int64_t version = strtoll(wrapped + n + 1, &end, 10);
	if (*end != ':' || version < 1 || version > INT32_MAX)
		return 0;
	*ret_rest = end + 1;
	return version;
}
