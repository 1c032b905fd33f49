/*
 * People, groups, roles, bindings, passwords and second factors against the real program, as attackers would: taking more than one has by every
 * way there is, taking over who may more, leaving the tenant without an owner, using a code twice, guessing, and looking whether the
 * words of a refusal tell who there is.
 */
#include "base/buf.h"
#include "base/hush.h"
#include "tests/system/rig.h"
#include "wire/totp.h"

#include <pthread.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

static struct rig r;

struct person {
	char id[64], token[2048], login[32];
};

static json_t *ask(const struct person *p, int status, const char *method, const char *path, const char *body)
{
	char headers[2200];

	snprintf(headers, sizeof(headers), "%s%s\nIf-Match: *",
		p ? "Authorization: Bearer " : "X-Nothing: ", p ? p->token : "x");
	struct rig_answer a = rig_call(&r, method, path, headers, body);
	if (a.status != status) {
		fprintf(stderr, "%s %s %s: %d, not %d: %s\n", p ? p->login : "key", method, path, a.status, status,
			a.text ? a.text : "");
		exit(1);
	}
	json_t *j = a.body ? json_incref(a.body) : json_null();
	rig_answer_done(&a);
	return j;
}
static void does(const struct person *p, int status, const char *method, const char *path, const char *body)
{
	json_decref(ask(p, status, method, path, body));
}

static const char *fmt(const char *f, ...) __attribute__((format(printf, 1, 2)));
static const char *fmt(const char *f, ...)
{
	static char texts[8][1024];
	static int at;
	va_list ap;

	at = (at + 1) % 8;
	va_start(ap, f);
	vsnprintf(texts[at], sizeof(texts[at]), f, ap);
	va_end(ap);
	return texts[at];
}

static void login(struct person *p, const char *password)
{
	json_t *j = ask(NULL, 200, "POST", "/v1/auth/login",
		fmt("{\"login\":\"%s\",\"password\":\"%s\",\"kind\":\"token\"}", p->login, password));
	snprintf(p->token, sizeof(p->token), "%s", json_str(j, "accessToken"));
	CHECK(*p->token);
	json_decref(j);
}

static struct person person(const char *login_, const char *role, const char *selector)
{
	struct person p = { 0 };

	snprintf(p.login, sizeof(p.login), "%s", login_);
	json_t *j = ask(NULL, 201, "POST", "/v1/users",
		fmt("{\"login\":\"%s\",\"password\":\"a long one of x%sx\"}", login_, "12"));
	snprintf(p.id, sizeof(p.id), "%s", json_str(j, "id"));
	json_decref(j);
	if (role)
		does(NULL, 201, "POST", "/v1/role-bindings",
			fmt("{\"subjectId\":\"%s\",\"role\":\"%s\",\"selector\":%s}", p.id, role, selector));
	login(&p, "a long one of x12x");
	return p;
}

static const char *made(const struct person *p, const char *path, const char *body)
{
	static char ids[8][64];
	static int at;
	json_t *j = ask(p, 201, "POST", path, body);

	at = (at + 1) % 8;
	snprintf(ids[at], sizeof(ids[at]), "%s", json_str(j, "id"));
	json_decref(j);
	return ids[at];
}

