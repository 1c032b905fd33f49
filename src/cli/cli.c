#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/reference.h"
#include "cli/words.h"

#include <jansson.h>

int cli_run(FILE *out, FILE *err, int argc, char **argv, const struct cli_extra *extra)
{
	struct cmd c = { .out = out, .err = err, .extra = extra, .given = json_object() };
	int code = c.given ? words_run(&c, argc, argv) : CLI_FAILED;

	if (cmd_flushed(&c) != CLI_OK && code == CLI_OK)
		code = CLI_FAILED;
	cmd_done(&c);
	return code;
}

int cli_main(int argc, char **argv, const struct cli_extra *extra)
{
	return cli_run(stdout, stderr, argc, argv, extra);
}

void cli_document(struct buf *to, const struct cli_extra *extra) { reference_write(to, extra); }
