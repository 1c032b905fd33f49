/*
 * Single sign-on by SAML against an unmodified npm samlp: whole log-ons, encrypted and signed twice, attributes that become groups,
 * certificates that change, logout begun on either side by both bindings; and what a hostile browser tries with answers that are true.
 */
#include "base/buf.h"
#include "tests/system/browser.h"
#include "tests/system/rig.h"
#include "wire/base64.h"

#include <stdio.h>
#include <sys/stat.h>

static struct rig r;
static char idp[64], provider[64], path[128];

/* --- the identity provider */

static void install(void)
{
	struct stat lock, done;
	if (stat("tests/saml/package-lock.json", &lock) == 0 &&
		stat("tests/saml/node_modules/.package-lock.json", &done) == 0 && done.st_mtime >= lock.st_mtime)
		return;
	CHECK(system("cd tests/saml && npm ci --no-audit --no-fund --ignore-scripts >/dev/null 2>&1") == 0);
}

static void start_idp(void)
{
	char ready[128];

	install();
	snprintf(ready, sizeof(ready), "%s/idp.url", r.dir);
	pid_t pid = rig_spawn(
		&r, "idp", (const char *const[]){ "/usr/bin/env", "node", "tests/saml/idp.cjs", ready, NULL });
	char *text = rig_await_file(&r, "idp.url", pid);
	snprintf(idp, sizeof(idp), "%s", text);
	free(text);
}

static json_t *ask_idp(const char *what, const char *body)
{
	struct http_answer answer = { 0 };
	struct fault f = { 0 };
	char url[128];

	snprintf(url, sizeof(url), "%s%s", idp, what);
	const struct http_call_header json[] = { { "Content-Type", "application/json" }, { 0 } };
	const struct http_ask ask = { .method = body ? "POST" : "GET",
		.url = url,
		.headers = body ? json : NULL,
		.body = body,
		.body_n = body ? strlen(body) : 0,
		.deadline_ms = 30000 };
	if (http_call(&ask, &answer, &f) != RC_OK || answer.status != 200) {
		fprintf(stderr, "%s: %d %s %s\n", url, answer.status, f.text, buf_text(&answer.body));
		exit(1);
	}
	json_t *j = json_loadb((const char *)answer.body.p, answer.body.n, 0, NULL);
	http_answer_done(&answer);
	CHECK(j);
	return j;
}

static void idp_is(const char *body) { json_decref(ask_idp("/control", body)); }

/* How many of this the provider has seen since the last call, of all it has seen. */
static size_t seen(const char *what, const char *member)
{
	json_t *j = ask_idp("/log", NULL), *one;
	size_t n = 0, i;

	json_array_foreach(json_object_get(j, "log"), i, one) n +=
		!strcmp(json_str(one, "what"), what) && (!member || json_is_true(json_object_get(one, member)));
	json_decref(j);
	return n;
}

#define USER(id, group)                                                                            \
	"{\"user\":{\"id\":\"" id "\",\"displayName\":\"" id " Doe\",\"emails\":[{\"value\":\"" id \
	"@example.test\"}],\"name\":{\"givenName\":\"A\",\"familyName\":\"D\"},"                   \
	"\"roles\":[\"" group "\",\"all\"]}}"

/* --- ours */

static void call(int status, const char *method, const char *at, const char *body, json_t **ret)
{
	struct rig_answer a = rig_call(&r, method, at, "If-Match: *", body);

	if (a.status != status) {
		fprintf(stderr, "%s %s %s: %d %s\n", method, at, body ? body : "", a.status, a.text);
		exit(1);
	}
	if (ret)
		*ret = json_incref(a.body);
	rig_answer_done(&a);
}

static void set(const char *saml)
{
	char body[1024];

	snprintf(body, sizeof(body), "{\"saml\":{%s}}", saml);
	call(200, "PATCH", path, body, NULL);
}