/* Nobody gives more than they have: by a binding, a group, a custom role, another's password, another's second factor. */
static void escalation(void)
{
	struct person owner = person("owner", "owner", "{}"), admin = person("admin", "admin", "{}"),
		      nobody = person("nobody", NULL, ""), ops = person("ops", "operator", "{}");
	const char *staff = made(NULL, "/v1/roles",
		"{\"name\":\"staff\",\"scopes\":[\"users:*\",\"groups:*\",\"roles:*\",\"jobs:read\"]}");
	struct person clerk = person("clerk", staff, "{}");

	does(&nobody, 403, "GET", "/v1/users", NULL);
	does(&ops, 403, "GET", "/v1/users", NULL);
	does(&ops, 403, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"viewer\"}", ops.id));
	/* Bindings: to oneself, to a friend, to a group one is in. */
	does(&admin, 403, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"owner\"}", admin.id));
	does(&clerk, 403, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"admin\"}", nobody.id));
	does(&clerk, 403, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"viewer\"}", clerk.id));
	does(&clerk, 201, "POST", "/v1/role-bindings",
		fmt("{\"subjectId\":\"%s\",\"role\":\"%s\",\"selector\":{\"regions\":[\"rgn_x\"]}}", nobody.id,
			staff));
	does(&clerk, 422, "POST", "/v1/role-bindings",
		fmt("{\"subjectId\":\"%s\",\"role\":\"no-such\"}", nobody.id));
	does(&clerk, 422, "POST", "/v1/role-bindings",
		fmt("{\"subjectId\":\"usr_01J00000000000000000000000\",\"role\":\"%s\"}", staff));
	const char *group = made(&clerk, "/v1/groups", "{\"name\":\"friends\"}");
	does(&clerk, 403, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"operator\"}", group));
	/* Groups that give more are not theirs to touch. */
	does(NULL, 201, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"operator\"}", group));
	does(&clerk, 403, "PUT", fmt("/v1/groups/%s/members/%s", group, clerk.id), NULL);
	does(&clerk, 403, "DELETE", fmt("/v1/groups/%s", group), NULL);
	does(&admin, 200, "PUT", fmt("/v1/groups/%s/members/%s", group, nobody.id), NULL);
	does(&nobody, 200, "GET", "/v1/jobs", NULL); /* at once */
	does(&admin, 200, "DELETE", fmt("/v1/groups/%s/members/%s", group, nobody.id), NULL);
	/* Roles: a new one, an old one, one's own. */
	does(&clerk, 422, "POST", "/v1/roles", "{\"name\":\"more\",\"scopes\":[\"jobs:write\"]}");
	does(&clerk, 422, "POST", "/v1/roles", "{\"name\":\"more\",\"scopes\":[\"admin:*\"]}");
	does(&clerk, 422, "POST", "/v1/roles", "{\"name\":\"more\",\"scopes\":[\"*:read\"]}");
	does(&admin, 422, "POST", "/v1/roles", "{\"name\":\"more\",\"scopes\":[\"admin:*\"]}");
	does(&clerk, 422, "PATCH", fmt("/v1/roles/%s", staff), "{\"scopes\":[\"users:*\",\"jobs:write\"]}");
	does(&clerk, 409, "POST", "/v1/roles", "{\"name\":\"owner\",\"scopes\":[\"jobs:read\"]}");
	does(&clerk, 409, "DELETE", fmt("/v1/roles/%s", staff), NULL);
	/* Who may more is not theirs: no password, no second factor, no name, no end, no unbinding. */
	const struct person *above[] = { &owner, &admin };
	for (size_t i = 0; i < 2; i++) {
		does(&clerk, 403, "PUT", fmt("/v1/users/%s/password", above[i]->id),
			"{\"password\":\"mine from now on\"}");
		does(&clerk, 403, "POST", fmt("/v1/users/%s/mfa/reset", above[i]->id), NULL);
		does(&clerk, 403, "POST", fmt("/v1/users/%s/disable", above[i]->id), NULL);
		does(&clerk, 403, "DELETE", fmt("/v1/users/%s", above[i]->id), NULL);
		does(&clerk, 403, "PATCH", fmt("/v1/users/%s", above[i]->id), "{\"login\":\"somebody-else\"}");
	}
	does(&admin, 403, "PUT", fmt("/v1/users/%s/password", owner.id), "{\"password\":\"mine from now on\"}");
	json_t *bindings = ask(&admin, 200, "GET", fmt("/v1/role-bindings?subjectId=%s", owner.id), NULL);
	const char *of_owner = fmt("%s",
		json_string_value(json_object_get(json_array_get(json_object_get(bindings, "items"), 0), "id")));
	does(&admin, 403, "DELETE", fmt("/v1/role-bindings/%s", of_owner), NULL);
	/* The last owner stays, whoever asks and however. */
	does(&owner, 409, "POST", fmt("/v1/users/%s/disable", owner.id), NULL);
	does(&owner, 409, "DELETE", fmt("/v1/users/%s", owner.id), NULL);
	does(NULL, 409, "DELETE", fmt("/v1/role-bindings/%s", of_owner), NULL);
	const char *owners = made(NULL, "/v1/groups", "{\"name\":\"owners\"}");
	does(NULL, 201, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"owner\"}", owners));
	does(NULL, 200, "PUT", fmt("/v1/groups/%s/members/%s", owners, admin.id), NULL);
	does(&owner, 204, "DELETE", fmt("/v1/role-bindings/%s", of_owner), NULL); /* there is another now */
	does(NULL, 409, "DELETE", fmt("/v1/groups/%s/members/%s", owners, admin.id), NULL);
	does(NULL, 409, "DELETE", fmt("/v1/groups/%s", owners), NULL);
	json_decref(bindings);
	/* A disabled person may nothing, at once; a deleted one leaves nothing. */
	does(&clerk, 200, "GET", "/v1/users", NULL);
	does(&admin, 200, "POST", fmt("/v1/users/%s/disable", clerk.id), NULL);
	does(&clerk, 401, "GET", "/v1/users", NULL);
	does(&admin, 200, "POST", fmt("/v1/users/%s/enable", clerk.id), NULL);
	does(&clerk, 401, "GET", "/v1/users", NULL); /* the session has ended */
	does(&admin, 204, "DELETE", fmt("/v1/users/%s", clerk.id), NULL);
	does(&admin, 404, "GET", fmt("/v1/users/%s", clerk.id), NULL);
	CHECK_STR(rig_sql(&r, fmt("SELECT COUNT(*) FROM role_bindings WHERE subject_id = '%s'", clerk.id)), "0");
}

