/* The command line as people use it: the real program against a real control plane with an agent, on a simulated Steam. */
#include "tests/system/fp.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TYPED "typed-Canary-4471-word"

static const char world[] = "change 1000\n"
			    "account plain password=" TYPED " packages=0\n"
			    "account mailed password=mailed-pw guard=email email=QW3RT\n"
			    "account coded password=coded-pw guard=device shared=AQIDBAUGBwgJCgsMDQ4PEBESExQ= "
			    "identity=FBMSERAPDg0MCwoJCAcGBQQDAgE=\n"
			    "free 480 package=90480\n"
			    "key GOOD1-GOOD1-GOOD1 package=501\n";

static void imports(const struct rig *r)
{
	put(r, "list.csv", "login,password\nmailed,mailed-pw\ncoded,coded-pw\nno login,x\n");
	put(r, "coded.maFile",
		"{\n\"account_name\": \"coded\",\n\"shared_secret\": \"AQIDBAUGBwgJCgsMDQ4PEBESExQ=\",\n"
		"\"identity_secret\": \"FBMSERAPDg0MCwoJCAcGBQQDAgE=\"\n}\n");
	FP(3, "account import %s/list.csv -o csv", r->dir);
	CHECK(strstr(err, "row 3:") && strstr(err, "2 made, 0 got new secrets, 0 were there, 1 refused"));
	FP(0, "account import %s/coded.maFile", r->dir);
	CHECK(strstr(err, "0 made, 1 got new secrets"));
	FP(3, "account import %s/list.csv", r->dir);
	CHECK(strstr(err, "0 made, 0 got new secrets, 2 were there, 1 refused"));
	FP(0, "account secret list coded -o csv");
	CHECK(strstr(out, "password,true,1") && strstr(out, "shared_secret,true,1") &&
		strstr(out, "parental_pin,false"));
}

/* A password that is typed at a prompt is not shown. */
static void a_prompt(const struct rig *r)
{
	char shown[4096] = "";
	size_t n = 0;
	int tty, status;

	FP(0, "account create plain");
	pid_t pid = forkpty(&tty, NULL, NULL, NULL);
	CHECK(pid >= 0);
	if (pid == 0) {
		execl(getenv("FOOTPLATE"), "footplate", "account", "secret", "set", "plain", "password",
			(char *)NULL);
		_exit(127);
	}
	while (!strstr(shown, "Secret: ")) {
		ssize_t got = read(tty, shown + n, sizeof(shown) - 1 - n);
		CHECK(got > 0);
		n += (size_t)got;
	}
	CHECK(write(tty, "wrong\025" TYPED "x\177\r", sizeof("wrong\025" TYPED "x\177\r") - 1) > 0);
	for (ssize_t got; (got = read(tty, shown + n, sizeof(shown) - 1 - n)) > 0;)
		n += (size_t)got;
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) != 0 || strstr(shown, "anary") || strstr(shown, "wrong")) {
		fprintf(stderr, "exit %d, the terminal showed: %s\n", WEXITSTATUS(status), shown);
		exit(1);
	}
	close(tty);
}

static void log_ons(const struct rig *r)
{
	char id[64];

	FP(0, "account up coded");
	FP(0, "account play plain --apps 440,480");
	FP(0, "account up mailed");
	await(r, "account state coded -q", "online");
	await(r, "account state plain -q", "online"); /* with the password as it was typed */
	await(r, "challenge list --state open --account mailed -o csv", "guard_email");
	FP(0, "challenge list --state open -q");
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(out, "\n"), out);
	FP(2, "challenge answer %s --approve", id); /* it wants a code */
	put(r, "code", "QW3RT\n");
	FP(0, "challenge answer %s <%s/code", id, r->dir);
	CHECK(!strstr(out, "QW3RT"));
	await(r, "account state mailed -q", "online");
	FP(6, "challenge answer %s <%s/code", id, r->dir); /* once */
	FP(0, "challenge get %s", id);
	CHECK(strstr(out, "accepted"));
	FP(0, "account list --state online -q");
	CHECK(strlen(out) > 90);
	FP(0, "account code coded -q");
	CHECK(strlen(out) == 6);
	FP(6, "account code plain");
	FP(0, "account history mailed --all -o csv");
	CHECK(strstr(out, "authenticating,challenge,needs_code"));
	FP(6, "account quarantine clear plain");
	FP(6, "account retry plain");
}

