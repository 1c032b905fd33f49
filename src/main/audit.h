/*
 * audit: `footplate audit verify` and `footplate audit key`: the audit trail without a server. They only read.
 */
#pragma once

int audit_verify_main(int argc, char **argv); /* 0: whole; 1: it is not; 2: it could not be looked at */
int audit_key_main(int argc, char **argv);

#define AUDIT_VERIFY_HELP                                                                                    \
	"--export FILE\tAn export of all records (JSON lines) instead of a database.\n"                      \
	"--database FILE\tA SQLite file instead of the configured database.\n"                               \
	"--checkpoints FILE\tWith --export: the checkpoints.\n"                                              \
	"--anchors FILE\tCheckpoints that were told outside: shows what was cut off after one of them.\n"    \
	"--key KEY\tThe public key, or a file of it, from a place that who runs the database cannot write. " \
	"Default: the "                                                                                      \
	"database's own.\n"
#define AUDIT_KEY_HELP "--database FILE\tA SQLite file instead of the configured database.\n"