/* What another tenant has is not there; its names may be the same; logins are unique in the installation. */
static void tenants(void)
{
	does(NULL, 201, "POST", "/v1/tenants", "{\"id\":\"ten_blue\",\"name\":\"Blue\"}");
	const char *theirs = made(NULL, "/v1/users",
		"{\"login\":\"blue\",\"password\":\"a long one of x12x\",\"tenantId\":\"ten_blue\"}");
	does(NULL, 201, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"owner\"}", theirs));
	struct person blue = { .login = "blue" }, red = person("red", "admin", "{}");
	snprintf(blue.id, sizeof(blue.id), "%s", theirs);
	login(&blue, "a long one of x12x");
	json_t *list = ask(&blue, 200, "GET", "/v1/users", NULL);
	CHECK(json_array_size(json_object_get(list, "items")) == 1);
	json_decref(list);
	does(&blue, 404, "GET", fmt("/v1/users/%s", red.id), NULL);
	does(&blue, 404, "DELETE", fmt("/v1/users/%s", red.id), NULL);
	does(&red, 404, "GET", fmt("/v1/users/%s", blue.id), NULL);
	does(&red, 404, "PUT", fmt("/v1/users/%s/password", blue.id), "{\"password\":\"mine from now on\"}");
	does(&blue, 422, "POST", "/v1/role-bindings", fmt("{\"subjectId\":\"%s\",\"role\":\"viewer\"}", red.id));
	does(&blue, 422, "POST", "/v1/users", "{\"login\":\"spy\",\"tenantId\":\"ten_default\"}");
	does(&blue, 409, "POST", "/v1/users", "{\"login\":\"RED\"}");
	const char *group = made(&blue, "/v1/groups", "{\"name\":\"owners\"}");
	does(&blue, 404, "PUT", fmt("/v1/groups/%s/members/%s", group, red.id), NULL);
	does(&blue, 403, "POST", "/v1/tenants", "{\"id\":\"ten_green\",\"name\":\"Green\"}");
	does(&blue, 409, "POST", fmt("/v1/users/%s/disable", blue.id), NULL); /* the last owner of that tenant */
}

struct racer {
	const struct person *p;
	const char *code;
	int status;
};
static void *race(void *ctx)
{
	struct racer *x = ctx;
	char headers[2200];

	snprintf(headers, sizeof(headers), "Authorization: Bearer %s", x->p->token);
	char body[64];
	snprintf(body, sizeof(body), "{\"code\":\"%s\"}", x->code);
	struct rig_answer a = rig_call(&r, "POST", "/v1/auth/step-up", headers, body);
	x->status = a.status;
	rig_answer_done(&a);
	return NULL;
}

static struct hush secret_of(const char *text)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	struct hush h = { 0 };
	uint8_t bytes[64];
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (; *text; text++) {
		bits = bits << 5 | (uint32_t)(strchr(letters, *text) - letters);
		have += 5;
		if (have >= 8) {
			bytes[n++] = (uint8_t)(bits >> (have - 8));
			have -= 8;
		}
	}
	CHECK(hush_set(&h, bytes, n) == RC_OK);
	return h;
}

