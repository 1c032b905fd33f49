/* Any bytes as the directory's answer: every endpoint that comes out can stand in a URL. */
#include "wire/steam/cm_list.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct arena a = { .limit = 8u << 20 };
	struct cm_list l;

	if (cm_list_parse(p, n, &a, &l, NULL) == RC_OK)
		for (size_t i = 0; i < l.n; i++) {
			const char *s = l.at[i].endpoint;
			if (strpbrk(s, "/@?# \"\\") || !strchr(s, ':') || strlen(s) > CM_LIST_ENDPOINT_MAX)
				abort();
		}
	arena_done(&a);
	return 0;
}
