#include "control/http/routes.h"
#include "control/access/keys.h"
#include "control/budgets/budget_routes.h"
#include "control/engine/jobs.h"
#include "control/events/feed.h"
#include "control/fleet/account_secrets.h"
#include "control/fleet/account_session.h"
#include "control/fleet/accounts.h"
#include "control/fleet/actions.h"
#include "control/fleet/agents.h"
#include "control/fleet/challenge_routes.h"
#include "control/fleet/egresses.h"
#include "control/fleet/imports.h"
#include "control/fleet/regions.h"
#include "control/keys/key_routes.h"
#include "control/webhooks/webhook_routes.h"

/* Of control/artifacts. */
extern const struct route artifact_routes[], artifact_links_routes[], arrivals_routes[], storage_routes[];

/* Of control/updates. */
extern const struct route change_routes[], poll_routes[], title_routes[], watch_import_routes[], watch_routes[];

/* Of control/audit/audit_routes. */
extern const struct route audit_routes[];

/* Of control/http/system. */
extern const struct route system_routes[];

/* Of control/cluster/instance_routes. */
extern const struct route instance_routes[];

/* Of control/pki/authorities. */
extern const struct route authorities_routes[], certificates_routes[];
/* Of control/quotas/quota_routes. */
extern const struct route quota_routes[];

/* Of control/people. */
extern const struct route auth_routes[], auth_me_routes[], session_routes[];

/* Of control/updates. */
extern const struct route source_routes[];

/* Of control/sso/provider_routes. */
extern const struct route provider_routes[];
extern const struct route provider_secret_routes[];
extern const struct route oidc_callback_routes[], oidc_leave_routes[], oidc_logout_routes[], oidc_start_routes[];

/* Of control/keyring/keyring_routes. */
extern const struct route keyring_routes[];

/* Of control/schedules/schedule_routes. */
extern const struct route schedule_routes[], schedule_times_routes[];

/* Of control/engine/content_asks. */
extern const struct route content_asks_routes[];

/* Of control/triggers/trigger_routes. */
extern const struct route trigger_routes[];

/* Of control/people. */
extern const struct route user_routes[], user_life_routes[], password_routes[], group_routes[], role_routes[],
	binding_routes[], mfa_routes[], mfa_policy_routes[], step_up_routes[];

/* Of control/sso/saml_start, saml_acs, saml_slo, saml_leave, saml_keys_routes. */
extern const struct route saml_start_routes[], saml_acs_routes[], saml_slo_routes[], saml_leave_routes[],
	saml_keys_routes[];

/* Of control/engine/prefills. */
extern const struct route prefills_routes[];

/* Of control/wallwhale. */
extern const struct route wallwhale_downloads_routes[], wallwhale_keys_routes[], wallwhale_admin_routes[];

/* Of control/downloads. */
extern const struct route download_routes[], download_create_routes[], download_act_routes[];

const struct route *const routes[] = { artifact_routes, artifact_links_routes, arrivals_routes, storage_routes,
	jobs_routes, tasks_routes, attempt_routes, dead_letter_routes, lost_routes, schedule_routes,
	schedule_times_routes, feed_routes, accounts_routes, account_session_routes, imports_routes,
	account_secrets_routes, challenge_routes, egresses_routes, agents_routes, enrolments_routes, regions_routes,
	policies_routes, placements_routes, actions_routes, budget_routes, key_routes, keys_routes,
	keys_usage_routes, tenants_routes, system_routes, webhook_routes, webhook_delivery_routes, instance_routes,
	keyring_routes, user_routes, user_life_routes, password_routes, group_routes, role_routes, binding_routes,
	mfa_routes, mfa_policy_routes, step_up_routes, authorities_routes, certificates_routes, provider_routes,
	provider_secret_routes, saml_start_routes, saml_acs_routes, saml_slo_routes, saml_leave_routes,
	saml_keys_routes, oidc_start_routes, oidc_callback_routes, oidc_leave_routes, oidc_logout_routes,
	auth_routes, auth_me_routes, session_routes, audit_routes, content_asks_routes, trigger_routes,
	source_routes, quota_routes, watch_routes, watch_import_routes, title_routes, change_routes, poll_routes,
	prefills_routes, download_routes, download_create_routes, download_act_routes, wallwhale_downloads_routes,
	wallwhale_keys_routes, wallwhale_admin_routes, NULL };
