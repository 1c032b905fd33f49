/*
 * agent: an agent as a whole, on a thread of its own with a loop of its own: in the process of the control plane or alone. Several
 * may run in one process, each with its own data folder. No globals.
 *
 * It enrols when its folder holds no identity (with the token; again and again until that works), connects to its control plane,
 * keeps connected, and runs tasks. What ended and was not acknowledged survives it in the folder's journal.
 */
#pragma once

#include "base/fault.h"
#include "base/hush.h"
#include "base/log.h"
#include "base/own.h"

#include <stdint.h>

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
#define AGENT_GOG_CONTENT_URL   "https://content-system.gog.com"
#define AGENT_GOG_API_URL       "https://api.gog.com"

/* Epic and GOG: where they are, and the login that the agent has there. */
struct agent_shops {
	/* Each without a slash at its end; NULL: the real ones. */
	const char *epic_launcher_url, *epic_catalog_url, *gog_content_url, *gog_api_url;
	struct hush epic_token, gog_token; /* bearer tokens; empty: none */
	const char *ca_file;               /* PEM beside the system's; NULL: none */
	const char *http_proxy;            /* [USER:PASSWORD@]HOST:PORT; NULL: none */
};

struct agent_conf {
	const char *server_url;   /* http(s)://HOST:PORT of the control plane */
	const struct hush *token; /* one-time enrolment token; NULL when it is enrolled */
	const char *data_dir;     /* made when it is not there */
	const char *version;      /* of this program */
	const char
		*artifacts_dir; /* the control plane's store, when this agent shares its disk; NULL: it does not */
	uint32_t tasks;         /* at once, 1 to 256; 0: AGENT_TASKS_DEFAULT */
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

struct agent;

/* Starts the thread and comes back; all of conf but the log is copied. Fails when the folder or the journal cannot be used. */
must_check enum rc agent_start(const struct agent_conf *conf, struct agent **ret_agent, struct fault *f);

/*
 * Takes no more tasks, cancels those that run (they are told as failed, to be tried again), logs its sessions off, says
 * goodbye, ends the thread, frees all. Any thread but the agent's own; waits some seconds at most, when others do not answer.
 */
void agent_stop(struct agent *a);
