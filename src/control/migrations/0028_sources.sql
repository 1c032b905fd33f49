-- The ways to ask stores: how each is doing.
CREATE TABLE sources (
	name TEXT PRIMARY KEY, -- steam.pics …
	breaker TEXT NOT NULL DEFAULT 'closed', -- closed, open, half_open, forced_open, forced_closed
	breaker_since BIGINT NOT NULL DEFAULT 0,
	trips BIGINT NOT NULL DEFAULT 0,        -- in a row
	failures BIGINT NOT NULL DEFAULT 0,     -- of connecting, in a row
	probe_at BIGINT NOT NULL DEFAULT 0,
	last_error TEXT,
	cursor BIGINT NOT NULL DEFAULT 0,       -- the change number up to which changes are known
	cursor_at BIGINT NOT NULL DEFAULT 0,
	current BIGINT NOT NULL DEFAULT 0,      -- the newest that was told
	gap_from BIGINT NOT NULL DEFAULT 0,     -- 0: no gap is open
	gap_to BIGINT NOT NULL DEFAULT 0,
	gap_since BIGINT NOT NULL DEFAULT 0,
	gap_changed BIGINT NOT NULL DEFAULT 0,
	sweep_at BIGINT NOT NULL DEFAULT 0,
	rollout TEXT NOT NULL DEFAULT '{}',
	version BIGINT NOT NULL DEFAULT 1,
	updated_at BIGINT NOT NULL DEFAULT 0
);
-- What was asked and is not answered: one task each.
CREATE TABLE source_asks (
	id TEXT PRIMARY KEY, -- ask_…: the owner of the task
	source TEXT NOT NULL REFERENCES sources (name),
	kind TEXT NOT NULL,  -- changes, sweep, full, probe, fallback, available
	task_id TEXT,
	refs TEXT NOT NULL,  -- JSON list
	asked_at BIGINT NOT NULL,
	heard_at BIGINT NOT NULL DEFAULT 0,
	hedged BIGINT NOT NULL DEFAULT 0
);
-- A job that an area made by itself and that is one of many: no events, not listed by default, forgotten soon.
ALTER TABLE jobs ADD COLUMN quiet BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN quiet BIGINT NOT NULL DEFAULT 0;
CREATE INDEX jobs_quiet ON jobs (finished_at) WHERE quiet = 1;
