-- How people stay logged in: what is known of a session, refresh tokens, keys of access tokens, log-ons that wait for a second factor.
ALTER TABLE auth_sessions ADD COLUMN method TEXT NOT NULL DEFAULT ''; -- how they came in
ALTER TABLE auth_sessions ADD COLUMN revoked_why TEXT NOT NULL DEFAULT '';
CREATE INDEX auth_sessions_tenant ON auth_sessions (tenant_id, id);
CREATE INDEX auth_sessions_expires ON auth_sessions (expires_at);

-- All that a session ever had: one that was used and comes again tells of a thief.
CREATE TABLE auth_refresh_tokens (
	hash TEXT PRIMARY KEY,
	session_id TEXT NOT NULL,
	used_at BIGINT NOT NULL DEFAULT 0,
	next TEXT, -- the one that came of it, sealed, until that is used itself
	created_at BIGINT NOT NULL
);
CREATE INDEX auth_refresh_tokens_session ON auth_refresh_tokens (session_id);

-- The key itself comes from the root secret and this name.
CREATE TABLE auth_signing_keys (
	kid TEXT PRIMARY KEY,
	signs_from BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);

-- The password was right, the code is awaited.
CREATE TABLE auth_challenges (
	hash TEXT PRIMARY KEY,
	user_id TEXT NOT NULL,
	kind TEXT NOT NULL, -- of the session that is asked for
	tries BIGINT NOT NULL DEFAULT 0,
	password_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX auth_challenges_expires ON auth_challenges (expires_at);
