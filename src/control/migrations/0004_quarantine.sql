-- An operator has set the account aside: it is logged off, and not logged on until that is cleared.
ALTER TABLE accounts ADD COLUMN quarantined BIGINT NOT NULL DEFAULT 0;
