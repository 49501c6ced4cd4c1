//! Our commands with everything on: `add-note` on an existing customer, validated against its schema, permitted,
//! looked up by its idempotency key, decided by the aggregate, sealed, stored with its answer.

use std::sync::Arc;
use std::time::Duration;

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use serde_json::json;

use crate::drive::{Sample, drive};
use crate::streams::{self, NOTE, STREAMS};
use crate::{Result, tenant};

/// The command that is measured.
pub const COMMAND: &str = "add-note";

/// One run in this process; answers the sample and how many commands were acknowledged.
pub async fn measure(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    clients: usize,
    measured: Duration,
) -> Result<(Sample, u64)> {
    let (dispatcher, tenant_id) = (Arc::new(dispatcher.clone()), tenant_id.clone());
    let operation = move |_| {
        let (dispatcher, tenant_id) = (dispatcher.clone(), tenant_id.clone());
        async move {
            let body = json!({"customer_id": streams::id(streams::pick(STREAMS)), "text": NOTE});
            dispatcher
                .dispatch(&tenant::request(&tenant_id, COMMAND, body))
                .await?;
            Ok(())
        }
    };
    drive(clients, measured, operation).await
}