static void make_provider(void)
{
	char body[2048];
	json_t *made;

	rig_sql(&r, "INSERT INTO groups (id, tenant_id, name, created_by, created_at, updated_at) VALUES "
		    "('grp_operators', "
		    "'ten_default', 'operators', 'test', 1, 1)");
	snprintf(body, sizeof(body),
		"{\"kind\":\"saml\",\"name\":\"corp\",\"baseUrl\":\"%s\",\"saml\":{\"metadataUrl\":\"%s/"
		"metadata\"},\"people\":{"
		"\"createUsers\":true,\"loginClaim\":\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
		"nameidentifier\","
		"\"groupsClaim\":\"http://schemas.passportjs.com/"
		"roles\",\"groupMap\":[{\"match\":\"ops\",\"groupId\":"
		"\"grp_operators\"}]}}",
		r.url, idp);
	call(201, "POST", "/v1/identity-providers", body, &made);
	snprintf(provider, sizeof(provider), "%s", json_str(made, "id"));
	snprintf(path, sizeof(path), "/v1/identity-providers/%s", provider);
	json_decref(made);
	snprintf(body, sizeof(body), "{\"sp\":\"%s/v1/auth/saml/corp/metadata\"}", r.url);
	idp_is(body);
}

/* --- a browser that fills in forms */

static void put_pair(struct buf *to, const char *name, const char *value, size_t n)
{
	buf_fmt(to, "%s%s=", to->n ? "&" : "", name);
	for (size_t i = 0; i < n; i++)
		if (strchr("+/=&%", value[i]))
			buf_fmt(to, "%%%02X", (unsigned char)value[i]);
		else
			buf_u8(to, (uint8_t)value[i]);
}

/* The hidden value of a form that the browser shows, which has no escapes; NULL: none. */
static const char *hidden(const struct browser *b, const char *name, size_t *ret_n)
{
	char find[64];

	snprintf(find, sizeof(find), "name=\"%s\"", name);
	const char *at = strstr(b->text, find), *value = at ? strstr(at, "value=\"") : NULL;
	if (!value)
		return NULL;
	*ret_n = strcspn(value + 7, "\"");
	return value + 7;
}

/* What the form would post, and where to. */
static struct buf form_of(const struct browser *b, char url[static 512])
{
	static const char *const names[] = { "SAMLResponse", "SAMLRequest", "RelayState" };
	const char *action = strstr(b->text, "action=\"");
	struct buf form = { 0 };

	if (!action) {
		fprintf(stderr, "%s: %d %s\n", b->url, b->status, b->text);
		exit(1);
	}
	snprintf(url, 512, "%.*s", (int)strcspn(action + 8, "\""), action + 8);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t n;
		const char *value = hidden(b, names[i], &n);
		if (value)
			put_pair(&form, names[i], value, n);
	}
	return form;
}

static void post(struct browser *b)
{
	char url[512];
	struct buf form = form_of(b, url);

	browser_go(b, url, buf_text(&form));
	buf_done(&form);
}

/* To the provider, whose form is shown then. */
static void begin(struct browser *b, const char *go_to)
{
	char url[256];

	snprintf(url, sizeof(url), "%s/v1/auth/saml/corp/start%s%s", r.url, go_to ? "?returnTo=" : "",
		go_to ? go_to : "");
	browser_go(b, url, NULL);
	if (b->status != 303) {
		fprintf(stderr, "start: %d %s\n", b->status, b->text);
		exit(1);
	}
	CHECK(!strncmp(b->location, idp, strlen(idp)));
	CHECK(*browser_parameter(b->location, "Signature") && *browser_parameter(b->location, "RelayState"));
	char to[BROWSER_URL];
	memcpy(to, b->location, sizeof(to));
	browser_go(b, to, NULL);
}

/* Log-ons and logouts that the browser has not come back from. */
static size_t under_way(const struct browser *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->cookies_n; i++)
		n += !strncmp(b->cookies[i].name, "__Host-footplate-saml-", 22);
	return n;
}

static bool is_in(const struct browser *b) { return browser_cookie(b, r.url, "__Host-footplate") != NULL; }

static int me(struct browser *b)
{
	char url[sizeof(r.url) + 16];
	snprintf(url, sizeof(url), "%s/v1/auth/me", r.url);
	browser_go(b, url, NULL);
	return b->status;
}

static void must_be_in(const struct browser *b)
{
	if (b->status == 303 && is_in(b))
		return;
	fprintf(stderr, "%s: %d %s\n", b->url, b->status, b->text);
	char log[128];
	snprintf(log, sizeof(log), "tail -5 %s/server.log >&2", r.dir);
	CHECK(system(log) >= 0);
	exit(1);
}

