-- Whose everything is. What was there before belongs to the installation's own tenant, as it was for all to see until now.

ALTER TABLE accounts ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
ALTER TABLE accounts ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
CREATE INDEX accounts_of_tenant ON accounts (tenant_id, id);
CREATE INDEX jobs_of_tenant ON jobs (tenant_id, id);

ALTER TABLE key_batches ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
ALTER TABLE batch_keys ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
DROP INDEX batch_keys_alive;
CREATE UNIQUE INDEX batch_keys_alive ON batch_keys (tenant_id, hash) WHERE state NOT IN ('exhausted', 'canceled');

ALTER TABLE webhooks ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
ALTER TABLE webhooks ADD COLUMN created_by TEXT NOT NULL DEFAULT '';

ALTER TABLE dead_letters ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
UPDATE dead_letters SET tenant_id = COALESCE((SELECT j.tenant_id FROM jobs j WHERE j.id = dead_letters.job_id), 'ten_default');

-- Who may see it. The positions are the whole installation's.
ALTER TABLE events ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
UPDATE events SET tenant_id = COALESCE((SELECT j.tenant_id FROM jobs j WHERE j.id = events.job_id), 'ten_default') WHERE job_id IS NOT NULL;

-- Names are unique within a tenant.
CREATE TABLE tenant_policies (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
	position BIGINT NOT NULL, -- the first that fits, holds
	rule TEXT NOT NULL,       -- JSON: when, require, prefer, pin, forbid
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL,
	tenant_id TEXT NOT NULL DEFAULT 'ten_default',
	created_by TEXT NOT NULL DEFAULT '',
	UNIQUE (tenant_id, name)
);
INSERT INTO tenant_policies (id, name, position, rule, version, created_at, updated_at)
	SELECT id, name, position, rule, version, created_at, updated_at FROM routing_policies;
DROP TABLE routing_policies;
ALTER TABLE tenant_policies RENAME TO routing_policies;

CREATE TABLE tenant_schedules (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL,
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
	updated_at BIGINT NOT NULL,
	UNIQUE (tenant_id, name)
);
INSERT INTO tenant_schedules (id, name, cron, timezone, enabled, jitter, missed_max, missed, overlap, job, next_tick, next_run, waiting,
	last_tick, last_job_id, problem, tenant_id, created_by, version, created_at, updated_at)
	SELECT id, name, cron, timezone, enabled, jitter, missed_max, missed, overlap, job, next_tick, next_run, waiting, last_tick,
	last_job_id, problem, tenant_id, created_by, version, created_at, updated_at FROM schedules;
CREATE TABLE tenant_ticks (
	schedule_id TEXT NOT NULL REFERENCES tenant_schedules (id),
	tick BIGINT NOT NULL,
	status TEXT NOT NULL, -- waiting, fired, missed, failed
	job_id TEXT,
	reason TEXT,
	at BIGINT NOT NULL,
	PRIMARY KEY (schedule_id, tick)
);
INSERT INTO tenant_ticks (schedule_id, tick, status, job_id, reason, at)
	SELECT schedule_id, tick, status, job_id, reason, at FROM schedule_ticks;
DROP TABLE schedule_ticks;
DROP TABLE schedules;
ALTER TABLE tenant_schedules RENAME TO schedules;
ALTER TABLE tenant_ticks RENAME TO schedule_ticks;
CREATE INDEX schedules_due ON schedules (next_run) WHERE enabled = 1 AND next_tick > 0;
CREATE INDEX schedule_ticks_old ON schedule_ticks (at);
