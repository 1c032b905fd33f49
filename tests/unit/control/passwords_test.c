/* Hashes that are right, imports that are not ours, and what nobody may take for a password. */
#include "io/file.h"

#include "tests/unit/control/people_desk.h"

#define ARGON2(parameters) \
	("$argon2id$v=19$" parameters "$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI")

static struct desk d;

static bool is_right(const char *stored, const char *password, unsigned cost, struct passwords_found *ret)
{
	struct hush h = people_hush(password);
	const struct passwords_try t = { stored, &h, cost };

	CHECK(passwords_check(&d.control, &t, ret) == RC_OK);
	hush_done(&h);
	return ret->right;
}

static void ours(void)
{
	char one[PASSWORDS_STORED_MAX], two[PASSWORDS_STORED_MAX];
	struct hush h = people_hush("correct horse battery");
	struct passwords_found f;

	CHECK(passwords_hash(&d.control, &h, one) == RC_OK && passwords_hash(&d.control, &h, two) == RC_OK);
	CHECK(strcmp(one, two) != 0 && !strncmp(one, "$argon2id$v=19$m=64,t=1,p=1$", 28));
	CHECK(is_right(one, "correct horse battery", 0, &f) && !*f.rehash &&
		is_right(two, "correct horse battery", 0, &f));
	CHECK(!is_right(one, "correct horse batterY", 0, &f) && !is_right(one, "", 0, &f) &&
		!is_right(NULL, "", 0, &f));
	CHECK(!is_right(NULL, "correct horse battery", 5, &f) && !is_right("", "", 0, &f) &&
		!is_right("*", "*", 0, &f));
	/* Other parameters than the settings say: hashed anew. */
	people_rules.argon2_passes = 2;
	CHECK(is_right(one, "correct horse battery", 0, &f) && strstr(f.rehash, "t=2"));
	CHECK(is_right(f.rehash, "correct horse battery", 0, &(struct passwords_found){ 0 }));
	people_rules.argon2_passes = 1;
	hush_done(&h);
}

/* The first two are vectors of crypt_blowfish's own tests. */
static void imported(void)
{
	static const struct {
		const char *stored, *password;
	} right[] = {
		{ "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U" },
		{ "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U" },
		{ "$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3" },
		{ "$2b$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq", "\xa3" },
	};
	static const char *const refused[] = {
		"$2x$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
		"$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe", "$1$abc$def", "",
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe%", "plain text",
		ARGON2("m=4000000,t=3,p=1"),
		"$argon2id$v=19$m=64,t=1000,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI"
	};
	struct passwords_found f;
	unsigned cost = 0;

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++) {
		CHECK(passwords_may_import(right[i].stored, &cost) && cost == 5);
		CHECK(is_right(right[i].stored, right[i].password, 5, &f) && !strncmp(f.rehash, "$argon2id$", 10));
		CHECK(is_right(f.rehash, right[i].password, 0, &(struct passwords_found){ 0 }));
		CHECK(!is_right(right[i].stored, "something else", 5, &f) && !*f.rehash);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		CHECK(!passwords_may_import(refused[i], &cost));
	CHECK(passwords_may_import(ARGON2("m=65536,t=3,p=1"), &cost) && !cost);
	people_user(&d, "ten_a", "old", right[0].stored);
	desk_ok(&d, passwords_bcrypt_cost(&d.tx, &cost));
	CHECK(cost == 5);
}

static bool fits(const char *login, const char *password)
{
	struct hush h = people_hush(password);
	bool ok = passwords_fit(&d.control, login, &h, &d.fault) == RC_OK;

	CHECK(ok || (*d.fault.text && !strstr(d.fault.text, password)));
	hush_done(&h);
	return ok;
}

static void rules(void)
{
	static const char common[] = "password1234\r\nTrustNo1TrustNo1\nlast line of it";
	char path[] = "/tmp/footplate-common-XXXXXX", longest[PASSWORDS_MAX + 2];

	CHECK(fits("ann", "a long enough one") && !fits("ann", "short") && !fits("ann", "elevenchars") &&
		fits("ann", "twelve chars"));
	CHECK(fits("ann", "äöüäöüßéè123") && !fits("ann", "äöüäöü"));
	CHECK(!fits("annette", "hello Annette 99") && !fits("ann", "ababababababab") &&
		!fits("ann", "aaaaaaaaaaaaaaaaaaaa"));
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = (char)('a' + i % 20);
	longest[sizeof(longest) - 1] = 0;
	CHECK(!fits("ann", longest) && fits("ann", longest + 1));
	int fd = mkstemp(path);
	CHECK(fd >= 0 && write(fd, common, strlen(common)) == (ssize_t)strlen(common) && close(fd) == 0);
	people_rules.common_passwords = path;
	CHECK(!fits("ann", "PASSWORD1234") && !fits("ann", "trustno1trustno1") && !fits("ann", "last line of it") &&
		fits("ann", "password12345"));
	unlink(path);
	CHECK(!fits("ann", "a long enough one")); /* a list that cannot be read lets nothing pass */
	people_rules.common_passwords = NULL;
}

int main(void)
{
	desk_open(&d, 1000);
	d.conf.people = &people_rules;
	ours();
	imported();
	rules();
	desk_close(&d);
	return 0;
}
