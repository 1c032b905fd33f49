/*
 * doctor: `footplate server doctor`: looks at everything that a control plane needs, whether one runs or not, and says how to mend what
 * is wrong. It changes nothing, but for a file that it writes and removes to see how fast the disk is.
 */
#pragma once

/* Takes the words from its own name on. 0: nothing failed; 1: something did; 2: the configuration cannot be read. */
int doctor_main(int argc, char **argv);
