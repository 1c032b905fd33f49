/*
 * control: everything a control plane holds, in one struct that is passed. main/ makes it and picks the drivers; control/life
 * brings it to life.
 *
 * Which thread owns what: the loop thread owns server, hub, feed and timers; the writer's one thread owns the write
 * connection; each reader has its own read connection. log, metrics, conf, routes and secrets do not change after the start.
 */
#pragma once

#include "base/rc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct audit_conf;
struct bells;
struct cleaner;
struct cluster;
struct cuts;
struct feed;
struct hub;
struct warden;
struct kek;
struct keyring;
struct lane_kind;
struct log;
struct loop;
struct loop_timer;
struct looks;
struct meters;
struct metrics;
struct moves_task;
struct placement_task;
struct pool;
struct proxies;
struct queue;
struct route;
struct refusals;
struct scan;
struct steward;
struct store;
struct sweep;
struct tracer;
struct twins;
struct tx;
struct waits;
struct web_limits;
struct web_server;
struct webhook_rules;
struct webhooks;

#define CONTROL_EPOCH_MAX 16
#define CONTROL_NAME_MAX  40 /* ID_MAX */

/* Made from the root secret at the start (control/secrets); never leaves the process. */
struct control_secrets {
	uint8_t pepper[32];      /* of key hashes */
	uint8_t cursor[32];      /* of page cursors */
	uint8_t sign_public[32]; /* Ed25519, proves the control plane to its agents */
	uint8_t sign_secret[32]; /* Ed25519 seed */
	uint8_t kek[32];         /* of the vault before its keys had versions: opens what was sealed then */
	uint8_t kek_name[4];     /* tells which that is, and so which root */
	uint8_t prints[32];      /* of fingerprints of secrets */
	uint8_t links[32];       /* of the tokens of links to artifacts */
	struct keyring *ring;    /* the vault's keys; NULL: there is only `kek` */
};

/* As configured; read by webhooks/webhook_rules. */
struct webhooks_conf {
	const char *plan, *allow_private, *ports; /* texts: see flow/webhook, wire/ip_block, io/http_guard */
	const char *ca_file;                      /* NULL: the system's authorities alone */
	uint32_t timeout_ms;                      /* of one attempt */
	uint32_t parallel;                        /* deliveries of one endpoint at once */
	int64_t keep_ms;                          /* a delivery that is over stays */
	int64_t overlap_ms;                       /* a rotated secret is used beside the new one */
};

/* As configured; read by audit/steward and audit/prune. */
struct audit_conf {
	uint32_t checkpoint_records, checkpoint_ms; /* a checkpoint after so many records, or so long */
	int64_t keep_ms;                            /* records are kept; 0: for ever */
	bool legal_hold;                            /* nothing is pruned, whatever keep_ms says */
	const char *file, *syslog, *url;            /* where checkpoints are told; NULL: nowhere */
};

/* As configured; see control/artifacts. */
struct artifacts_conf {
	const char *dir; /* of the store, io/blobs */
	uint32_t high_percent,
		low_percent; /* of the disk in use: it counts as full from high on, until below low */
	uint32_t grace_s;    /* content that nobody uses stays so long */
	uint64_t max_bytes;  /* that the store may take; 0: all of its disk */
};

/* Certificates of agents that connect (control/pki). */
enum control_certs {
	CONTROL_CERTS_OFF,      /* none is asked for */
	CONTROL_CERTS_OPTIONAL, /* one that is shown must be right */
	CONTROL_CERTS_REQUIRED,
};

struct control_conf {
	const char *data_dir;
	const char *host;
	uint16_t port;
	const char *node; /* machine and data folder: tells a restart from another control plane */
	const char *tls_cert, *tls_key;
	const char *trusted_proxies; /* blocks of addresses; see http/proxies */
	bool proxies_standard;       /* they write Forwarded, not X-Forwarded-For */
	uint32_t auth_failures;      /* of one address, a minute; 0: no limit */
	enum control_certs agent_certs;
	const char *cors_origins;  /* whose pages may use the API, parted by commas; NULL: none */
	uint32_t agent_cert_hours; /* how long an agent's certificate holds */
	int listener;              /* a socket that was handed over; 0: host and port are bound */
	uint32_t lease_ms;         /* how long a task stays with an agent that is silent */
	uint32_t heartbeat_ms;     /* how often an agent speaks */
	/* Changes of titles are asked for so often, and all of them looked at; 0: 5000, 900000. */
	uint32_t updates_tick_ms, updates_sweep_ms;
	uint32_t download_slots; /* transfers at once, over all agents; 0: DOWNLOAD_SLOTS */
	/* These, and lanes, may change: */
	_Atomic uint32_t idempotency_ms; /* how long an answer is kept for its key */
	_Atomic uint32_t event_keep;     /* events kept in the log */
	_Atomic int64_t event_keep_ms;   /* how long at most; 0: no such limit */
	_Atomic int64_t jobs_keep_ms;    /* how long a job is kept after its end; 0: for ever */
	const struct web_limits *limits;
	const struct webhooks_conf *webhooks;
	const struct artifacts_conf *artifacts;
	const struct audit_conf *audit;        /* NULL: the defaults, and no anchors */
	const struct people_rules *people;     /* see people/people_rules; NULL: its defaults */
	const struct lane_kind *_Atomic lanes; /* LANE_COUNT rows as configured; NULL: model/lanes.def */
};

