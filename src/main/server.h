/* server: the verbs of `footplate server` that need no running control plane: dump, check-config. */
#pragma once

/* Each takes the words from its own name on, and returns the exit code. */
int server_dump(int argc, char **argv);
int server_check_config(int argc, char **argv);
