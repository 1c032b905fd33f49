-- SAML: our keys for each identity provider, its metadata as fetched, and who is known to it by which name in which session.
CREATE TABLE saml_keys (
	idp_id TEXT NOT NULL,
	state TEXT NOT NULL, -- current, next, old
	id TEXT NOT NULL, -- smk_: its private key is the provider's secret of this name
	certificate TEXT NOT NULL, -- DER in base64
	created_at BIGINT NOT NULL,
	PRIMARY KEY (idp_id, state)
);

CREATE TABLE saml_documents (
	idp_id TEXT PRIMARY KEY,
	url TEXT NOT NULL, -- where it was fetched from
	body TEXT, -- NULL: never yet
	fetched_at BIGINT NOT NULL,
	tried_at BIGINT NOT NULL,
	error TEXT NOT NULL DEFAULT '' -- of the last try
);

CREATE TABLE saml_sessions (
	session_id TEXT PRIMARY KEY, -- aus_
	idp_id TEXT NOT NULL,
	name_id TEXT NOT NULL,
	format TEXT,
	name_qualifier TEXT,
	sp_name_qualifier TEXT,
	session_index TEXT,
	created_at BIGINT NOT NULL
);
CREATE INDEX saml_sessions_name ON saml_sessions (idp_id, name_id);
CREATE INDEX saml_sessions_created ON saml_sessions (created_at);
