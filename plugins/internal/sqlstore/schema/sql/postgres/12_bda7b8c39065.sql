ALTER TABLE model_version_tags ALTER COLUMN value TYPE TEXT;
