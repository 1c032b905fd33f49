#include "model/role.h"

#include <string.h>

static const struct {
	const char *name, *all, *own, *without, *doc;
} rows[ROLE_COUNT] = {
#define ROLE(id, name, all, own, without, doc) [ROLE_##id] = { name, all, own, without, doc },
#include "model/roles.def"
#undef ROLE
};

enum role role_find(const char *name)
{
	for (int i = 0; i < ROLE_COUNT; i++)
		if (!strcmp(rows[i].name, name))
			return (enum role)i;
	return ROLE_COUNT;
}

const char *role_name(enum role r) { return rows[r].name; }
const char *role_doc(enum role r) { return rows[r].doc; }

static bool is_in(const char *list, enum scope s)
{
	char word[SCOPE_TEXT_MAX];

	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		if (n < sizeof(word)) {
			memcpy(word, p, n);
			word[n] = 0;
			if (!strcmp(word, "*") || scope_covers(word, s))
				return true;
		}
		p += n;
	}
	return false;
}

bool role_covers(enum role r, enum scope s, bool own)
{
	return is_in(own ? rows[r].own : rows[r].all, s) && !is_in(rows[r].without, s);
}

bool role_is_admin(enum role r) { return !strcmp(rows[r].all, "admin:*"); }
