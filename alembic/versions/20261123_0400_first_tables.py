# ruff: noqa: E501, PLR0915 -- the first shape is one long list
"""Every table of the whole path, from the partner to the person at the door.

Why: the first shape. On PostgreSQL the application works as `promos_app`, which owns nothing and can only add to the
journal; the role is made here where the migrating role may make roles.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("principal", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_idempotency_records"),
        sa.UniqueConstraint("principal", "key", name="uq_idempotency_records_principal_key"),
    )
    op.create_index("ix_idempotency_records_created_at", "idempotency_records", ["created_at"], unique=False)

    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reader_key_mark", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("legal_name", sa.String(), nullable=False),
        sa.Column("legal_form", sa.String(), nullable=True),
        sa.Column("register_number", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_why", sa.String(), nullable=True),
        sa.Column("requires_passkey", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_partners"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("muted", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("email", name="uq_people_email"),
    )
    op.create_table(
        "publications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("requires_passkey", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_publications"),
        sa.UniqueConstraint("slug", name="uq_publications_slug"),
    )
    op.create_table(
        "rate_limits",
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("window_seconds", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_seconds", name="pk_rate_limits"),
    )
    op.create_index("ix_rate_limits_ends_at", "rate_limits", ["ends_at"], unique=False)

    op.create_table(
        "readers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reader_key", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_readers"),
        sa.UniqueConstraint("email", name="uq_readers_email"),
    )
    op.create_index("ix_readers_reader_key", "readers", ["reader_key"], unique=False)

    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("highlights", sa.JSON(), nullable=False),
        sa.Column("asks_name", sa.Boolean(), nullable=False),
        sa.Column("asks_company", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("previous_event_id", sa.Uuid(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "used >= 0 AND (capacity IS NULL OR used <= capacity)", name=op.f("ck_events_within_capacity")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_events_ends_after_start")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_events_partner_id"),
        sa.ForeignKeyConstraint(["previous_event_id"], ["events.id"], name="fk_events_previous_event_id"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("slug", name="uq_events_slug"),
    )
    op.create_index("ix_events_partner_id", "events", ["partner_id"], unique=False)
    op.create_index(
        "ix_events_previous_event_id",
        "events",
        ["previous_event_id"],
        unique=False,
        sqlite_where=sa.text("previous_event_id IS NOT NULL"),
        postgresql_where=sa.text("previous_event_id IS NOT NULL"),
    )

    op.create_table(
        "issues",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("segments", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("needed_verdict", sa.String(), server_default="pass", nullable=False),
        sa.Column("passed_check_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recipients", sa.Integer(), nullable=True),
        sa.Column("draft_id", sa.String(), nullable=True),
        sa.Column("draft_address", sa.String(), nullable=True),
        sa.Column("web_address", sa.String(), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("needed_verdict = 'pass'", name=op.f("ck_issues_needed_verdict")),
        sa.CheckConstraint("recipients >= 0", name=op.f("ck_issues_recipients")),
        sa.CheckConstraint(
            "state <> 'published' OR passed_check_id IS NOT NULL", name=op.f("ck_issues_published_is_checked")
        ),
        sa.CheckConstraint("state IN ('draft', 'published')", name=op.f("ck_issues_state")),
        sa.ForeignKeyConstraint(
            ["passed_check_id", "id", "content_hash", "needed_verdict"],
            ["issue_checks.id", "issue_checks.issue_id", "issue_checks.content_hash", "issue_checks.verdict"],
            name="fk_issues_passed_check",
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_issues_publication_id"),
        sa.PrimaryKeyConstraint("id", name="pk_issues"),
        sa.UniqueConstraint("publication_id", "number", name="uq_issues_publication_id_number"),
    )
    op.create_index(
        "ix_issues_look_at",
        "issues",
        ["look_at"],
        unique=False,
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_table(
        "connections",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("user_name", sa.String(), nullable=False),
        sa.Column("sealed_key", sa.String(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("connected_by", sa.Uuid(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name=op.f("fk_connections_publication_id")),
        sa.PrimaryKeyConstraint("publication_id", name=op.f("pk_connections")),
    )
    op.create_table(
        "shops",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("organizer", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("public_url", sa.String(), nullable=True),
        sa.Column("sealed_token", sa.String(), nullable=False),
        sa.Column("hook_id", sa.Uuid(), nullable=False),
        sa.Column("hook_hash", sa.String(), nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.Column("troubled_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sync_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("orders_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_ins_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connected_by", sa.Uuid(), nullable=True),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('pretix')", name=op.f("ck_shops_kind")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_shops_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_shops_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_shops"),
        sa.UniqueConstraint("event_id", name="uq_shops_event_id"),
        sa.UniqueConstraint("hook_hash", name="uq_shops_hook_hash"),
    )
    op.create_index("ix_shops_partner_id", "shops", ["partner_id"], unique=False)
    op.create_index("ix_shops_sync_at", "shops", ["sync_at"], unique=False)

    op.create_table(
        "roles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(role = 'admin' AND partner_id IS NULL AND publication_id IS NULL) OR (role = 'editor' AND partner_id IS NULL AND publication_id IS NOT NULL) OR (role IN ('owner', 'member', 'door') AND partner_id IS NOT NULL AND publication_id IS NULL)",
            name=op.f("ck_roles_reach"),
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_roles_partner_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_roles_person_id"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_roles_publication_id"),
        sa.PrimaryKeyConstraint("id", name="pk_roles"),
        sa.UniqueConstraint("person_id", "role", "partner_id", name="uq_roles_person_id_role_partner_id"),
        sa.UniqueConstraint("person_id", "role", "publication_id", name="uq_roles_person_id_role_publication_id"),
    )
    op.create_index("ix_roles_partner_id", "roles", ["partner_id"], unique=False)
    op.create_index("ix_roles_publication_id", "roles", ["publication_id"], unique=False)
    op.create_index(
        "uq_roles_admin",
        "roles",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("role = 'admin'"),
        postgresql_where=sa.text("role = 'admin'"),
    )

    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'admin' AND partner_id IS NULL AND publication_id IS NULL) OR (role = 'editor' AND partner_id IS NULL AND publication_id IS NOT NULL) OR (role IN ('owner', 'member', 'door') AND partner_id IS NOT NULL AND publication_id IS NULL)",
            name=op.f("ck_invitations_reach"),
        ),
        sa.CheckConstraint("state IN ('open', 'taken-up', 'withdrawn', 'ended')", name=op.f("ck_invitations_state")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_invitations_partner_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_invitations_person_id"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_invitations_publication_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
    )
    op.create_index("ix_invitations_partner_id", "invitations", ["partner_id"], unique=False)
    op.create_index("ix_invitations_person_id", "invitations", ["person_id"], unique=False)
    op.create_index("ix_invitations_publication_id", "invitations", ["publication_id"], unique=False)
    op.create_index(
        "uq_invitations_partner",
        "invitations",
        ["person_id", "role", "partner_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'ended')"),
        postgresql_where=sa.text("state IN ('open', 'ended')"),
    )
    op.create_index(
        "uq_invitations_publication",
        "invitations",
        ["person_id", "role", "publication_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'ended')"),
        postgresql_where=sa.text("state IN ('open', 'ended')"),
    )
    op.create_index(
        "uq_invitations_admin",
        "invitations",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'ended') AND role = 'admin'"),
        postgresql_where=sa.text("state IN ('open', 'ended') AND role = 'admin'"),
    )

    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("challenge_hash", sa.String(), nullable=True),
        sa.Column("challenge_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sessions_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"], unique=False)

    op.create_table(
        "sign_in_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sign_in_links_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_links"),
        sa.UniqueConstraint("token_hash", name="uq_sign_in_links_token_hash"),
    )
    op.create_index("ix_sign_in_links_person_id", "sign_in_links", ["person_id"], unique=False)

    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_passkeys_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_person_id", "passkeys", ["person_id"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_recovery_codes_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.UniqueConstraint("code_hash", name="uq_recovery_codes_code_hash"),
    )
    op.create_index("ix_recovery_codes_person_id", "recovery_codes", ["person_id"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("event_ids", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(role = 'admin' AND partner_id IS NULL AND publication_id IS NULL) OR (role = 'editor' AND partner_id IS NULL AND publication_id IS NOT NULL) OR (role IN ('owner', 'member', 'door') AND partner_id IS NOT NULL AND publication_id IS NULL)",
            name=op.f("ck_tokens_reach"),
        ),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_tokens_partner_id"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_tokens_publication_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
    )
    op.create_index("ix_tokens_partner_id", "tokens", ["partner_id"], unique=False)
    op.create_index("ix_tokens_publication_id", "tokens", ["publication_id"], unique=False)

    op.create_table(
        "devices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=False),
        sa.Column("pairing_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=True),
        sa.Column("code_ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("browser", sa.String(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_devices_partner_id"),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name="fk_devices_token_id"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("code_hash", name="uq_devices_code_hash"),
        sa.UniqueConstraint("token_id", name="uq_devices_token_id"),
    )
    op.create_index("ix_devices_partner_id", "devices", ["partner_id"], unique=False)

    op.create_table(
        "issue_checks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("judged_on", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('pass', 'fail', 'cannot_tell')", name=op.f("ck_issue_checks_verdict")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_issue_checks_issue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_issue_checks"),
        sa.UniqueConstraint(
            "id", "issue_id", "content_hash", "verdict", name="uq_issue_checks_id_issue_id_content_hash_verdict"
        ),
    )
    op.create_index("ix_issue_checks_issue_id", "issue_checks", ["issue_id"], unique=False)

    op.create_table(
        "pass_types",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("face_value", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("vat", sa.String(), nullable=False),
        sa.Column("vat_rate", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("vat IN ('included', 'excluded', 'unknown')", name=op.f("ck_pass_types_vat")),
        sa.CheckConstraint("face_value >= 0", name=op.f("ck_pass_types_face_value")),
        sa.CheckConstraint(
            "used >= 0 AND (capacity IS NULL OR used <= capacity)", name=op.f("ck_pass_types_within_capacity")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_pass_types_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_pass_types_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pass_types"),
    )
    op.create_index("ix_pass_types_event_id", "pass_types", ["event_id"], unique=False)
    op.create_index("ix_pass_types_partner_id", "pass_types", ["partner_id"], unique=False)

    op.create_table(
        "offers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("pass_type_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("benefit", sa.String(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("budget", sa.BigInteger(), nullable=True),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("max_passes", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("allotted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("allotted_used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("on_cancel", sa.String(), nullable=False),
        sa.Column("on_expiry", sa.String(), server_default="return", nullable=False),
        sa.Column("review", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("waiting_list", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("place_hours", sa.Integer(), server_default="24", nullable=False),
        sa.Column("fulfilment", sa.String(), server_default="pass", nullable=False),
        sa.Column("shop_url", sa.String(), nullable=True),
        sa.Column("pooled", sa.Integer(), nullable=True),
        sa.Column("pool_used", sa.Integer(), server_default="0", nullable=False),
        sa.Column("eligibility", sa.String(), nullable=True),
        sa.Column("conditions_url", sa.String(), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "benefit IN ('free_pass', 'percent', 'amount', 'fixed_price', 'access')", name=op.f("ck_offers_benefit")
        ),
        sa.CheckConstraint("(benefit = 'percent') = (percent IS NOT NULL)", name=op.f("ck_offers_percent")),
        sa.CheckConstraint(
            "(benefit IN ('amount', 'fixed_price')) = (amount IS NOT NULL)", name=op.f("ck_offers_amount")
        ),
        sa.CheckConstraint("percent > 0 AND percent <= 100", name=op.f("ck_offers_percent_of_hundred")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_offers_amount_of_money")),
        sa.CheckConstraint("spent >= 0 AND (budget IS NULL OR spent <= budget)", name=op.f("ck_offers_within_budget")),
        sa.CheckConstraint(
            "used - allotted_used <= COALESCE(max_passes, 0) - allotted OR max_passes IS NULL",
            name=op.f("ck_offers_keeps_allotments"),
        ),
        sa.CheckConstraint("allotted = 0 OR max_passes IS NOT NULL", name=op.f("ck_offers_allots_of_a_limit")),
        sa.CheckConstraint("allotted_used BETWEEN 0 AND allotted", name=op.f("ck_offers_within_allotted")),
        sa.CheckConstraint("on_expiry IN ('return', 'keep')", name=op.f("ck_offers_on_expiry")),
        sa.CheckConstraint("place_hours BETWEEN 1 AND 720", name=op.f("ck_offers_place_hours")),
        sa.CheckConstraint("fulfilment IN ('pass', 'pool', 'checkout')", name=op.f("ck_offers_fulfilment")),
        sa.CheckConstraint("(fulfilment = 'pool') = (pooled IS NOT NULL)", name=op.f("ck_offers_pooled")),
        sa.CheckConstraint(
            "pool_used >= 0 AND (pooled IS NULL OR pool_used <= pooled)", name=op.f("ck_offers_within_pool")
        ),
        sa.CheckConstraint("on_cancel IN ('return', 'keep')", name=op.f("ck_offers_on_cancel")),
        sa.CheckConstraint("proof IN ('mailbox', 'none')", name=op.f("ck_offers_proof")),
        sa.CheckConstraint("ends_at > opens_at", name=op.f("ck_offers_ends_after_opening")),
        sa.CheckConstraint(
            "used >= 0 AND (max_passes IS NULL OR used <= max_passes)", name=op.f("ck_offers_within_limit")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_offers_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_offers_partner_id"),
        sa.ForeignKeyConstraint(["pass_type_id"], ["pass_types.id"], name="fk_offers_pass_type_id"),
        sa.PrimaryKeyConstraint("id", name="pk_offers"),
    )
    op.create_index("ix_offers_event_id", "offers", ["event_id"], unique=False)
    op.create_index("ix_offers_partner_id", "offers", ["partner_id"], unique=False)
    op.create_index("ix_offers_pass_type_id", "offers", ["pass_type_id"], unique=False)

    op.create_table(
        "offer_publications",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_offer_publications_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_offer_publications_partner_id"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_offer_publications_publication_id"),
        sa.PrimaryKeyConstraint("offer_id", "publication_id", name="pk_offer_publications"),
    )
    op.create_index("ix_offer_publications_partner_id", "offer_publications", ["partner_id"], unique=False)
    op.create_index("ix_offer_publications_publication_id", "offer_publications", ["publication_id"], unique=False)

    op.create_table(
        "code_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("pattern", sa.String(), nullable=False),
        sa.Column("max_passes", sa.Integer(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("made BETWEEN 0 AND wanted", name=op.f("ck_code_batches_made")),
        sa.CheckConstraint("state IN ('waiting', 'making', 'done', 'stopped')", name=op.f("ck_code_batches_state")),
        sa.CheckConstraint("(state = 'done') = (made = wanted)", name=op.f("ck_code_batches_done_when_made")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_code_batches_event_id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_code_batches_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_code_batches_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_code_batches"),
    )
    op.create_index("ix_code_batches_offer_id", "code_batches", ["offer_id"], unique=False)
    op.create_index("ix_code_batches_partner_id", "code_batches", ["partner_id"], unique=False)

    op.create_table(
        "promo_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), server_default="vanity", nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("spelled", sa.String(), nullable=False),
        sa.Column("max_passes", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("pauses_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('vanity', 'generated')", name=op.f("ck_promo_codes_kind")),
        sa.CheckConstraint("label IN ('awaited', 'seen', 'missed', 'waived')", name=op.f("ck_promo_codes_label")),
        sa.CheckConstraint("pauses_at IS NULL OR label = 'missed'", name=op.f("ck_promo_codes_pauses_without_label")),
        sa.CheckConstraint("status IN ('active', 'paused', 'revoked')", name=op.f("ck_promo_codes_status")),
        sa.CheckConstraint(
            "used >= 0 AND (max_passes IS NULL OR used <= max_passes)", name=op.f("ck_promo_codes_within_limit")
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["code_batches.id"], name="fk_promo_codes_batch_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_promo_codes_event_id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_promo_codes_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_promo_codes_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_promo_codes"),
        sa.UniqueConstraint("text", name="uq_promo_codes_text"),
    )
    op.create_index("ix_promo_codes_batch_id", "promo_codes", ["batch_id"], unique=False)
    op.create_index("ix_promo_codes_event_id", "promo_codes", ["event_id"], unique=False)
    op.create_index("ix_promo_codes_offer_id", "promo_codes", ["offer_id"], unique=False)
    op.create_index("ix_promo_codes_partner_id", "promo_codes", ["partner_id"], unique=False)
    op.create_index(
        "ix_promo_codes_pauses_at",
        "promo_codes",
        ["pauses_at"],
        unique=False,
        sqlite_where=sa.text("pauses_at IS NOT NULL"),
        postgresql_where=sa.text("pauses_at IS NOT NULL"),
    )
    op.create_index(
        "ix_promo_codes_public",
        "promo_codes",
        ["offer_id"],
        unique=False,
        sqlite_where=sa.text("batch_id IS NULL"),
        postgresql_where=sa.text("batch_id IS NULL"),
    )

    op.create_table(
        "pool_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('free', 'reserved', 'given', 'burnt', 'spent')", name=op.f("ck_pool_codes_state")
        ),
        sa.CheckConstraint(
            "state = 'burnt' OR (state IN ('free', 'spent')) = (redemption_id IS NULL)",
            name=op.f("ck_pool_codes_taken_by_one"),
        ),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_pool_codes_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_pool_codes_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pool_codes"),
        sa.UniqueConstraint("event_id", "mark", name="uq_pool_codes_event_id_mark"),
    )
    op.create_index("ix_pool_codes_offer_id_id", "pool_codes", ["offer_id", "id"], unique=False)
    op.create_index(
        "ix_pool_codes_free",
        "pool_codes",
        ["offer_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'free'"),
        postgresql_where=sa.text("state = 'free'"),
    )
    op.create_index(
        "uq_pool_codes_redemption_id",
        "pool_codes",
        ["redemption_id"],
        unique=True,
        sqlite_where=sa.text("redemption_id IS NOT NULL"),
        postgresql_where=sa.text("redemption_id IS NOT NULL"),
    )

    op.create_table(
        "supplies",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("makes", sa.Boolean(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=True),
        sa.Column("variation", sa.BigInteger(), nullable=True),
        sa.Column("blocks_quota", sa.Boolean(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("left", sa.Integer(), nullable=True),
        sa.Column("skipped", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.String(), nullable=True),
        sa.CheckConstraint("most > 0", name=op.f("ck_supplies_most")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_supplies_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_supplies_partner_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_supplies_shop_id"),
        sa.PrimaryKeyConstraint("offer_id", name="pk_supplies"),
    )
    op.create_index("ix_supplies_shop_id", "supplies", ["shop_id"], unique=False)
    op.create_table(
        "shop_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("voucher", sa.BigInteger(), nullable=True),
        sa.Column("redeemed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('wanted', 'there', 'gone')", name=op.f("ck_shop_codes_state")),
        sa.CheckConstraint("(state = 'wanted') = (sealed IS NOT NULL)", name=op.f("ck_shop_codes_sealed_while_wanted")),
        sa.CheckConstraint("(state = 'wanted') = (voucher IS NULL)", name=op.f("ck_shop_codes_there_by_number")),
        sa.CheckConstraint("redeemed >= 0", name=op.f("ck_shop_codes_redeemed")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_shop_codes_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_shop_codes_partner_id"),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name="fk_shop_codes_shop_id"),
        sa.PrimaryKeyConstraint("id", name="pk_shop_codes"),
        sa.UniqueConstraint("shop_id", "mark", name="uq_shop_codes_shop_id_mark"),
    )
    op.create_index("ix_shop_codes_offer_id", "shop_codes", ["offer_id"], unique=False)
    op.create_index("ix_shop_codes_shop_id_voucher", "shop_codes", ["shop_id", "voucher"], unique=False)

    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("shop", sa.String(), nullable=False),
        sa.Column("file_hash", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("void", sa.Integer(), nullable=False),
        sa.Column("foreign_tickets", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("outside", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("public", sa.Integer(), nullable=False),
        sa.Column("by_reader", sa.Integer(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("unused", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_reconciliations_event_id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_reconciliations_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_reconciliations_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliations"),
        sa.UniqueConstraint("offer_id", "file_hash", name="uq_reconciliations_offer_id_file_hash"),
    )
    op.create_index("ix_reconciliations_partner_id", "reconciliations", ["partner_id"], unique=False)

    op.create_table(
        "reconciled_codes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("pool_code_id", sa.Uuid(), nullable=True),
        sa.Column("code_id", sa.Uuid(), nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("by_reader", sa.Integer(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.CheckConstraint("what IN ('used', 'outside', 'ended', 'public')", name=op.f("ck_reconciled_codes_what")),
        sa.CheckConstraint("(what = 'public') = (code_id IS NOT NULL)", name=op.f("ck_reconciled_codes_of_one")),
        sa.CheckConstraint("(what = 'public') = (pool_code_id IS NULL)", name=op.f("ck_reconciled_codes_of_a_pool")),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name="fk_reconciled_codes_code_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_reconciled_codes_partner_id"),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"], ["reconciliations.id"], name="fk_reconciled_codes_reconciliation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_reconciled_codes"),
    )
    op.create_index(
        "ix_reconciled_codes_reconciliation_id", "reconciled_codes", ["reconciliation_id", "what"], unique=False
    )

    op.create_table(
        "allotments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("within_id", sa.Uuid(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column("issue_id", sa.Uuid(), nullable=True),
        sa.Column("code_id", sa.Uuid(), nullable=True),
        sa.Column("max_passes", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("allotted", sa.Integer(), nullable=False),
        sa.Column("allotted_used", sa.Integer(), nullable=False),
        sa.Column("returns_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= max_passes", name=op.f("ck_allotments_within_limit")),
        sa.CheckConstraint(
            "used - allotted_used <= max_passes - allotted", name=op.f("ck_allotments_keeps_allotments")
        ),
        sa.CheckConstraint("allotted_used BETWEEN 0 AND allotted", name=op.f("ck_allotments_within_allotted")),
        sa.CheckConstraint(
            "(CASE WHEN publication_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN issue_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN code_id IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_allotments_for_one"),
        ),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name="fk_allotments_code_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_allotments_event_id"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_allotments_issue_id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_allotments_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_allotments_partner_id"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_allotments_publication_id"),
        sa.ForeignKeyConstraint(["within_id"], ["allotments.id"], name="fk_allotments_within_id"),
        sa.PrimaryKeyConstraint("id", name="pk_allotments"),
    )
    op.create_index(
        "uq_allotments_open_publication_id",
        "allotments",
        ["offer_id", "publication_id"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_index(
        "uq_allotments_open_issue_id",
        "allotments",
        ["offer_id", "issue_id"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_index(
        "uq_allotments_open_code_id",
        "allotments",
        ["offer_id", "code_id"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_index("ix_allotments_code_id", "allotments", ["code_id"], unique=False)
    op.create_index("ix_allotments_issue_id", "allotments", ["issue_id"], unique=False)
    op.create_index("ix_allotments_partner_id", "allotments", ["partner_id"], unique=False)
    op.create_index("ix_allotments_publication_id", "allotments", ["publication_id"], unique=False)
    op.create_index("ix_allotments_within_id", "allotments", ["within_id"], unique=False)

    op.create_table(
        "moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("cancels", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tell_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_moves_partner_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_moves_event_id"),
        sa.PrimaryKeyConstraint("id", name="pk_moves"),
    )
    op.create_index("ix_moves_partner_id", "moves", ["partner_id"], unique=False)
    op.create_index("ix_moves_event_id", "moves", ["event_id"], unique=False)
    op.create_index(
        "uq_moves_untold",
        "moves",
        ["event_id"],
        unique=True,
        sqlite_where=sa.text("told_at IS NULL"),
        postgresql_where=sa.text("told_at IS NULL"),
    )
    op.create_table(
        "wishes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("allotment_id", sa.Uuid(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("side_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=True),
        sa.Column("passes", sa.Integer(), nullable=False),
        sa.Column("max_passes", sa.Integer(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'approved', 'declined', 'withdrawn', 'overtaken')", name=op.f("ck_wishes_state")
        ),
        sa.CheckConstraint("passes > 0 AND (given IS NULL OR given > 0)", name=op.f("ck_wishes_some_passes")),
        sa.CheckConstraint("(state = 'open') = (settled_at IS NULL)", name=op.f("ck_wishes_settled")),
        sa.CheckConstraint("(state = 'approved') = (given IS NOT NULL)", name=op.f("ck_wishes_given")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_wishes_partner_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_wishes_event_id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_wishes_offer_id"),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name="fk_wishes_code_id"),
        sa.ForeignKeyConstraint(["allotment_id"], ["allotments.id"], name="fk_wishes_allotment_id"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_wishes_publication_id"),
        sa.PrimaryKeyConstraint("id", name="pk_wishes"),
    )
    for column in ("partner_id", "offer_id", "code_id", "publication_id"):
        op.create_index(f"ix_wishes_{column}", "wishes", [column], unique=False)
    op.create_index(
        "uq_wishes_open",
        "wishes",
        ["subject_id", "side_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )

    op.create_table(
        "journal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("partner_id", sa.Uuid(), nullable=True),
        sa.Column("publication_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("code_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        sa.UniqueConstraint("code_id", "version", name="uq_journal_code_id_version"),
    )
    op.create_index("ix_journal_event_id", "journal", ["event_id"], unique=False)
    op.create_index("ix_journal_of_partner", "journal", ["partner_id", "id"], unique=False)
    op.create_index(
        "ix_journal_publication_id",
        "journal",
        ["publication_id"],
        unique=False,
        sqlite_where=sa.text("publication_id IS NOT NULL"),
        postgresql_where=sa.text("publication_id IS NOT NULL"),
    )
    op.create_index("ix_journal_subject_id", "journal", ["subject_id"], unique=False)

    op.create_table(
        "promo_blocks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("heading", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("call_to_action", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("after_segment", sa.String(), nullable=True),
        sa.Column("replaces", sa.JSON(), nullable=False),
        sa.Column("approved_hash", sa.String(), nullable=True),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name="fk_promo_blocks_code_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_promo_blocks_event_id"),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_promo_blocks_issue_id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_promo_blocks_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_promo_blocks_partner_id"),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name="fk_promo_blocks_publication_id"),
        sa.PrimaryKeyConstraint("id", name="pk_promo_blocks"),
    )
    op.create_index("ix_promo_blocks_code_id", "promo_blocks", ["code_id"], unique=False)
    op.create_index("ix_promo_blocks_event_id", "promo_blocks", ["event_id"], unique=False)
    op.create_index("ix_promo_blocks_issue_id", "promo_blocks", ["issue_id"], unique=False)
    op.create_index("ix_promo_blocks_offer_id", "promo_blocks", ["offer_id"], unique=False)
    op.create_index("ix_promo_blocks_partner_id", "promo_blocks", ["partner_id"], unique=False)
    op.create_index("ix_promo_blocks_publication_id", "promo_blocks", ["publication_id"], unique=False)
    op.create_index(
        "uq_promo_blocks_code",
        "promo_blocks",
        ["issue_id", "code_id"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )

    op.create_table(
        "claims",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Uuid(), nullable=True),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("reader_key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("pass_id", sa.Uuid(), nullable=True),
        sa.Column("waits", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("shares", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('proven', 'offered', 'lapsed')) = (redemption_id IS NOT NULL)",
            name=op.f("ck_claims_proven_has_redemption"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'proven', 'refused', 'superseded', 'waiting', 'offered', 'lapsed', 'left')",
            name=op.f("ck_claims_state"),
        ),
        sa.ForeignKeyConstraint(["block_id"], ["promo_blocks.id"], name="fk_claims_block_id"),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name="fk_claims_code_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_claims_event_id"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_claims_offer_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_claims_partner_id"),
        sa.ForeignKeyConstraint(["pass_id"], ["passes.id"], name="fk_claims_pass_id", use_alter=True),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_claims_reader_id"),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemptions.id"], name="fk_claims_redemption_id", use_alter=True),
        sa.PrimaryKeyConstraint("id", name="pk_claims"),
        sa.UniqueConstraint("token_hash", name="uq_claims_token_hash"),
    )
    op.create_index("ix_claims_block_id", "claims", ["block_id"], unique=False)
    op.create_index("ix_claims_code_id", "claims", ["code_id"], unique=False)
    op.create_index("ix_claims_offer_id", "claims", ["offer_id", "code_id", "created_at"], unique=False)
    op.create_index("ix_claims_pass_id", "claims", ["pass_id"], unique=False)
    op.create_index(
        "ix_claims_waiting",
        "claims",
        ["offer_id", "settled_at"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_claims_waiting_reader",
        "claims",
        ["offer_id", "reader_key"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_claims_partner_id", "claims", ["partner_id"], unique=False)
    op.create_index("ix_claims_reader_id", "claims", ["reader_id"], unique=False)
    op.create_index("ix_claims_reader_key", "claims", ["reader_key"], unique=False)

    op.create_table(
        "overrides",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Uuid(), nullable=False),
        sa.Column("block_version", sa.Integer(), nullable=False),
        sa.Column("check_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("approved_by <> asked_by", name=op.f("ck_overrides_two_people")),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL)", name=op.f("ck_overrides_approved_by_somebody")
        ),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name="fk_overrides_issue_id"),
        sa.ForeignKeyConstraint(["block_id"], ["promo_blocks.id"], name="fk_overrides_block_id"),
        sa.ForeignKeyConstraint(["asked_by"], ["people.id"], name="fk_overrides_asked_by"),
        sa.ForeignKeyConstraint(["approved_by"], ["people.id"], name="fk_overrides_approved_by"),
        sa.PrimaryKeyConstraint("id", name="pk_overrides"),
    )
    op.create_index("ix_overrides_issue_id", "overrides", ["issue_id"], unique=False)
    op.create_index(
        "uq_overrides_open",
        "overrides",
        ["block_id", "check_name"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "declarations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Uuid(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("benefits", sa.JSON(), nullable=False),
        sa.Column("editorial_control", sa.String(), nullable=False),
        sa.Column("obligation", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), server_default="", nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=True),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("party IN ('partner', 'editor')", name=op.f("ck_declarations_party")),
        sa.ForeignKeyConstraint(["block_id"], ["promo_blocks.id"], name="fk_declarations_block_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_declarations_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_declarations"),
        sa.UniqueConstraint("block_id", "party", name="uq_declarations_block_id_party"),
    )
    op.create_index("ix_declarations_partner_id", "declarations", ["partner_id"], unique=False)

    op.create_table(
        "evidence",
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("seq > 0", name=op.f("ck_evidence_seq")),
        sa.ForeignKeyConstraint(["publication_id"], ["publications.id"], name=op.f("fk_evidence_publication_id")),
        sa.PrimaryKeyConstraint("publication_id", "seq", name=op.f("pk_evidence")),
        sa.UniqueConstraint("publication_id", "previous", name=op.f("uq_evidence_publication_id_previous")),
    )
    op.create_index(
        "ix_evidence_issue_id",
        "evidence",
        ["issue_id"],
        unique=False,
        sqlite_where=sa.text("issue_id IS NOT NULL"),
        postgresql_where=sa.text("issue_id IS NOT NULL"),
    )

    op.create_table(
        "observations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("issue_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("through", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("failing", sa.JSON(), nullable=False),
        sa.Column("input_hash", sa.String(), nullable=False),
        sa.CheckConstraint("label IN ('there', 'gone', 'absent', 'cannot_tell')", name=op.f("ck_observations_label")),
        sa.CheckConstraint("through IN ('upload', 'tool', 'mailbox', 'address')", name=op.f("ck_observations_through")),
        sa.ForeignKeyConstraint(["block_id"], ["promo_blocks.id"], name=op.f("fk_observations_block_id")),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name=op.f("fk_observations_code_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_observations_issue_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
    )
    op.create_index("ix_observations_block_id", "observations", ["block_id"], unique=False)
    op.create_index("ix_observations_code_id", "observations", ["code_id"], unique=False)
    op.create_index("ix_observations_issue_id", "observations", ["issue_id"], unique=False)

    op.create_table(
        "visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("block_id", sa.Uuid(), nullable=True),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("human", sa.Integer(), nullable=False),
        sa.Column("machine", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("human >= 0 AND machine >= 0 AND refused >= 0", name=op.f("ck_visits_counts")),
        sa.ForeignKeyConstraint(["block_id"], ["promo_blocks.id"], name="fk_visits_block_id"),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name="fk_visits_code_id"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_visits_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_visits_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
        sa.UniqueConstraint("source_id", "day", name="uq_visits_source_id_day"),
    )
    op.create_index("ix_visits_block_id", "visits", ["block_id"], unique=False)
    op.create_index("ix_visits_event_id", "visits", ["event_id"], unique=False)
    op.create_index("ix_visits_partner_id", "visits", ["partner_id"], unique=False)

    op.create_table(
        "report_schedules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("every", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.String(), nullable=True),
        sa.CheckConstraint("every IN ('week', 'month', 'once')", name=op.f("ck_report_schedules_every")),
        sa.CheckConstraint("stopped_by IN ('partner', 'recipient')", name=op.f("ck_report_schedules_stopped_by")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_report_schedules_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_report_schedules_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report_schedules"),
    )
    op.create_index("ix_report_schedules_event_id", "report_schedules", ["event_id"], unique=False)
    op.create_index("ix_report_schedules_partner_id", "report_schedules", ["partner_id"], unique=False)
    op.create_index(
        "ix_report_schedules_next_at",
        "report_schedules",
        ["next_at"],
        unique=False,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(
        "uq_report_schedules_living",
        "report_schedules",
        ["event_id", "email_key"],
        unique=True,
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )

    op.create_table(
        "report_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=True),
        sa.Column("period", sa.Date(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_report_links_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_report_links_partner_id"),
        sa.ForeignKeyConstraint(["schedule_id"], ["report_schedules.id"], name="fk_report_links_schedule_id"),
        sa.PrimaryKeyConstraint("id", name="pk_report_links"),
        sa.UniqueConstraint("schedule_id", "period", name="uq_report_links_schedule_id_period"),
        sa.UniqueConstraint("secret_hash", name="uq_report_links_secret_hash"),
    )
    op.create_index("ix_report_links_event_id", "report_links", ["event_id"], unique=False)
    op.create_index("ix_report_links_partner_id", "report_links", ["partner_id"], unique=False)

    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("wording", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("field IN ('email', 'name', 'company')", name=op.f("ck_consents_field")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name="fk_consents_claim_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_consents_partner_id"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_consents_reader_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_partner_id", "consents", ["partner_id"], unique=False)
    op.create_index("ix_consents_reader_id", "consents", ["reader_id"], unique=False)
    op.create_index(
        "uq_consents_standing",
        "consents",
        ["partner_id", "reader_id", "field"],
        unique=True,
        sqlite_where=sa.text("withdrawn_at IS NULL"),
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )

    op.create_table(
        "event_sources",
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_event_sources_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_event_sources_partner_id"),
        sa.PrimaryKeyConstraint("partner_id", "uid", name="pk_event_sources"),
    )
    op.create_index("ix_event_sources_event_id", "event_sources", ["event_id"], unique=False)

    op.create_table(
        "redemptions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("pass_type_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("allotment_id", sa.Uuid(), nullable=True),
        sa.Column("block_id", sa.Uuid(), nullable=True),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("reader_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("held_for", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("list_price", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reduction", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(), server_default="EUR", nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "NOT (state IN ('held', 'confirmed')) OR counted", name=op.f("ck_redemptions_live_is_counted")
        ),
        sa.CheckConstraint("state IN ('held', 'confirmed', 'cancelled', 'expired')", name=op.f("ck_redemptions_state")),
        sa.CheckConstraint("held_for IN ('shop', 'review', 'place')", name=op.f("ck_redemptions_held_for")),
        sa.CheckConstraint("state <> 'held' OR held_for IS NOT NULL", name=op.f("ck_redemptions_held_for_something")),
        sa.CheckConstraint("reduction BETWEEN 0 AND list_price", name=op.f("ck_redemptions_reduction")),
        sa.ForeignKeyConstraint(["allotment_id"], ["allotments.id"], name="fk_redemptions_allotment_id"),
        sa.ForeignKeyConstraint(["block_id"], ["promo_blocks.id"], name="fk_redemptions_block_id"),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name="fk_redemptions_claim_id"),
        sa.ForeignKeyConstraint(["code_id"], ["promo_codes.id"], name="fk_redemptions_code_id"),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_redemptions_reader_id"),
        sa.ForeignKeyConstraint(["token_id"], ["tokens.id"], name="fk_redemptions_token_id"),
        sa.PrimaryKeyConstraint("id", name="pk_redemptions"),
        sa.UniqueConstraint("code_id", "version", name="uq_redemptions_code_id_version"),
    )
    op.create_index(
        "ix_redemptions_allotment_id",
        "redemptions",
        ["allotment_id"],
        unique=False,
        sqlite_where=sa.text("allotment_id IS NOT NULL"),
        postgresql_where=sa.text("allotment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_redemptions_expiring",
        "redemptions",
        ["event_id", "expires_at"],
        unique=False,
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        "ix_redemptions_block_id",
        "redemptions",
        ["block_id"],
        unique=False,
        sqlite_where=sa.text("block_id IS NOT NULL"),
        postgresql_where=sa.text("block_id IS NOT NULL"),
    )
    op.create_index(
        "ix_redemptions_claim_id",
        "redemptions",
        ["claim_id"],
        unique=False,
        sqlite_where=sa.text("claim_id IS NOT NULL"),
        postgresql_where=sa.text("claim_id IS NOT NULL"),
    )
    op.create_index(
        "ix_redemptions_offer_id",
        "redemptions",
        ["offer_id", "state", "code_id", "pass_type_id", "currency", "created_at", "reduction"],
        unique=False,
    )
    op.create_index("ix_redemptions_reader_id", "redemptions", ["reader_id"], unique=False)
    op.create_index(
        "uq_redemptions_live_reader",
        "redemptions",
        ["event_id", "reader_key"],
        unique=True,
        sqlite_where=sa.text("state IN ('held', 'confirmed')"),
        postgresql_where=sa.text("state IN ('held', 'confirmed')"),
    )

    op.create_table(
        "passes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("pass_type_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("reader_id", sa.Uuid(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('live', 'handed_on', 'given_back', 'revoked')", name=op.f("ck_passes_state")),
        sa.ForeignKeyConstraint(["reader_id"], ["readers.id"], name="fk_passes_reader_id"),
        sa.ForeignKeyConstraint(["redemption_id"], ["redemptions.id"], name="fk_passes_redemption_id"),
        sa.PrimaryKeyConstraint("id", name="pk_passes"),
    )
    op.create_index("ix_passes_event_id", "passes", ["event_id"], unique=False)
    op.create_index("ix_passes_reader_id", "passes", ["reader_id"], unique=False)
    op.create_index("ix_passes_redemption_id", "passes", ["redemption_id"], unique=False)
    op.create_index(
        "uq_passes_live_redemption",
        "passes",
        ["redemption_id"],
        unique=True,
        sqlite_where=sa.text("state = 'live'"),
        postgresql_where=sa.text("state = 'live'"),
    )

    op.create_table(
        "check_ins",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("pass_id", sa.Uuid(), nullable=True),
        sa.Column("scan_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("gate", sa.String(), nullable=True),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_gate", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("result = 'refused' OR pass_id IS NOT NULL", name=op.f("ck_check_ins_has_pass")),
        sa.CheckConstraint("result IN ('admitted', 'already', 'refused')", name=op.f("ck_check_ins_result")),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_check_ins_event_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_check_ins_partner_id"),
        sa.ForeignKeyConstraint(["pass_id"], ["passes.id"], name="fk_check_ins_pass_id"),
        sa.PrimaryKeyConstraint("id", name="pk_check_ins"),
        sa.UniqueConstraint("event_id", "scan_id", name="uq_check_ins_event_id_scan_id"),
    )
    op.create_index("ix_check_ins_partner_id", "check_ins", ["partner_id"], unique=False)
    op.create_index(
        "uq_check_ins_inside",
        "check_ins",
        ["pass_id"],
        unique=True,
        sqlite_where=sa.text("result = 'admitted' AND undone_at IS NULL"),
        postgresql_where=sa.text("result = 'admitted' AND undone_at IS NULL"),
    )

    op.create_table(
        "endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("types", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'disabled', 'removed')", name=op.f("ck_endpoints_state")),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_endpoints_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_endpoints"),
    )
    op.create_index("ix_endpoints_partner_id", "endpoints", ["partner_id"], unique=False)

    op.create_table(
        "endpoint_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name="fk_endpoint_secrets_endpoint_id"),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint_secrets"),
    )
    op.create_index("ix_endpoint_secrets_endpoint_id", "endpoint_secrets", ["endpoint_id"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("partner_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name=op.f("ck_messages_state")),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name="fk_messages_endpoint_id"),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name="fk_messages_partner_id"),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index(
        "ix_messages_due",
        "messages",
        ["endpoint_id", "due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index("ix_messages_of_endpoint", "messages", ["endpoint_id", "id"], unique=False)
    op.create_index(
        "ix_messages_settled_at",
        "messages",
        ["settled_at"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NOT NULL"),
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )

    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_attempts_message_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
    )
    op.create_index("ix_attempts_at", "attempts", ["at"], unique=False)
    op.create_index("ix_attempts_message_id", "attempts", ["message_id"], unique=False)

    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=True),
        sa.Column("pass_id", sa.Uuid(), nullable=True),
        sa.Column("sign_in_link_id", sa.Uuid(), nullable=True),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("observation_id", sa.Uuid(), nullable=True),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("endpoint_id", sa.Uuid(), nullable=True),
        sa.Column("move_id", sa.Uuid(), nullable=True),
        sa.Column("wish_id", sa.Uuid(), nullable=True),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("report_link_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_answer", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('claim', 'pass', 'given_back', 'handed_on', 'place', 'declined', 'sign_in', 'label_gone',"
            " 'endpoint_disabled', 'shop_troubled', 'notice', 'wish', 'wish_settled', 'account', 'invitation',"
            " 'moved', 'called_off', 'line_closed', 'report')",
            name=op.f("ck_deliveries_kind"),
        ),
        sa.CheckConstraint("state IN ('pending', 'sent', 'dead')", name=op.f("ck_deliveries_state")),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name="fk_deliveries_claim_id"),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoints.id"], name="fk_deliveries_endpoint_id"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name="fk_deliveries_invitation_id"),
        sa.ForeignKeyConstraint(["observation_id"], ["observations.id"], name="fk_deliveries_observation_id"),
        sa.ForeignKeyConstraint(["pass_id"], ["passes.id"], name="fk_deliveries_pass_id"),
        sa.ForeignKeyConstraint(["move_id"], ["moves.id"], name="fk_deliveries_move_id"),
        sa.ForeignKeyConstraint(["wish_id"], ["wishes.id"], name="fk_deliveries_wish_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_deliveries_person_id"),
        sa.ForeignKeyConstraint(["sign_in_link_id"], ["sign_in_links.id"], name="fk_deliveries_sign_in_link_id"),
        sa.ForeignKeyConstraint(["report_link_id"], ["report_links.id"], name="fk_deliveries_report_link_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index(
        "ix_deliveries_claim_id",
        "deliveries",
        ["claim_id"],
        unique=False,
        sqlite_where=sa.text("claim_id IS NOT NULL"),
        postgresql_where=sa.text("claim_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_invitation_id",
        "deliveries",
        ["invitation_id"],
        unique=False,
        sqlite_where=sa.text("invitation_id IS NOT NULL"),
        postgresql_where=sa.text("invitation_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_pass_id",
        "deliveries",
        ["pass_id"],
        unique=False,
        sqlite_where=sa.text("pass_id IS NOT NULL"),
        postgresql_where=sa.text("pass_id IS NOT NULL"),
    )
    op.create_index(
        "ix_deliveries_sign_in_link_id",
        "deliveries",
        ["sign_in_link_id"],
        unique=False,
        sqlite_where=sa.text("sign_in_link_id IS NOT NULL"),
        postgresql_where=sa.text("sign_in_link_id IS NOT NULL"),
    )

    if op.get_context().dialect.name == "postgresql":
        # On SQLite a table may refer to one that comes later, so there these two stand in their tables.
        op.create_foreign_key("fk_claims_pass_id", "claims", "passes", ["pass_id"], ["id"])
        op.create_foreign_key("fk_claims_redemption_id", "claims", "redemptions", ["redemption_id"], ["id"])
        op.create_foreign_key(
            "fk_issues_passed_check",
            "issues",
            "issue_checks",
            ["passed_check_id", "id", "content_hash", "needed_verdict"],
            ["id", "issue_id", "content_hash", "verdict"],
        )
        for statement in (*ROLES, WALLS):
            op.execute(statement)


ROLES = (
    """
    DO $$ BEGIN
        CREATE ROLE promos_app NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation OR insufficient_privilege THEN NULL;
    END $$
    """,
    """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'promos_app') THEN
            GRANT USAGE ON SCHEMA public TO promos_app;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO promos_app;
            ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO promos_app;
            REVOKE UPDATE, DELETE ON journal, issue_checks, evidence, observations FROM promos_app;
            REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM promos_app;
        END IF;
    END $$
    """,
)

# A transaction says whose rows it is about (`promos.everybody`, `promos.partners`); one that says nothing finds none.
# Both are read once a statement, not once a row: all that costs stands inside of their SELECTs. The last cast does
# nothing, but without it ANY would take the SELECT for a list of rows. What belongs to no partner: the roles of the
# publisher's own people are there for everybody, and everybody may add to the history of all.
WALLS = """
    DO $$
    DECLARE
        walled record;
        everybody text := $q$(SELECT current_setting('promos.everybody', true) = 'yes')$q$;
        said text := $q$NULLIF(current_setting('promos.partners', true), '')$q$;
        partners text := format('(SELECT string_to_array(%s, %L)::uuid[])::uuid[]', said, ',');
    BEGIN
        FOR walled IN
            SELECT table_name AS name, column_name AS partner
            FROM information_schema.columns
            WHERE table_schema = current_schema()
                AND (column_name = 'partner_id' OR (table_name = 'partners' AND column_name = 'id'))
        LOOP
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', walled.name);
            EXECUTE format(
                'CREATE POLICY own ON %I USING (%s OR %I = ANY (%s))', walled.name, everybody, walled.partner, partners
            );
        END LOOP;
        CREATE POLICY publishers ON roles FOR SELECT USING (partner_id IS NULL);
        CREATE POLICY publishers ON journal FOR INSERT WITH CHECK (partner_id IS NULL);
    END $$
