#include "cli/nouns.h"
#include "cli/run.h"

static const struct verb_option list_options[] = { RUN_LIST_OPTIONS, RUN_CURSOR_OPTION, { 0 } };

const struct verb server_verbs[] = {
	{
		.name = "health",
		.doc = "Shows whether the control plane is well.",
		.method = "GET",
		.path = "/v1/health",
		.id = "status",
	},
	{
		.name = "version",
		.doc = "Shows what runs there.",
		.method = "GET",
		.path = "/v1/version",
		.id = "version",
	},
	{
		.name = "instances",
		.doc = "Lists the control planes that share the database, and what each does.",
		.options = list_options,
		.method = "GET",
		.path = "/v1/instances",
		.columns = "id,node,version,self,alive,agents,roles,startedAt",
		.flags = VERB_LIST,
	},
	{
		.name = "metrics",
		.doc = "Prints the metrics as Prometheus reads them.",
		.method = "GET",
		.path = "/metrics",
		.flags = VERB_RAW,
	},
	{
		.name = "openapi",
		.doc = "Prints the description of the API (OpenAPI 3.1).",
		.method = "GET",
		.path = "/v1/openapi.json",
		.format = "json",
	},
	{ 0 },
};
