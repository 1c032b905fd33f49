/*
 * conf: everything that can be set, in one table; see docs/generated/config.md. A flag goes before the environment, that
 * before the file, that before the default.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"
#include "main/conf_people.h"
#include "model/lane.h"

/* conf_agent.c: how the agent's login at a store is renewed. */
struct conf_shop {
	const char *token_url, *client_id, *client_secret, *refresh_token, *login_url, *redirect_url;
};

/* conf_downloads.c */
struct conf_downloads {
	const char *dir;
	uint32_t high_percent, max_mib, low_percent, grace_s;
	const char *cache_dir;
	uint32_t cache_mib, cache_percent, node_mbit, slots;
};

struct conf {
	struct {
		const char *host, *tls_cert, *tls_key, *cors_origins, *trusted_proxies;
		uint32_t port, connections, body_bytes, header_bytes, head_ms, body_ms, idle_ms, agent_cert_hours,
			per_address;
		int proxy_header;
		uint32_t auth_failures;
		int agent_certs;
	} server;
	struct {
		const char *dir, *master_key;
	} data;
	struct {
		int provider, memory;
		const char *pkcs11_module, *pkcs11_token, *pkcs11_key, *pkcs11_pin_file;
		const char *vault_url, *vault_mount, *vault_key, *vault_namespace, *vault_token_file,
			*vault_ca_file;
	} kek;
	struct {
		const char *url, *url_file;
	} database;
	struct {
		const char *url, *name, *ca_file, *credentials;
	} queue;
	struct {
		uint32_t lease_ms, heartbeat_ms, idempotency_hours, events_keep, events_keep_hours, jobs_keep_days;
	} engine;
	struct {
		bool embedded;
		const char *region, *server_url, *ca_file, *http_proxy, *token_file, *dir;
		const char *epic_launcher_url, *epic_catalog_url, *gog_content_url, *gog_api_url;
		const char *epic_token, *gog_token;
		struct conf_shop epic, gog;
		uint32_t tasks, downloads;
	} agent;
	struct conf_downloads downloads;
	struct {
		const char *directory_url, *ca_file, *public_key_file;
		const char *api_url, *community_url, *store_url, *login_url;
		int transport;
		uint32_t pics_interval_ms;
	} steam;
	struct {
		const char *limits;
		bool unsafe;
	} lanes;
	struct {
		const char *retry_s, *allow_private, *ports, *ca_file;
		uint32_t timeout_ms, parallel, keep_hours, overlap_hours;
	} webhooks;
	struct {
		uint32_t checkpoint_records, checkpoint_s, keep_days;
		bool legal_hold;
		const char *anchor_file, *anchor_syslog, *anchor_url;
	} audit;
	struct {
		uint32_t tick_ms, sweep_s;
	} updates;
	struct conf_people people;
	struct {
		int level, format;
	} log;
	struct {
		const char *endpoint, *headers, *headers_file, *ca_file, *service_name, *sampler_arg;
		int protocol, sampler;
		uint32_t timeout_ms;
	} trace;
	struct lane_kind kinds[LANE_COUNT]; /* the lanes as `lanes` makes them; no setting of its own */
};

enum conf_kek { CONF_KEK_FILE, CONF_KEK_PKCS11, CONF_KEK_VAULT };
enum conf_memory { CONF_MEMORY_TRY, CONF_MEMORY_KEYS, CONF_MEMORY_ALL };

extern const struct field conf_fields[], conf_server_fields[]; /* conf_server.c: those of `server` */
extern const struct field conf_audit_fields[];                 /* conf_audit.c: those of `audit` */
extern const struct field conf_agent_fields[];
extern const struct field conf_downloads_fields[];
extern const struct field conf_updates_fields[];
extern const struct field conf_webhooks_fields[];

/*
 * What stands on the command line of `footplate serve`, `agent run` and `server …`: --config FILE, --set section.key=value,
 * and the shorthands of CONF_HELP. *ret_left is the first word that is none of these (argc when all are).
 */
must_check enum rc conf_load(
	int argc, char **argv, struct arena *a, struct conf *ret, int *ret_left, struct fault *f);

/* The value of a flag that is not a setting ("--ready-file"), or NULL. */
const char *conf_flag(int argc, char **argv, const char *name);

/* What conf_load takes, for help: lines of "--name VALUE", a tab, and a sentence. */
#define CONF_HELP                                                                                     \
	"--config FILE\tConfiguration file; /etc/footplate/footplate.toml when it is there.\n"        \
	"--set SECTION.KEY=VALUE\tAny setting; docs/generated/config.md lists them.\n"                \
	"--data DIR\tFolder of the database and keys (data.dir).\n"                                   \
	"--host ADDRESS\tAddress to listen on (server.host).\n"                                       \
	"--port N\tPort to listen on, 0 for any (server.port).\n"                                     \
	"--no-agent\tserve: without the in-process agent (agent.embedded).\n"                         \
	"--server URL\tagent run: the control plane (agent.server_url).\n"                            \
	"--token-file FILE\tagent run: the enrolment token, at the first start (agent.token_file).\n" \
	"--log-level LEVEL\terror, warn, info or debug (log.level).\n"                                \
	"--ready-file FILE\tserve: written when ready: {\"url\":…,\"keyFile\":…}.\n"
