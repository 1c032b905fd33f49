#include "main/agent_run.h"
#include "agent/agent.h"
#include "io/file.h"
#include "io/logger.h"
#include "io/notify.h"
#include "main/conf.h"
#include "main/reload.h"
#include "main/signals.h"
#include "main/traces.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define TOKEN_MAX 256

/* The token's file may end in a newline. */
static enum rc read_token(const char *path, struct hush *ret, struct fault *f)
{
	struct buf b = { 0 };
	enum rc rc = file_read_secret(path, TOKEN_MAX, &b, f);

	while (rc == RC_OK && b.n && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
		b.n--;
	if (rc == RC_OK)
		rc = hush_set(ret, b.p, b.n);
	hush_wipe(b.p, b.room);
	buf_done(&b);
	return rc;
}

static enum rc start(
	const struct conf *c, const struct log *log, struct tracer *tracer, struct agent **ret, struct fault *f)
{
	struct hush token = { 0 };
	char dir[4200];
	enum rc rc = RC_OK;

	if (!c->agent.server_url)
		return fault_set(f, RC_INVALID, "no control plane: give --server URL or agent.server_url");
	char identity[4300];
	snprintf(dir, sizeof(dir), "%s%s", c->agent.dir ? c->agent.dir : c->data.dir, c->agent.dir ? "" : "/agent");
	snprintf(identity, sizeof(identity), "%s/identity.json", dir);
	if (c->agent.token_file && access(identity, F_OK) != 0) /* the token is for the first start alone */
		rc = read_token(c->agent.token_file, &token, f);
	const char *epic = c->agent.epic_token, *gog = c->agent.gog_token;
	const struct agent_shops shops = {
		.epic_launcher_url = c->agent.epic_launcher_url,
		.epic_catalog_url = c->agent.epic_catalog_url,
		.gog_content_url = c->agent.gog_content_url,
		.gog_api_url = c->agent.gog_api_url,
		.epic_token = { (uint8_t *)epic, epic ? strlen(epic) : 0 },
		.gog_token = { (uint8_t *)gog, gog ? strlen(gog) : 0 },
		.epic_words = { c->agent.epic.token_url, c->agent.epic.client_id, c->agent.epic.client_secret,
			c->agent.epic.refresh_token, c->agent.epic.login_url, NULL },
		.gog_words = { c->agent.gog.token_url, c->agent.gog.client_id, c->agent.gog.client_secret,
			c->agent.gog.refresh_token, c->agent.gog.login_url, c->agent.gog.redirect_url },
	};
	const struct agent_conf how = {
		.server_url = c->agent.server_url,
		.token = token.n ? &token : NULL,
		.data_dir = dir,
		.version = FOOTPLATE_VERSION,
		.tasks = c->agent.tasks,
		.downloads = c->agent.downloads,
		.cache_dir = c->downloads.cache_dir,
		.cache_mib = c->downloads.cache_mib,
		.cache_percent = c->downloads.cache_percent,
		.node_mbit = c->downloads.node_mbit,
		.steam_directory_url = c->steam.directory_url,
		.ca_file = c->agent.ca_file,
		.steam_ca_file = c->steam.ca_file,
		.http_proxy = c->agent.http_proxy,
		.steam_api_url = c->steam.api_url,
		.steam_community_url = c->steam.community_url,
		.steam_store_url = c->steam.store_url,
		.steam_login_url = c->steam.login_url,
		.steam_public_key_file = c->steam.public_key_file,
		.steam_transport = c->steam.transport,
		.lanes = c->kinds,
		.pics_interval_ms = c->steam.pics_interval_ms,
		.shops = &shops,
		.log = log,
		.tracer = tracer,
	};
	if (rc == RC_OK)
		rc = agent_start(&how, ret, f);
	hush_done(&token);
	return rc;
}

/* Of an agent, that is how it logs. */
static void reload(struct reload *again)
{
	notify_reloading();
	if (reload_read(again))
		reload_apply(again, NULL);
	notify_say("READY=1");
}

int agent_run_main(int argc, char **argv)
{
	struct arena arena = { 0 };
	struct fault f = { 0 };
	struct conf conf;
	struct agent *agent = NULL;
	struct tracing *tracing = NULL;
	struct reload *again = NULL;
	int left = 0;

	prctl(PR_SET_DUMPABLE, 0);
	enum rc rc = conf_load(argc - 1, argv + 1, &arena, &conf, &left, &f);
	if (rc == RC_OK && left < argc - 1)
		rc = fault_set(&f, RC_INVALID, "unknown word \"%.60s\"", argv[left + 1]);
	struct log log = logger_over(STDERR_FILENO, (enum log_level)conf.log.level, conf.log.format == 1);
	signals_block();
	const struct reload_conf how = { .argc = argc - 1, .argv = argv + 1, .conf = &conf, .log = &log };
	if (rc == RC_OK)
		rc = reload_new(&how, &again, &f);
	if (rc == RC_OK)
		rc = traces_start(&conf, &log, NULL, &tracing, &f);
	if (rc == RC_OK)
		rc = start(&conf, &log, traces_tracer(tracing), &agent, &f);
	if (rc == RC_OK) {
		log_info(&log, "agent started server=%s", conf.agent.server_url);
		notify_say("READY=1");
		while (signals_wait())
			reload(again);
		notify_say("STOPPING=1");
		agent_stop(agent);
		log_info(&log, "agent stopped");
	} else {
		fprintf(stderr, "footplate agent run: %s\n", *f.text ? f.text : rc_title(rc));
	}
	reload_free(again);
	traces_stop(tracing);
	arena_done(&arena);
	return rc == RC_OK ? 0 : rc == RC_INVALID ? 2 : 1;
}