"""


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("fk_issues_passed_check", "issues", type_="foreignkey")
        op.drop_constraint("fk_claims_redemption_id", "claims", type_="foreignkey")
        op.drop_constraint("fk_claims_pass_id", "claims", type_="foreignkey")
        op.execute(
            """
            DO $$ BEGIN
                IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'promos_app') THEN
                    ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM promos_app;
                    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM promos_app;
                    REVOKE USAGE ON SCHEMA public FROM promos_app;
                END IF;
            END $$
            """
        )
    else:
        # The two tables that refer to each other go once nothing stands in them.
        for table in ("issues", "claims"):
            op.execute(f"DELETE FROM {table}")  # noqa: S608 -- the two names above
    for table in reversed(TABLES):
        op.drop_table(table)


TABLES = (
    "idempotency_records",
    "installation",
    "partners",
    "people",
    "publications",
    "rate_limits",
    "readers",
    "events",
    "issues",
    "connections",
    "shops",
    "roles",
    "invitations",
    "sessions",
    "sign_in_links",
    "passkeys",
    "recovery_codes",
    "tokens",
    "devices",
    "issue_checks",
    "pass_types",
    "offers",
    "offer_publications",
    "code_batches",
    "promo_codes",
    "pool_codes",
    "reconciliations",
    "reconciled_codes",
    "supplies",
    "shop_codes",
    "allotments",
    "moves",
    "wishes",
    "journal",
    "promo_blocks",
    "claims",
    "overrides",
    "declarations",
    "evidence",
    "observations",
    "visits",
    "report_schedules",
    "report_links",
    "consents",
    "event_sources",
    "redemptions",
    "passes",
    "check_ins",
    "endpoints",
    "endpoint_secrets",
    "messages",
    "attempts",
    "deliveries",
)
