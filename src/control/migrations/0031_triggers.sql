-- What is to be done when something changes; each once for a build.
CREATE TABLE triggers (
	id TEXT PRIMARY KEY, -- trg_…
	name TEXT NOT NULL,
	enabled BIGINT NOT NULL,
	match TEXT NOT NULL,  -- JSON: type, store, title, labels, branch, os, class
	action TEXT NOT NULL, -- JSON: job or webhookId
	debounce_s BIGINT NOT NULL,
	quiet TEXT,           -- JSON: hours in which it waits; NULL: none
	after_pos BIGINT NOT NULL, -- of the event log: looked at up to here
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	UNIQUE (tenant_id, name)
);
CREATE INDEX triggers_listed ON triggers (tenant_id, id);
CREATE INDEX triggers_looking ON triggers (after_pos) WHERE enabled = 1;
CREATE TABLE trigger_fires (
	id TEXT PRIMARY KEY, -- tfi_…
	trigger_id TEXT NOT NULL REFERENCES triggers (id),
	build_key TEXT NOT NULL,
	line TEXT NOT NULL,   -- the title's builds that it is one of: a newer one takes its place while it waits
	status TEXT NOT NULL, -- pending, fired, succeeded, failed, superseded
	not_before BIGINT NOT NULL,
	made TEXT, -- id of the job or the delivery
	problem TEXT,
	event TEXT NOT NULL, -- JSON: the payload that it is about
	created_at BIGINT NOT NULL,
	fired_at BIGINT NOT NULL DEFAULT 0,
	finished_at BIGINT NOT NULL DEFAULT 0,
	UNIQUE (trigger_id, build_key)
);
CREATE INDEX trigger_fires_due ON trigger_fires (not_before) WHERE status = 'pending';
CREATE INDEX trigger_fires_open ON trigger_fires (made) WHERE status = 'fired';
CREATE INDEX trigger_fires_waiting ON trigger_fires (trigger_id, line) WHERE status = 'pending';
CREATE INDEX trigger_fires_listed ON trigger_fires (trigger_id, id);
