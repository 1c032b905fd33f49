#include "main/conf.h"
#include "agent/directory.h"
#include "flow/webhook.h"
#include "io/file.h"
#include "main/conf_people.h"
#include "wire/field_conf.h"
#include "wire/otlp.h"

#include <string.h>
#include <unistd.h>

/* NOLINTNEXTLINE(bugprone-macro-parentheses): names of members cannot stand in parentheses */
#define IN(section, member) .at = offsetof(struct conf, section.member) - offsetof(struct conf, section)

#define server_fields conf_server_fields /* conf_server.c */
#define agent_fields  conf_agent_fields  /* conf_agent.c */

static const struct field data_fields[] = {
	{ .name = "dir",
		.type = FIELD_STR,
		IN(data, dir),
		.def_text = "/var/lib/footplate",
		.doc = "Folder of the database, the master key and the first key." },
	{ .name = "master_key",
		.type = FIELD_STR,
		IN(data, master_key),
		.doc = "File of the master key. Else the systemd credential footplate-master-key, else "
		       "DIR/master.key." },
	{ 0 },
};

static const char *const kek_words[] = { "file", "pkcs11", "vault", NULL };
static const char *const memory_words[] = { "try", "keys", "all", NULL };

static const struct field kek_fields[] = {
	{ .name = "provider",
		.type = FIELD_ENUM,
		IN(kek, provider),
		.words = kek_words,
		.doc = "Who keeps the key-encryption keys: file (data.master_key), pkcs11 (a security module), or "
		       "vault "
		       "(HashiCorp Vault's transit engine). What a file's key wrapped before still opens with the "
		       "file." },
	{ .name = "memory",
		.type = FIELD_ENUM,
		IN(kek, memory),
		.words = memory_words,
		.doc = "Keeping secrets out of swap: try (keys, with a warning when the limit of locked memory is "
		       "too "
		       "small), keys (no start without), all (all memory of the process; no start without)." },
	{ .name = "pkcs11_module",
		.type = FIELD_STR,
		IN(kek, pkcs11_module),
		.doc = "The vendor's PKCS#11 library." },
	{ .name = "pkcs11_token",
		.type = FIELD_STR,
		IN(kek, pkcs11_token),
		.max = 32,
		.doc = "Label of the token." },
	{ .name = "pkcs11_key",
		.type = FIELD_STR,
		IN(kek, pkcs11_key),
		.def_text = "footplate-kek",
		.min = 1,
		.max = 63,
		.doc = "Label of the keys on the token, without the version: footplate-kek-1 is version 1." },
	{ .name = "pkcs11_pin_file",
		.type = FIELD_STR,
		IN(kek, pkcs11_pin_file),
		.doc = "File (0600) with the token's user PIN." },
	{ .name = "vault_url", .type = FIELD_STR, IN(kek, vault_url), .doc = "https://HOST:PORT of Vault." },
	{ .name = "vault_mount",
		.type = FIELD_STR,
		IN(kek, vault_mount),
		.def_text = "transit",
		.doc = "Where the transit engine is mounted." },
	{ .name = "vault_key",
		.type = FIELD_STR,
		IN(kek, vault_key),
		.def_text = "footplate",
		.doc = "Name of the key there; of type aes256-gcm96." },
	{ .name = "vault_namespace",
		.type = FIELD_STR,
		IN(kek, vault_namespace),
		.doc = "Namespace, if there are any." },
	{ .name = "vault_token_file",
		.type = FIELD_STR,
		IN(kek, vault_token_file),
		.doc = "File (0600) with the token; read for every call." },
	{ .name = "vault_ca_file",
		.type = FIELD_STR,
		IN(kek, vault_ca_file),
		.doc = "PEM file of the authorities to trust beside the system's." },
	{ 0 },
};