static void log_on(struct browser *b, const char *go_to)
{
	begin(b, go_to);
	post(b);
	must_be_in(b);
}

static void is_refused(struct browser *b, int status)
{
	if (b->status != status || is_in(b)) {
		fprintf(stderr, "%s: %d, not %d: %s\n", b->url, b->status, status, b->text);
		exit(1);
	}
}

static const char *count(const char *sql) { return rig_sql(&r, sql); }

/* --- log-ons */

static void people_log_on(void)
{
	struct browser b = { 0 };

	idp_is(USER("alice", "ops"));
	log_on(&b, "/jobs%3Fstatus%3Dfailed");
	CHECK_STR(b.location + strlen(r.url), "/jobs?status=failed");
	CHECK(under_way(&b) == 0);
	CHECK(me(&b) == 200);
	CHECK(seen("sso", "signed") == 1);
	CHECK_STR(count("SELECT COUNT(*) FROM users WHERE login = 'alice'"), "1");
	CHECK_STR(count("SELECT group_id FROM group_members WHERE user_id = (SELECT id FROM users WHERE login = "
			"'alice')"),
		"grp_operators");
	CHECK_STR(count("SELECT idp_subject FROM auth_sessions ORDER BY id DESC LIMIT 1"), "alice");
	browser_done(&b);
	b = (struct browser){ 0 };
	idp_is(USER("alice", "others"));
	log_on(&b, NULL);
	CHECK_STR(b.location + strlen(r.url), "/");
	CHECK_STR(count("SELECT COUNT(*) FROM group_members"), "0");
	CHECK_STR(count("SELECT COUNT(*) FROM users WHERE login = 'alice'"), "1");
	browser_done(&b);
}

static void encrypted_and_signed_twice(void)
{
	struct browser b = { 0 };

	idp_is("{\"encrypt\":true,\"signResponse\":true}");
	set("\"encrypted\":true,\"signedResponse\":true");
	log_on(&b, NULL);
	browser_done(&b);
	b = (struct browser){ 0 };
	idp_is("{\"signResponse\":false}");
	begin(&b, NULL);
	post(&b);
	is_refused(&b, 502);
	set("\"signedResponse\":false");
	begin(&b, NULL);
	post(&b);
	must_be_in(&b);
	browser_done(&b);
	b = (struct browser){ 0 };
	idp_is("{\"encrypt\":false}");
	begin(&b, NULL);
	post(&b);
	is_refused(&b, 502);
	set("\"encrypted\":false");
	browser_done(&b);
}

/* --- true answers in false hands */

/* What the last form was: posted again by whoever. */
static void answers_count_once(void)
{
	struct browser b = { 0 }, other = { 0 };
	char url[512];

	begin(&b, NULL);
	struct buf form = form_of(&b, url);
	browser_go(&other, url, buf_text(&form)); /* stolen: a browser that has asked nothing */
	is_refused(&other, 403);
	begin(&other, NULL); /* one that has asked, but something else */
	browser_go(&other, url, buf_text(&form));
	is_refused(&other, 403);
	struct browser copy = b; /* with the victim's cookies, but a second time */
	copy.text = NULL;
	browser_go(&b, url, buf_text(&form));
	must_be_in(&b);
	browser_go(&copy, url, buf_text(&form));
	is_refused(&copy, 403);
	browser_go(&b, url, buf_text(&form));
	CHECK(b.status == 403);
	buf_done(&form);
	browser_done(&b);
	browser_done(&other);
	browser_done(&copy);
}

/* The answer to one request under the RelayState of another of the same browser. */
static void answers_belong_to_their_request(void)
{
	struct browser b = { 0 }, second = { 0 };
	char url[512];
	struct buf mixed = { 0 };
	size_t n;

	begin(&b, NULL);
	memcpy(second.cookies, b.cookies, sizeof(b.cookies));
	second.cookies_n = b.cookies_n;
	begin(&second, NULL);
	CHECK(under_way(&second) == 2);
	const char *value = hidden(&b, "SAMLResponse", &n);
	put_pair(&mixed, "SAMLResponse", value, n);
	value = hidden(&second, "RelayState", &n);
	put_pair(&mixed, "RelayState", value, n);
	struct buf own = form_of(&second, url);
	browser_go(&second, url, buf_text(&mixed));
	is_refused(&second, 502);
	browser_go(&second, url, buf_text(&own)); /* its own is worth something still */
	must_be_in(&second);
	buf_done(&mixed);
	buf_done(&own);
	browser_done(&b);
	browser_done(&second);
}

