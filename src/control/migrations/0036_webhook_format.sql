-- In which words a webhook tells its events: native, cloudevents.
ALTER TABLE webhooks ADD COLUMN format TEXT NOT NULL DEFAULT 'native';
