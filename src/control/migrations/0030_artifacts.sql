-- What was fetched: contents are the installation's, each once; an artifact is a tenant's right to one, until it expires.
CREATE TABLE contents (
	id TEXT PRIMARY KEY,    -- sha256 of its listing
	kind TEXT NOT NULL,
	bytes BIGINT NOT NULL,
	files BIGINT NOT NULL,
	state TEXT NOT NULL,    -- whole, gone
	unused_since BIGINT NOT NULL DEFAULT 0, -- 0: somebody uses it
	created_at BIGINT NOT NULL
);
CREATE INDEX contents_unused ON contents (unused_since) WHERE state = 'whole';
-- The same content may be packed in several ways.
CREATE TABLE content_packages (
	content_id TEXT NOT NULL REFERENCES contents (id),
	format TEXT NOT NULL,
	bytes BIGINT NOT NULL,
	sha256 TEXT NOT NULL,
	PRIMARY KEY (content_id, format)
);
CREATE TABLE artifacts (
	id TEXT PRIMARY KEY, -- art_…
	content_id TEXT NOT NULL REFERENCES contents (id),
	package_format TEXT NOT NULL, -- none: its files one by one
	download_id TEXT,
	source TEXT NOT NULL, -- JSON
	state TEXT NOT NULL,  -- ready, expired, deleted
	expires_at BIGINT NOT NULL,
	labels TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX artifacts_of_tenant ON artifacts (tenant_id, id);
CREATE INDEX artifacts_of_content ON artifacts (content_id);
CREATE INDEX artifacts_due ON artifacts (expires_at) WHERE state = 'ready';
CREATE TABLE artifact_links (
	id TEXT PRIMARY KEY, -- lnk_…
	artifact_id TEXT NOT NULL REFERENCES artifacts (id),
	path TEXT, -- one file of it; NULL: the package
	expires_at BIGINT NOT NULL,
	max_uses BIGINT NOT NULL, -- 0: no limit
	uses BIGINT NOT NULL DEFAULT 0,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX artifact_links_of_artifact ON artifact_links (artifact_id);
-- What a client that came in pieces may still ask for as the use that was counted.
CREATE TABLE artifact_link_uses (
	link_id TEXT NOT NULL REFERENCES artifact_links (id),
	client TEXT NOT NULL,      -- hash of its address
	bytes_left BIGINT NOT NULL,
	PRIMARY KEY (link_id, client)
);
-- An agent that brings a content over HTTP: one ticket for one attempt of a task.
CREATE TABLE arrivals (
	id TEXT PRIMARY KEY, -- arr_…
	ticket TEXT NOT NULL, -- its hash
	agent_id TEXT NOT NULL,
	task_id TEXT NOT NULL,
	attempt BIGINT NOT NULL,
	content_id TEXT, -- what it brought: the ticket is used
	expires_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX arrivals_ticket ON arrivals (ticket);
CREATE INDEX arrivals_due ON arrivals (expires_at);
