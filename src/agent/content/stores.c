/* The stores that content comes from; each in a file of its own. */
#include "agent/content/gog_source.h"
#include "agent/content/shop_fetch.h"
#include "agent/content/source_steam.h"

#include <string.h>

static const struct content_store *const stores[] = {
	&epic_source,
	&gog_source,
	&source_app,
	&source_collection,
	&source_depot,
	&source_item,
	NULL,
};

const struct content_store *content_store_find(const char *kind)
{
	for (size_t i = 0; stores[i]; i++)
		if (!strcmp(stores[i]->kind, kind))
			return stores[i];
	return NULL;
}
