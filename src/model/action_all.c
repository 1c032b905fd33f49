/* The list of all declarations, apart from their row type in action.h. */
#include "model/action_account.h"
#include "model/action_agent.h"
#include "model/action_download.h"
#include "model/action_friends.h"
#include "model/action_keys.h"
#include "model/action_library.h"
#include "model/action_pics.h"
#include "model/action_session.h"
#include "model/action_shops.h"
#include "model/action_titles.h"
#include "model/action_trade.h"

const struct action *const action_all[] = {
	&action_account_standing,
	&action_library_achievements_read,
	&action_agent_ping,
	&action_trade_confirmations_list,
	&action_trade_confirmations_respond,
	&action_download_run,
	&action_account_egress_probe,
	&action_trade_escrow_check,
	&action_friends_accept,
	&action_friends_add,
	&action_friends_list,
	&action_friends_message,
	&action_friends_remove,
	&action_trade_inventory_read,
	&action_keys_redeem,
	&action_library_list,
	&action_library_licenses_add_free,
	&action_library_licenses_list,
	&action_library_licenses_remove,
	&action_manifests_diff,
	&action_manifests_list,
	&action_manifests_probe,
	&action_trade_offers_get,
	&action_trade_offers_list,
	&action_session_persona_set,
	&action_pics_changes,
	&action_pics_product_info,
	&action_session_play_set,
	&action_library_playtime_read,
	&action_prefill_run,
	&action_account_set_privacy,
	&action_session_login,
	&action_session_logout,
	&action_session_ping,
	&action_session_web_refresh,
	&action_shops_log_in,
	&action_titles_poll,
	&action_trade_url_read,
	&action_keys_wallet_redeem,
	&action_pics_workshop_details,
	NULL,
};
