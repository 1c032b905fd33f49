#include "wire/steam/web_account.h"

#include "wire/steam/eresult.h"
#include "wire/steam/purchase.h"
#include "wire/steam/web_json.h"
#include "wire/steam/web_page.h"

#include <string.h>

enum rc web_account_bans(const char *p, size_t n, uint64_t steamid, struct web_bans *ret, struct fault *f)
{
	json_t *j = NULL, *one = NULL, *o;
	size_t i;
	enum rc rc = web_json_read(p, n, "an account's bans", &j, f);

	if (rc != RC_OK)
		return rc;
	json_array_foreach(json_object_get(j, "players"), i, o) if (web_json_u64(o, "SteamId") == steamid) one = o;
	const char *economy = json_string_value(json_object_get(one, "EconomyBan"));
	if (!json_is_object(one))
		rc = fault_set(f, RC_MISSING, "Steam says nothing of this account's bans");
	else
		*ret = (struct web_bans){ .vac = web_json_bool(one, "VACBanned"),
			.community = web_json_bool(one, "CommunityBanned"),
			.vac_n = web_json_u32(one, "NumberOfVACBans"),
			.game_n = web_json_u32(one, "NumberOfGameBans"),
			.economy = !economy || !strcmp(economy, "none") ? WEB_ECONOMY_NONE
				   : !strcmp(economy, "probation")      ? WEB_ECONOMY_PROBATION
									: WEB_ECONOMY_BANNED };
	json_drop(j);
	return rc;
}

enum rc web_account_level(const char *p, size_t n, uint32_t *ret, struct fault *f)
{
	json_t *j = NULL;
	enum rc rc = web_json_read(p, n, "an account's level", &j, f);

	if (rc != RC_OK)
		return rc;
	*ret = web_json_u32(json_object_get(j, "response"), "player_level");
	json_drop(j);
	return RC_OK;
}

static const struct {
	const char *name;
	size_t at;
} settings[] = {
	{ "PrivacyProfile", offsetof(struct web_privacy, profile) },
	{ "PrivacyInventory", offsetof(struct web_privacy, inventory) },
	{ "PrivacyInventoryGifts", offsetof(struct web_privacy, gifts) },
	{ "PrivacyOwnedGames", offsetof(struct web_privacy, owned_games) },
	{ "PrivacyPlaytime", offsetof(struct web_privacy, playtime) },
	{ "PrivacyFriendsList", offsetof(struct web_privacy, friends_list) },
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

static enum rc read_privacy(const json_t *j, struct web_privacy *ret, struct fault *f)
{
	const json_t *privacy = json_object_get(j, "Privacy");
	const json_t *all = json_object_get(privacy, "PrivacySettings");

	if (!json_is_object(all))
		return fault_set(f, RC_MALFORMED, "Steam does not say how the profile's privacy is set");
	for (size_t i = 0; i < SETTINGS; i++)
		*(uint32_t *)(void *)((char *)ret + settings[i].at) = web_json_u32(all, settings[i].name);
	ret->comments = web_json_u32(privacy, "eCommentPermission");
	return RC_OK;
}

enum rc web_account_privacy_page(const char *body, struct arena *a, struct web_privacy *ret, struct fault *f)
{
	const char *text = web_page_attribute(body, "data-profile-edit", a);
	json_t *j = NULL;

	if (!text)
		return fault_set(f, RC_MALFORMED, "the page of settings does not have the profile's privacy");
	enum rc rc = web_json_read(text, strlen(text), "the profile's settings", &j, f);
	if (rc != RC_OK)
		return rc;
	rc = read_privacy(j, ret, f);
	json_drop(j);
	return rc;
}

enum rc web_account_privacy_answer(const char *p, size_t n, struct web_privacy *ret, struct fault *f)
{
	json_t *j = NULL;
	enum rc rc = web_json_read(p, n, "the profile's privacy", &j, f);

	if (rc != RC_OK)
		return rc;
	uint32_t result = web_json_u32(j, "success");
	if (!web_json_bool(j, "success") || result > 1)
		rc = fault_set(f, RC_REFUSED, "Steam did not take the profile's privacy (%u)", result);
	else
		rc = read_privacy(j, ret, f);
	json_drop(j);
	return rc;
}

const char *web_account_privacy_json(const struct web_privacy *p, struct arena *a)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < SETTINGS; i++)
		buf_fmt(&b, "%s\"%s\":%u", i ? "," : "{", settings[i].name,
			*(const uint32_t *)(const void *)((const char *)p + settings[i].at));
	buf_str(&b, "}");
	const char *text = b.bad ? NULL : arena_strn(a, (const char *)b.p, b.n);
	buf_done(&b);
	return text;
}

enum rc web_account_wallet(const char *p, size_t n, struct arena *a, struct web_wallet *ret, struct fault *f)
{
	json_t *j = NULL;
	enum rc rc = web_json_read(p, n, "the answer to a wallet code", &j, f);

	if (rc != RC_OK)
		return rc;
	const json_t *wallet = json_object_get(j, "wallet");
	uint64_t balance = web_json_u64(json_is_object(wallet) ? wallet : j, "amount");
	if (!balance)
		balance = web_json_u64(j, "newbalance");
	*ret = (struct web_wallet){ .eresult = (int32_t)web_json_u32(j, "success"),
		.detail = (int32_t)web_json_u32(j, "detail"),
		.balance = balance <= INT64_MAX ? (int64_t)balance : 0,
		.balance_text = web_json_text(j, "formattednewwalletbalance", a) };
	json_drop(j);
	return RC_OK;
}

int32_t web_account_result(const char *p, size_t n)
{
	json_t *j = NULL;

	if (web_json_read(p, n, "JSON", &j, NULL) != RC_OK)
		return 0;
	uint32_t success = json_is_true(json_object_get(j, "success")) ? 1 : web_json_u32(j, "success");
	json_drop(j);
	return success <= INT32_MAX ? (int32_t)success : 0;
}

int32_t web_account_free_answer(int status, const char *p, size_t n)
{
	json_t *j = NULL;
	int32_t detail = 0;

	if (n && *p == '{' && web_json_read(p, n, "JSON", &j, NULL) == RC_OK) {
		detail = (int32_t)web_json_u32(j, "purchaseresultdetail");
		json_drop(j);
	} else if (n && !strncmp(p, "[]", 2) && status == 200) {
		return ERESULT_OK;
	}
	if (detail == PURCHASE_INVALID_PACKAGE || (!detail && status == 403))
		return ERESULT_ACCESS_DENIED;
	if (detail == PURCHASE_RATE_LIMITED)
		return ERESULT_RATE_LIMIT_EXCEEDED;
	if (detail == PURCHASE_ALREADY_PURCHASED)
		return ERESULT_ALREADY_OWNED;
	if (detail == PURCHASE_RESTRICTED_COUNTRY)
		return ERESULT_REGION_LOCKED;
	return status == 200 && !detail ? ERESULT_OK : ERESULT_FAIL;
}
