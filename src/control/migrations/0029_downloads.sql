-- What is to be fetched, for whom, and how far it is.
CREATE TABLE downloads (
	id TEXT PRIMARY KEY, -- dl_…
	source TEXT NOT NULL,       -- JSON, as asked for
	request TEXT NOT NULL,      -- JSON: filter, package, limits, account …
	content_key TEXT NOT NULL,  -- the same content has the same key: sha256 of what decides it
	state TEXT NOT NULL,
	reason TEXT,                -- of queued
	leader_id TEXT,             -- attached: whose transfer it follows
	priority BIGINT NOT NULL,
	not_before BIGINT NOT NULL DEFAULT 0,
	account_id TEXT,
	task_id TEXT,
	attempt BIGINT NOT NULL DEFAULT 0,
	content_id TEXT,
	progress TEXT,              -- JSON: the last that was told
	bytes_total BIGINT NOT NULL DEFAULT 0,
	bytes_done BIGINT NOT NULL DEFAULT 0,
	error TEXT,                 -- JSON: code, detail, retryable
	reserved_bytes BIGINT NOT NULL DEFAULT 0,
	settled_bytes BIGINT,
	expires_at BIGINT NOT NULL DEFAULT 0,
	labels TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	started_at BIGINT NOT NULL DEFAULT 0,
	finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX downloads_of_tenant ON downloads (tenant_id, id);
CREATE INDEX downloads_queued ON downloads (priority DESC, id) WHERE state = 'queued';
CREATE INDEX downloads_open ON downloads (content_key) WHERE finished_at = 0;
