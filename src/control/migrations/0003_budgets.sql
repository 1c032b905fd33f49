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
