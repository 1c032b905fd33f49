-- 1: its bandwidth was set while an agent had it, and the task's payload says another.
ALTER TABLE downloads ADD COLUMN tuned BIGINT NOT NULL DEFAULT 0;
CREATE INDEX downloads_tuned ON downloads (task_id) WHERE tuned = 1;
