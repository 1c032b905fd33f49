-- Jobs that are made by the clock, and what became of each tick.
CREATE TABLE schedules (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	cron TEXT NOT NULL,
	timezone TEXT NOT NULL,
	enabled BIGINT NOT NULL,
	jitter BIGINT NOT NULL, -- seconds
	missed_max BIGINT NOT NULL,
	missed TEXT NOT NULL,
	overlap TEXT NOT NULL,
	job TEXT NOT NULL, -- JSON, as it is submitted
	next_tick BIGINT NOT NULL, -- 0: none
	next_run BIGINT NOT NULL,  -- the same with its jitter
	waiting BIGINT NOT NULL,   -- ticks that wait
	last_tick BIGINT NOT NULL,
	last_job_id TEXT,
	problem TEXT,
	tenant_id TEXT NOT NULL,
	created_by TEXT NOT NULL,
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
CREATE INDEX schedules_due ON schedules (next_run) WHERE enabled = 1 AND next_tick > 0;

CREATE TABLE schedule_ticks (
	schedule_id TEXT NOT NULL REFERENCES schedules (id),
	tick BIGINT NOT NULL,
	status TEXT NOT NULL, -- waiting, fired, missed, failed
	job_id TEXT,
	reason TEXT,
	at BIGINT NOT NULL,
	PRIMARY KEY (schedule_id, tick)
);
CREATE INDEX schedule_ticks_old ON schedule_ticks (at);
CREATE INDEX jobs_of_schedule ON jobs (schedule_id) WHERE schedule_id IS NOT NULL AND finished_at = 0;
