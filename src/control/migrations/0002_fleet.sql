-- The fleet: what each account is to be, what it is, who holds it; secrets, egresses, challenges, imports.
-- Until now every account logged on without a password.

ALTER TABLE accounts ADD COLUMN anonymous BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN steam_id TEXT;
ALTER TABLE accounts ADD COLUMN roles TEXT NOT NULL DEFAULT '[]';
ALTER TABLE accounts ADD COLUMN egress_id TEXT;
-- What is wanted. generation counts its changes.
ALTER TABLE accounts ADD COLUMN want_mode TEXT NOT NULL DEFAULT 'offline';
ALTER TABLE accounts ADD COLUMN want_apps TEXT NOT NULL DEFAULT '[]';
ALTER TABLE accounts ADD COLUMN want_game TEXT;
ALTER TABLE accounts ADD COLUMN want_persona BIGINT NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN want_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN until_passed BIGINT NOT NULL DEFAULT 0; -- the want_until that the agent was told has come
ALTER TABLE accounts ADD COLUMN generation BIGINT NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN observed_generation BIGINT NOT NULL DEFAULT 0;
-- What is. conditions is a list of {type, status, reason, observedAt}.
ALTER TABLE accounts ADD COLUMN state TEXT NOT NULL DEFAULT 'offline';
ALTER TABLE accounts ADD COLUMN state_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN state_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN cool_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN conditions TEXT NOT NULL DEFAULT '[]';
-- The lease: agent_id has the account while held is 1 and agents.lease_until has not passed. epoch counts leases.
ALTER TABLE accounts ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN moving BIGINT NOT NULL DEFAULT 0;      -- to be logged off and given up
ALTER TABLE accounts ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0;     -- when it was needed last
ALTER TABLE accounts ADD COLUMN bot_version BIGINT NOT NULL DEFAULT 0; -- counts what the agent has to know
ALTER TABLE accounts ADD COLUMN bot_sent BIGINT NOT NULL DEFAULT 0;    -- the last of it that the agent was told
ALTER TABLE accounts ADD COLUMN codes_since BIGINT NOT NULL DEFAULT 0; -- the window in which authenticator codes are counted
ALTER TABLE accounts ADD COLUMN codes BIGINT NOT NULL DEFAULT 0;
UPDATE accounts SET anonymous = 1, state_since = updated_at;
UPDATE accounts SET state = 'disabled' WHERE enabled = 0;
CREATE INDEX accounts_held ON accounts (agent_id) WHERE held = 1;
CREATE INDEX accounts_wanted ON accounts (id) WHERE held = 0 AND want_mode <> 'offline' AND enabled = 1;
CREATE INDEX accounts_untold ON accounts (id) WHERE held = 1 AND bot_sent < bot_version;
CREATE INDEX accounts_egress ON accounts (egress_id) WHERE egress_id IS NOT NULL;

ALTER TABLE agents ADD COLUMN lease_until BIGINT NOT NULL DEFAULT 0;

-- Accounts that an agent is to forget; the row goes when it was told.
CREATE TABLE bots_gone (
	agent_id TEXT NOT NULL,
	account_id TEXT NOT NULL,
	epoch BIGINT NOT NULL,
	reason TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (agent_id, account_id)
);

-- sealed is NULL when it is not set; the version goes on counting.
CREATE TABLE secrets (
	kind TEXT NOT NULL,
	owner TEXT NOT NULL,
	name TEXT NOT NULL,
	version BIGINT NOT NULL,
	sealed TEXT,
	fingerprint TEXT,
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (kind, owner, name)
);

CREATE TABLE egresses (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	kind TEXT NOT NULL,
	address TEXT,
	region_id TEXT REFERENCES regions (id),
	soft_cap BIGINT NOT NULL,
	hard_cap BIGINT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);

CREATE TABLE challenges (
	id TEXT PRIMARY KEY,
	account_id TEXT NOT NULL REFERENCES accounts (id),
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	hint TEXT,
	qr_url TEXT,
	approve BIGINT NOT NULL,
	answers BIGINT NOT NULL,
	answered_by TEXT,
	answered_at BIGINT NOT NULL,
	delivered BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX challenges_of_account ON challenges (account_id, id);
CREATE INDEX challenges_alive ON challenges (expires_at) WHERE state IN ('open', 'answered');

CREATE TABLE account_history (
	seq $SERIAL,
	account_id TEXT NOT NULL REFERENCES accounts (id),
	ts BIGINT NOT NULL,
	was TEXT NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	eresult BIGINT NOT NULL,
	agent_id TEXT,
	epoch BIGINT NOT NULL,
	actor TEXT NOT NULL
);
CREATE INDEX history_of_account ON account_history (account_id, seq);
