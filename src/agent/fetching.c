#include "agent/fetching.h"

#include "agent/content/cdn.h"
#include "agent/content/fetch_env.h"
#include "agent/content/fetch_home.h"
#include "agent/content/pace.h"
#include "io/blobs.h"

#include <stdio.h>

#define PATH_MAX_N 4300

static enum rc make_publish(const struct fetching_conf *conf, struct fetching *x)
{
	char *dir = malloc(PATH_MAX_N);

	x->publish = calloc(1, sizeof(*x->publish));
	if (!dir || !x->publish) {
		free(dir);
		return RC_NOMEM;
	}
	snprintf(dir, PATH_MAX_N, "%s/publish", conf->data_dir);
	*x->publish = (struct publish_conf){ .store = conf->artifacts_dir,
		.work_dir = dir,
		.server_url = conf->server_url,
		.ca_file = conf->server_ca_file,
		.http_proxy = conf->http_proxy };
	if (!conf->artifacts_dir)
		blobs_arrivals_drop(dir); /* listings and packages of before the agent was killed */
	return RC_OK;
}

void fetching_lend(const struct fetching *x, struct action_task *t)
{
	t->content = x->content;
	t->cdn = x->cdn;
	t->pace = x->pace;
	t->env = x->env;
	t->publish = x->publish;
}

enum rc fetching_init(const struct fetching_conf *conf, struct fetching *ret, struct fault *f)
{
	const struct fetch_home_conf home = { .folder = conf->cache_dir,
		.bytes_max = (uint64_t)conf->cache_mib << 20,
		.percent_max = conf->cache_percent,
		.log = conf->log };

	enum rc rc = steam_content_new(&ret->content, f);
	if (rc != RC_OK)
		return rc;
	const struct cdn_conf cdn = {
		.content = ret->content, .log = conf->log, .ca_file = conf->ca_file, .http_proxy = conf->http_proxy
	};
	rc = cdn_new(&cdn, &ret->cdn, f);
	if (rc == RC_OK)
		rc = pace_new(&ret->pace, f);
	if (rc == RC_OK)
		rc = make_publish(conf, ret);
	if (rc != RC_OK)
		return rc;
	pace_node(ret->pace, (uint64_t)conf->node_mbit * 1000000);
	ret->env = calloc(1, sizeof(*ret->env));
	if (!ret->env)
		return RC_NOMEM;
	*ret->env = (struct fetch_env){ .ca_file = conf->ca_file, .http_proxy = conf->http_proxy };
	return fetch_home_new(&home, &ret->env->home, f);
}

void fetching_done(struct fetching *x)
{
	cdn_free(x->cdn);
	pace_free(x->pace);
	steam_content_free(x->content);
	if (x->env)
		fetch_home_free(x->env->home);
	free(x->env);
	if (x->publish)
		free((char *)x->publish->work_dir);
	free(x->publish);
	*x = (struct fetching){ 0 };
}
