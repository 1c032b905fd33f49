/*
 * profile: servers and keys under names of one's own: --profile NAME reads $XDG_CONFIG_HOME/footplate/profiles/NAME.toml
 * (~/.config when that is not set), whose section [client] may set server, key_file, ca_file and timeout. A file that is named
 * there without a folder stands beside the profile.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

struct json_t;

/* The file of this profile with another ending: NAME.ending. NULL: not a profile's name, or no memory. */
const char *profile_path(const char *name, const char *ending, struct arena *a);

/*
 * Puts what the profile says among the options that were typed (`given`, by their names), which go first. RC_INVALID with what
 * is wrong with the name or the file.
 */
must_check enum rc profile_use(const char *name, struct json_t *given, struct arena *a, struct fault *f);
