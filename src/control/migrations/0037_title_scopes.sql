-- What one tenant's account may see of a title is a row of its own, its tenant's; what everybody may see is the row without a scope.
CREATE TABLE scoped_titles (
	id TEXT PRIMARY KEY, -- ttl_…
	store TEXT NOT NULL, -- steam, workshop, epic, gog
	ref TEXT NOT NULL,   -- the store's own id
	scope TEXT NOT NULL DEFAULT '', -- the tenant whose account sees it; '': what stores say to everybody
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
	before_pos BIGINT NOT NULL DEFAULT 0,   -- of a scope: changes up to here are those of the row for everybody
	created_at BIGINT NOT NULL,
	UNIQUE (store, ref, scope)
);
INSERT INTO scoped_titles (id, store, ref, name, state, access, change_number, wanted_number, facts, method, reason, fallback, unknown_n,
	unknown_at, asked_at, whole_at, heard_at, success_at, changed_at, watched, interval_s, priority, created_at)
	SELECT id, store, ref, name, state, access, change_number, wanted_number, facts, method, reason, fallback, unknown_n, unknown_at,
	asked_at, whole_at, heard_at, success_at, changed_at, watched, interval_s, priority, created_at FROM titles;
-- A watch with an account is one of its tenant's row, which has the watch's ULID.
INSERT INTO scoped_titles (id, store, ref, scope, name, state, access, change_number, wanted_number, facts, method, reason, fallback,
	unknown_n, unknown_at, heard_at, success_at, changed_at, watched, interval_s, priority, before_pos, created_at)
	SELECT 'ttl_' || SUBSTR(w.id, 5), t.store, t.ref, w.tenant_id, t.name, t.state, t.access, t.change_number, t.wanted_number, t.facts,
	t.method, t.reason, t.fallback, t.unknown_n, t.unknown_at, t.heard_at, t.success_at, t.changed_at, CASE WHEN w.state = 'paused'
	THEN 0 ELSE 1 END, w.interval_s, w.priority, COALESCE((SELECT MAX(c.pos) FROM changes c WHERE c.title_id = t.id), 0), t.created_at
	FROM watches w JOIN titles t ON t.id = w.title_id WHERE w.account_id IS NOT NULL;

CREATE TABLE scoped_watches (
	id TEXT PRIMARY KEY, -- wat_…
	title_id TEXT NOT NULL REFERENCES scoped_titles (id), -- what it tells: its tenant's row when it has an account, else base_id
	base_id TEXT NOT NULL REFERENCES scoped_titles (id),  -- the same title for everybody
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
	UNIQUE (tenant_id, base_id)
);
INSERT INTO scoped_watches (id, title_id, base_id, branches, classes, labels, interval_s, priority, account_id, state, since, tenant_id,
	created_by, version, created_at, updated_at)
	SELECT id, CASE WHEN account_id IS NULL THEN title_id ELSE 'ttl_' || SUBSTR(id, 5) END, title_id, branches, classes, labels,
	interval_s, priority, account_id, state, since, tenant_id, created_by, version, created_at, updated_at FROM watches;

CREATE TABLE scoped_builds (
	id TEXT PRIMARY KEY, -- bld_…
	title_id TEXT NOT NULL REFERENCES scoped_titles (id),
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
INSERT INTO scoped_builds (id, title_id, branch, os, build_id, version, direction, change_number, depots, method, announced_at, current_at,
	available_at, probe_tries, probe_at)
	SELECT id, title_id, branch, os, build_id, version, direction, change_number, depots, method, announced_at, current_at, available_at,
	probe_tries, probe_at FROM builds;
INSERT INTO scoped_builds (id, title_id, branch, os, build_id, version, direction, change_number, depots, method, announced_at, current_at,
	available_at)
	SELECT b.id || SUBSTR(w.id, 21), 'ttl_' || SUBSTR(w.id, 5), b.branch, b.os, b.build_id, b.version, b.direction, b.change_number,
	b.depots, b.method, b.announced_at, b.current_at, b.available_at FROM builds b JOIN watches w ON w.title_id = b.title_id
	WHERE w.account_id IS NOT NULL;

-- What is known of a title that is not for everybody may be what an account saw: it is not for everybody any more. Where several tenants
-- have an account for it, nobody can tell whose it was, and all are read anew.
CREATE TABLE closed_titles AS SELECT t.id AS id, COUNT(*) AS accounts, MIN('ttl_' || SUBSTR(w.id, 5)) AS own_id
	FROM titles t JOIN watches w ON w.title_id = t.id WHERE w.account_id IS NOT NULL AND t.access IN ('token', 'denied') GROUP BY t.id;
DELETE FROM scoped_builds WHERE title_id IN (SELECT id FROM closed_titles) OR title_id IN (SELECT w.title_id FROM scoped_watches w JOIN
	closed_titles c ON c.id = w.base_id WHERE c.accounts > 1 AND w.account_id IS NOT NULL);
UPDATE changes SET title_id = (SELECT c.own_id FROM closed_titles c WHERE c.id = changes.title_id)
	WHERE title_id IN (SELECT id FROM closed_titles WHERE accounts = 1);
DELETE FROM changes WHERE title_id IN (SELECT id FROM closed_titles);
UPDATE scoped_titles SET name = NULL, state = 'new', access = NULL, change_number = 0, wanted_number = 1, facts = NULL, method = NULL,
	reason = NULL, fallback = 0, unknown_n = 0, unknown_at = 0, asked_at = 0, whole_at = 0, heard_at = 0, success_at = 0, changed_at = 0
	WHERE id IN (SELECT id FROM closed_titles) OR id IN (SELECT w.title_id FROM scoped_watches w JOIN closed_titles c ON
	c.id = w.base_id WHERE c.accounts > 1 AND w.account_id IS NOT NULL);

DROP TABLE closed_titles;
DROP TABLE builds;
DROP TABLE watches;
DROP TABLE titles;
ALTER TABLE scoped_titles RENAME TO titles;
ALTER TABLE scoped_watches RENAME TO watches;
ALTER TABLE scoped_builds RENAME TO builds;
UPDATE titles SET watched = (SELECT COUNT(*) FROM watches w WHERE w.title_id = titles.id AND w.state <> 'paused'), interval_s =
	COALESCE((SELECT MIN(w.interval_s) FROM watches w WHERE w.title_id = titles.id AND w.state <> 'paused'), 900), priority =
	COALESCE((SELECT MAX(w.priority) FROM watches w WHERE w.title_id = titles.id AND w.state <> 'paused'), 5)
	WHERE id IN (SELECT base_id FROM watches WHERE account_id IS NOT NULL);
CREATE INDEX titles_heard ON titles (store, heard_at) WHERE watched > 0;
CREATE INDEX titles_success ON titles (success_at) WHERE watched > 0;
CREATE INDEX titles_wanted ON titles (store, wanted_number) WHERE watched > 0 AND wanted_number > change_number;
CREATE INDEX watches_of_title ON watches (title_id);
CREATE INDEX watches_of_base ON watches (base_id);
CREATE INDEX watches_of_tenant ON watches (tenant_id, id);
CREATE INDEX watches_of_account ON watches (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX builds_probe ON builds (probe_at) WHERE probe_at > 0;

-- Whose account was asked; '': nobody's.
ALTER TABLE source_asks ADD COLUMN scope TEXT NOT NULL DEFAULT '';
