-- What is to be fetched, for whom, and how far it is. See control/downloads.
CREATE TABLE downloads (
	id TEXT PRIMARY KEY, -- dl_…
	source TEXT NOT NULL,       -- JSON: what is fetched
	request TEXT NOT NULL,      -- JSON: all of what was asked for, without its secret
	content_key TEXT NOT NULL,  -- the same content has the same key: sha256 of what decides it
	state TEXT NOT NULL,
	reason TEXT,                -- of queued: what it waits for
	leader_id TEXT,             -- attached: whose transfer it follows
	wants TEXT,                 -- pause or cancel, while the agent still has it
	priority BIGINT NOT NULL,
	rank BIGINT NOT NULL,       -- the least goes first, see model/download
	not_before BIGINT NOT NULL DEFAULT 0,
	account_id TEXT,
	licensed BIGINT NOT NULL DEFAULT 0, -- 1: nobody's session was not enough
	task_id TEXT,
	job_id TEXT,
	attempt BIGINT NOT NULL DEFAULT 0,
	content_id TEXT,
	artifact_id TEXT,
	progress TEXT,              -- JSON: the last that was told
	percent BIGINT NOT NULL DEFAULT 0, -- hundredths; never less than it was in this attempt
	bytes_total BIGINT NOT NULL DEFAULT 0,
	bytes_done BIGINT NOT NULL DEFAULT 0,
	network_bytes BIGINT NOT NULL DEFAULT 0, -- sent for it so far, over all attempts
	run_bytes BIGINT NOT NULL DEFAULT 0,     -- of these, by the run that the agent tells of now
	lost_runs BIGINT NOT NULL DEFAULT 0,     -- tasks in a row whose agent was lost before it came further than any before
	lost_bytes BIGINT NOT NULL DEFAULT 0,    -- bytes_done of the furthest of those whose agent was lost
	estimate BIGINT NOT NULL DEFAULT 0,      -- bytes, as far as it is known
	error TEXT,                 -- JSON: code, detail, retryable
	reserved_bytes BIGINT NOT NULL DEFAULT 0,
	settled_bytes BIGINT NOT NULL DEFAULT 0,
	bandwidth_bps BIGINT NOT NULL DEFAULT 0, -- 0: no limit
	deadline_at BIGINT NOT NULL DEFAULT 0, -- it may run until then; 0: for ever
	expires_at BIGINT NOT NULL DEFAULT 0,
	labels TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	state_at BIGINT NOT NULL,
	told_at BIGINT NOT NULL DEFAULT 0, -- when its progress was told last
	started_at BIGINT NOT NULL DEFAULT 0,
	finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX downloads_of_tenant ON downloads (tenant_id, id);
CREATE INDEX downloads_queued ON downloads (tenant_id, created_by, rank, id) WHERE state = 'queued';
CREATE INDEX downloads_attached ON downloads (leader_id) WHERE state = 'attached';
CREATE INDEX downloads_open ON downloads (content_key) WHERE finished_at = 0;
CREATE INDEX downloads_running ON downloads (state, created_by) WHERE finished_at = 0;
CREATE INDEX downloads_keys ON downloads (content_key, finished_at);
CREATE INDEX downloads_due ON downloads (expires_at) WHERE state = 'ready';

-- Whose turn it is: a tenant's pass. The row without a tenant has the pass of who was served last.
CREATE TABLE download_tenants (
	tenant_id TEXT PRIMARY KEY,
	pass BIGINT NOT NULL
);

-- Bytes of a day or a month that are used or reserved. limit_id: a quota's, or a key's with /day or /month.
CREATE TABLE download_windows (
	limit_id TEXT PRIMARY KEY,
	kind TEXT NOT NULL, -- day, month
	period BIGINT NOT NULL,
	used BIGINT NOT NULL
);
CREATE TABLE download_holds (
	download_id TEXT NOT NULL,
	limit_id TEXT NOT NULL,
	period BIGINT NOT NULL,
	bytes BIGINT NOT NULL,
	PRIMARY KEY (download_id, limit_id)
);

CREATE TABLE download_log (
	download_id TEXT NOT NULL,
	n BIGINT NOT NULL,
	at BIGINT NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (download_id, n)
);

-- Which account had a download last, and which has no licence for what.
CREATE TABLE download_accounts (
	account_id TEXT PRIMARY KEY,
	used_at BIGINT NOT NULL
);
CREATE TABLE download_denials (
	account_id TEXT NOT NULL,
	app_id BIGINT NOT NULL,
	n BIGINT NOT NULL,
	until_at BIGINT NOT NULL,
	PRIMARY KEY (account_id, app_id)
);

ALTER TABLE api_keys ADD COLUMN quota_daily_bytes BIGINT NOT NULL DEFAULT 0; -- of downloads; 0: no limit
ALTER TABLE api_keys ADD COLUMN quota_monthly_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN bytes_total BIGINT NOT NULL DEFAULT 0; -- sent for its downloads so far
