/*
 * backup: the verbs `footplate server backup create|verify|restore|restored`. They work on the database itself, beside a control plane
 * that runs (create, verify) or in place of one (restore).
 *
 * A backup is a folder: the database (footplate.db, or rows.jsonl of one that is no file) and manifest.json, which is written last: what
 * the files are, what they hold, and the fingerprint of the master key, never the key.
 */
#pragma once

/* Takes the words from its own name on, and returns the exit code. */
int backup_main(int argc, char **argv);
