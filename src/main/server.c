#include "main/server.h"
#include "base/metric.h"
#include "control/events/event_types.h"
#include "control/fleet/actions.h"
#include "control/http/openapi.h"
#include "control/http/problem.h"
#include "control/http/routes.h"
#include "main/conf.h"
#include "wire/field_conf.h"

#include <stdio.h>
#include <string.h>

static void put_openapi(struct buf *to)
{
	openapi_write(routes, to);
	buf_u8(to, '\n');
}

static void put_config(struct buf *to) { field_conf_document(conf_fields, to); }

static const struct {
	const char *name;
	void (*write)(struct buf *to);
} dumps[] = {
	{ "actions", actions_document },
	{ "config", put_config },
	{ "errors", problem_document },
	{ "events", event_types_document },
	{ "metrics", metric_document },
	{ "openapi", put_openapi },
};

int server_dump(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(dumps) / sizeof(*dumps); i++) {
		if (strcmp(argv[1], dumps[i].name) != 0)
			continue;
		struct buf b = { 0 };
		dumps[i].write(&b);
		size_t n = b.bad ? 0 : fwrite(b.p, 1, b.n, stdout);
		bool ok = !b.bad && n == b.n && fflush(stdout) == 0;
		buf_done(&b);
		return ok ? 0 : 1;
	}
	fputs("usage: footplate server dump actions|cli|config|errors|events|metrics|openapi\n", stderr);
	return 2;
}

/* Reads the configuration as `serve` would; 0, or 2 after saying what is wrong. */
static int load(int argc, char **argv, struct arena *a, struct conf *ret)
{
	struct fault f = { 0 };
	int left = 0;

	enum rc rc = conf_load(argc - 1, argv + 1, a, ret, &left, &f);
	if (rc == RC_OK && left < argc - 1)
		rc = fault_set(&f, RC_INVALID, "unknown word \"%.60s\"", argv[left + 1]);
	if (rc == RC_OK)
		return 0;
	fprintf(stderr, "footplate: %s\n", f.text);
	return 2;
}

int server_check_config(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct conf conf;
	struct buf b = { 0 };

	int status = load(argc, argv, &arena, &conf);
	if (status == 0) {
		field_conf_print(conf_fields, &conf, &b);
		fputs(buf_text(&b), stdout);
	}
	buf_done(&b);
	arena_done(&arena);
	return status;
}
