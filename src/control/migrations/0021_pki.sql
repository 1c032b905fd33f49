-- Our own certificate authorities, and what they have signed. The secrets are in the vault. Times are ms since 1970; 0: never.
CREATE TABLE authorities (
	id TEXT PRIMARY KEY, -- aut_
	cert TEXT NOT NULL, -- PEM
	state TEXT NOT NULL, -- signs (one of them), trusted, retired
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	retired_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX authorities_signs ON authorities (state) WHERE state = 'signs';

CREATE TABLE certificates (
	serial TEXT PRIMARY KEY, -- hexadecimal
	authority_id TEXT NOT NULL,
	kind TEXT NOT NULL, -- agent, server
	subject TEXT NOT NULL, -- agt_, or the server's first name
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX certificates_subject ON certificates (subject, expires_at);

ALTER TABLE agents ADD COLUMN cert_asked_at BIGINT NOT NULL DEFAULT 0; -- by the agent's word: each request for one is later
ALTER TABLE agents ADD COLUMN cert_serial TEXT NOT NULL DEFAULT ''; -- what it showed on its present connection
