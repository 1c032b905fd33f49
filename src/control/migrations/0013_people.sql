-- People, groups, what they may do, how they came in. Times are ms since 1970; 0: never.
CREATE TABLE users (
	id TEXT PRIMARY KEY, -- usr_
	tenant_id TEXT NOT NULL,
	login TEXT NOT NULL UNIQUE, -- lower case; in the whole installation
	name TEXT NOT NULL,
	email TEXT,
	password TEXT, -- crypt(3) form ($argon2id$, imported $2b$); NULL: none, they come by single sign-on
	password_at BIGINT NOT NULL DEFAULT 0,
	enabled BIGINT NOT NULL DEFAULT 1,
	failures BIGINT NOT NULL DEFAULT 0, -- wrong passwords and codes since the last right one
	locked_until BIGINT NOT NULL DEFAULT 0,
	source TEXT NOT NULL DEFAULT '', -- idp_…: made by this identity provider; '': by hand
	last_login_at BIGINT NOT NULL DEFAULT 0,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX users_tenant ON users (tenant_id, id);

CREATE TABLE groups (
	id TEXT PRIMARY KEY, -- grp_
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL DEFAULT 1,
	UNIQUE (tenant_id, name)
);

CREATE TABLE group_members (
	group_id TEXT NOT NULL,
	user_id TEXT NOT NULL,
	source TEXT NOT NULL DEFAULT '', -- idp_…: this identity provider says so; '': by hand
	PRIMARY KEY (group_id, user_id, source)
);
CREATE INDEX group_members_user ON group_members (user_id);

-- Roles that people defined; the built-in ones stand in model/roles.def.
CREATE TABLE roles (
	id TEXT PRIMARY KEY, -- rol_
	tenant_id TEXT NOT NULL,
	name TEXT NOT NULL,
	scopes TEXT NOT NULL, -- JSON list
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL DEFAULT 1,
	UNIQUE (tenant_id, name)
);

CREATE TABLE role_bindings (
	id TEXT PRIMARY KEY, -- rb_
	tenant_id TEXT NOT NULL,
	subject_id TEXT NOT NULL, -- usr_ or grp_
	role TEXT NOT NULL, -- a built-in role's name, or rol_
	selector TEXT NOT NULL DEFAULT '{}', -- JSON of struct selector
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE INDEX role_bindings_subject ON role_bindings (subject_id);

-- One log-on of one person: a browser's (cookie) or a program's (a family of refresh tokens).
CREATE TABLE auth_sessions (
	id TEXT PRIMARY KEY, -- aus_
	user_id TEXT NOT NULL,
	tenant_id TEXT NOT NULL,
	kind TEXT NOT NULL, -- cookie, token
	hash TEXT UNIQUE, -- of the cookie's secret
	address TEXT NOT NULL,
	agent TEXT NOT NULL, -- User-Agent, shortened
	authenticated_at BIGINT NOT NULL,
	second_factor_at BIGINT NOT NULL DEFAULT 0,
	idp_id TEXT, -- came by this identity provider,
	idp_subject TEXT, -- as this person,
	idp_session TEXT, -- in this session of it
	created_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX auth_sessions_user ON auth_sessions (user_id);
CREATE INDEX auth_sessions_idp ON auth_sessions (idp_id, idp_subject);

CREATE TABLE identity_providers (
	id TEXT PRIMARY KEY, -- idp_
	tenant_id TEXT NOT NULL,
	kind TEXT NOT NULL, -- oidc, saml
	name TEXT NOT NULL, -- in the paths: /v1/auth/oidc/{name}/start
	enabled BIGINT NOT NULL DEFAULT 1,
	conf TEXT NOT NULL, -- JSON; secrets are in the vault
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	version BIGINT NOT NULL DEFAULT 1,
	UNIQUE (name)
);

CREATE TABLE user_identities (
	idp_id TEXT NOT NULL,
	subject TEXT NOT NULL, -- as the identity provider names the person
	user_id TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (idp_id, subject)
);
CREATE INDEX user_identities_user ON user_identities (user_id);
