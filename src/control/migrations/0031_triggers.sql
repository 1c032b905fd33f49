-- What is to be done when something changes; each once for a build.
CREATE TABLE triggers (
	id TEXT PRIMARY KEY, -- trg_…
	name TEXT NOT NULL,
	enabled BIGINT NOT NULL,
	match TEXT NOT NULL,  -- JSON: type, store, title, labels, branch, class
	action TEXT NOT NULL, -- JSON: job, webhook or download
	debounce_s BIGINT NOT NULL,
	quiet TEXT NOT NULL,  -- JSON: hours in which it waits
	after_pos BIGINT NOT NULL, -- of the event log: looked at up to here
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	UNIQUE (tenant_id, name)
);
CREATE TABLE trigger_fires (
	id TEXT PRIMARY KEY, -- tfi_…
	trigger_id TEXT NOT NULL REFERENCES triggers (id),
	build_key TEXT NOT NULL,
	status TEXT NOT NULL, -- pending, fired, succeeded, failed
	not_before BIGINT NOT NULL,
	made TEXT, -- id of the job, download or delivery
	problem TEXT,
	created_at BIGINT NOT NULL,
	fired_at BIGINT NOT NULL DEFAULT 0,
	finished_at BIGINT NOT NULL DEFAULT 0,
	UNIQUE (trigger_id, build_key)
);
CREATE INDEX trigger_fires_due ON trigger_fires (not_before) WHERE status = 'pending';
