#include "cli/nouns.h"

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