static struct buf decoded(const struct browser *b)
{
	struct buf xml = { 0 };
	size_t n;
	const char *value = hidden(b, "SAMLResponse", &n);

	CHECK(base64_get(value, n, &xml));
	return xml;
}

/* Posts the form with the answer changed: from and to have the same length. */
static void post_changed(struct browser *b, const char *from, const char *to)
{
	char url[512];
	struct buf xml = decoded(b), text = { 0 }, form = { 0 }, as_it_was = form_of(b, url);
	char *at = memmem(xml.p, xml.n, from, strlen(from));
	size_t n;

	CHECK(at && strlen(from) == strlen(to));
	memcpy(at, to, strlen(to));
	base64_put(&text, xml.p, xml.n);
	put_pair(&form, "SAMLResponse", (const char *)text.p, text.n);
	const char *relay = hidden(b, "RelayState", &n);
	put_pair(&form, "RelayState", relay, n);
	browser_go(b, url, buf_text(&form));
	is_refused(b, 502);
	browser_go(b, url, buf_text(&as_it_was));
	must_be_in(b);
	buf_done(&xml);
	buf_done(&text);
	buf_done(&form);
	buf_done(&as_it_was);
}

static void changed_answers_are_refused(void)
{
	static const char *const changes[][2] = {
		{ ">alice</saml:NameID>", ">admin</saml:NameID>" },
		{ ">all</saml:AttributeValue>", ">ops</saml:AttributeValue>" },
		{ "status:Success", "status:Succesx" },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct browser b = { 0 };
		begin(&b, NULL);
		post_changed(&b, changes[i][0], changes[i][1]);
		browser_done(&b);
	}
}

static void options_are_refused(const char *options)
{
	struct browser b = { 0 };

	idp_is(options);
	begin(&b, NULL);
	post(&b);
	is_refused(&b, 502);
	idp_is("{\"options\":{}}");
	begin(&b, NULL);
	post(&b);
	must_be_in(&b);
	browser_done(&b);
}

/* All of them signed by the provider itself. */
static void what_is_not_for_us_is_refused(void)
{
	options_are_refused("{\"options\":{\"audience\":\"https://other.test\"}}");
	options_are_refused("{\"options\":{\"recipient\":\"https://other.test/acs\"}}");
	options_are_refused("{\"options\":{\"destination\":\"https://other.test/acs\"}}");
	options_are_refused("{\"options\":{\"issuer\":\"https://other.test\"}}");
	options_are_refused("{\"options\":{\"lifetimeInSeconds\":-120}}");
	options_are_refused("{\"options\":{\"inResponseTo\":\"_other\"}}");
	options_are_refused("{\"options\":{\"signatureAlgorithm\":\"rsa-sha1\"}}");
	options_are_refused("{\"options\":{\"digestAlgorithm\":\"sha1\"}}");
	options_are_refused("{\"options\":{\"signAssertion\":false,\"signResponse\":true}}");
	options_are_refused(
		"{\"options\":{\"nameIdentifierFormat\":\"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"}}");
	options_are_refused("{\"options\":{\"samlStatusCode\":\"urn:oasis:names:tc:SAML:2.0:status:Responder\","
			    "\"signResponse\":true}}");
}

static void unsolicited(void)
{
	struct browser b = { 0 };
	char url[128];

	snprintf(url, sizeof(url), "%s/sso", idp);
	browser_go(&b, url, NULL);
	post(&b);
	is_refused(&b, 403);
	set("\"unsolicited\":true");
	browser_go(&b, url, NULL);
	post(&b);
	must_be_in(&b);
	struct browser again = { 0 };
	begin(&again, NULL); /* one that answers a request is not unsolicited for want of its cookie */
	browser_forget(&again, again.cookies[0].name);
	post(&again);
	is_refused(&again, 502);
	set("\"unsolicited\":false");
	browser_done(&b);
	browser_done(&again);
}

/* --- keys that change */

