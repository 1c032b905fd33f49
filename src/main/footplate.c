#include "cli/cli.h"
#include "main/agent_run.h"
#include "main/audit.h"
#include "main/backup.h"
#include "main/conf.h"
#include "main/doctor.h"
#include "main/kek_add.h"
#include "main/serve.h"
#include "main/server.h"

#include <stdio.h>
#include <string.h>

#define KEK_WORDS_MAX 32

static int dump(int argc, char **argv);
static int kek(int argc, char **argv);

/* What needs more of the house than the API's clients have. Each gets its own name as the first word. */
static const struct cli_extra extra[] = {
	{ .noun = "serve",
		.run = serve_main,
		.doc = "Runs the control plane, with an agent of its own unless --no-agent is given.",
		.help = CONF_HELP },
	{ .noun = "agent",
		.verb = "run",
		.run = agent_run_main,
		.doc = "Runs an agent in this process.",
		.help = CONF_HELP },
	{ .noun = "audit",
		.verb = "verify",
		.run = audit_verify_main,
		.doc = "Proves the audit trail of a database or an export: nothing was altered, left out or cut "
		       "off.",
		.help = AUDIT_VERIFY_HELP CONF_HELP },
	{ .noun = "audit",
		.verb = "key",
		.run = audit_key_main,
		.doc = "Prints the public key of the audit trail's checkpoints.",
		.help = AUDIT_KEY_HELP CONF_HELP },
	{ .noun = "server",
		.verb = "doctor",
		.run = doctor_main,
		.doc = "Looks for what would keep the control plane from running well.",
		.help = "--json\tOne JSON object instead of lines.\n" CONF_HELP },
	{ .noun = "server",
		.verb = "backup",
		.run = backup_main,
		.doc = "Makes, checks and puts back a backup: create --to DIR, verify --from DIR, restore --from "
		       "DIR, restored.",
		.help = CONF_HELP },
	{ .noun = "server",
		.verb = "kek",
		.run = kek,
		.doc = "The keys that secrets are under: status, rotate, rewrap, retire, as `footplate keyring`; "
		       "and add "
		       "--ring FILE, which adds a version to a key ring's file, or makes it." },
	{ .noun = "server",
		.verb = "dump",
		.run = dump,
		.doc = "Prints a reference: actions, config, errors, events, metrics, openapi or cli." },
	{ .noun = "server",
		.verb = "check-config",
		.run = server_check_config,
		.doc = "Reads the configuration, and prints it as it would be used.",
		.help = CONF_HELP },
	{ 0 },
};

/* The command line's own reference is the one that server_dump cannot write. */
static int dump(int argc, char **argv)
{
	struct buf b = { 0 };

	if (argc != 2 || strcmp(argv[1], "cli") != 0)
		return server_dump(argc, argv);
	cli_document(&b, extra);
	int code = fputs(buf_text(&b), stdout) < 0 || b.bad;
	buf_done(&b);
	return code;
}

static int kek(int argc, char **argv)
{
	char noun[] = "keyring";
	char *words[KEK_WORDS_MAX] = { argv[0], noun };

	if (argc > 1 && !strcmp(argv[1], "add"))
		return kek_add_main(argc - 1, argv + 1);
	if (argc < 2 || argc + 1 >= KEK_WORDS_MAX) {
		fputs("usage: footplate server kek status|rotate|rewrap|retire …|add --ring FILE\n", stderr);
		return 2;
	}
	memcpy(words + 2, argv + 1, (size_t)(argc - 1) * sizeof(*words));
	return cli_main(argc + 1, words, extra);
}

int main(int argc, char **argv) { return cli_main(argc, argv, extra); }
