-- Rate lanes: one row a bucket, as model/lane counts it.

CREATE TABLE lane_buckets (
	id TEXT PRIMARY KEY, -- LANE:KEY
	lane TEXT NOT NULL,
	key TEXT NOT NULL,
	every_us BIGINT NOT NULL,
	base_us BIGINT NOT NULL,
	burst BIGINT NOT NULL,
	full_at BIGINT NOT NULL,
	cool_until BIGINT NOT NULL,
	cools BIGINT NOT NULL,
	slowed_at BIGINT NOT NULL,
	reason TEXT,
	tuned BIGINT NOT NULL,   -- base_us and burst are an operator's, not the configuration's
	cooling BIGINT NOT NULL, -- the end of its pause has not been told yet
	waiters BIGINT NOT NULL
);
CREATE INDEX lane_buckets_cooling ON lane_buckets (cool_until) WHERE cooling = 1;

CREATE TABLE lane_use (
	id TEXT NOT NULL, -- of the bucket
	hour BIGINT NOT NULL,
	used BIGINT NOT NULL,
	throttled BIGINT NOT NULL,
	PRIMARY KEY (id, hour)
);

-- Effects: what an attempt is about to do is kept before it does it; tasks of which nobody knows whether they did.
ALTER TABLE tasks ADD COLUMN probe BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN intent TEXT;
ALTER TABLE tasks ADD COLUMN intent_attempt BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN intent_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN owner TEXT; -- the key row whose try it is
ALTER TABLE jobs ADD COLUMN unknown BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN attention BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN secret TEXT; -- the payload's secret members, sealed; until the job is over
ALTER TABLE jobs ADD COLUMN dry_run BIGINT NOT NULL DEFAULT 0;
CREATE INDEX tasks_in_doubt ON tasks (id) WHERE status = 'needs_attention';

-- Key batches: one row a key. The key itself is sealed; `hash` is keyed, for what is the same key in another batch.
CREATE TABLE key_batches (
	id TEXT PRIMARY KEY,
	name TEXT,
	status TEXT NOT NULL,
	distribution TEXT NOT NULL,
	max_tries BIGINT NOT NULL,
	account_limit BIGINT NOT NULL, -- keys redeemed by one account; 0: no limit
	stop_percent BIGINT NOT NULL,  -- pauses when so many of those that are over were invalid; 0: never
	priority BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX key_batches_running ON key_batches (id) WHERE status = 'running';

CREATE TABLE batch_keys (
	id TEXT PRIMARY KEY,
	batch_id TEXT NOT NULL REFERENCES key_batches (id),
	ord BIGINT NOT NULL,
	name TEXT,
	masked TEXT NOT NULL,
	hash TEXT NOT NULL,
	sealed TEXT NOT NULL,
	sub BIGINT NOT NULL, -- the package it gives: expected, or learned from a try; 0: not known
	app BIGINT NOT NULL, -- the app it should give
	pinned TEXT,         -- the one account it is for
	state TEXT NOT NULL,
	account_id TEXT,     -- that has it, or had it last
	task_id TEXT,
	tries BIGINT NOT NULL,
	detail TEXT,
	packages TEXT NOT NULL,
	receipt_id TEXT,
	not_before BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX batch_keys_of ON batch_keys (batch_id, state, ord);
CREATE UNIQUE INDEX batch_keys_alive ON batch_keys (hash) WHERE state NOT IN ('exhausted', 'canceled');

CREATE TABLE batch_accounts (
	batch_id TEXT NOT NULL REFERENCES key_batches (id),
	account_id TEXT NOT NULL,
	ord BIGINT NOT NULL,
	key_id TEXT, -- the key it has now: one at a time
	got BIGINT NOT NULL,
	redeemed BIGINT NOT NULL,
	not_before BIGINT NOT NULL,
	PRIMARY KEY (batch_id, account_id)
);
CREATE INDEX batch_accounts_free ON batch_accounts (batch_id, not_before) WHERE key_id IS NULL;

CREATE TABLE key_tries (
	key_id TEXT NOT NULL,
	n BIGINT NOT NULL,
	account_id TEXT NOT NULL,
	task_id TEXT NOT NULL,
	at BIGINT NOT NULL,
	outcome TEXT NOT NULL, -- a status of keys.redeem, the code of an error, or unknown
	detail TEXT,
	PRIMARY KEY (key_id, n)
);
CREATE INDEX key_tries_by ON key_tries (key_id, account_id);

CREATE TABLE account_packages (
	account_id TEXT NOT NULL,
	sub BIGINT NOT NULL,
	PRIMARY KEY (account_id, sub)
);
