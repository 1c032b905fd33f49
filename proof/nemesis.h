/* nemesis: what goes wrong, when, drawn from the seed: which kinds at all, how often, for how long. Each wrong is put right later. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void nemesis_begin(uint64_t until_us);
void nemesis_end(void);          /* all is put right: machines run, links are open, disks and Steam are well */
int64_t nemesis_jumped_ms(void); /* how far the control plane's clock was moved, at most */

/* At a failpoint, on a fiber. strikes: the machine is stopped now. fails: what is about to be done does not work. */
bool nemesis_strikes(const char *name);
bool nemesis_fails(void);
bool nemesis_lies(void); /* an agent says something old again */
