//! Our commands with everything on: `add-note` on an existing customer, validated against its schema, permitted,
//! looked up by its idempotency key, decided by the aggregate, sealed, stored with its answer.

use std::sync::Arc;

use commands::dispatch::Dispatcher;
use domain::ids::TenantId;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;

use crate::drive::{Offered, Sample, drive};
use crate::streams::{self, NOTE};
use crate::{Result, tenant};

/// How many streams are met at the same time.
const MEETING_AT_ONCE: usize = 64;

/// The command that is measured.
pub const COMMAND: &str = "add-note";

/// One run in this process, on the streams that `pick` picks; answers the sample and how many commands were acknowledged.
pub async fn measure(
    dispatcher: &Dispatcher,
    tenant_id: &TenantId,
    pick: fn() -> u64,
    offered: Offered,
) -> Result<(Sample, u64)> {
    let (dispatcher, tenant_id) = (Arc::new(dispatcher.clone()), tenant_id.clone());
    let operation = move |_| {
        let (dispatcher, tenant_id) = (dispatcher.clone(), tenant_id.clone());
        async move {
            let body = json!({"customer_id": streams::id(pick()), "text": NOTE});
            dispatcher
                .dispatch(&tenant::request(&tenant_id, COMMAND, body))
                .await?;
            Ok(())
        }
    };
    drive(offered, operation).await
}

/// Meets every lively stream once, as a process has that has been running for a while; answers how many commands were
/// acknowledged.
pub async fn meet(dispatcher: &Dispatcher, tenant_id: &TenantId) -> Result<u64> {
    let met = futures_util::stream::iter(1..=streams::LIVELY)
        .map(|number| async move {
            let body = json!({"customer_id": streams::id(number), "text": NOTE});
            let request = tenant::request(tenant_id, COMMAND, body);
            dispatcher.dispatch(&request).await.map(|_| ())
        })
        .buffer_unordered(MEETING_AT_ONCE);
    met.try_fold((), |(), ()| std::future::ready(Ok(())))
        .await?;
    Ok(streams::LIVELY)
}
