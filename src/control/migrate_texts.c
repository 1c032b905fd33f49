/* The text of a migration stands in its .sql file, and from there in the program's read-only memory. meson.build compiles a copy of
 * this file, made anew whenever one of them changes: the compiler does not tell ninja of what the assembler reads. */

/* NOLINTBEGIN(bugprone-macro-parentheses): a declared name */
#define TEXT(label, file)                                                                                   \
	__asm__(".pushsection .rodata\n.global " #label "\n" #label ":\n.incbin \"" MIGRATIONS_DIR "/" file \
		"\"\n.byte 0\n.popsection\n");                                                              \
	extern const char label[]
/* NOLINTEND(bugprone-macro-parentheses) */

TEXT(migrate_0001, "0001_foundations.sql");
TEXT(migrate_0002, "0002_fleet.sql");
TEXT(migrate_0003, "0003_budgets.sql");
TEXT(migrate_0004, "0004_quarantine.sql");
TEXT(migrate_0005, "0005_attempts.sql");
TEXT(migrate_0006, "0006_cluster.sql");
TEXT(migrate_0007, "0007_trace.sql");
TEXT(migrate_0008, "0008_pace.sql");
TEXT(migrate_0009, "0009_retries.sql");
TEXT(migrate_0010, "0010_webhooks.sql");
TEXT(migrate_0011, "0011_schedules.sql");
TEXT(migrate_0012, "0012_restore.sql");
TEXT(migrate_0013, "0013_people.sql");
TEXT(migrate_0014, "0014_dials.sql");
TEXT(migrate_0015, "0015_api_keys.sql");
TEXT(migrate_0016, "0016_lockouts.sql");
TEXT(migrate_0017, "0017_sso.sql");
TEXT(migrate_0018, "0018_keyring.sql");
TEXT(migrate_0019, "0019_audit.sql");
TEXT(migrate_0020, "0020_tenancy.sql");
TEXT(migrate_0021, "0021_pki.sql");
TEXT(migrate_0022, "0022_sessions.sql");
TEXT(migrate_0023, "0023_meters.sql");
TEXT(migrate_0024, "0024_sso_documents.sql");
TEXT(migrate_0025, "0025_saml.sql");
TEXT(migrate_0026, "0026_quotas.sql");
TEXT(migrate_0027, "0027_updates.sql");
TEXT(migrate_0028, "0028_sources.sql");
TEXT(migrate_0029, "0029_downloads.sql");
TEXT(migrate_0030, "0030_artifacts.sql");
TEXT(migrate_0031, "0031_triggers.sql");
TEXT(migrate_0032, "0032_source_sessions.sql");
TEXT(migrate_0033, "0033_content_asks.sql");
TEXT(migrate_0034, "0034_storage.sql");
TEXT(migrate_0035, "0035_download_tunes.sql");
TEXT(migrate_0036, "0036_webhook_format.sql");
TEXT(migrate_0037, "0037_title_scopes.sql");
TEXT(migrate_0038, "0038_shop_challenges.sql");
TEXT(migrate_0039, "0039_old_jobs.sql");
TEXT(migrate_0040, "0040_store_holds.sql");
TEXT(migrate_0041, "0041_source_breakers.sql");
TEXT(migrate_0042, "0042_agent_downloads.sql");
TEXT(migrate_0043, "0043_agent_logins.sql");
