/*
 * profile: servers and keys under names of one's own: --profile NAME reads $XDG_CONFIG_HOME/footplate/profiles/NAME.toml
 * (~/.config when that is not set), whose section [client] may set server, key_file, ca_file and timeout. A file that is named
 * there without a folder stands beside the profile.
 */
#pragma once

#include "cli/cmd.h"

/* Puts what the profile says among the options that were typed, which go first. CLI_USAGE, said on stderr. */
enum cli_exit profile_use(struct cmd *c);
