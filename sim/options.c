#include "sim/options.h"

#include "base/buf.h"
#include "sim/faults.h"
#include "sim/web/directory.h"
#include "sim/web/econ_controls.h"
#include "sim/web/people_controls.h"
#include "sim/web/titles_controls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { TEXT, NUMBER, PORT, LEVEL, FLAG, NAME, FAULT };

static const struct option_row {
	const char *name, *arg;
	enum kind kind;
	size_t at;
	uint32_t min, max;
	const char *doc;
} rows[] = {
	{ "--world", "FILE", TEXT, offsetof(struct options, world), 0, 0,
		"what this Steam holds (default: a small demo world)" },
	{ "--host", "ADDRESS", TEXT, offsetof(struct options, host), 0, 0,
		"to listen on and to name in the directory (127.0.0.1)" },
	{ "--port", "N", NUMBER, offsetof(struct options, port), 0, 65535,
		"HTTPS and WSS; 0: any free one (8443)" },
	{ "--plain-port", "N", PORT, offsetof(struct options, plain_port), 0, 65535,
		"HTTP and WS besides; 0: any free one (none)" },
	{ "--content", "N", NUMBER, offsetof(struct options, content), 1, SIM_CDN_MAX,
		"content servers, the first at the plain port, each other on a free one (1)" },
	{ "--lancache", "", FLAG, offsetof(struct options, lancache), 0, 0,
		"the content servers are a cache in the local network: heartbeat, and whether each answer was "
		"there" },
	{ "--cms", "N", NUMBER, offsetof(struct options, cms), 1, 16,
		"connection managers, each on a port of its own (1)" },
	{ "--tcp", "N", NUMBER, offsetof(struct options, tcp), 0, 16,
		"connection managers over plain TCP besides, each on a free port; their public key is tcp.pem "
		"(0)" },
	{ "--tls-dir", "FOLDER", TEXT, offsetof(struct options, tls_dir), 0, 0,
		"where ca.pem, cert.pem and key.pem are written at each start (steamsim-tls)" },
	{ "--tls-name", "NAME", NAME, 0, 0, 0, "one more name or address for the certificate; may be repeated" },
	{ "--heartbeat", "SECONDS", NUMBER, offsetof(struct options, heartbeat_s), 1, 300,
		"that a logon is told (9)" },
	{ "--poll", "MS", NUMBER, offsetof(struct options, poll_ms), 10, 60000,
		"how often those who wait for their logon to be let in shall ask (5000)" },
	{ "--login-failures", "N", NUMBER, offsetof(struct options, limits.login_failures), 0, 100000,
		"wrong passwords and codes of an address, then it is answered 84; 0: without a limit (0)" },
	{ "--account-failures", "N", NUMBER, offsetof(struct options, limits.account_failures), 0, 100000,
		"wrong passwords and codes of an account, then it is answered 87; 0: without a limit (0)" },
	{ "--login-window", "SECONDS", NUMBER, offsetof(struct options, limits.login_window_s), 1, 86400,
		"in which they count, and for which they are held off (1500)" },
	{ "--redeem-failures", "N", NUMBER, offsetof(struct options, limits.redeem_failures), 0, 100000,
		"failed keys of an account in an hour, then RateLimited; 0: without a limit (10)" },
	{ "--free-licences", "N", NUMBER, offsetof(struct options, limits.free_licences), 0, 100000,
		"free packages of an account in 90 minutes; 0: without a limit (30)" },
	{ "--part", "BYTES", NUMBER, offsetof(struct options, part_bytes), 1, 1 << 24,
		"after which an answer with product info goes on in another message (262144)" },
	{ "--fault", "RULE", FAULT, 0, 0, 0, "see below; may be repeated" },
	{ "--ready-file", "FILE", TEXT, offsetof(struct options, ready_file), 0, 0,
		"is written when steamsim listens, with the line that also goes to the standard output" },
	{ "--log-level", "LEVEL", LEVEL, 0, 0, 0,
		"error, warn, info or debug (info); the log goes to the standard error" },
	{ "--log-json", "", FLAG, offsetof(struct options, log_json), 0, 0, "log lines are JSON" },
	{ "--help", "", FLAG, offsetof(struct options, help), 0, 0, "this text" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static const char world_help[] =
	"  change N                               the newest change number at the start\n"
	"  history N                              how many numbers back `changes since` knows; further is a full "
	"update\n"
	"  app ID FILE [change=N] [token=T] [denied]\n"
	"                                         text VDF. With a token, others see its public part only\n"
	"  package ID FILE [change=N] [token=T] [denied]\n"
	"                                         a package's buffer as product info sends it\n"
	"  generate apps=A-B [seed=S] [min=BYTES] [max=BYTES] [token_every=N]\n"
	"                                         made up, of realistic size; the same seed gives the same bytes\n"
	"  generate package=ID apps=A-B           a package that holds these apps\n"
	"  account NAME password=P [id=ID64] [shared[=BASE64]] [identity[=BASE64]] [email=CODE]\n"
	"          [guard=none|email|link|device|approval] [persona=TEXT] [country=CC] [limited] [locked] [vac] "
	"[trade_ban] "
	"[disabled]\n"
	"          [escrow=DAYS] [private] [wallet=CENTS] [currency=N] [level=N] [game_bans=N] [packages=ID,ID]\n"
	"          [parental=PIN] [trade_token=T] [authenticator=DAYS] [played=APP:MINUTES:UNLOCKED:TOTAL,...]\n"
	"                                         `shared` without a value: the secret is SHA-1 of \"shared "
	"NAME\"\n"
	"  accounts PREFIX N password=P ...       PREFIX001 and so on\n"
	"  friends NAME NAME\n"
	"  key KEY package=ID [kind=good|used|region|base|wallet] [cents=N] [base=ID] [countries=CC,CC]\n"
	"  keys PREFIX N package=ID[+] ...        PREFIX-00001 and so on; with + the package counts up\n"
	"  free APP package=ID                    an app that can be had for nothing\n"
	"  beta APP BRANCH password=P [depots=FILE]\n"
	"  workshop FILE                          a JSON answer of GetDetails\n"
	"  workshop ID app=APP [manifest=GID] [url=URL] [file=FILE] [filename=NAME] [title=TEXT] [size=BYTES] "
	"[children=ID,ID]\n"
	"          [updated=SECONDS] [private]\n"
	"  depot, depotfile                       content servers (they need --plain-port), see sim/cdn/cdn.h\n"
	"  item NAME owner=ACCOUNT [app=440] [context=2] [count=N] [class=ID] [instance=ID] [amount=N] "
	"[market=NAME]\n"
	"          [type=TEXT] [untradable] [unmarketable] [commodity] [tag=CATEGORY:VALUE]...\n"
	"                                         after the accounts; a name with spaces is quoted\n"
	"  items PREFIX generate owner=ACCOUNT count=N [classes=N] [app=440] [context=2] [seed=S]\n"
	"                                         items of so many kinds\n";

void options_help(void)
{
	struct buf faults = { 0 };

	printf("usage: steamsim [option ...]\n\n"
	       "A simulated Steam: connection managers and their directory, the Web API, login, the community with "
	       "its "
	       "inventories,\n"
	       "trade offers and confirmations, the store, and content servers. Sites are told apart by the Host "
	       "header; without "
	       "one of\n"
	       "Steam's, by the prefixes /api, /community, /store, /login and /help, or by the path. It prints "
	       "`ready https://HOST:PORT ca=FILE ...` when it listens and runs until "
	       "SIGTERM.\n\n");
	for (size_t i = 0; i < ROWS; i++)
		printf("  %-18s %-8s %s\n", rows[i].name, rows[i].arg, rows[i].doc);
	faults_help(&faults);
	printf("\nA world file has one thing a line; paths are relative to it; # begins a comment:\n%s",
		world_help);
	printf("\nA fault rule is NAME@CALLS:EFFECT[,EFFECT...]; CALLS is * or a list of N, A-B and N+ that counts "
	       "the requests\n"
	       "of that name since the start. All rules that fit take effect together; latencies add up.\n"
	       "  logon@3,17,40:eresult=43     product_info@*:latency=250     changes@5+:drop     "
	       "connect@2:half_open\n%s",
		buf_text(&faults));
	printf("\nControls over HTTP:\n%s%s%s%s", directory_help, people_controls_help, econ_controls_help,
		titles_controls_help);
	buf_done(&faults);
}

static const struct option_row *find(const char *name)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static bool read_number(const char *s, const struct option_row *r, uint32_t *ret)
{
	char *end;
	unsigned long v = strtoul(s, &end, 10);
	if (*s < '0' || *s > '9' || *end || v < r->min || v > r->max)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* False when the value is not good. */
static bool set(struct options *o, const struct option_row *r, const char *value)
{
	void *at = (char *)o + r->at;
	uint32_t v = 0;

	switch (r->kind) {
	case TEXT:
		*(const char **)at = value;
		return true;
	case NUMBER:
		return read_number(value, r, at);
	case PORT:
		if (!read_number(value, r, &v))
			return false;
		*(int *)at = (int)v;
		return true;
	case LEVEL:
		return log_level_of(value, &o->log_level);
	case FLAG:
		*(bool *)at = true;
		return true;
	case NAME:
		if (o->names_n == OPTIONS_NAMES_MAX)
			return false;
		o->names[o->names_n++] = value;
		return true;
	case FAULT:
		if (o->faults_n == OPTIONS_FAULTS_MAX)
			return false;
		o->faults[o->faults_n++] = value;
		return true;
	}
	return false;
}

enum rc options_read(int argc, char **argv, struct options *ret, struct fault *f)
{
	struct options o = { .world = STEAMSIM_DATA "/demo.world",
		.host = "127.0.0.1",
		.tls_dir = "steamsim-tls",
		.port = 8443,
		.plain_port = -1,
		.cms = 1,
		.content = 1,
		.heartbeat_s = 9,
		.poll_ms = 5000,
		.limits = { .login_window_s = 1500, .redeem_failures = 10, .free_licences = 30 },
		.part_bytes = 262144,
		.log_level = LOG_LEVEL_INFO };

	for (int i = 1; i < argc; i++) {
		const struct option_row *r = find(argv[i]);
		if (!r)
			return fault_set(f, RC_INVALID, "there is no option %s; see --help", argv[i]);
		const char *value = "";
		if (r->kind != FLAG) {
			if (++i == argc)
				return fault_set(f, RC_INVALID, "%s wants a value: %s", r->name, r->arg);
			value = argv[i];
		}
		if (!set(&o, r, value))
			return fault_set(f, RC_INVALID, "%s does not take '%s'; see --help", r->name, value);
	}
	*ret = o;
	return RC_OK;
}
