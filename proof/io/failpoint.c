/* The places where the real programs can be made to die: here the seed says when they do, or let others go first. */
#include "io/failpoint.h"
#include "proof/nemesis.h"
#include "proof/sim.h"

void failpoint_pass(const char *name)
{
	if (!sim.current || sim.quiet)
		return;
	if (nemesis_strikes(name))
		fiber_wait(UINT64_MAX); /* the machine is stopped at once */
	else if (sim_chance(250))
		fiber_yield();
}

enum rc failpoint_rc(const char *name, struct fault *f)
{
	failpoint_pass(name);
	return sim.current && !sim.quiet && nemesis_fails() ? fault_set(f, RC_IO, "%s fails", name) : RC_OK;
}
