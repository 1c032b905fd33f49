/*
 * agent_conf: how an agent is configured, and the copy of that which it works with: nothing of it is the caller's any more. Part of agent.
 */
#pragma once

#include "base/fault.h"
#include "base/hush.h"
#include "base/log.h"
#include "base/own.h"

#include <stdint.h>

struct arena;
struct lane_kind;
struct tracer;

#define AGENT_TASKS_DEFAULT       16
#define AGENT_STEAM_DIRECTORY_URL "https://api.steampowered.com/ISteamDirectory/GetCMListForConnect/v1/"
#define AGENT_STEAM_API_URL       "https://api.steampowered.com"
#define AGENT_STEAM_COMMUNITY_URL "https://steamcommunity.com"
#define AGENT_STEAM_STORE_URL     "https://store.steampowered.com"
#define AGENT_STEAM_LOGIN_URL     "https://login.steampowered.com"

#define AGENT_EPIC_LAUNCHER_URL "https://launcher-public-service-prod06.ol.epicgames.com"
#define AGENT_EPIC_CATALOG_URL  "https://catalog-public-service-prod06.ol.epicgames.com"
#define AGENT_EPIC_TOKEN_URL    "https://account-public-service-prod03.ol.epicgames.com/account/api/oauth/token"
#define AGENT_GOG_TOKEN_URL     "https://auth.gog.com/token"
#define AGENT_EPIC_LOGIN_URL    "https://www.epicgames.com/id"
#define AGENT_GOG_LOGIN_URL     "https://auth.gog.com/auth"
#define AGENT_GOG_REDIRECT_URL  "https://embed.gog.com/on_login_success?origin=client"
#define AGENT_GOG_CONTENT_URL   "https://content-system.gog.com"
#define AGENT_GOG_API_URL       "https://api.gog.com"

/* Without a client and a refresh token there is no login; an address that is NULL: the real one. */
struct agent_shop_words {
	const char *token_url, *client_id, *client_secret, *refresh_token;
	const char *login_url;    /* the page where people log in, see wire/shop_code.h */
	const char *redirect_url; /* GOG: where it leads to */
};

/* Epic and GOG: where they are, and the login that the agent has there. */
struct agent_shops {
	/* Each without a slash at its end; NULL: the real ones. */
	const char *epic_launcher_url, *epic_catalog_url, *gog_content_url, *gog_api_url;
	struct hush epic_token, gog_token; /* bearer tokens; empty: none */
	/* How they are renewed; in the configuration the words, in the agent the logins. NULL: they are not. */
	struct agent_shop_words epic_words, gog_words;
	struct shop_login *epic, *gog;
	const char *epic_page, *gog_page; /* the same: what people open to log the agent in */
	const char *ca_file;              /* PEM beside the system's; NULL: none */
	const char *http_proxy;           /* [USER:PASSWORD@]HOST:PORT; NULL: none */
};

struct agent_conf {
	const char *server_url;   /* http(s)://HOST:PORT of the control plane */
	const struct hush *token; /* one-time enrolment token; NULL when it is enrolled */
	const char *data_dir;     /* made when it is not there */
	const char *version;      /* of this program */
	const char
		*artifacts_dir; /* the control plane's store, when this agent shares its disk; NULL: it does not */
	uint32_t tasks;         /* at once, 1 to 256; 0: AGENT_TASKS_DEFAULT */
	uint32_t downloads;     /* of these; 0: as many */
	const char *steam_directory_url; /* NULL: AGENT_STEAM_DIRECTORY_URL */
	/* Each without a slash at its end; NULL: the real ones. */
	const char *steam_api_url, *steam_community_url, *steam_store_url, *steam_login_url;
	const char *steam_public_key_file; /* PEM of Steam's servers over TCP; NULL: Steam's own */
	int steam_transport;               /* of directory_transport_words: websocket, tcp, any */
	const char *ca_file;               /* PEM beside the system's, for the control plane; NULL: none */
	const char *steam_ca_file;         /* the same for Steam (a simulated one) */
	const char *http_proxy;            /* [USER:PASSWORD@]HOST:PORT; NULL: none */
	const struct agent_shops *shops;   /* NULL: the real ones, without a login; copied */
	uint32_t pics_interval_ms;         /* between two requests for whole product infos; 0: no limit */
	const struct lane_kind *lanes;     /* LANE_COUNT rows, for sessions; NULL: model/lanes.def; copied */
	const char *cache_dir;             /* of what it fetched; NULL: data_dir/content */
	uint32_t cache_mib;                /* of all that is kept there; 0: no limit but the disk's */
	uint32_t cache_percent;            /* how full its disk may get; 0: 90 */
	uint32_t node_mbit;                /* a second, of all its downloads; 0: no limit */
	const struct log *log;             /* must outlive the agent */
	struct tracer *tracer;             /* the same; NULL: nobody keeps spans */
};

/* Where the copy goes. */
struct agent_conf_copy {
	struct arena *keep;      /* of all texts */
	struct agent_conf *conf; /* without the token, the shops */
	struct agent_shops *shops;
	const char **key;      /* Steam's public key, or NULL */
	const uint8_t *secret; /* the agent's, which stays where it is: what is kept of logins is sealed with it */
	void (*tell)(
		void *ctx, const char *store, int state, const char *why); /* see shop_login_conf; NULL: nobody */
	void *tell_ctx;
};

/* Makes the data folder. On failure agent_conf_done as well. RC_INVALID: a word of the configuration is missing. */
must_check enum rc agent_conf_copy(
	const struct agent_conf *conf, const struct agent_conf_copy *to, struct fault *f);
void agent_conf_done(struct agent_shops *s); /* ends the logins, and wipes */
