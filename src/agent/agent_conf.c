#include "agent/agent_conf.h"
#include "agent/runs.h"
#include "agent/shop_login.h"
#include "base/arena.h"
#include "io/file.h"
#include "wire/shop_code.h"

#include <string.h>

#define KEY_FILE_MAX 65536

static const char *or_text(struct arena *keep, const char *s, const char *other)
{
	return arena_str(keep, s ? s : other);
}

static enum rc copy_steam(const struct agent_conf *conf, const struct agent_conf_copy *to, struct fault *f)
{
	struct agent_conf *c = to->conf;
	struct buf key = { 0 };
	enum rc rc = RC_OK;

	c->steam_directory_url = or_text(to->keep, conf->steam_directory_url, AGENT_STEAM_DIRECTORY_URL);
	c->steam_api_url = or_text(to->keep, conf->steam_api_url, AGENT_STEAM_API_URL);
	c->steam_community_url = or_text(to->keep, conf->steam_community_url, AGENT_STEAM_COMMUNITY_URL);
	c->steam_store_url = or_text(to->keep, conf->steam_store_url, AGENT_STEAM_STORE_URL);
	c->steam_login_url = or_text(to->keep, conf->steam_login_url, AGENT_STEAM_LOGIN_URL);
	c->steam_ca_file = arena_str(to->keep, conf->steam_ca_file);
	if (conf->steam_public_key_file)
		rc = file_read(conf->steam_public_key_file, KEY_FILE_MAX, &key, f);
	if (rc == RC_OK && conf->steam_public_key_file)
		*to->key = arena_str(to->keep, buf_text(&key));
	buf_done(&key);
	if (rc != RC_OK)
		return rc;
	bool whole = c->steam_directory_url && c->steam_api_url && c->steam_community_url && c->steam_store_url &&
		     c->steam_login_url && (*to->key || !conf->steam_public_key_file);
	return whole ? RC_OK : RC_NOMEM;
}

/* ---- the other stores ---- */

static const char *page_of(
	const struct shop_login_conf *of, const struct agent_shop_words *w, const char *real, struct arena *keep)
{
	const struct shop_code_page page = { w->login_url ? w->login_url : real, w->client_id, of->redirect };
	struct buf b = { 0 };

	shop_code_page(of->form, &page, &b);
	const char *text = b.bad ? NULL : arena_str(keep, buf_text(&b));
	buf_done(&b);
	return text;
}

static bool has(const char *word) { return word && *word; }

static enum rc log_in(const struct agent_shop_words *w, const struct shop_login_conf *of, struct arena *keep,
	struct shop_login **ret, struct fault *f)
{
	struct hush secret = { 0 }, refresh = { 0 };
	struct shop_login_conf how = *of;
	enum rc rc = RC_OK;

	how.url = or_text(keep, w->token_url, of->url);
	how.redirect = or_text(keep, w->redirect_url, of->redirect);
	how.client_id = arena_str(keep, w->client_id);
	how.client_secret = &secret;
	how.refresh = &refresh;
	if (w->client_secret)
		rc = hush_set(&secret, w->client_secret, strlen(w->client_secret));
	if (rc == RC_OK && w->refresh_token)
		rc = hush_set(&refresh, w->refresh_token, strlen(w->refresh_token));
	if (rc == RC_OK)
		rc = how.url && how.redirect ? shop_login_new(&how, ret, f) : RC_NOMEM;
	hush_done(&secret);
	hush_done(&refresh);
	return rc;
}

static enum rc log_in_all(const struct agent_shops *from, const struct agent_conf_copy *to, struct fault *f)
{
	const struct agent_shop_words *at_epic = &from->epic_words, *at_gog = &from->gog_words;
	struct agent_shops *s = to->shops;
	struct shop_login_conf epic = { .name = "epic",
		.form = SHOP_TOKEN_EPIC,
		.url = AGENT_EPIC_TOKEN_URL,
		.redirect = "",
		.dir = to->conf->data_dir,
		.secret = to->secret,
		.ca_file = s->ca_file,
		.http_proxy = s->http_proxy,
		.log = to->conf->log,
		.tell = to->tell,
		.ctx = to->tell_ctx,
		.access = &s->epic_token };
	struct shop_login_conf gog = epic;
	enum rc rc = RC_OK;

