-- Foundations: jobs and tasks, the fleet, keys, events, audit, idempotency.
-- Moments are milliseconds since 1970; a flag is 0 or 1; JSON is text. $SERIAL is a row number that grows.

CREATE TABLE meta (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

CREATE TABLE regions (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	labels TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE agents (
	id TEXT PRIMARY KEY,
	region_id TEXT NOT NULL REFERENCES regions (id),
	public_key TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL,
	version TEXT NOT NULL,
	capabilities TEXT NOT NULL,
	boot_id TEXT NOT NULL,
	last_seen_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE join_tokens (
	hash TEXT PRIMARY KEY,
	region_id TEXT NOT NULL REFERENCES regions (id),
	expires_at BIGINT NOT NULL,
	used_at BIGINT NOT NULL,
	agent_id TEXT,
	created_at BIGINT NOT NULL
);

CREATE TABLE accounts (
	id TEXT PRIMARY KEY,
	login TEXT NOT NULL UNIQUE,
	region_hint TEXT,
	agent_id TEXT, -- the agent that has its Steam session: its tasks go there while that agent is connected
	labels TEXT NOT NULL,
	enabled BIGINT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	hash TEXT NOT NULL UNIQUE,
	prefix TEXT NOT NULL,
	last4 TEXT NOT NULL,
	scopes TEXT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE jobs (
	id TEXT PRIMARY KEY,
	action TEXT NOT NULL,
	status TEXT NOT NULL,
	priority BIGINT NOT NULL,
	payload TEXT NOT NULL,
	total BIGINT NOT NULL,
	queued BIGINT NOT NULL,
	running BIGINT NOT NULL,
	succeeded BIGINT NOT NULL,
	failed BIGINT NOT NULL,
	canceled BIGINT NOT NULL,
	parent_job_id TEXT,
	created_by TEXT NOT NULL,
	trace_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	finished_at BIGINT NOT NULL
);

CREATE TABLE tasks (
	id TEXT PRIMARY KEY,
	job_id TEXT NOT NULL REFERENCES jobs (id),
	action TEXT NOT NULL,
	account_id TEXT,
	region_id TEXT,
	status TEXT NOT NULL,
	priority BIGINT NOT NULL,
	attempt BIGINT NOT NULL,
	max_attempts BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	agent_id TEXT,
	nonce TEXT,
	lease_until BIGINT NOT NULL,
	cancel_asked BIGINT NOT NULL,
	result TEXT,
	error TEXT,
	created_at BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	finished_at BIGINT NOT NULL
);
CREATE INDEX tasks_of_job ON tasks (job_id, id);
CREATE INDEX tasks_queued ON tasks (priority DESC, id) WHERE status = 'queued';
CREATE INDEX tasks_held ON tasks (agent_id) WHERE status IN ('leased', 'running');
CREATE INDEX tasks_held_account ON tasks (account_id) WHERE status IN ('leased', 'running');

CREATE TABLE events (
	pos $SERIAL,
	ts BIGINT NOT NULL,
	type TEXT NOT NULL,
	job_id TEXT,
	task_id TEXT,
	account_id TEXT,
	region_id TEXT,
	data TEXT NOT NULL
);
CREATE INDEX events_of_job ON events (job_id, pos) WHERE job_id IS NOT NULL;

CREATE TABLE audit (
	seq $SERIAL,
	ts BIGINT NOT NULL,
	actor TEXT NOT NULL,
	peer TEXT NOT NULL,
	action TEXT NOT NULL,
	resource TEXT NOT NULL,
	trace_id TEXT NOT NULL
);

CREATE TABLE idempotency (
	principal TEXT NOT NULL,
	route TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	status BIGINT NOT NULL,
	location TEXT,
	body TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (principal, route, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);