static const struct field database_fields[] = {
	{ .name = "url",
		.type = FIELD_STR,
		IN(database, url),
		.flags = FIELD_SECRET,
		.doc = "Where the database is: sqlite:///PATH, or postgresql://USER:PASSWORD@HOST:PORT/NAME. Else "
		       "the "
		       "file of url_file, else the systemd credential footplate-database-url, else SQLite in "
		       "data.dir/footplate.db." },
	{ .name = "url_file",
		.type = FIELD_STR,
		IN(database, url_file),
		.doc = "File (0600) with that URL, so that no password stands in the environment." },
	{ 0 },
};

static const struct field queue_fields[] = {
	{ .name = "url",
		.type = FIELD_STR,
		IN(queue, url),
		.flags = FIELD_SECRET,
		.doc = "NATS servers with JetStream, parted by commas, for several control planes on one database: "
		       "nats:// or tls://[USER:PASSWORD@]HOST:PORT. Without it bells stay in the process." },
	{ .name = "name",
		.type = FIELD_STR,
		IN(queue, name),
		.def_text = "footplate",
		.min = 1,
		.max = 60,
		.chars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-",
		.doc = "Name of the stream, and first word of its subjects: the same for all control planes of a "
		       "database, another for another database." },
	{ .name = "ca_file",
		.type = FIELD_STR,
		IN(queue, ca_file),
		.doc = "PEM file of the authorities to trust for tls://." },
	{ .name = "credentials",
		.type = FIELD_STR,
		IN(queue, credentials),
		.doc = "File with a NATS user's JWT and seed." },
	{ 0 },
};

static const struct field engine_fields[] = {
	{ .name = "lease_ms",
		.type = FIELD_U32,
		IN(engine, lease_ms),
		.min = 1000,
		.max = 600000,
		.def = 6000,
		.doc = "A task stays with a silent agent for." },
	{ .name = "heartbeat_ms",
		.type = FIELD_U32,
		IN(engine, heartbeat_ms),
		.min = 200,
		.max = 60000,
		.def = 2000,
		.doc = "An agent speaks every." },
	{ .name = "idempotency_hours",
		.type = FIELD_U32,
		IN(engine, idempotency_hours),
		.min = 1,
		.max = 720,
		.def = 24,
		.doc = "An answer is kept for its Idempotency-Key for." },
	{ .name = "events_keep",
		.type = FIELD_U32,
		IN(engine, events_keep),
		.min = 100,
		.def = 1000000,
		.doc = "Events kept in the log." },
	{ .name = "events_keep_hours",
		.type = FIELD_U32,
		IN(engine, events_keep_hours),
		.max = 87600,
		.def = 720,
		.doc = "An event is kept for at most; 0: until events_keep is reached." },
	{ .name = "jobs_keep_days",
		.type = FIELD_U32,
		IN(engine, jobs_keep_days),
		.max = 36500,
		.doc = "A job is kept after its end for, with its tasks, results and dead letters; 0: for ever." },
	{ 0 },
};

static const struct field steam_fields[] = {
	{ .name = "directory_url",
		.type = FIELD_STR,
		IN(steam, directory_url),
		.def_text = "https://api.steampowered.com/ISteamDirectory/GetCMListForConnect/v1/",
		.doc = "Where the list of connection managers is asked for." },
	{ .name = "ca_file",
		.type = FIELD_STR,
		IN(steam, ca_file),
		.doc = "PEM file of a further authority to trust, for a simulated Steam." },
	{ .name = "transport",
		.type = FIELD_ENUM,
		IN(steam, transport),
		.words = directory_transport_words,
		.doc = "How Steam's connection managers are reached." },
	{ .name = "public_key_file",
		.type = FIELD_STR,
		IN(steam, public_key_file),
		.doc = "PEM file of the public key of connection managers that are reached over TCP; for a "
		       "simulated Steam." },
	{ .name = "api_url",
		.type = FIELD_STR,
		IN(steam, api_url),
		.def_text = "https://api.steampowered.com",
		.doc = "Steam's Web API, without a slash at the end." },
	{ .name = "community_url",
		.type = FIELD_STR,
		IN(steam, community_url),
		.def_text = "https://steamcommunity.com",
		.doc = "Steam's community." },
	{ .name = "store_url",
		.type = FIELD_STR,
		IN(steam, store_url),
		.def_text = "https://store.steampowered.com",
		.doc = "Steam's store." },
	{ .name = "login_url",
		.type = FIELD_STR,
		IN(steam, login_url),
		.def_text = "https://login.steampowered.com",
		.doc = "Steam's page to log in." },
	{ .name = "pics_interval_ms",
		.type = FIELD_U32,
		IN(steam, pics_interval_ms),
		.def = 500,
		.doc = "At least this long between two requests of one session for whole product infos, twice that "
		       "for metadata. 0 is for a "
		       "simulated Steam only." },
	{ 0 },
};

