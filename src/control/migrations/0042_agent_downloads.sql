-- Downloads that an agent takes at once, as it told; 0: as many as tasks.
ALTER TABLE agents ADD COLUMN downloads BIGINT NOT NULL DEFAULT 0;