static void provider_changes_its_key(void)
{
	struct browser b = { 0 };

	rig_sql(&r, "UPDATE saml_documents SET tried_at = tried_at - 600000");
	idp_is("{\"key\":\"next\"}"); /* signs by a key that its metadata does not tell of */
	begin(&b, NULL);
	post(&b);
	is_refused(&b, 502);
	CHECK(seen("metadata", NULL) >= 1); /* it was asked whether it has another */
	idp_is("{\"published\":\"next\"}");
	begin(&b, NULL);
	post(&b);
	is_refused(&b, 502);
	CHECK(seen("metadata", NULL) == 0); /* and not at once again */
	rig_sql(&r, "UPDATE saml_documents SET tried_at = tried_at - 600000");
	begin(&b, NULL);
	post(&b);
	must_be_in(&b);
	browser_done(&b);
	b = (struct browser){ 0 };
	rig_sql(&r,
		"UPDATE saml_documents SET fetched_at = 1, tried_at = 1"); /* what is known serves while it is away */
	idp_is("{\"away\":true}");
	log_on(&b, NULL);
	CHECK_STR(count("SELECT CASE WHEN error LIKE '%503%' THEN 1 ELSE 0 END FROM saml_documents"), "1");
	idp_is("{\"away\":false}");
	browser_done(&b);
}

static void we_change_our_key(void)
{
	struct browser b = { 0 };
	char at[192], body[256];
	json_t *keys;

	snprintf(at, sizeof(at), "%s/saml-keys", path);
	call(200, "POST", at, NULL, &keys);
	CHECK(json_array_size(json_object_get(keys, "keys")) == 2);
	json_decref(keys);
	call(409, "POST", at, NULL, NULL);
	snprintf(body, sizeof(body), "{\"sp\":\"%s/v1/auth/saml/corp/metadata\"}", r.url);
	json_t *told = ask_idp("/control", body);
	json_t *sp = json_object_get(told, "sp");
	CHECK(json_array_size(json_object_get(sp, "signing")) == 2);
	CHECK_STR(json_str(sp, "type"), "application/samlmetadata+xml");
	CHECK(strstr(json_str(sp, "text"), "<ds:SignatureValue>"));
	json_decref(told);

	idp_is("{\"encrypt\":true}"); /* for the key that is becoming old */
	snprintf(at, sizeof(at), "%s/saml-keys/activate", path);
	call(200, "POST", at, NULL, NULL);
	call(409, "POST", at, NULL, NULL);
	idp_is(body); /* it learns which key signs now */
	log_on(&b, NULL);
	browser_done(&b);
	CHECK_STR(count("SELECT COUNT(*) FROM saml_keys WHERE state = 'old'"), "1");
	idp_is("{\"encrypt\":false}");
}

/* --- logout */

/* As a page of ours does it. */
static json_t *ask_logout(struct browser *b, const char *url, const char *csrf)
{
	struct http_answer answer = { 0 };
	struct buf cookie = { 0 };
	const char *set;

	buf_fmt(&cookie, "__Host-footplate=%s", browser_cookie(b, r.url, "__Host-footplate"));
	const struct http_call_header headers[] = { { "Cookie", buf_text(&cookie) }, { "X-CSRF-Token", csrf },
		{ 0 } };
	const struct http_ask ask = { .method = "POST", .url = url, .headers = headers, .deadline_ms = 30000 };
	CHECK(http_call(&ask, &answer, NULL) == RC_OK);
	if (answer.status != 200) {
		fprintf(stderr, "logout: %d %s\n", answer.status, buf_text(&answer.body));
		exit(1);
	}
	for (size_t i = 0; (set = http_call_header_at(&answer, "set-cookie", i)); i++) {
		if (strncmp(set, "__Host-footplate-saml-", 22) != 0)
			continue;
		size_t name = strcspn(set, "="), value = strcspn(set + name + 1, ";"), at = b->cookies_n++;
		snprintf(b->cookies[at].origin, sizeof(b->cookies[at].origin), "%.*s",
			(int)sizeof(b->cookies[at].origin) - 1, r.url);
		snprintf(b->cookies[at].name, sizeof(b->cookies[at].name), "%.*s", (int)name, set);
		snprintf(b->cookies[at].value, sizeof(b->cookies[at].value), "%.*s", (int)value, set + name + 1);
	}
	browser_forget(b, "__Host-footplate");
	json_t *j = json_loadb((const char *)answer.body.p, answer.body.n, 0, NULL);
	CHECK(j);
	buf_done(&cookie);
	http_answer_done(&answer);
	return j;
}

