-- What was told last of the store's disk (storage.watermark): each change is told once, by whichever control plane.
CREATE TABLE storage_marks (
	name TEXT PRIMARY KEY, -- store
	is_full BIGINT NOT NULL,
	told_at BIGINT NOT NULL
);
