-- What identity providers publish of themselves, as it was fetched last, and when they may be asked again.
CREATE TABLE sso_documents (
	idp_id TEXT NOT NULL,
	what TEXT NOT NULL, -- description, keys; calls: none, but when it may be called again
	url TEXT,
	body TEXT,
	fetched_at BIGINT NOT NULL,
	due_at BIGINT NOT NULL, -- each asking moves it on: see control/sso/oidc_way.h
	PRIMARY KEY (idp_id, what)
);
