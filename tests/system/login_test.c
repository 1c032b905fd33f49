/*
 * People who log in, at the real server: a browser with its cookie, a program with its tokens, and what is tried against both: another
 * site's page, a cookie and a token after the log-off, 32 refreshes at the same time, a refresh token that was used before, passwords that
 * are guessed.
 */
#include "tests/system/rig.h"
#include "wire/totp.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PASSWORD  "correct horse battery"
#define BCRYPT    "\\$2b\\$04\\$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS" /* of it */
#define REFRESHES 32

static struct rig r;

struct heard {
	int status;
	char text[16384], cookie[200]; /* cookie: "name=value" of the last Set-Cookie */
	json_t *body;
};

static void heard_done(struct heard *h)
{
	json_decref(h->body);
	h->body = NULL;
}

/* One request with these header lines; nothing of the rig's administrator. */
static struct heard ask(const char *method, const char *path, const char *headers, const char *body)
{
	struct heard h = { 0 };
	int fd = rig_connect(&r);
	size_t n = 0;

	dprintf(fd, "%s %s HTTP/1.1\r\nHost: fp.test\r\nConnection: close\r\n%s", method, path,
		headers ? headers : "");
	if (body)
		dprintf(fd, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	else
		dprintf(fd, "\r\n");
	for (ssize_t k; n < sizeof(h.text) - 1 && (k = read(fd, h.text + n, sizeof(h.text) - 1 - n)) > 0;)
		if (n += (size_t)k, !strncmp(h.text, "HTTP/1.1 101", 12) && strstr(h.text, "\r\n\r\n"))
			break; /* a WebSocket stays open */
	close(fd);
	CHECK(sscanf(h.text, "HTTP/1.1 %d", &h.status) == 1);
	const char *cookie = strcasestr(h.text, "\r\nset-cookie: "), *end = strstr(h.text, "\r\n\r\n");
	if (cookie)
		snprintf(h.cookie, sizeof(h.cookie), "%.*s", (int)strcspn(cookie + 14, ";\r"), cookie + 14);
	h.body = end ? json_loads(end + 4, 0, NULL) : NULL;
	return h;
}

static int status_of(const char *method, const char *path, const char *headers, const char *body)
{
	struct heard h = ask(method, path, headers, body);
	heard_done(&h);
	return h.status;
}

static const char *login_body(const char *login, const char *password, const char *kind)
{
	static char text[300];
	snprintf(text, sizeof(text), "{\"login\":\"%s\",\"password\":\"%s\",\"kind\":\"%s\"}", login, password,
		kind);
	return text;
}

static struct heard login(const char *who, const char *kind)
{
	struct heard h = ask("POST", "/v1/auth/login", NULL, login_body(who, PASSWORD, kind));
	if (h.status != 200)
		fprintf(stderr, "%s\n", h.text);
	CHECK(h.status == 200);
	CHECK_STR(json_str(h.body, "status"), "done");
	return h;
}

static const char *cookie_header(const struct heard *h)
{
	static char text[32][300];
	static int next;
	char *to = text[next++ % 32];
	snprintf(to, 300, "Cookie: theme=dark; %s\r\n", h->cookie);
	return to;
}

static const char *line(const char *fmt, const char *a, const char *b)
{
	static char text[64][2048];
	static int next;
	char *to = text[next++ % 64];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(to, 2048, fmt, a, b);
#pragma GCC diagnostic pop
	return to;
}

static void add_user(const char *name, const char *role)
{
	char sql[900];
	snprintf(sql, sizeof(sql),
		"INSERT INTO users (id, tenant_id, login, name, password, password_at, bcrypt_cost, created_by, "
		"created_at, updated_at) VALUES "
		"('usr_%s', 'ten_default', '%s', '%s', '%s', 1, 4, 'test', 1, 1)",
		name, name, name, BCRYPT);
	rig_sql(&r, sql);
	snprintf(sql, sizeof(sql),
		"INSERT INTO role_bindings (id, tenant_id, subject_id, role, selector, created_by, created_at) "
		"VALUES ('rb_%s', 'ten_default', "
		"'usr_%s', '%s', '{}', 'test', 1)",
		name, name, role);
	rig_sql(&r, sql);
}

static void browser(void)
{
	struct heard h = login("ann", "cookie"), me, other;
	const char *cookie = cookie_header(&h);

	CHECK(strstr(h.text, "__Host-footplate=fp_cs_") && strcasestr(h.text, "; Secure; HttpOnly; SameSite=Lax"));
	CHECK(!json_object_get(h.body, "accessToken") && !json_object_get(h.body, "refreshToken"));
	me = ask("GET", "/v1/auth/me", cookie, NULL);
	CHECK(me.status == 200);
	CHECK_STR(json_str(me.body, "login"), "ann");
	CHECK_STR(json_str(me.body, "kind"), "user");
	CHECK_STR(json_str(me.body, "tenantId"), "ten_default");
	CHECK_STR(json_str(me.body, "sessionId"), json_str(h.body, "sessionId"));
	CHECK_STR(json_str(me.body, "csrfToken"), json_str(h.body, "csrfToken"));
	CHECK(json_array_size(json_object_get(me.body, "roles")) == 1 &&
		json_array_size(json_object_get(me.body, "scopes")) > 10);
	/* A change: with the token of this session alone, from our page alone. */
	const char *csrf = json_str(h.body, "csrfToken"), *good = line("%sX-CSRF-Token: %s\r\n", cookie, csrf);
	const char *job = "{\"action\":\"agent.ping\",\"targets\":[]}";
	other = login("ann", "cookie");
	const char *keyed = line("%sIdempotency-Key: \"%s\"\r\n", good, "k1");
	CHECK(status_of("POST", "/v1/jobs", line("%sIdempotency-Key: \"a\"\r\n%s", cookie, ""), job) == 403);
	CHECK(status_of("POST", "/v1/jobs",
		      line("%sIdempotency-Key: \"a\"\r\nX-CSRF-Token: %s\r\n", cookie,
			      json_str(other.body, "csrfToken")),
		      job) == 403);
	CHECK(status_of("POST", "/v1/jobs", line("%sOrigin: https://evil.test\r\n%s", keyed, ""), job) == 403);
	CHECK(status_of("POST", "/v1/jobs", line("%sSec-Fetch-Site: cross-site\r\n%s", keyed, ""), job) == 403);
	CHECK(status_of("POST", "/v1/jobs", line("%sAuthorization: Bearer %s\r\n", keyed, r.key), job) == 401);
	int made = status_of("POST", "/v1/jobs",
		line("%sOrigin: https://fp.test\r\nSec-Fetch-Site: same-origin\r\n%s", keyed, ""), job);
	CHECK(made == 201 || made == 202 ||
		made == 422); /* through the door: what the job says is another question */
	/* A WebSocket has no header of ours: its Origin tells. */
	const char *upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
			      "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: "
			      "footplate.events.v1\r\n";
	const char *socket = line("Connection: Upgrade\r\n%s%s", upgrade, cookie);
	CHECK(status_of("GET", "/v1/events/ws", line("%sOrigin: https://evil.test\r\n%s", socket, ""), NULL) ==
		403);
	CHECK(status_of("GET", "/v1/events/ws", socket, NULL) == 403);
	CHECK(status_of("GET", "/v1/events/ws", line("%sOrigin: http://fp.test\r\n%s", socket, ""), NULL) == 101);
	/* Another site logs a visitor in as somebody of its own. */
	CHECK(status_of("POST", "/v1/auth/login", "Sec-Fetch-Site: cross-site\r\n",
		      login_body("ann", PASSWORD, "cookie")) == 403);
	/* The log-off: the cookie is worth nothing from then on. */
	CHECK(status_of("POST", "/v1/auth/logout", cookie, NULL) == 403);
	CHECK(status_of("POST", "/v1/auth/logout", good, NULL) == 204);
	CHECK(status_of("GET", "/v1/auth/me", cookie, NULL) == 401 &&
		status_of("POST", "/v1/auth/logout", good, NULL) == 401);
	CHECK(status_of("GET", "/v1/auth/me", cookie_header(&other), NULL) == 200);
	heard_done(&h);
	heard_done(&me);
	heard_done(&other);
}

static void sessions(void)
{
	struct heard a = login("ann", "cookie"), b = login("ann", "token"), c = login("bob", "cookie"), list;
	const char *ann = line("Authorization: Bearer %s\r\n%s", json_str(b.body, "accessToken"), "");
	const char *bob = line("%sX-CSRF-Token: %s\r\n", cookie_header(&c), json_str(c.body, "csrfToken"));

	list = ask("GET", "/v1/auth/sessions", ann, NULL);
	CHECK(list.status == 200 && json_array_size(json_object_get(list.body, "items")) >= 2);
	CHECK(!strstr(list.text, "usr_bob") && !strstr(list.text, "fp_cs_"));
	heard_done(&list);
	/* Bob may end his own alone; the administrator everybody's. */
	const char *id = json_str(a.body, "sessionId");
	CHECK(status_of("POST", line("/v1/auth/sessions/%s/revoke%s", id, ""), bob, NULL) == 404);
	CHECK(status_of("POST", line("/v1/auth-sessions/%s/revoke%s", id, ""), bob, NULL) == 403);
	CHECK(status_of("GET", "/v1/auth-sessions", bob, NULL) == 403);
	CHECK(status_of("GET", "/v1/auth/me", cookie_header(&a), NULL) == 200);
	json_t *all = rig_expect(&r, 200, "GET", "/v1/auth-sessions?userId=usr_ann", NULL);
	CHECK(json_array_size(json_object_get(all, "items")) >= 2);
	json_decref(all);
	json_decref(rig_expect(&r, 204, "POST", line("/v1/auth-sessions/%s/revoke%s", id, ""), NULL));
	CHECK(status_of("GET", "/v1/auth/me", cookie_header(&a), NULL) == 401);
	CHECK(status_of("GET", "/v1/auth/me", ann, NULL) == 200);
	json_decref(rig_expect(&r, 204, "POST", "/v1/users/usr_ann/revoke-sessions", NULL));
	CHECK(status_of("GET", "/v1/auth/me", ann, NULL) == 401);
	CHECK(status_of("GET", "/v1/auth/me", cookie_header(&c), NULL) == 200);
	/* A person who is disabled is out at once. */
	rig_sql(&r, "UPDATE users SET enabled = 0 WHERE id = 'usr_bob'");
	CHECK(status_of("GET", "/v1/auth/me", cookie_header(&c), NULL) == 401);
	CHECK(status_of("POST", "/v1/auth/login", NULL, login_body("bob", PASSWORD, "cookie")) == 401);
	rig_sql(&r, "UPDATE users SET enabled = 1 WHERE id = 'usr_bob'");
	heard_done(&a);
	heard_done(&b);
	heard_done(&c);
}

/* --- refresh */

static const char *refresh_body(const char *token) { return line("{\"refreshToken\":\"%s\"}%s", token, ""); }

struct racer {
	pthread_t thread;
	char body[200];
	struct heard h;
};

static void *race(void *ctx)
{
	struct racer *me = ctx;
	me->h = ask("POST", "/v1/auth/refresh", NULL, me->body);
	return NULL;
}

/* All at once with the same token: one successor, and a family that lives. */
static void refreshes(void)
{
	static struct racer racers[REFRESHES];
	struct heard h = login("ann", "token"), other = login("ann", "token");
	char first[100], next[100];

	snprintf(first, sizeof(first), "%s", json_str(h.body, "refreshToken"));
	CHECK(!strncmp(first, "fp_rt_", 6) && !*h.cookie);
	for (int i = 0; i < REFRESHES; i++) {
		snprintf(racers[i].body, sizeof(racers[i].body), "%s", refresh_body(first));
		CHECK(pthread_create(&racers[i].thread, NULL, race, &racers[i]) == 0);
	}
	for (int i = 0; i < REFRESHES; i++) {
		pthread_join(racers[i].thread, NULL);
		CHECK(racers[i].h.status == 200);
		CHECK_STR(json_str(racers[i].h.body, "refreshToken"), json_str(racers[0].h.body, "refreshToken"));
		CHECK(status_of("GET", "/v1/auth/me",
			      line("Authorization: Bearer %s\r\n%s", json_str(racers[i].h.body, "accessToken"), ""),
			      NULL) == 200);
	}
	snprintf(next, sizeof(next), "%s", json_str(racers[0].h.body, "refreshToken"));
	CHECK(strcmp(first, next) != 0);
	for (int i = 0; i < REFRESHES; i++)
		heard_done(&racers[i].h);
	CHECK_STR(rig_sql(&r, "SELECT COUNT(*) FROM auth_refresh_tokens WHERE used_at > 0"), "1");
	struct heard again = ask("POST", "/v1/auth/refresh", NULL, refresh_body(next));
	CHECK(again.status == 200);
	/* The first one comes back: two have it, and nobody knows who is who. */
	CHECK(status_of("POST", "/v1/auth/refresh", NULL, refresh_body(first)) == 401);
	CHECK(status_of("POST", "/v1/auth/refresh", NULL, refresh_body(json_str(again.body, "refreshToken"))) ==
		401);
	CHECK(status_of("GET", "/v1/auth/me",
		      line("Authorization: Bearer %s\r\n%s", json_str(again.body, "accessToken"), ""),
		      NULL) == 401);
	CHECK(status_of("POST", "/v1/auth/refresh", NULL, refresh_body(json_str(other.body, "refreshToken"))) ==
		200);
	json_t *events = rig_expect(&r, 200, "GET", "/v1/events?type=auth_session.revoked&limit=500", NULL);
	char *text = json_dumps(events, 0);
	CHECK(strstr(text, "refresh_reuse") && !strstr(text, "fp_rt_"));
	free(text);
	json_decref(events);
	heard_done(&again);
	heard_done(&h);
	heard_done(&other);
}

static void tokens(void)
{
	struct heard h = login("ann", "token"), keys = ask("GET", "/v1/auth/jwks", NULL, NULL),
		     ways = ask("GET", "/v1/auth/methods", NULL, NULL);
	const char *token = json_str(h.body, "accessToken");
	char bad[2048];

	CHECK(keys.status == 200 && json_array_size(json_object_get(keys.body, "keys")) == 1 &&
		!strstr(keys.text, "\"d\""));
	CHECK(ways.status == 200 && json_is_true(json_object_get(ways.body, "password")));
	CHECK(status_of("GET", "/v1/auth/me", line("Authorization: Bearer %s\r\n%s", token, ""), NULL) == 200);
	CHECK(status_of("GET", "/v1/auth/me", line("Authorization: Bearer %s%s\r\n", token, "x"), NULL) == 401);
	snprintf(bad, sizeof(bad), "%s", token);
	bad[strlen(bad) / 2] ^= 1;
	CHECK(status_of("GET", "/v1/auth/me", line("Authorization: Bearer %s\r\n%s", bad, ""), NULL) == 401);
	snprintf(bad, sizeof(bad), "%s", token);
	*strrchr(bad, '.') = 0; /* no signature */
	CHECK(status_of("GET", "/v1/auth/me", line("Authorization: Bearer %s.%s\r\n", bad, ""), NULL) == 401);
	CHECK(status_of("GET", "/v1/auth/me",
		      line("Authorization: Bearer %s\r\n%s", json_str(h.body, "refreshToken"), ""), NULL) == 401);
	CHECK(status_of("GET", "/v1/auth/me", NULL, NULL) == 401);
	CHECK(status_of("POST", "/v1/auth/logout", line("Authorization: Bearer %s\r\n%s", token, ""), NULL) == 204);
	CHECK(status_of("GET", "/v1/auth/me", line("Authorization: Bearer %s\r\n%s", token, ""), NULL) == 401);
	CHECK(status_of("POST", "/v1/auth/refresh", NULL, refresh_body(json_str(h.body, "refreshToken"))) == 401);
	/* A key is no person. */
	json_decref(rig_expect(&r, 409, "POST", "/v1/auth/logout", NULL));
	json_t *me = rig_expect(&r, 200, "GET", "/v1/auth/me", NULL);
	CHECK_STR(json_str(me, "kind"), "key");
	json_decref(me);
	heard_done(&h);
	heard_done(&keys);
	heard_done(&ways);
}

/* Wrong is wrong, in the same words, whoever is asked for; and not for ever. */
static void guesses(void)
{
	struct heard a = ask("POST", "/v1/auth/login", NULL, login_body("ann", "wrong", "cookie")),
		     b = ask("POST", "/v1/auth/login", NULL, login_body("nobody", "wrong", "cookie"));
	int limited = 0;

	CHECK(a.status == 401 && b.status == 401 && !*a.cookie && !*b.cookie);
	CHECK_STR(json_str(a.body, "detail"), json_str(b.body, "detail"));
	heard_done(&a);
	heard_done(&b);
	for (int i = 0; i < 12; i++)
		limited += status_of("POST", "/v1/auth/login", NULL, login_body("cat", "wrong", "cookie")) == 429;
	CHECK(limited > 0);
	CHECK(status_of("POST", "/v1/auth/login", NULL, login_body("cat", PASSWORD, "cookie")) == 429);
	CHECK(status_of("POST", "/v1/auth/login/second-factor", NULL,
		      "{\"challenge\":\"fp_lc_x\",\"code\":\"123456\"}") == 401);
	CHECK(status_of("POST", "/v1/auth/login", NULL, "{\"login\":\"ann\"}") == 422);
	json_t *metrics = NULL;
	struct rig_answer m = rig_call(&r, "GET", "/metrics", NULL, NULL);
	CHECK(strstr(m.text, "footplate_auth_attempts_total{method=\"cookie\",result=\"ok\"}") &&
		strstr(m.text, "footplate_auth_attempts_total{method=\"refresh\",result=\"reused\"} 1"));
	rig_answer_done(&m);
	json_decref(metrics);
}

/* --- the second factor */

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

static const char *code_body(const char *challenge, const char *code)
{
	return line("{\"challenge\":\"%s\",\"code\":\"%s\"}", challenge, code);
}

static struct heard begin_dan(void)
{
	struct heard h = ask("POST", "/v1/auth/login", NULL, login_body("dan", PASSWORD, "cookie"));
	CHECK(h.status == 200 && !*h.cookie && !json_object_get(h.body, "csrfToken"));
	CHECK_STR(json_str(h.body, "status"), "second_factor_required");
	return h;
}

/* What the password gave is worth nothing without the code, counts once, and not after a wrong one too many or a new password. */
static void second_factor(void)
{
	struct hush secret = { 0 };
	struct heard h = login("dan", "token");
	char bearer[2048], code[TOTP_CODE_MAX], challenge[100];

	snprintf(bearer, sizeof(bearer), "Authorization: Bearer %s\r\n", json_str(h.body, "accessToken"));
	heard_done(&h);
	h = ask("POST", "/v1/auth/mfa/totp/enroll", bearer, NULL);
	CHECK(h.status == 200);
	secret = secret_of(json_str(h.body, "secret"));
	heard_done(&h);
	const struct totp t = { TOTP_SHA1, TOTP_DIGITS, &secret };
	CHECK(totp_code(&t, totp_step((int64_t)time(NULL) * 1000) - 1, code) == RC_OK);
	struct heard shown =
		ask("POST", "/v1/auth/mfa/totp/confirm", bearer, line("{\"code\":\"%s\"}%s", code, ""));
	CHECK(shown.status == 200);
	const json_t *codes = json_object_get(shown.body, "recoveryCodes");
#define RECOVERY(i) json_string_value(json_array_get(codes, i))

	h = begin_dan();
	snprintf(challenge, sizeof(challenge), "%s", json_str(h.body, "challenge"));
	CHECK(!strncmp(challenge, "fp_lc_", 6));
	CHECK(status_of("GET", "/v1/auth/me", line("Authorization: Bearer %s\r\n%s", challenge, ""), NULL) == 401);
	CHECK(status_of("GET", "/v1/auth/me", line("Cookie: __Host-footplate=%s\r\n%s", challenge, ""), NULL) ==
		401);
	CHECK(status_of("POST", "/v1/auth/login/second-factor", NULL, code_body(challenge, code)) ==
		401); /* it was used to confirm */
	CHECK(status_of("POST", "/v1/auth/login/second-factor", "Sec-Fetch-Site: cross-site\r\n",
		      code_body(challenge, RECOVERY(0))) == 403);
	struct heard in = ask("POST", "/v1/auth/login/second-factor", NULL, code_body(challenge, RECOVERY(0)));
	CHECK(in.status == 200 && *in.cookie);
	struct heard me = ask("GET", "/v1/auth/me", cookie_header(&in), NULL);
	CHECK(me.status == 200 && json_is_true(json_object_get(me.body, "secondFactor")));
	CHECK(status_of("POST", "/v1/auth/login/second-factor", NULL, code_body(challenge, RECOVERY(1))) == 401);
	heard_done(&h);
	heard_done(&in);
	heard_done(&me);
	/* A password that was changed meanwhile. */
	h = begin_dan();
	rig_sql(&r, "UPDATE users SET password_at = password_at + 1 WHERE id = 'usr_dan'");
	CHECK(status_of("POST", "/v1/auth/login/second-factor", NULL,
		      code_body(json_str(h.body, "challenge"), RECOVERY(2))) == 401);
	heard_done(&h);
	/* Wrong ones: refused, and in the end with the right one, too. */
	h = begin_dan();
	int refused = 0;
	for (int i = 0; i < 6; i++) {
		int status = status_of("POST", "/v1/auth/login/second-factor", NULL,
			code_body(json_str(h.body, "challenge"), "000000"));
		refused += status == 401 || status == 429;
	}
	CHECK(refused == 6);
	int late = status_of("POST", "/v1/auth/login/second-factor", NULL,
		code_body(json_str(h.body, "challenge"), RECOVERY(3)));
	CHECK(late == 401 || late == 429);
	heard_done(&h);
	heard_done(&shown);
	hush_done(&secret);
}

/* --- the command line */

static int shell(const char *fmt, const char *a)
{
	char command[1024], all[1400];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command, sizeof(command), fmt, a);
#pragma GCC diagnostic pop
	snprintf(all, sizeof(all),
		"export XDG_CONFIG_HOME=%s/config F=\"$FOOTPLATE\"; unset FOOTPLATE_SERVER; cd %s; %s", r.dir,
		r.dir, command);
	int code = system(all);
	return WIFEXITED(code) ? WEXITSTATUS(code) : -1;
}

