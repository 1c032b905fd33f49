#include "cli/columns.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* "summary.createdAt" is headed "CREATED AT". */
static void make_heading(char *to, const char *path)
{
	const char *dot = strrchr(path, '.');
	size_t n = 0;

	for (const char *at = dot ? dot + 1 : path; *at && n < COLUMNS_NAME_MAX - 2; at++) {
		if (isupper((unsigned char)*at))
			to[n++] = ' ';
		to[n++] = (char)toupper((unsigned char)*at);
	}
	to[n] = 0;
}

static void copy(char *to, const char *from, size_t n)
{
	n = n < COLUMNS_NAME_MAX ? n : COLUMNS_NAME_MAX - 1;
	memcpy(to, from, n);
	to[n] = 0;
}

struct columns columns_read(const char *spec)
{
	struct columns all = { 0 };

	while (spec && *spec && all.n < COLUMNS_MAX) {
		struct column *c = &all.at[all.n++];
		size_t n = strcspn(spec, ",");
		const char *mark = memchr(spec, ':', n);
		copy(c->path, spec, mark ? (size_t)(mark - spec) : n);
		if (mark)
			copy(c->heading, mark + 1, n - (size_t)(mark + 1 - spec));
		else
			make_heading(c->heading, c->path);
		spec += n + (spec[n] == ',');
	}
	return all;
}
