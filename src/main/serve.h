/* serve: `footplate serve`: the control plane, with the embedded drivers and, unless told otherwise, an agent of its own. */
#pragma once

/* Takes the words from its own name on, and returns the exit code. */
int serve_main(int argc, char **argv);
