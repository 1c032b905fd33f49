-- The circuit breaker of a source for each egress it is asked by: model/breaker. What sources keeps of one is the source as a whole; its
-- columns failures, wait, asked, good and judged_at are of egresses now, and not looked at.
CREATE TABLE source_breakers (
	source TEXT NOT NULL REFERENCES sources (name),
	egress_id TEXT NOT NULL, -- the key of its lanes: of an agent's own session, the agent
	state TEXT NOT NULL,     -- closed, open, half_open
	since BIGINT NOT NULL,
	trips BIGINT NOT NULL,     -- in a row
	failures BIGINT NOT NULL,  -- of connecting, in a row
	wait BIGINT NOT NULL,      -- ms that it was left alone last
	probe_at BIGINT NOT NULL,
	asked BIGINT NOT NULL,     -- ids since it was judged by its answers
	good BIGINT NOT NULL,
	judged_at BIGINT NOT NULL,
	failed_at BIGINT NOT NULL, -- to connect, last
	well_at BIGINT NOT NULL,   -- it answered a call last
	last_error TEXT,
	PRIMARY KEY (source, egress_id)
);
ALTER TABLE source_asks ADD COLUMN egress_id TEXT; -- by which it is asked; before an agent has it, by which alone it may be: a probe
-- The breakers of before were of all egresses together.
UPDATE sources SET breaker = 'closed', trips = 0, probe_at = 0 WHERE breaker IN ('open', 'half_open');