static void leave_here(const char *binding)
{
	struct browser b = { 0 };
	char url[512], body[64];

	snprintf(body, sizeof(body), "{\"binding\":\"%s\",\"forget\":true}", binding);
	idp_is(body);
	rig_sql(&r, "UPDATE saml_documents SET fetched_at = 1, tried_at = 1");
	log_on(&b, NULL);
	CHECK(me(&b) == 200);
	json_t *who = json_loads(b.text, 0, NULL);
	CHECK(who);
	seen("", NULL);
	snprintf(url, sizeof(url), "%s/v1/auth/saml/corp/logout", r.url);
	browser_go(&b, url, ""); /* without its token: another site's doing */
	CHECK(b.status == 403 || b.status == 401);
	CHECK(me(&b) == 200);
	json_t *to = ask_logout(&b, url, json_str(who, "csrfToken"));
	CHECK(!is_in(&b) && under_way(&b) == 1);
	struct buf form = { 0 };
	if (!strcmp(json_str(to, "method"), "POST")) {
		put_pair(&form, "SAMLRequest", json_str(to, "samlRequest"), strlen(json_str(to, "samlRequest")));
		put_pair(&form, "RelayState", json_str(to, "relayState"), strlen(json_str(to, "relayState")));
	}
	browser_go(&b, json_str(to, "url"), form.n ? buf_text(&form) : NULL);
	if (*b.location)
		browser_follow(&b, "-");
	else
		post(&b);
	if (b.status != 303 && b.status != 404) { /* the start page is none of ours */
		fprintf(stderr, "%s: %d %s\n", b.url, b.status, b.text);
		exit(1);
	}
	CHECK(seen("cleared", NULL) == 1);
	buf_done(&form);
	json_decref(to);
	json_decref(who);
	browser_done(&b);
}

/* The provider ends all of its sessions: it sends the browser here, and we send it back. */
static void leave_there(const char *binding)
{
	struct browser b = { 0 }, idle = { 0 };
	char url[BROWSER_URL], body[64];

	snprintf(body, sizeof(body), "{\"binding\":\"%s\",\"forget\":true}", binding);
	idp_is(body);
	rig_sql(&r, "UPDATE saml_documents SET fetched_at = 1, tried_at = 1");
	log_on(&idle, NULL);
	idp_is("{\"forget\":true}"); /* this session it forgets, and does not end */
	log_on(&b, NULL);
	seen("", NULL);
	snprintf(url, sizeof(url), "%s/leave", idp);
	browser_go(&b, url, NULL);
	struct buf form = { 0 };
	if (*b.location)
		snprintf(url, sizeof(url), "%s", b.location);
	else
		form = form_of(&b, url);
	browser_go(&b, url, form.n ? buf_text(&form) : NULL);
	char again[BROWSER_URL];
	snprintf(again, sizeof(again), "%s", url);
	if (*b.location)
		browser_follow(&b, "-");
	else
		post(&b);
	CHECK(b.status == 200 && seen("cleared", NULL) == 1);
	CHECK(me(&b) == 401 && me(&idle) == 200);
	browser_go(&b, again, form.n ? buf_text(&form) : NULL); /* the same request once more */
	CHECK(b.status == 403);
	if (form.n == 0) { /* and one that is changed */
		char *relay = strstr(again, "RelayState=");
		CHECK(relay);
		relay[11] = relay[11] == 'a' ? 'b' : 'a';
		browser_go(&b, again, NULL);
		CHECK(b.status == 403);
	}
	buf_done(&form);
	browser_done(&b);
	browser_done(&idle);
}

int main(void)
{
	rig_init(&r);
	rig_serve(&r, (const char *const[]){ NULL });
	start_idp();
	make_provider();
	people_log_on();
	encrypted_and_signed_twice();
	idp_is(USER("alice", "others"));
	answers_count_once();
	answers_belong_to_their_request();
	changed_answers_are_refused();
	what_is_not_for_us_is_refused();
	unsolicited();
	provider_changes_its_key();
	we_change_our_key();
	leave_here("redirect");
	leave_here("post");
	leave_there("redirect");
	leave_there("post");
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