static const char *code_of(const struct hush *h, int off)
{
	static char code[TOTP_CODE_MAX];
	const struct totp t = { TOTP_SHA1, TOTP_DIGITS, h };
	CHECK(totp_code(&t, totp_step((int64_t)time(NULL) * 1000) + off, code) == RC_OK);
	return code;
}

/* Enrol, a code 32 times at once, log-on with a code, recovery codes, step-up, reset by an administrator. */
static void second_factor(void)
{
	struct person ann = person("ann", "admin", "{}");
	struct racer racers[32];
	pthread_t threads[32];
	int right = 0;

	json_t *j = ask(&ann, 200, "POST", "/v1/auth/mfa/totp/enroll", NULL);
	struct hush secret = secret_of(json_str(j, "secret"));
	CHECK(!strncmp(json_str(j, "qrSvg"), "<svg ", 5) &&
		strstr(json_str(j, "uri"), "otpauth://totp/Footplate:ann?secret="));
	json_decref(j);
	struct rig_answer svg =
		rig_call(&r, "GET", "/v1/auth/mfa/totp/qr.svg", fmt("Authorization: Bearer %s", ann.token), NULL);
	CHECK(svg.status == 200 && !strcmp(rig_header(&svg, "content-type"), "image/svg+xml"));
	rig_answer_done(&svg);
	does(&ann, 403, "POST", "/v1/auth/mfa/totp/confirm", "{\"code\":\"000000\"}");
	/* One step back: so that the code of now is still good below. */
	json_t *shown =
		ask(&ann, 200, "POST", "/v1/auth/mfa/totp/confirm", fmt("{\"code\":\"%s\"}", code_of(&secret, -1)));
	json_t *recovery = json_object_get(shown, "recoveryCodes");
	CHECK(json_array_size(recovery) == 10);
	does(&ann, 404, "GET", "/v1/auth/mfa/totp/qr.svg", NULL);
	char now[TOTP_CODE_MAX];
	snprintf(now, sizeof(now), "%s", code_of(&secret, 0));
	for (int i = 0; i < 32; i++) {
		racers[i] = (struct racer){ &ann, now, 0 };
		CHECK(pthread_create(&threads[i], NULL, race, &racers[i]) == 0);
	}
	for (int i = 0; i < 32; i++) {
		pthread_join(threads[i], NULL);
		right += racers[i].status == 200;
		CHECK(racers[i].status == 200 || racers[i].status == 403 || racers[i].status == 429);
	}
	CHECK(right == 1);
	/* Locked by that; somebody helps. A recovery code is good once. */
	does(NULL, 200, "POST", fmt("/v1/users/%s/unlock", ann.id), NULL);
	const char *code = json_string_value(json_array_get(recovery, 0));
	does(&ann, 200, "POST", "/v1/auth/step-up", fmt("{\"code\":\"%s\"}", code));
	does(&ann, 403, "POST", "/v1/auth/step-up", fmt("{\"code\":\"%s\"}", code));
	/* A password alone is no log-on any more, and a session without the second factor no sensitive call. */
	j = ask(NULL, 200, "POST", "/v1/auth/login",
		"{\"login\":\"ann\",\"password\":\"a long one of x12x\",\"kind\":\"token\"}");
	CHECK(!*json_str(j, "accessToken"));
	json_decref(j);
	CHECK_STR(
		rig_sql(&r, fmt("SELECT COUNT(*) FROM mfa_recovery WHERE user_id = '%s' AND used_at > 0", ann.id)),
		"1");
	does(NULL, 200, "POST", fmt("/v1/users/%s/mfa/reset", ann.id), NULL);
	does(&ann, 401, "GET", "/v1/auth/mfa", NULL);
	login(&ann, "a long one of x12x");
	json_decref(shown);
	hush_done(&secret);
}

/* A policy: nothing but the own account until there is a second factor. */
static void policy(void)
{
	struct person pat = person("pat", "viewer", "{}");

	does(&pat, 200, "GET", "/v1/jobs", NULL);
	does(NULL, 200, "PUT", "/v1/mfa-policy", "{\"roles\":[\"viewer\"]}");
	json_t *j = ask(&pat, 403, "GET", "/v1/jobs", NULL);
	CHECK_STR(json_str(j, "code"), "step_up_required");
	json_decref(j);
	does(&pat, 200, "GET", "/v1/auth/mfa", NULL);
	j = ask(&pat, 200, "POST", "/v1/auth/mfa/totp/enroll", "{\"algorithm\":\"SHA1\"}");
	struct hush secret = secret_of(json_str(j, "secret"));
	json_decref(j);
	does(&pat, 200, "POST", "/v1/auth/mfa/totp/confirm", fmt("{\"code\":\"%s\"}", code_of(&secret, 0)));
	does(&pat, 200, "GET", "/v1/jobs", NULL);
	does(&pat, 409, "POST", "/v1/auth/mfa/totp/disable", fmt("{\"code\":\"%s\"}", code_of(&secret, 1)));
	does(NULL, 422, "PUT", "/v1/mfa-policy", "{\"roles\":[\"no-such\"]}");
	does(NULL, 200, "PUT", "/v1/mfa-policy", "{\"everyone\":false}");
	hush_done(&secret);
}

