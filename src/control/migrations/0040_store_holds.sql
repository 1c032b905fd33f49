-- What a download may take in the store: held from the commit that admits it until what it left was counted.
ALTER TABLE downloads ADD COLUMN store_bytes BIGINT NOT NULL DEFAULT 0;    -- held; with what is used never more than the store may have
ALTER TABLE downloads ADD COLUMN store_freed_at BIGINT NOT NULL DEFAULT 0; -- over; held until the store was counted after that. 0: it goes on
ALTER TABLE downloads ADD COLUMN store_need BIGINT NOT NULL DEFAULT 0;     -- as its agent told its sizes; 0: not yet
ALTER TABLE downloads ADD COLUMN here_bytes BIGINT NOT NULL DEFAULT 0;     -- of it, on the store's disk already: in its agent's cache
CREATE INDEX downloads_store ON downloads (id) WHERE store_bytes > 0;
ALTER TABLE storage_marks ADD COLUMN bytes BIGINT NOT NULL DEFAULT -1; -- that the store took when it was counted last; -1: never
