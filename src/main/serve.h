/* serve: `footplate serve`: the control plane, with the embedded drivers and, unless told otherwise, an agent of its own. */
#pragma once

/* Returns the exit code. */
int serve_main(int argc, char **argv);