/* A proof that is old: sensitive calls ask for another; others do not. A key is not asked. */
static void step_up(void)
{
	struct person sam = person("sam", "admin", "{}");

	does(&sam, 201, "POST", "/v1/roles", "{\"name\":\"one\",\"scopes\":[\"jobs:read\"]}");
	rig_sql(&r,
		fmt("UPDATE auth_sessions SET authenticated_at = authenticated_at - 301000 WHERE user_id = '%s'",
			sam.id));
	json_t *j = ask(&sam, 403, "POST", "/v1/roles", "{\"name\":\"two\",\"scopes\":[\"jobs:read\"]}");
	CHECK_STR(json_str(j, "code"), "step_up_required");
	json_decref(j);
	does(&sam, 200, "GET", "/v1/roles", NULL);
	does(&sam, 403, "PUT", fmt("/v1/users/%s/password", sam.id), "{\"password\":\"something quite new\"}");
	does(&sam, 403, "POST", "/v1/auth/step-up", "{\"password\":\"wrong wrong wrong\"}");
	does(&sam, 422, "POST", "/v1/auth/step-up", "{}");
	does(&sam, 200, "POST", "/v1/auth/step-up", "{\"password\":\"a long one of x12x\"}");
	does(&sam, 201, "POST", "/v1/roles", "{\"name\":\"two\",\"scopes\":[\"jobs:read\"]}");
	does(NULL, 409, "POST", "/v1/auth/step-up", "{\"code\":\"123456\"}");
}

static void passwords(void)
{
	struct person eve = person("eve", NULL, "");
	const char *words = NULL;
	static char first[256];

	does(&eve, 403, "PUT", "/v1/auth/password",
		"{\"oldPassword\":\"not my old one\",\"password\":\"quite another one\"}");
	does(&eve, 422, "PUT", "/v1/auth/password",
		"{\"oldPassword\":\"a long one of x12x\",\"password\":\"short\"}");
	does(&eve, 422, "PUT", "/v1/auth/password",
		"{\"oldPassword\":\"a long one of x12x\",\"password\":\"hello Eve hello Eve\"}");
	struct person old = eve;
	login(&eve, "a long one of x12x");
	does(&eve, 200, "PUT", "/v1/auth/password",
		"{\"oldPassword\":\"a long one of x12x\",\"password\":\"quite another one\"}");
	does(&old, 401, "GET", "/v1/auth/mfa", NULL); /* the other sessions end */
	does(&eve, 200, "GET", "/v1/auth/mfa", NULL);
	does(NULL, 401, "POST", "/v1/auth/login", "{\"login\":\"eve\",\"password\":\"a long one of x12x\"}");
	/* A bcrypt hash from elsewhere. */
	does(NULL, 422, "POST", "/v1/users",
		"{\"login\":\"imp\",\"passwordHash\":\"$2x$05$/OK.fbVrR/"
		"bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e\"}");
	does(NULL, 201, "POST", "/v1/users",
		"{\"login\":\"imp\",\"passwordHash\":\"$2a$05$CCCCCCCCCCCCCCCCCCCCC."
		"E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\"}");
	does(NULL, 200, "POST", "/v1/auth/login", "{\"login\":\"imp\",\"password\":\"U*U\"}");
	CHECK_STR(rig_sql(&r, "SELECT SUBSTR(password, 1, 10) FROM users WHERE login = 'imp'"), "$argon2id$");
	/* Known and unknown: the same status, the same words, the same lock. */
	const char *names[] = { "red", "nobody-there" };
	for (size_t i = 0; i < 2; i++)
		for (int k = 0; k < 7; k++) {
			json_t *j = ask(NULL, k < 5 ? 401 : 429, "POST", "/v1/auth/login",
				fmt("{\"login\":\"%s\",\"password\":\"guess %d guess\"}", names[i], k));
			words = json_str(j, "detail");
			if (k == 0 && i == 0)
				snprintf(first, sizeof(first), "%s", words);
			CHECK(k || !strcmp(words, first));
			json_decref(j);
		}
	does(NULL, 429, "POST", "/v1/auth/login", "{\"login\":\"red\",\"password\":\"a long one of x12x\"}");
	CHECK_STR(rig_sql(&r, "SELECT COUNT(*) FROM users WHERE password NOT LIKE '%m=19456,t=2,p=1%'"), "0");
}