static const struct field lanes_fields[] = {
	{ .name = "limits",
		.type = FIELD_STR,
		IN(lanes, limits),
		.def_text = "",
		.doc = "Other limits than the lanes' own: LANE=MILLISECONDS[/BURST[/PAUSE]], parted by commas, "
		       "such as "
		       "cm.login=20000,store.redeem=400000/4. The control plane and its agents each read their "
		       "own; an "
		       "agent's is for what one session does (cm.job, pics.changes, pics.info)." },
	{ .name = "unsafe",
		.type = FIELD_BOOL,
		IN(lanes, unsafe),
		.doc = "Lets `limits` be faster than Steam allows; 0 milliseconds are no limit. For a simulated "
		       "Steam "
		       "only." },
	{ 0 },
};

static const char *const level_words[] = { "error", "warn", "info", "debug", NULL };
static const char *const format_words[] = { "text", "json", NULL };

static const struct field log_fields[] = {
	{ .name = "level",
		.type = FIELD_ENUM,
		IN(log, level),
		.words = level_words,
		.def = 2,
		.doc = "error, warn, info or debug." },
	{ .name = "format",
		.type = FIELD_ENUM,
		IN(log, format),
		.words = format_words,
		.def = 0,
		.doc = "text or json." },
	{ 0 },
};

static const struct field trace_fields[] = {
	{ .name = "endpoint",
		.type = FIELD_STR,
		IN(trace, endpoint),
		.doc = "http(s)://HOST:PORT of an OpenTelemetry collector (OTLP/HTTP); /v1/traces is added. "
		       "Without "
		       "it no "
		       "spans are kept." },
	{ .name = "headers",
		.type = FIELD_STR,
		IN(trace, headers),
		.flags = FIELD_SECRET,
		.doc = "Sent to the collector: NAME=VALUE, parted by commas, percent-encoded." },
	{ .name = "headers_file", .type = FIELD_STR, IN(trace, headers_file), .doc = "File (0600) with the same." },
	{ .name = "ca_file",
		.type = FIELD_STR,
		IN(trace, ca_file),
		.doc = "PEM file of a further authority to trust for the collector." },
	{ .name = "protocol",
		.type = FIELD_ENUM,
		IN(trace, protocol),
		.words = otlp_form_words,
		.doc = "How spans are written." },
	{ .name = "service_name",
		.type = FIELD_STR,
		IN(trace, service_name),
		.def_text = "footplate",
		.doc = "What the collector calls this program." },
	{ .name = "sampler",
		.type = FIELD_ENUM,
		IN(trace, sampler),
		.words = trace_sampler_words,
		.doc = "Which traces are kept." },
	{ .name = "sampler_arg",
		.type = FIELD_STR,
		IN(trace, sampler_arg),
		.doc = "The share of traces, 0 to 1, for a sampler with a ratio." },
	{ .name = "timeout_ms",
		.type = FIELD_U32,
		IN(trace, timeout_ms),
		.min = 100,
		.max = 60000,
		.def = 10000,
		.doc = "The collector answers within." },
	{ 0 },
};

/* NOLINTBEGIN(bugprone-macro-parentheses): names of members */
#define SECTION(name_, doc_)                                                                                  \
	{                                                                                                     \
		.name = #name_, .type = FIELD_OBJ, .at = offsetof(struct conf, name_), .sub = name_##_fields, \
		.doc = doc_                                                                                   \
	}
