/*
 * field_conf: configuration by field tables. A table has one FIELD_OBJ for each section, whose `sub` lists the keys. The same
 * table reads the file, finds the environment's twin of each key, and documents both.
 *
 * The file is the simple part of TOML: [section] lines, key = value lines, comments; a value is "text" (with JSON's
 * escapes), true, false or a whole number. The twin of server.port is FOOTPLATE_SERVER__PORT. Pure: the environment is
 * asked for by a function.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#define FIELD_CONF_MAX 65536 /* bytes of a file */

/* Reads the text into *to. RC_INVALID with the line, what is wrong, and "did you mean" for an unknown section or key. */
must_check enum rc field_conf_read(
	const struct field *t, const char *text, struct arena *a, void *to, struct fault *f);

/* Sets one key, "section.key". */
must_check enum rc field_conf_set(
	const struct field *t, const char *key, const char *value, struct arena *a, void *to, struct fault *f);

/* Sets every key whose twin `get` knows. */
must_check enum rc field_conf_env(
	const struct field *t, const char *(*get)(const char *name), struct arena *a, void *to, struct fault *f);

/* Writes the values as a file that field_conf_read takes; a secret is "(set)". */
void field_conf_print(const struct field *t, const void *from, struct buf *to);

/* Writes the reference, docs/generated/config.md. */
void field_conf_document(const struct field *t, struct buf *to);
