/*
 * kek_add: `footplate server kek add --ring FILE`: a new version in a key ring's file, which is made when it is not there. For rings that the
 * control plane cannot write, or that several of them are given copies of.
 */
#pragma once

/* Takes the words from its own name on. 0: done, 1: it failed, 2: it cannot be understood. */
int kek_add_main(int argc, char **argv);