/* NOLINTEND(bugprone-macro-parentheses) */
const struct field conf_fields[] = {
	SECTION(server, "The HTTP server of `footplate serve`."),
	SECTION(data, "What is kept."),
	SECTION(kek, "Who keeps the keys that secrets at rest are under."),
	SECTION(database, "Where it is kept."),
	SECTION(queue, "Bells between control planes."),
	SECTION(engine, "Jobs, leases, events."),
	SECTION(agent, "Agents, in this process and elsewhere."),
	SECTION(steam, "How agents reach Steam."),
	SECTION(lanes, "Rate lanes: how often Steam is called."),
	{ .name = "webhooks",
		.type = FIELD_OBJ,
		.at = offsetof(struct conf, webhooks),
		.sub = conf_webhooks_fields,
		.doc = "Webhooks: what is sent where, and how often." },
	{ .name = "audit",
		.type = FIELD_OBJ,
		.at = offsetof(struct conf, audit),
		.sub = conf_audit_fields,
		.doc = "The audit trail: its checkpoints, and how long records are kept." },
	{ .name = "people",
		.type = FIELD_OBJ,
		.at = offsetof(struct conf, people),
		.sub = conf_people_fields,
		.doc = "People: passwords, locks, fresh proofs." },
	{ .name = "downloads",
		.type = FIELD_OBJ,
		.at = offsetof(struct conf, downloads),
		.sub = conf_downloads_fields,
		.doc = "What was fetched: where it is kept." },
	{ .name = "updates",
		.type = FIELD_OBJ,
		.at = offsetof(struct conf, updates),
		.sub = conf_updates_fields,
		.doc = "What stores say of titles." },
	SECTION(log, "The log, on standard error."),
	SECTION(trace, "Traces, for an OpenTelemetry collector."),
	{ 0 },
};

/* A shorthand and the setting it stands for; without a value when `fixed` is given. */
static const struct {
	const char *flag, *key, *fixed;
} shorthands[] = {
	{ "--data", "data.dir", NULL },
	{ "--host", "server.host", NULL },
	{ "--port", "server.port", NULL },
	{ "--no-agent", "agent.embedded", "false" },
	{ "--server", "agent.server_url", NULL },
	{ "--token-file", "agent.token_file", NULL },
	{ "--log-level", "log.level", NULL },
};
#define SHORTHANDS (sizeof(shorthands) / sizeof(*shorthands))

/* Variables that other programs use for the same things. */
static const struct {
	const char *variable, *key;
} aliases[] = {
	{ "DATABASE_URL", "database.url" },
	{ "DATABASE_URL_FILE", "database.url_file" },
	{ "PORT", "server.port" },
	{ "LOG_LEVEL", "log.level" },
	{ "LOG_FORMAT", "log.format" },
	{ "NATS_URL", "queue.url" },
	{ "OTEL_EXPORTER_OTLP_CERTIFICATE", "trace.ca_file" },
	{ "OTEL_EXPORTER_OTLP_ENDPOINT", "trace.endpoint" },
	{ "OTEL_EXPORTER_OTLP_HEADERS", "trace.headers" },
	{ "OTEL_EXPORTER_OTLP_HEADERS_FILE", "trace.headers_file" },
	{ "OTEL_EXPORTER_OTLP_PROTOCOL", "trace.protocol" },
	{ "OTEL_EXPORTER_OTLP_TIMEOUT", "trace.timeout_ms" },
	{ "OTEL_SERVICE_NAME", "trace.service_name" },
	{ "OTEL_TRACES_SAMPLER", "trace.sampler" },
	{ "OTEL_TRACES_SAMPLER_ARG", "trace.sampler_arg" },
};

/* Flags with a value that are not settings. */
static const char *const others[] = { "--config", "--ready-file", "--set" };

const char *conf_flag(int argc, char **argv, const char *name)
{
	for (int i = 0; i + 1 < argc; i++)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	return NULL;
}

static const char *from_environment(const char *name) { return getenv(name); }

