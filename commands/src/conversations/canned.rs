//! Canned replies: the texts that a tenant's people send often. They are the tenant's, and each change is a new version.

use domain::refusal::Refusal;
use domain::tenants::{Tenant, TenantCommand};
use event_store::load::Load;
use identity::permissions::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::tenants::whole_tenant;
use crate::work::{Facts, Work};

/// The commands of this file.
pub fn commands() -> Vec<Command> {
    vec![
        command!(
            "define-canned-reply",
            define_canned_reply,
            DefineCannedReply,
            Permission::TenantsConfigure,
            Risk::Write
        ),
        command!(
            "remove-canned-reply",
            remove_canned_reply,
            RemoveCannedReply,
            Permission::TenantsConfigure,
            Risk::Write
        ),
    ]
}

/// # Define a canned reply
///
/// A text with variables in double braces, such as `Hi {{first_name}}`. A new text under a known name is its next version.
/// `first_name`, `last_name` and `business` fill in by themselves; all others are given when the reply is sent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DefineCannedReply {
    /// 1 to 64 lower-case letters, digits and inner dashes.
    pub name: String,
    /// At most 4,000 characters.
    pub text: String,
}

/// # Remove a canned reply
///
/// The reply can be sent no more. Messages that were sent by it stay as they are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveCannedReply {
    /// The name it was defined by.
    pub name: String,
}

/// The reply as it stands.
#[derive(Serialize)]
pub struct CannedReplySummary {
    pub name: String,
    pub version: u32,
}

impl Input for DefineCannedReply {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

impl Input for RemoveCannedReply {
    fn wanted(&self, facts: &Facts) -> Load {
        whole_tenant(facts)
    }
}

pub async fn define_canned_reply(
    work: &mut Work,
    input: DefineCannedReply,
) -> Result<CannedReplySummary> {
    let DefineCannedReply { name, text } = input;
    let command = TenantCommand::DefineCannedReply {
        name: name.clone(),
        text,
    };
    change(work, name, command).await
}

pub async fn remove_canned_reply(
    work: &mut Work,
    input: RemoveCannedReply,
) -> Result<CannedReplySummary> {
    let name = input.name;
    change(
        work,
        name.clone(),
        TenantCommand::RemoveCannedReply { name },
    )
    .await
}

async fn change(
    work: &mut Work,
    name: String,
    command: TenantCommand,
) -> Result<CannedReplySummary> {
    let tenant_id = work.ctx.tenant_id().to_string();
    let mut tenant = work.find::<Tenant>(&tenant_id).await?;
    work.execute(&mut tenant, command).await?;
    let reply = tenant.state.canned_replies.get(&name);
    let reply = reply.ok_or_else(|| unknown(&name))?;
    let version = reply.version;
    Ok(CannedReplySummary { name, version })
}

pub(super) fn unknown(name: &str) -> Refusal {
    let detail = format!("there is no canned reply {name:?}; send define-canned-reply first");
    Refusal::not_found("canned-reply-not-found", detail)
}