static void actions(const struct rig *r)
{
	FP(0, "account standing plain -o json");
	CHECK(strstr(out, "\"tradeReady\""));
	FP(0, "confirm list coded");
	FP(0, "confirm accept coded --all"); /* nothing waits */
	FP(0, "confirm accept coded --creator 123 --dry-run -o json");
	CHECK(strstr(out, "\"dryRun\": true"));
	FP(0, "egress probe plain --target cm --target community -o csv");
	CHECK(strstr(out, "cm,true") && strstr(out, "community,true"));
	FP(0, "job run licenses.add_free -t plain -p apps=480 --dry-run --wait");
	FP(0, "job run licenses.list -t plain --wait -q");
	FP(0, "job tasks %.*s -o json", (int)strcspn(out, "\n"), out);
	CHECK(!strstr(out, "90480")); /* the dry run did nothing */
	FP(2, "account down plain --dry-run");
	FP(0, "account state plain -q");
	CHECK_STR(out, "online\n");
}

static void egresses(const struct rig *r)
{
	FP(0, "egress create out-1 --kind bind_address --address 127.0.0.1 --hard-cap 3 --soft-cap 2");
	FP(6, "egress create out-1 --kind direct");
	FP(6, "egress secret set out-1 --secret-file %s/code", r->dir); /* only a proxy has a login */
	FP(0, "account edit plain --egress out-1");
	FP(6, "egress delete out-1");
	FP(0, "egress list -o csv");
	CHECK(strstr(out, "out-1,bind_address,127.0.0.1"));
	await(r, "account state plain -q", "online"); /* by the new way */
	FP(0, "account edit plain --no-egress");
	FP(0, "egress delete out-1");
	FP(4, "egress get out-1");
}

static void quarantine(const struct rig *r)
{
	FP(0, "account quarantine set coded");
	await(r, "account state coded -q", "quarantined");
	FP(6, "account quarantine set coded");
	FP(0, "account quarantine clear coded");
	await(r, "account history coded -n 1 -o csv", "agent:"); /* its agent has it again */
}

static void budgets(const struct rig *r)
{
	char id[96];

	FP(0, "budget list --lane cm.login -q");
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(out, "\n"), out);
	CHECK(!strncmp(id, "cm.login:", 9));
	FP(0, "budget set %s --every-ms 60000 --burst 1", id);
	CHECK(strstr(out, "60000000"));
	FP(0, "key create tightener -s budgets:write -s budgets:read -q");
	put(r, "tight.key", out);
	FP(0, "budget set %s --every-ms 90000 --key-file %s/tight.key", id, r->dir);
	FP(5, "budget set %s --every-ms 1000 --key-file %s/tight.key", id, r->dir);
	CHECK(strstr(err, "budgets:override"));
	FP(5, "budget clear %s --key-file %s/tight.key", id, r->dir);
	FP(0, "budget clear %s", id);
	FP(0, "budget get %s -o json", id);
	CHECK(strstr(out, "\"tuned\": true"));
}

static void options(const struct rig *r)
{
	char path[1024];

	FP(0, "server version --request-id my.own-id_1 --trace-http");
	CHECK(strstr(err, "request my.own-id_1"));
	FP(4, "job get job_none --request-id my.own-id_2");
	CHECK(strstr(err, "(request my.own-id_2)"));
	FP(2, "job get job_none --request-id 'a b'");
	snprintf(path, sizeof(path), "mkdir -p %s/footplate/profiles", r->dir);
	CHECK(system(path) == 0);
	snprintf(path, sizeof(path), "[client]\nserver = \"%s\"\nkey_file = \"%s/data/admin.key\"\n", r->url,
		r->dir);
	put(r, "footplate/profiles/here.toml", path);
	setenv("XDG_CONFIG_HOME", r->dir, 1);
	unsetenv("FOOTPLATE_SERVER");
	unsetenv("FOOTPLATE_KEY_FILE");
	FP(0, "--profile here account list -q");
	CHECK(!strncmp(out, "acc_", 4));
	FP(9, "--server http://127.0.0.1:1 --profile here account list");
}

int main(void)
{
	const char *const quick[] = { "--set", "lanes.unsafe=true", "--set",
		"lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0", NULL };
	struct rig rig, *r = &rig;
	char key[1200];

	rig_init(r);
	rig_sim(r, world, (const char *const[]){ "--poll", "200", NULL });
	rig_serve(r, quick);
	rig_await_agents(r, 1);
	snprintf(key, sizeof(key), "%s/data/admin.key", r->dir);
	setenv("FOOTPLATE_SERVER", r->url, 1);
	setenv("FOOTPLATE_KEY_FILE", key, 1);
	imports(r);
	a_prompt(r);
	log_ons(r);
	actions(r);
	egresses(r);
	quarantine(r);
	budgets(r);
	options(r);
	rig_done(r);
	return 0;
}