/* Eight commands find that the access token is over: one refreshes, all go on, and nobody takes the others for thieves. */
static void command_line(void)
{
	rig_sql(&r, "DELETE FROM auth_refresh_tokens");
	CHECK(shell("echo '" PASSWORD "' | $F login ann --server %s >out 2>&1", r.url) == 0);
	CHECK(shell("test \"$(stat -c %%a config/footplate/profiles/default.session)\" = 600%s", "") == 0);
	CHECK(shell("$F whoami -o json%s >out && grep -q '\"login\": *\"ann\"' out", "") == 0);
	CHECK(shell("$F auth sessions%s >out && grep -q aus_ out", "") == 0);
	CHECK(shell("sed -i 's/\"accessExpiresAt\":\"20../\"accessExpiresAt\":\"19%s/' "
		    "config/footplate/profiles/default.session",
		      "99") == 0);
	CHECK(shell("for i in 1 2 3 4 5 6 7 8; do $F whoami >out.$i 2>&1 & p=\"$p $!\"; done; for i in $p; do wait "
		    "$i || exit 1; done%s",
		      "") == 0);
	CHECK_STR(rig_sql(&r, "SELECT COUNT(*) FROM auth_refresh_tokens WHERE used_at > 0"), "1");
	CHECK(shell("$F logout%s", "") == 0 && shell("$F whoami --server %s 2>out", r.url) == 5);
	CHECK_STR(rig_sql(&r, "SELECT COUNT(*) FROM auth_refresh_tokens"), "0");
	CHECK(shell("echo wrong | $F login ann --server %s >out 2>&1", r.url) == 5 &&
		shell("grep -q 'login or the password' out%s", "") == 0);
}

int main(void)
{
	rig_init(&r);
	rig_serve(&r, (const char *[]){ NULL });
	add_user("ann", "operator");
	add_user("bob", "user");
	add_user("cat", "user");
	add_user("dan", "viewer");
	browser();
	sessions();
	refreshes();
	tokens();
	second_factor();
	command_line();
	guesses();
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