struct control {
	const struct control_conf *conf;
	const struct log *log;
	struct metrics *metrics;
	struct tracer *tracer; /* keeps spans; NULL: nobody does */
	struct loop *loop;
	struct store *store;
	struct queue *queue;
	struct kek *kek;     /* wraps the vault's keys; the start, and then the thread of `warden` */
	struct kek *old_kek; /* the one that was used before; NULL: none */
	struct pool *readers, *slow_readers, *writer;
	struct web_server *server;
	struct cluster *cluster;   /* the other control planes on the database; loop thread */
	struct bells *bells;       /* what is told to them, and heard from them; writer's and loop thread */
	struct looks *looks;       /* what areas look at by themselves; loop thread */
	struct scan *scan;         /* what time and silence bring; loop thread */
	struct hub *hub;           /* agents connected now; loop thread */
	struct cuts *cuts;         /* ends what is open when its opener may no more; loop thread */
	struct feed *feed;         /* event subscribers; loop thread */
	struct proxies *proxies;   /* whose word on addresses counts */
	struct meters *meters;     /* limits of those who call, and their use; any thread */
	struct waits *waits;       /* requests that wait for a job's end; loop thread */
	struct twins *twins;       /* requests held back behind one with the same Idempotency-Key; loop thread */
	struct webhooks *webhooks; /* loop thread */
	const struct webhook_rules *webhook_rules;
	struct cleaner *cleaner;   /* of what was fetched; loop thread */
	struct sweep *sweep;       /* loop thread */
	struct warden *warden;     /* loop thread */
	struct steward *steward;   /* of the audit trail; loop thread */
	struct refusals *refusals; /* of calls, for the audit trail; made by steward; loop thread */
	struct control_secrets secrets;
	char epoch[CONTROL_EPOCH_MAX];      /* of the event log: made with the database */
	char instance_id[CONTROL_NAME_MAX]; /* of this run of this control plane, see cluster/instances */
	int64_t started_ms;
	const struct route *const *routes; /* the API: tables of rows, see http/route.h */
	/* A task that is somebody's (moves_task.owner) has moved: folded in, in the same transaction. NULL: nobody owns any. */
	enum rc (*owned)(struct tx *tx, const struct moves_task *t);
	/* Such a task told how far it is: a JSON object, checked. No event is made of it but what the owner makes. NULL: nobody asks. */
	enum rc (*owned_progress)(struct tx *tx, const struct moves_task *t, const char *data);
	/* Such a task is about to be handed out: its owner may say to whom not. NULL: to anybody. */
	enum rc (*owned_place)(struct tx *tx, const char *owner, struct placement_task *to);
	/* Updates are looked at so many milliseconds from now at the latest (hub/looks). Any thread. NULL: there is no scan. */
	void (*look_within)(struct control *c, uint32_t ms);
	/* Told by the writer what a batch has to tell (the flags of struct tx), inside its transaction. Writer's thread. */
	enum rc (*committing)(struct tx *told);
	/* Told by the writer after a commit what there is now: see the flags of struct tx. Writer's thread. */
	void (*committed)(struct control *c, const struct tx *told);
	_Atomic int64_t audited;  /* records of the audit trail, as far as this control plane wrote them */
	_Atomic int written;      /* enum rc of the writer's last commit */
	_Atomic int inflight;     /* requests without an answer */
	_Atomic bool clock_moved; /* the wall clock was set between two writes: the scan of leases takes the word */
	_Atomic bool others;      /* control planes are beside this one on the database */
	_Atomic bool storage_full; /* the disk of the store, see artifacts/storage */
	_Atomic uint64_t
		storage_bytes; /* that the store takes, as it was counted last; with artifacts_conf.max_bytes */
	_Atomic bool draining; /* readyz says no, new work is refused */
};
