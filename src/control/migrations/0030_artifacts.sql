-- What was fetched: contents are the installation's, each once; an artifact is a tenant's right to one, until it expires.
CREATE TABLE contents (
	id TEXT PRIMARY KEY,    -- sha256 of its listing
	kind TEXT NOT NULL,
	bytes BIGINT NOT NULL,
	files BIGINT NOT NULL,
	package_format TEXT,
	package_bytes BIGINT NOT NULL DEFAULT 0,
	package_sha256 TEXT,
	state TEXT NOT NULL,    -- arriving, whole, gone
	unused_since BIGINT NOT NULL DEFAULT 0,
	created_at BIGINT NOT NULL
);
CREATE TABLE artifacts (
	id TEXT PRIMARY KEY, -- art_…
	content_id TEXT NOT NULL REFERENCES contents (id),
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
	expires_at BIGINT NOT NULL,
	max_uses BIGINT NOT NULL, -- 0: no limit
	uses BIGINT NOT NULL DEFAULT 0,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
