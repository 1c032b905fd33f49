/* A process dies at the pass that was said, and at no other place. */
#include "io/failpoint.h"
#include "tests/unit/check.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Passes "here" so often; how did it end? */
static int end_of(const char *armed, int passes)
{
	int status = 0;
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid == 0) {
		struct fault f;
		int failed = 0;
		setenv("FOOTPLATE_FAILPOINT", armed, 1);
		for (int i = 0; i < passes; i++) {
			failpoint_pass("there");
			failed += failpoint_rc("here", &f) != RC_OK;
		}
		_exit(failed);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int main(void)
{
	CHECK(end_of("", 5) == 0);
	CHECK(end_of("elsewhere:kill", 5) == 0);
	CHECK(end_of("there:kill", 1) == -SIGKILL);
	CHECK(end_of("there:kill:3", 2) == 0);
	CHECK(end_of("there:kill:3", 3) == -SIGKILL);
	CHECK(end_of("here:kill:4", 3) == 0 && end_of("here:kill:4", 4) == -SIGKILL);
	CHECK(end_of("here:error:2", 5) == 4);
	CHECK(end_of("here:error:5,there:kill:6", 5) == 1 && end_of("here:error:5,there:kill:6", 6) == -SIGKILL);
	CHECK(end_of("there:pause:1,here:pause:1:2", 3) == 0);
	CHECK(end_of("there", 3) == 0 && end_of("::,there:", 3) == 0);
	return 0;
}
