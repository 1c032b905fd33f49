#include "main/inner_agent.h"
#include "agent/agent.h"
#include "base/hush.h"
#include "control/control.h"
#include "control/fleet/invite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum rc inner_agent_start(
	const struct conf *conf, struct control *c, const char *url, struct agent **ret_agent, struct fault *f)
{
	struct hush token = { 0 };
	char dir[4200], identity[4300];

	if (conf->agent.dir)
		snprintf(dir, sizeof(dir), "%s", conf->agent.dir);
	else
		snprintf(dir, sizeof(dir), "%s/agent", conf->data.dir);
	snprintf(identity, sizeof(identity), "%s/identity.json", dir);
	enum rc rc = access(identity, F_OK) != 0 ? invite_agent(c, conf->agent.region, &token, f) : RC_OK;
	const char *epic = conf->agent.epic_token, *gog = conf->agent.gog_token;
	const struct agent_shops shops = {
		.epic_launcher_url = conf->agent.epic_launcher_url,
		.epic_catalog_url = conf->agent.epic_catalog_url,
		.gog_content_url = conf->agent.gog_content_url,
		.gog_api_url = conf->agent.gog_api_url,
		.epic_token = { (uint8_t *)epic, epic ? strlen(epic) : 0 },
		.gog_token = { (uint8_t *)gog, gog ? strlen(gog) : 0 },
		.epic_words = { conf->agent.epic.token_url, conf->agent.epic.client_id,
			conf->agent.epic.client_secret, conf->agent.epic.refresh_token, conf->agent.epic.login_url,
			NULL },
		.gog_words = { conf->agent.gog.token_url, conf->agent.gog.client_id, conf->agent.gog.client_secret,
			conf->agent.gog.refresh_token, conf->agent.gog.login_url, conf->agent.gog.redirect_url },
	};
	const struct agent_conf how = {
		.server_url = url,
		.token = token.n ? &token : NULL,
		.data_dir = dir,
		.version = FOOTPLATE_VERSION,
		.artifacts_dir = c->conf->artifacts->dir,
		.tasks = conf->agent.tasks,
		.downloads = conf->agent.downloads,
		.cache_dir = conf->downloads.cache_dir,
		.cache_mib = conf->downloads.cache_mib,
		.cache_percent = conf->downloads.cache_percent,
		.node_mbit = conf->downloads.node_mbit,
		.steam_directory_url = conf->steam.directory_url,
		.ca_file = conf->agent.ca_file,
		.steam_ca_file = conf->steam.ca_file,
		.http_proxy = conf->agent.http_proxy,
		.steam_api_url = conf->steam.api_url,
		.steam_community_url = conf->steam.community_url,
		.steam_store_url = conf->steam.store_url,
		.steam_login_url = conf->steam.login_url,
		.steam_public_key_file = conf->steam.public_key_file,
		.steam_transport = conf->steam.transport,
		.lanes = conf->kinds,
		.pics_interval_ms = conf->steam.pics_interval_ms,
		.shops = &shops,
		.log = c->log,
		.tracer = c->tracer,
	};
	if (rc == RC_OK)
		rc = agent_start(&how, ret_agent, f);
	hush_done(&token);
	return rc;
}

void inner_agent_stop(struct agent *a) { agent_stop(a); }
