-- Tries of secrets: of a login, an address, a person's codes. See model/guess.
CREATE TABLE lockouts (
	kind TEXT NOT NULL, -- login, address, code
	name TEXT NOT NULL, -- a login as a keyed hash: people type their passwords there
	tokens BIGINT NOT NULL,
	at BIGINT NOT NULL,
	strikes BIGINT NOT NULL,
	locked_until BIGINT NOT NULL,
	forget_at BIGINT NOT NULL,
	PRIMARY KEY (kind, name)
);
CREATE INDEX lockouts_forget ON lockouts (forget_at);

-- Of an imported password that was not rehashed yet; 0: of none.
ALTER TABLE users ADD COLUMN bcrypt_cost BIGINT NOT NULL DEFAULT 0;
CREATE INDEX users_bcrypt ON users (bcrypt_cost) WHERE bcrypt_cost > 0;

-- The secret of an authenticator is in the vault ("user", its id, "totp"). confirmed_at 0: it was shown, and no code has come yet.
CREATE TABLE mfa_totp (
	user_id TEXT PRIMARY KEY,
	algorithm TEXT NOT NULL, -- SHA1, SHA256, SHA512
	last_step BIGINT NOT NULL, -- of the last code that was right: it and those before it count no more
	confirmed_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL
);
CREATE TABLE mfa_recovery (
	user_id TEXT NOT NULL,
	hash TEXT NOT NULL,
	used_at BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (user_id, hash)
);
-- Who has to have a second factor: all of a tenant (role ''), or who has the role.
CREATE TABLE mfa_policies (
	tenant_id TEXT NOT NULL,
	role TEXT NOT NULL,
	PRIMARY KEY (tenant_id, role)
);

ALTER TABLE tenants ADD COLUMN name TEXT NOT NULL DEFAULT '';