static enum rc load_file(const char *path, struct arena *a, struct conf *to, struct fault *f)
{
	struct buf text = { 0 };
	struct fault why = { 0 };
	enum rc rc = file_read(path, FIELD_CONF_MAX, &text, f);

	if (rc == RC_OK) {
		rc = field_conf_read(conf_fields, buf_text(&text), a, to, &why);
		if (rc != RC_OK)
			fault_set(f, rc, "%s: %s", path, why.text);
	}
	buf_done(&text);
	return rc;
}

/* Takes the first word and its value; *ret_n is how many words that were, 0 when it is no flag of ours. */
static enum rc take_flag(char **words, struct arena *a, struct conf *to, int *ret_n, struct fault *f)
{
	const char *value = words[1]; /* NULL at the end: argv ends in it */

	*ret_n = 0;
	for (size_t k = 0; k < SHORTHANDS; k++) {
		if (strcmp(words[0], shorthands[k].flag) != 0)
			continue;
		*ret_n = shorthands[k].fixed ? 1 : 2;
		value = shorthands[k].fixed ? shorthands[k].fixed : value;
		return value ? field_conf_set(conf_fields, shorthands[k].key, value, a, to, f)
			     : fault_set(f, RC_INVALID, "%s needs a value", words[0]);
	}
	for (size_t k = 0; k < sizeof(others) / sizeof(*others); k++)
		if (!strcmp(words[0], others[k])) {
			*ret_n = 2;
			return value ? RC_OK : fault_set(f, RC_INVALID, "%s needs a value", words[0]);
		}
	return RC_OK;
}

static bool has_password(const char *url)
{
	const char *at = strstr(url, "://");
	size_t n = at ? strcspn(at + 3, "/?") : 0;

	return strstr(url, "password=") ||
	       (at && memchr(at + 3, '@', n) && memchr(at + 3, ':', strcspn(at + 3, "@")));
}

static enum rc take_set(const char *text, struct arena *a, struct conf *to, struct fault *f)
{
	char *key = arena_str(a, text), *equals = key ? strchr(key, '=') : NULL;
	if (!equals)
		return fault_set(f, RC_INVALID, "--set wants section.key=value, not \"%.60s\"", text);
	*equals = 0;
	if (!strcmp(key, "database.url") && has_password(equals + 1))
		return fault_set(f, RC_INVALID,
			"others can read a command line: give a database URL with a password in DATABASE_URL, or "
			"in a "
			"file that database.url_file names");
	return field_conf_set(conf_fields, key, equals + 1, a, to, f);
}

enum rc conf_load(int argc, char **argv, struct arena *a, struct conf *ret, int *ret_left, struct fault *f)
{
	const char *path = conf_flag(argc, argv, "--config");
	enum rc rc = RC_OK;
	int i = 0, n = 0;

	*ret = (struct conf){ 0 };
	field_defaults(conf_fields, ret);
	if (!path && access("/etc/footplate/footplate.toml", R_OK) == 0)
		path = "/etc/footplate/footplate.toml";
	if (path)
		rc = load_file(path, a, ret, f);
	for (size_t k = 0; rc == RC_OK && k < sizeof(aliases) / sizeof(*aliases); k++) {
		const char *value = getenv(aliases[k].variable);
		if (value && *value)
			rc = field_conf_set(conf_fields, aliases[k].key, value, a, ret, f);
	}
	if (rc == RC_OK)
		rc = field_conf_env(conf_fields, from_environment, a, ret, f);
	for (; rc == RC_OK && i < argc; i += n) {
		rc = take_flag(argv + i, a, ret, &n, f);
		if (rc == RC_OK && n == 2 && !strcmp(argv[i], "--set"))
			rc = take_set(argv[i + 1], a, ret, f);
		if (n == 0)
			break;
	}
	*ret_left = i;
	memcpy(ret->kinds, lane_kinds, sizeof(ret->kinds));
	return rc == RC_OK ? lane_override(ret->kinds, ret->lanes.limits, ret->lanes.unsafe, f) : rc;
}
