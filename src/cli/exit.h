/*
 * exit: the exit codes of the command line.
 */
#pragma once

enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_PARTIAL = 3,
	CLI_MISSING = 4,
	CLI_DENIED = 5,
	CLI_CONFLICT = 6,
	CLI_LIMITED = 7,
	CLI_UNKNOWN = 8, /* the outcome is not known, or somebody must look */
	CLI_AWAY = 9,
	CLI_WAIT_EXPIRED = 124, /* the work goes on */
};
