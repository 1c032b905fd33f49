-- The ways to ask stores: how each is doing.
CREATE TABLE sources (
	name TEXT PRIMARY KEY, -- steam.pics …
	breaker TEXT NOT NULL DEFAULT 'closed', -- closed, open, half_open, forced_open, forced_closed: model/breaker
	breaker_since BIGINT NOT NULL DEFAULT 0,
	trips BIGINT NOT NULL DEFAULT 0,        -- in a row
	failures BIGINT NOT NULL DEFAULT 0,     -- of connecting, in a row
	wait BIGINT NOT NULL DEFAULT 0,         -- ms that it was left alone last
	probe_at BIGINT NOT NULL DEFAULT 0,
	asked BIGINT NOT NULL DEFAULT 0,        -- ids since it was judged by its answers
	good BIGINT NOT NULL DEFAULT 0,
	judged_at BIGINT NOT NULL DEFAULT 0,
	last_error TEXT,
	cursor BIGINT NOT NULL DEFAULT 0,       -- the change number up to which changes are known
	cursor_at BIGINT NOT NULL DEFAULT 0,    -- when a tick was answered last
	newest BIGINT NOT NULL DEFAULT 0,       -- the newest that was told
	tick_at BIGINT NOT NULL DEFAULT 0,      -- when changes were asked for last
	gap_from BIGINT NOT NULL DEFAULT 0,
	gap_to BIGINT NOT NULL DEFAULT 0,
	gap_since BIGINT NOT NULL DEFAULT 0,    -- 0: no gap is open
	gap_why TEXT,
	gap_changed BIGINT NOT NULL DEFAULT 0,
	gap_closed_at BIGINT NOT NULL DEFAULT 0,
	sweep_at BIGINT NOT NULL DEFAULT 0,     -- when the last sweep began
	sweep_open BIGINT NOT NULL DEFAULT 0,   -- it goes on
	sweep_after TEXT NOT NULL DEFAULT '',   -- after this ref
	rollout TEXT NOT NULL DEFAULT '{}',     -- JSON: percent, maxTitles, labels, shadow
	version BIGINT NOT NULL DEFAULT 1,
	updated_at BIGINT NOT NULL DEFAULT 0
);
INSERT INTO sources (name) VALUES ('epic.catalog_http'), ('epic.launcher'), ('gog.content_system'), ('gog.product_http'),
	('steam.pics'), ('steam.store_http'), ('steam.workshop');
-- What was asked and is not answered: one task each.
CREATE TABLE source_asks (
	id TEXT PRIMARY KEY, -- ask_…: the owner of the task
	source TEXT NOT NULL REFERENCES sources (name),
	kind TEXT NOT NULL,  -- changes, sweep, meta, wanted, full, oldest, fallback, shadow, probe, available
	task_id TEXT,
	refs TEXT NOT NULL,  -- JSON list: those without an answer
	page TEXT,           -- sweep: its last ref; available: the build
	asked_at BIGINT NOT NULL,
	heard_at BIGINT NOT NULL DEFAULT 0, -- an agent has it, or told something
	hedged BIGINT NOT NULL DEFAULT 0    -- its refs may be asked of the other source
);
-- How answers were, by five minutes.
CREATE TABLE source_marks (
	source TEXT NOT NULL,
	slot BIGINT NOT NULL, -- of the time: ms / 300000
	asked BIGINT NOT NULL,
	good BIGINT NOT NULL,
	compared BIGINT NOT NULL, -- in shadow mode: titles of which both sources said something
	agreed BIGINT NOT NULL,   -- and the same
	PRIMARY KEY (source, slot)
);
-- In shadow mode: what the one source said of a title, until the other has said it.
CREATE TABLE source_shadows (
	source TEXT NOT NULL, -- that was asked for comparison
	ref TEXT NOT NULL,
	verdict TEXT NOT NULL,
	PRIMARY KEY (source, ref)
);
-- A job that an area made by itself and that is one of many: no events, not listed by default, forgotten soon.
ALTER TABLE jobs ADD COLUMN quiet BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN quiet BIGINT NOT NULL DEFAULT 0;
CREATE INDEX jobs_quiet ON jobs (finished_at) WHERE quiet = 1;
