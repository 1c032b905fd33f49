#include "tests/unit/check.h"
#include "wire/shop_code.h"

#include <string.h>

static void pages(void)
{
	const struct shop_code_page epic = { "https://www.epicgames.com/id", "an&id", NULL };
	const struct shop_code_page gog = { "https://auth.gog.com/auth", "46",
		"https://embed.gog.com/ok?origin=client" };
	struct buf b = { 0 };

	shop_code_page(SHOP_TOKEN_EPIC, &epic, &b);
	CHECK_STR(buf_text(&b), "https://www.epicgames.com/id/"
				"login?redirectUrl=https%3A%2F%2Fwww.epicgames.com%2Fid%2Fapi%2Fredirect"
				"%3FclientId%3Dan%2526id%26responseType%3Dcode");
	b.n = 0;
	shop_code_page(SHOP_TOKEN_GOG, &gog, &b);
	CHECK_STR(buf_text(&b), "https://auth.gog.com/"
				"auth?client_id=46&redirect_uri=https%3A%2F%2Fembed.gog.com%2Fok%3Forigin%3Dclient"
				"&response_type=code&layout=client2");
	buf_done(&b);
}

static void gives(const char *brought, const char *want)
{
	struct hush got = { 0 };
	struct fault f = { 0 };

	CHECK(shop_code_read(brought, strlen(brought), &got, &f) == RC_OK);
	CHECK(hush_same(&got, want, strlen(want)));
	hush_done(&got);
}

static void refuses(const char *brought, size_t n, const char *says)
{
	struct hush got = { 0 };
	struct fault f = { 0 };

	CHECK(shop_code_read(brought, n, &got, &f) == RC_INVALID && got.n == 0);
	CHECK(strstr(f.text, says) && !strstr(f.text, "planted"));
}

static void codes(void)
{
	static const char *const bad[] = { "", " ", "planted code", "planted&x", "planted\"", "{", "{}",
		"[\"planted\"]", "{\"authorizationCode\":\"\"}", "{\"authorizationCode\":7}",
		"{\"authorizationCode\":\"planted \"}", "{\"authorizationCode\":\"planted\\u0000x\"}",
		"https://embed.gog.com/ok",
		"https://embed.gog.com/ok?code=", "https://embed.gog.com/ok?xcode=planted",
		"https://embed.gog.com/ok?code=planted%00x", "https://embed.gog.com/ok?code=planted%0d%0aX:y" };
	char longest[SHOP_CODE_BRING + 2];

	gives("8f3c0a", "8f3c0a");
	gives("  8f3c0a\r\n", "8f3c0a");
	gives("iUZ-_hD.N~P/a+b=", "iUZ-_hD.N~P/a+b=");
	gives("https://embed.gog.com/on_login_success?origin=client&code=a-B_9", "a-B_9");
	gives("https://embed.gog.com/on_login_success?code=a%2Fb%2bc&origin=client", "a/b+c");
	gives("http://127.0.0.1:80/ok?code=ab#there", "ab");
	gives("{\"warning\":\"Do not share "
	      "it\",\"redirectUrl\":\"https://x/?code=other\",\"authorizationCode\":\"1a2b\"}",
		"1a2b");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuses(bad[i], strlen(bad[i]), "there is no code");
	refuses("{\"authorizationCode\":null}", 26, "log on there");
	memset(longest, 'a', sizeof(longest));
	refuses(longest, SHOP_CODE_MAX + 1, "there is no code");
	refuses(longest, sizeof(longest), "there is no code");
	memcpy(longest, "https://x/?code=", 16);
	refuses(longest, SHOP_CODE_BRING, "there is no code");
}

static enum shop_code_no why(const char *text) { return shop_code_why(text, strlen(text)); }

static void answers(void)
{
#define EPIC(code) "{\"errorCode\":\"errors.com.epicgames." code "\",\"error\":\"invalid_grant\"}"
	CHECK(why(EPIC("account.oauth.authorization_code_not_found")) == SHOP_CODE_GRANT);
	CHECK(why(EPIC("account.auth_token.invalid_refresh_token")) == SHOP_CODE_GRANT);
	CHECK(why(EPIC("account.oauth.authorization_code_not_for_your_client")) == SHOP_CODE_CLIENT);
	CHECK(why(EPIC("account.invalid_client_credentials")) == SHOP_CODE_CLIENT);
	CHECK(why(EPIC("oauth.corrective_action_required")) == SHOP_CODE_PERSON);
	CHECK(why(EPIC("something.new")) == SHOP_CODE_UNKNOWN);
	CHECK(why("{\"error\":\"invalid_grant\",\"error_description\":\"x\"}") == SHOP_CODE_GRANT);
	CHECK(why("{\"error\":\"invalid_client\"}") == SHOP_CODE_CLIENT);
	CHECK(why("{\"error\":7}") == SHOP_CODE_UNKNOWN && why("[]") == SHOP_CODE_UNKNOWN);
	CHECK(why("") == SHOP_CODE_UNKNOWN && why("<html>") == SHOP_CODE_UNKNOWN);
}

int main(void)
{
	pages();
	codes();
	answers();
	return 0;
}
