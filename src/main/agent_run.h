/* agent_run: `footplate agent run`: an agent in a process of its own. */
#pragma once

/* Takes the words from its own name on, and returns the exit code. */
int agent_run_main(int argc, char **argv);
