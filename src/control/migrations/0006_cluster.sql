-- Several control planes on one database: who they are, who does what only one may do, which agent is at which of them.

CREATE TABLE instances (
	id TEXT PRIMARY KEY,
	node TEXT NOT NULL, -- machine:data folder: only one lives there
	version TEXT NOT NULL,
	started_at BIGINT NOT NULL,
	until BIGINT NOT NULL -- alive while this has not passed
);

CREATE TABLE singletons (
	name TEXT PRIMARY KEY,
	holder TEXT NOT NULL, -- an instance
	until BIGINT NOT NULL,
	term BIGINT NOT NULL -- counts holders
);

-- session counts the tunnels of an agent: what an older one says late does not count any more.
ALTER TABLE agents ADD COLUMN instance_id TEXT NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN session BIGINT NOT NULL DEFAULT 0;
CREATE INDEX agents_connected ON agents (instance_id) WHERE state = 'connected';

-- Bells that have to ring: seq counts them, sent is the last that the broker has kept.
CREATE TABLE outbox (
	topic TEXT PRIMARY KEY,
	seq BIGINT NOT NULL,
	sent BIGINT NOT NULL,
	rung_at BIGINT NOT NULL
);
