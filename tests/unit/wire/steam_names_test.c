/* The tables of numbers, and the text forms of a steamid. */
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/service.h"
#include "wire/steam/steamid.h"

#include "tests/unit/check.h"

static void sorted(void)
{
	static const uint32_t emsgs[] = {
#define EMSG(id, number, name, body) number,
#include "wire/steam/emsg.def"
#undef EMSG
	};
	static const int32_t eresults[] = {
#define ERESULT(id, number, name) number,
#include "wire/steam/eresult.def"
#undef ERESULT
	};
	static const char *const methods[] = {
#define SERVICE(method, in, out) method,
#include "wire/steam/service.def"
#undef SERVICE
	};
	for (size_t i = 1; i < sizeof(methods) / sizeof(methods[0]); i++)
		CHECK(strcmp(methods[i - 1], methods[i]) < 0);
	for (size_t i = 1; i < sizeof(emsgs) / sizeof(emsgs[0]); i++)
		CHECK(emsgs[i - 1] < emsgs[i]);
	for (size_t i = 1; i < sizeof(eresults) / sizeof(eresults[0]); i++)
		CHECK(eresults[i - 1] < eresults[i]);
}

static void names(void)
{
	CHECK_STR(emsg_name(1), "Multi");
	CHECK_STR(emsg_name(EMSG_CLIENT_LOGON), "ClientLogon");
	CHECK_STR(emsg_name(9805), "ClientHello");
	CHECK(emsg_name(0) == NULL && emsg_name(2) == NULL && emsg_name(UINT32_MAX) == NULL);
	CHECK(emsg_body(8904) && emsg_body(782) == NULL);
	CHECK_STR(emsg_body(8904)->short_name, "CMsgClientPICSProductInfoResponse");
	CHECK_STR(service_request_of("Player.GetOwnedGames#1")->name, "CPlayer_GetOwnedGames_Request");
	CHECK_STR(service_response_of("Player.GetOwnedGames#1")->name, "CPlayer_GetOwnedGames_Response");
	CHECK(!service_request_of("Player.GetOwnedGames#2") && !service_request_of(NULL) &&
		!service_response_of(""));
	CHECK_STR(eresult_name(48), "TryAnotherCM");
	CHECK_STR(eresult_name(4), "unknown");
	CHECK_STR(eresult_name(-1), "unknown");
}

static void forms(uint64_t id, const char *text, bool parses)
{
	char out[STEAMID_TEXT_MAX];
	uint64_t back = 0;

	steamid_text(out, id);
	CHECK_STR(out, text);
	CHECK(steamid_parse(text, &back) == parses);
	CHECK(!parses || back == id);
}

static void steamids(void)
{
	uint64_t id = 5;

	forms(76561197960265728u + 22202, "[U:1:22202]", true);
	forms(0x0170000000000000u + 4, "[g:1:4]", true);
	forms(STEAMID_ANON_TEMPLATE, "[a:1:0(0)]", true);
	forms(117222376117261587u, "[a:1:1211258131(29985)]", true);
	forms(0, "[i:0:0]", false);
	CHECK(steamid_parse("76561197960287930", &id) && id == 76561197960287930u);
	CHECK(steamid_parse("[a:1:5]", &id) && id == STEAMID_ANON_TEMPLATE + 5);
	CHECK(steamid_parse("18446744073709551615", &id) && id == UINT64_MAX);
	id = 5;
	static const char *const bad[] = { "", "x", "18446744073709551616", "1 ", "[U:1:4294967296]", "[U:256:1]",
		"[U:1:1", "[U:1:1]x", "[U:1:1(1048576)]", "[Q:1:1]", "[]", "[U:1:]", "-1" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!steamid_parse(bad[i], &id) && id == 5);
	struct steamid s = steamid_of(117222376117261587u);
	CHECK(s.type == STEAMID_ANON_USER && s.universe == STEAMID_PUBLIC &&
		steamid_id64(s) == 117222376117261587u);
}

int main(void)
{
	sorted();
	names();
	steamids();
	return 0;
}
