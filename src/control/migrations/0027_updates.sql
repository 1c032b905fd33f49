-- What stores say of titles, and who wants to know.
CREATE TABLE titles (
	id TEXT PRIMARY KEY, -- ttl_…: the installation's; what stores say is the same for all tenants
	store TEXT NOT NULL, -- steam, workshop, epic, gog
	ref TEXT NOT NULL,   -- the store's own id
	name TEXT,
	state TEXT NOT NULL DEFAULT 'new',      -- new, known, unknown, removed
	access TEXT,                            -- public, token, denied
	change_number BIGINT NOT NULL DEFAULT 0, -- of what was read last
	wanted_number BIGINT NOT NULL DEFAULT 0, -- a change was told that has not been read: change_number is less
	facts TEXT,                             -- JSON: what each source said last, by its name
	method TEXT,                            -- the source that said it
	reason TEXT,                            -- why the last answer was none
	fallback BIGINT NOT NULL DEFAULT 0,     -- that source stood in for another
	unknown_n BIGINT NOT NULL DEFAULT 0,    -- answers in a row, an hour apart, that it is not there
	unknown_at BIGINT NOT NULL DEFAULT 0,
	asked_at BIGINT NOT NULL DEFAULT 0,     -- not to be asked again for a while; 0: not asked
	whole_at BIGINT NOT NULL DEFAULT 0,     -- the same, of all that there is to say of it
	heard_at BIGINT NOT NULL DEFAULT 0,     -- the last answer, whatever it was
	success_at BIGINT NOT NULL DEFAULT 0,   -- the last definite answer
	changed_at BIGINT NOT NULL DEFAULT 0,
	watched BIGINT NOT NULL DEFAULT 0,      -- watches that are not paused, and of those the least and the most:
	interval_s BIGINT NOT NULL DEFAULT 900,
	priority BIGINT NOT NULL DEFAULT 5,
	created_at BIGINT NOT NULL,
	UNIQUE (store, ref)
);
CREATE INDEX titles_heard ON titles (store, heard_at) WHERE watched > 0;
CREATE INDEX titles_success ON titles (success_at) WHERE watched > 0;
CREATE INDEX titles_wanted ON titles (store, wanted_number) WHERE watched > 0 AND wanted_number > change_number;

CREATE TABLE watches (
	id TEXT PRIMARY KEY, -- wat_…
	title_id TEXT NOT NULL REFERENCES titles (id),
	branches TEXT NOT NULL, -- JSON list; of the store's: ["public"]
	classes TEXT NOT NULL,  -- JSON list
	labels TEXT NOT NULL,
	interval_s BIGINT NOT NULL,
	priority BIGINT NOT NULL,
	account_id TEXT,
	state TEXT NOT NULL, -- active, degraded, stale, denied, unknown_title, paused
	since BIGINT NOT NULL, -- it is not paused
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	UNIQUE (tenant_id, title_id)
);
CREATE INDEX watches_of_title ON watches (title_id);
CREATE INDEX watches_of_tenant ON watches (tenant_id, id);

CREATE TABLE builds (
	id TEXT PRIMARY KEY, -- bld_…
	title_id TEXT NOT NULL REFERENCES titles (id),
	branch TEXT NOT NULL,
	os TEXT NOT NULL,
	build_id TEXT NOT NULL,
	version TEXT,
	direction TEXT NOT NULL, -- first, forward, rollback
	change_number BIGINT NOT NULL,
	depots TEXT NOT NULL, -- JSON
	method TEXT NOT NULL,
	announced_at BIGINT NOT NULL,
	current_at BIGINT NOT NULL, -- it became the branch's, the last time
	available_at BIGINT NOT NULL DEFAULT 0,
	probe_tries BIGINT NOT NULL DEFAULT 0,
	probe_at BIGINT NOT NULL DEFAULT 0, -- 0: not to be asked for
	UNIQUE (title_id, branch, os, build_id)
);
CREATE INDEX builds_probe ON builds (probe_at) WHERE probe_at > 0;

CREATE TABLE changes (
	pos $SERIAL,
	title_id TEXT NOT NULL,
	source TEXT NOT NULL,
	class TEXT NOT NULL,
	change_number BIGINT NOT NULL,
	branch TEXT,
	os TEXT,
	build_id TEXT,
	direction TEXT,
	diff TEXT, -- JSON Patch of the facts, 64 KiB at most; NULL: that of the row diff_of, of the same answer
	cut BIGINT NOT NULL DEFAULT 0, -- the patch is not whole
	diff_of BIGINT,
	observed_at BIGINT NOT NULL
);
CREATE INDEX changes_of_title ON changes (title_id, pos);
CREATE INDEX changes_observed ON changes (observed_at);

-- An account's library that becomes watches when its task has read it.
CREATE TABLE watch_imports (
	id TEXT PRIMARY KEY, -- wim_…: the owner of the task
	labels TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL
);

CREATE TABLE polls (
	id TEXT PRIMARY KEY, -- pol_…
	mode TEXT NOT NULL,  -- metadata, full
	selector TEXT NOT NULL,
	status TEXT NOT NULL, -- running, finished, canceled
	total BIGINT NOT NULL,
	asked BIGINT NOT NULL DEFAULT 0,
	changed BIGINT NOT NULL DEFAULT 0,
	unchanged BIGINT NOT NULL DEFAULT 0,
	unknown BIGINT NOT NULL DEFAULT 0,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	finished_at BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE poll_titles (
	poll_id TEXT NOT NULL REFERENCES polls (id),
	title_id TEXT NOT NULL,
	answer TEXT, -- changed, unchanged, unknown; NULL: not yet
	PRIMARY KEY (poll_id, title_id)
);
CREATE INDEX poll_titles_open ON poll_titles (title_id) WHERE answer IS NULL;
