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