/* One verb of the command line, with what is fed to it; its first line, with --quiet an id. */
static const char *verb(int want, const char *fed, const char *words)
{
	static char lines[4][256];
	static int at;
	char command[1024];

	at = (at + 1) % 4;
	*lines[at] = 0;
	snprintf(command, sizeof(command),
		"printf '%%s' '%s' | %s --server %s --key-file %s/data/admin.key %s 2>&1", fed, getenv("FOOTPLATE"),
		r.url, r.dir, words);
	FILE *f = popen(command, "r");
	CHECK(f != NULL);
	if (fgets(lines[at], sizeof(lines[at]), f))
		lines[at][strcspn(lines[at], "\n")] = 0;
	for (char rest[512]; fgets(rest, sizeof(rest), f);)
		;
	int status = pclose(f);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != want) {
		fprintf(stderr, "%s: %d: %s\n", words, WEXITSTATUS(status), lines[at]);
		exit(1);
	}
	return lines[at];
}

/* A first owner by the administrator's key, all by the command line; their password is no word of it. */
static void command_line(void)
{
	struct person first = { .login = "first" };
	const char *id = verb(0, "", "user create First --name 'The First' -q");

	snprintf(first.id, sizeof(first.id), "%s", id);
	verb(0, "a long one of x12x", fmt("user set-password %s", first.id));
	CHECK(!strncmp(verb(0, "", fmt("binding create %s owner -q", first.id)), "rb_", 3));
	login(&first, "a long one of x12x");
	does(&first, 200, "GET", "/v1/users", NULL);
	char *group = strdup(verb(0, "", "group create night -q"));
	char *role = strdup(verb(0, "", "role create night --scope jobs:* --scope accounts:read -q"));
	verb(0, "", fmt("group add %s %s", group, first.id));
	CHECK_STR(verb(0, "", fmt("group members %s -q", group)), first.id);
	char *binding = strdup(verb(0, "",
		fmt("binding create %s %s --own --region rgn_1 --label team=red --action 'trade.*' -q", group,
			role)));
	CHECK(strstr(verb(0, "", fmt("binding get %s -o json", binding)), "{") != NULL);
	CHECK_STR(rig_sql(&r, fmt("SELECT selector FROM role_bindings WHERE id = '%s'", binding)),
		"{\"own\":true,\"regions\":[\"rgn_1\"],\"actions\":[\"trade.*\"],\"accountLabels\":{\"team\":"
		"\"red\"}}");
	verb(0, "", fmt("group rename %s nights", group));
	verb(0, "", fmt("role edit %s --scope jobs:read", role));
	verb(0, "", "role list");
	verb(0, "", fmt("binding delete %s", binding));
	verb(0, "", fmt("role delete %s", role));
	verb(0, "", fmt("group remove %s %s", group, first.id));
	verb(0, "", fmt("group delete %s", group));
	verb(0, "", fmt("user edit %s --email first@example.com", first.id));
	verb(0, "", fmt("user disable %s", first.id));
	verb(0, "", fmt("user enable %s", first.id));
	verb(0, "", "tenant create ten_cli 'By hand'");
	verb(0, "", "tenant rename ten_cli 'By another hand'");
	verb(0, "", "mfa-policy set --role owner");
	verb(0, "", "mfa-policy set");
	verb(0, "", fmt("user delete %s", first.id));
	verb(0, "", "user list --all");
	free(group);
	free(role);
	free(binding);
}

int main(void)
{
	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", "--set", "people.argon2_kib=19456", "--set",
			      "people.argon2_passes=2", "--set", "people.address_tries=100", NULL });
	escalation();
	tenants();
	second_factor();
	policy();
	step_up();
	passwords();
	command_line();
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
