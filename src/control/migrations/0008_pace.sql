-- Who gets what when: tenants, the pace of jobs, what tasks wait for, where they may run; agents that take no more.

CREATE TABLE tenants (
	id TEXT PRIMARY KEY,
	weight BIGINT NOT NULL,  -- its share beside the others'
	deficit BIGINT NOT NULL, -- what is left of its share of this turn
	turn BIGINT NOT NULL,    -- counts turns: who had none for longest is next
	created_at BIGINT NOT NULL
);
INSERT INTO tenants (id, weight, deficit, turn, created_at) VALUES ('ten_default', 1, 0, 0, 0);
ALTER TABLE api_keys ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';

ALTER TABLE jobs ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
ALTER TABLE jobs ADD COLUMN turn BIGINT NOT NULL DEFAULT 0; -- as of tenants, among the jobs of one
ALTER TABLE jobs ADD COLUMN paused BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN task_order TEXT NOT NULL DEFAULT 'fair';
ALTER TABLE jobs ADD COLUMN max_parallel BIGINT NOT NULL DEFAULT 0; -- 0: no limit
ALTER TABLE jobs ADD COLUMN deadline BIGINT NOT NULL DEFAULT 0;     -- 0: none
ALTER TABLE jobs ADD COLUMN stop_count BIGINT NOT NULL DEFAULT 0;   -- 0: none
ALTER TABLE jobs ADD COLUMN stop_percent BIGINT NOT NULL DEFAULT 0; -- 0: none
ALTER TABLE jobs ADD COLUMN offline TEXT NOT NULL DEFAULT 'start';
ALTER TABLE jobs ADD COLUMN stop_reason TEXT;                 -- why the rest of it is not done
ALTER TABLE jobs ADD COLUMN ending BIGINT NOT NULL DEFAULT 0; -- there may be tasks left that are to be ended for that
CREATE INDEX jobs_due ON jobs (deadline) WHERE deadline > 0 AND finished_at = 0 AND stop_reason IS NULL;
CREATE INDEX jobs_ending ON jobs (id) WHERE ending = 1;

-- A queued task that dispatch has found it cannot hand out says what it waits for, and is not looked at until that has come:
-- 'account', 'job', 'time', 'place', or the id of the agent that is to have it. look_at: it is looked at again then; 0: when told.
ALTER TABLE tasks ADD COLUMN tenant_id TEXT NOT NULL DEFAULT 'ten_default';
ALTER TABLE tasks ADD COLUMN waits TEXT;
ALTER TABLE tasks ADD COLUMN look_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN placement TEXT;
DROP INDEX tasks_queued;
CREATE INDEX tasks_ready ON tasks (tenant_id, priority, job_id, id) WHERE status = 'queued' AND waits IS NULL;
CREATE INDEX tasks_waits ON tasks (waits, (created_at - priority * 60000), id) WHERE status = 'queued' AND waits IS NOT NULL;
CREATE INDEX tasks_of_account ON tasks (account_id, (created_at - priority * 60000), id) WHERE status = 'queued' AND waits = 'account';
CREATE INDEX tasks_of_paced ON tasks (job_id, id) WHERE status = 'queued' AND waits = 'job';
CREATE INDEX tasks_look ON tasks (look_at) WHERE status = 'queued' AND waits IS NOT NULL AND look_at > 0;
CREATE INDEX tasks_doubted ON tasks (account_id) WHERE status = 'queued' AND probe = 1;

ALTER TABLE regions ADD COLUMN country TEXT;
ALTER TABLE regions ADD COLUMN compliance TEXT NOT NULL DEFAULT '[]';
ALTER TABLE regions ADD COLUMN cordoned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN capacity BIGINT NOT NULL DEFAULT 0; -- tasks at once
ALTER TABLE agents ADD COLUMN load BIGINT NOT NULL DEFAULT 0;     -- workers in use, in percent
ALTER TABLE agents ADD COLUMN sessions BIGINT NOT NULL DEFAULT 0; -- accounts that it holds
ALTER TABLE agents ADD COLUMN cordoned BIGINT NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN drain_until BIGINT NOT NULL DEFAULT 0; -- 0: it is not drained
ALTER TABLE agents ADD COLUMN drained_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX agents_draining ON agents (id) WHERE drain_until > 0 AND drained_at = 0;

CREATE TABLE routing_policies (
	id TEXT PRIMARY KEY,
	name TEXT NOT NULL UNIQUE,
	position BIGINT NOT NULL, -- the first that fits, holds
	rule TEXT NOT NULL,       -- JSON: when, require, prefer, pin, forbid
	version BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	updated_at BIGINT NOT NULL
);
