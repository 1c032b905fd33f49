-- Of an agent's connections, the one that was accepted last counts: the words of an older one may arrive after it.
ALTER TABLE agents ADD COLUMN dial BIGINT NOT NULL DEFAULT 0; -- counts what instance_id accepted
