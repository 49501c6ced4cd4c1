//! Commands that the system sends by itself: nobody else asked, and each is a command of its own.

use domain::ids::TenantId;
use identity::principals::Principal;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::context::{Context, Mode};
use crate::dispatch::{Request, Run};

/// A command of this name without fields, under a key of its own.
pub fn request(tenant_id: &TenantId, name: &str) -> Request {
    let command_id = Uuid::now_v7().to_string();
    Request {
        ctx: Context {
            principal: Principal::system(tenant_id.clone()),
            now: OffsetDateTime::now_utc(),
            mode: Mode::Live,
            correlation_id: command_id.clone(),
            causation_id: command_id.clone(),
            command_id: command_id.clone(),
            if_match: None,
            source_address: None,
        },
        name: name.to_owned(),
        body: json!({}),
        key: Some(command_id),
        run: Run::Real,
    }
}
