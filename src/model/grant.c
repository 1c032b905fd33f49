#include "model/grant.h"

#include <string.h>

static bool scopes_cover(const struct field_list *scopes, enum scope s)
{
	const char *const *texts = scopes->at;

	for (size_t i = 0; i < scopes->n; i++)
		if (scope_covers(texts[i], s))
			return true;
	return false;
}

/* Is the text one of them? One that ends in '*' stands for all that begin so. */
static bool is_among(const struct field_list *list, const char *text)
{
	const char *const *texts = list->at;

	if (list->n == 0)
		return true;
	for (size_t i = 0; text && i < list->n; i++) {
		size_t n = strlen(texts[i]);
		bool open = n > 0 && texts[i][n - 1] == '*';
		if (open ? !strncmp(texts[i], text, n - 1) : !strcmp(texts[i], text))
			return true;
	}
	return false;
}

static bool has_label(const struct field_list *labels, const struct field_pair *want)
{
	const struct field_pair *have = labels->at;

	for (size_t i = 0; i < labels->n; i++)
		if (!strcmp(have[i].key, want->key))
			return !strcmp(have[i].value, want->value);
	return false;
}

static bool lets_through(const struct selector *only, const char *actor, const struct grant_object *o)
{
	if (!only)
		return true;
	bool mine = o->owner && !strcmp(o->owner, actor);
	if (only->own && !mine)
		return false;
	if (!is_among(&only->actions, o->action))
		return false;
	if (o->held && mine)
		return true;
	const struct field_pair *want = only->labels.at;
	for (size_t i = 0; i < only->labels.n; i++)
		if (!has_label(&o->labels, &want[i]))
			return false;
	return is_among(&only->regions, o->region_id);
}

bool grant_covers(const struct grants *g, enum scope s)
{
	for (size_t i = 0; i < g->n; i++)
		if (scopes_cover(&g->at[i].scopes, s))
			return true;
	return s == SCOPE_NONE;
}

bool grant_covers_object(const struct grants *g, enum scope s, const char *actor, const struct grant_object *o)
{
	for (size_t i = 0; i < g->n; i++)
		if (scopes_cover(&g->at[i].scopes, s) && lets_through(g->at[i].only, actor, o))
			return true;
	return s == SCOPE_NONE;
}

bool grant_is_admin(const struct grants *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const char *const *texts = g->at[i].scopes.at;
		for (size_t k = 0; !g->at[i].only && k < g->at[i].scopes.n; k++)
			if (!strcmp(texts[k], "admin:*"))
				return true;
	}
	return false;
}
