-- The keys of the vault. Each is wrapped by a key-encryption key that is not in the database; root is what API keys' pepper and the
-- control plane's identity come from, sealed under that key. See docs/security.md.
-- state: asked (it has no key yet), coming (not every control plane has it yet), current (it seals), old (it only opens), retired.

CREATE TABLE vault_keys (
	number BIGINT PRIMARY KEY,
	state TEXT NOT NULL,
	kek TEXT NOT NULL DEFAULT '', -- PROVIDER:VERSION
	wrapped TEXT NOT NULL DEFAULT '',
	root TEXT NOT NULL DEFAULT '',
	problem TEXT NOT NULL DEFAULT '', -- why it does not go on
	created_by TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	current_at BIGINT NOT NULL DEFAULT 0,
	retired_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX vault_keys_current ON vault_keys (state) WHERE state = 'current';

-- Which control plane has which of them in memory.
CREATE TABLE vault_keys_known (
	instance_id TEXT NOT NULL,
	number BIGINT NOT NULL,
	PRIMARY KEY (instance_id, number)
);

-- How far all that is sealed was put under the current key: one row a table. after: the last row that was looked at.
CREATE TABLE vault_rewraps (
	source TEXT PRIMARY KEY,
	number BIGINT NOT NULL, -- the key that they are put under
	after_kind TEXT NOT NULL,
	after_owner TEXT NOT NULL,
	after_name TEXT NOT NULL,
	moved BIGINT NOT NULL,
	done BIGINT NOT NULL
);
