-- What a key may do beyond its scopes, and how often. 0: no such limit; times are ms since 1970, 0: never.
ALTER TABLE api_keys ADD COLUMN user_id TEXT; -- whose service key it is; it is refused when they are
ALTER TABLE api_keys ADD COLUMN active BIGINT NOT NULL DEFAULT 1;
ALTER TABLE api_keys ADD COLUMN rate_limit BIGINT NOT NULL DEFAULT 0; -- requests a minute
ALTER TABLE api_keys ADD COLUMN quota_daily BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN quota_monthly BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN max_concurrent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN max_runtime_s BIGINT NOT NULL DEFAULT 0; -- of its jobs
ALTER TABLE api_keys ADD COLUMN ip_allow TEXT NOT NULL DEFAULT '[]'; -- JSON lists of blocks of addresses
ALTER TABLE api_keys ADD COLUMN ip_deny TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN only_regions TEXT NOT NULL DEFAULT '[]'; -- its selector, see model/grant
ALTER TABLE api_keys ADD COLUMN only_labels TEXT NOT NULL DEFAULT '{}';
ALTER TABLE api_keys ADD COLUMN only_actions TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN only_addresses TEXT NOT NULL DEFAULT '[]';
ALTER TABLE api_keys ADD COLUMN only_own BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN request_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN last_used_from TEXT NOT NULL DEFAULT '';
ALTER TABLE api_keys ADD COLUMN rotated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN updated_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE api_keys ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);
CREATE INDEX api_keys_user ON api_keys (user_id);

-- Secrets that a rotation left, each good until its time.
CREATE TABLE api_key_secrets (
	hash TEXT PRIMARY KEY,
	key_id TEXT NOT NULL,
	until_at BIGINT NOT NULL
);
CREATE INDEX api_key_secrets_key ON api_key_secrets (key_id);

-- Requests by the hour (hours since 1970).
CREATE TABLE api_key_usage (
	key_id TEXT NOT NULL,
	hour BIGINT NOT NULL,
	requests BIGINT NOT NULL,
	refused BIGINT NOT NULL, -- of these, over a limit or not allowed
	PRIMARY KEY (key_id, hour)
);