	gog.name = "gog";
	gog.form = SHOP_TOKEN_GOG;
	gog.url = AGENT_GOG_TOKEN_URL;
	gog.redirect = at_gog->redirect_url ? at_gog->redirect_url : AGENT_GOG_REDIRECT_URL;
	gog.access = &s->gog_token;
	if (has(at_epic->client_id) || has(at_epic->refresh_token))
		rc = log_in(at_epic, &epic, to->keep, &s->epic, f);
	if (rc == RC_OK && (has(at_gog->client_id) || has(at_gog->refresh_token)))
		rc = log_in(at_gog, &gog, to->keep, &s->gog, f);
	if (rc == RC_OK && s->epic)
		s->epic_page = page_of(&epic, at_epic, AGENT_EPIC_LOGIN_URL, to->keep);
	if (rc == RC_OK && s->gog)
		s->gog_page = page_of(&gog, at_gog, AGENT_GOG_LOGIN_URL, to->keep);
	if (rc == RC_OK && ((s->epic && !s->epic_page) || (s->gog && !s->gog_page)))
		rc = RC_NOMEM;
	return rc;
}

static enum rc copy_shops(const struct agent_conf *conf, const struct agent_conf_copy *to, struct fault *f)
{
	static const struct agent_shops none = { 0 };
	const struct agent_shops *from = conf->shops ? conf->shops : &none;
	struct agent_shops *s = to->shops;

	s->epic_launcher_url = or_text(to->keep, from->epic_launcher_url, AGENT_EPIC_LAUNCHER_URL);
	s->epic_catalog_url = or_text(to->keep, from->epic_catalog_url, AGENT_EPIC_CATALOG_URL);
	s->gog_content_url = or_text(to->keep, from->gog_content_url, AGENT_GOG_CONTENT_URL);
	s->gog_api_url = or_text(to->keep, from->gog_api_url, AGENT_GOG_API_URL);
	s->ca_file = arena_str(to->keep, conf->steam_ca_file);
	s->http_proxy = arena_str(to->keep, conf->http_proxy);
	if (!s->epic_launcher_url || !s->epic_catalog_url || !s->gog_content_url || !s->gog_api_url)
		return RC_NOMEM;
	enum rc rc = hush_set(&s->epic_token, from->epic_token.p, from->epic_token.n);
	if (rc == RC_OK)
		rc = hush_set(&s->gog_token, from->gog_token.p, from->gog_token.n);
	return rc == RC_OK ? log_in_all(from, to, f) : rc;
}

/* ---- all of it ---- */

enum rc agent_conf_copy(const struct agent_conf *conf, const struct agent_conf_copy *to, struct fault *f)
{
	struct agent_conf *c = to->conf;

	if (!conf->server_url || !conf->data_dir || !conf->version)
		return fault_set(
			f, RC_INVALID, "an agent needs the control plane's URL, a data folder and a version");
	*c = *conf;
	c->token = NULL;
	c->shops = NULL;
	c->server_url = arena_str(to->keep, conf->server_url);
	c->data_dir = arena_str(to->keep, conf->data_dir);
	c->version = arena_str(to->keep, conf->version);
	c->ca_file = arena_str(to->keep, conf->ca_file);
	c->http_proxy = arena_str(to->keep, conf->http_proxy);
	c->tasks = conf->tasks ? conf->tasks : AGENT_TASKS_DEFAULT;
	c->artifacts_dir = arena_str(to->keep, conf->artifacts_dir);
	c->cache_dir = conf->cache_dir ? arena_str(to->keep, conf->cache_dir)
				       : arena_fmt(to->keep, "%s/content", conf->data_dir);
	if (!c->cache_dir || !c->server_url || !c->data_dir || !c->version ||
		(conf->artifacts_dir && !c->artifacts_dir))
		return RC_NOMEM;
	if (c->tasks > RUNS_TASKS_MAX)
		return fault_set(
			f, RC_INVALID, "an agent runs at most %d tasks at once, not %u", RUNS_TASKS_MAX, c->tasks);
	enum rc rc = copy_steam(conf, to, f);
	if (rc == RC_OK)
		rc = copy_shops(conf, to, f);
	return rc == RC_OK ? file_mkdirs(c->data_dir, 0700, f) : rc;
}

void agent_conf_done(struct agent_shops *s)
{
	shop_login_free(take(s->epic));
	shop_login_free(take(s->gog));
	hush_done(&s->epic_token);
	hush_done(&s->gog_token);
}
