#include "cli/nouns.h"

const struct verb storage_verbs[] = {
	{
		.name = "show",
		.doc = "Shows how full the disk of what was fetched is, and what is kept.",
		.method = "GET",
		.path = "/v1/storage",
	},
	{ 0 },
};
