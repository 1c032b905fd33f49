#include "base/field.h"

#include <string.h>

#define WORD_MAX 63

size_t field_count(const struct field *t)
{
	size_t n = 0;
	while (t[n].type != FIELD_END)
		n++;
	return n;
}

const struct field *field_find(const struct field *t, const char *name)
{
	for (; t->type != FIELD_END; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

unsigned field_distance(const char *a, const char *b, unsigned cap)
{
	size_t an = strlen(a), bn = strlen(b);
	unsigned row[WORD_MAX + 1];

	if (an > WORD_MAX || bn > WORD_MAX)
		return cap;
	for (unsigned j = 0; j <= bn; j++)
		row[j] = j;
	for (unsigned i = 1; i <= an; i++) {
		unsigned corner = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= bn; j++) {
			unsigned swap = corner + (a[i - 1] != b[j - 1]);
			unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
			corner = row[j];
			row[j] = swap < least ? swap : least;
		}
	}
	return row[bn] < cap ? row[bn] : cap;
}

const char *field_nearest(const struct field *t, const char *name)
{
	unsigned best = (unsigned)(strlen(name) / 3 + 1);
	const char *found = NULL;

	for (; t->type != FIELD_END; t++) {
		unsigned d = field_distance(t->name, name, best + 1);
		if (d <= best && (!found || d < best)) {
			best = d;
			found = t->name;
		}
	}
	return found;
}

void field_defaults(const struct field *t, void *to)
{
	for (; t->type != FIELD_END; t++) {
		char *at = (char *)to + t->at;
		switch (t->type) {
		case FIELD_BOOL:
			*(bool *)at = t->def != 0;
			break;
		case FIELD_U32:
			*(uint32_t *)(void *)at = (uint32_t)t->def;
			break;
		case FIELD_I64:
		case FIELD_TIME:
			*(int64_t *)(void *)at = t->def;
			break;
		case FIELD_ID64:
			*(uint64_t *)(void *)at = (uint64_t)t->def;
			break;
		case FIELD_ENUM:
			*(int *)(void *)at = (int)t->def;
			break;
		case FIELD_STR:
		case FIELD_JSON:
			*(const char **)(void *)at = t->def_text;
			break;
		case FIELD_OBJ:
			field_defaults(t->sub, at);
			break;
		case FIELD_MAP:
		case FIELD_LIST:
			*(struct field_list *)(void *)at = (struct field_list){ 0 };
			break;
		case FIELD_END:
			break;
		}
	}
}
