ALTER TABLE experiment_tags ALTER COLUMN value TYPE TEXT;
