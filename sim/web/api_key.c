#include "sim/web/api_key.h"

#include "sim/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void api_key_of(const struct person *p, char ret[static API_KEY_TEXT])
{
	uint8_t sha[20];

	people_shared(p->name, "api key", sha);
	snprintf(ret, API_KEY_TEXT, "%08X", (uint32_t)p->steamid);
	for (size_t i = 0; i < 12; i++)
		snprintf(ret + 8 + 2 * i, 3, "%02X", sha[i]);
}

struct person *api_key_person(struct people *people, const char *key)
{
	char good[API_KEY_TEXT], first[9], *end;

	if (strlen(key) != API_KEY_TEXT - 1)
		return NULL;
	snprintf(first, sizeof(first), "%.8s", key);
	unsigned long account = strtoul(first, &end, 16);
	struct person *p = *end ? NULL : people_by_id(people, 0x0110000100000000u + account);
	if (!p || p->limited)
		return NULL;
	api_key_of(p, good);
	return !strcmp(key, good) ? p : NULL;
}
