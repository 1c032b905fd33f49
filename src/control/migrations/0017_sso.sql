-- Single sign-on: how the people of a provider are read, and what may be used one time only.
ALTER TABLE identity_providers ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_providers ADD COLUMN base_url TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_providers ADD COLUMN people TEXT NOT NULL DEFAULT '{}'; -- JSON of struct claims_rules

CREATE TABLE sso_used (
	idp_id TEXT NOT NULL,
	what TEXT NOT NULL, -- SHA-256 of a state, a jti, the id of an assertion
	used_until BIGINT NOT NULL, -- by then it is too old to be used
	PRIMARY KEY (idp_id, what)
);
CREATE INDEX sso_used_until ON sso_used (used_until);
