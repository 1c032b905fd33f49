#include "agent/actions/actions.h"
#include "agent/action_run.h"

#include <string.h>

extern const struct action_run account_standing, achievements_read, agent_ping, confirmations_list,
	confirmations_respond, download_run, egress_probe, escrow_check, friends_accept, friends_add, friends_list,
	friends_message, friends_remove, inventory_read, keys_redeem, library_list, licenses_add_free,
	licenses_list, licenses_remove, manifests_diff, manifests_list, manifests_probe, offers_get, offers_list,
	persona_set, pics_changes, pics_product_info, play_set, playtime_read, prefill_run, profile_set_privacy,
	session_login, session_logout, session_ping, session_web_refresh, shops_log_in, titles_poll, trade_url_read,
	wallet_redeem, workshop_details;

const struct action_run *const actions_all[] = {
	&account_standing,
	&achievements_read,
	&agent_ping,
	&confirmations_list,
	&confirmations_respond,
	&download_run,
	&egress_probe,
	&escrow_check,
	&friends_accept,
	&friends_add,
	&friends_list,
	&friends_message,
	&friends_remove,
	&inventory_read,
	&keys_redeem,
	&library_list,
	&licenses_add_free,
	&licenses_list,
	&licenses_remove,
	&manifests_diff,
	&manifests_list,
	&manifests_probe,
	&offers_get,
	&offers_list,
	&persona_set,
	&pics_changes,
	&pics_product_info,
	&play_set,
	&playtime_read,
	&prefill_run,
	&profile_set_privacy,
	&session_login,
	&session_logout,
	&session_ping,
	&session_web_refresh,
	&shops_log_in,
	&titles_poll,
	&trade_url_read,
	&wallet_redeem,
	&workshop_details,
	NULL,
};

size_t actions_names(const char **to, size_t most)
{
	size_t n = 0;

	for (; actions_all[n] && n < most; n++)
		to[n] = actions_all[n]->name;
	return n;
}

const struct action_run *actions_find(const char *name)
{
	for (size_t i = 0; actions_all[i]; i++)
		if (!strcmp(actions_all[i]->name, name))
			return actions_all[i];
	return NULL;
}
