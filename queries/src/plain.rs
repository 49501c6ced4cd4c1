//! Opens the personal fields of a page of rows: one look-up of keys for all of them, and nothing at all for a principal
//! without the right, for whom every such field is null.

use std::collections::{BTreeSet, HashMap};

use domain::sealed::Sealed;
use event_store::Result;
use event_store::vault::SubjectKey;

use crate::ask::Ctx;

/// The keys of some subjects, as far as they live and the principal may use them.
pub struct Plain {
    keys: HashMap<String, SubjectKey>,
}

impl Plain {
    /// Fetches the keys of these subjects.
    pub async fn of<'s>(
        ctx: &Ctx<'_>,
        subjects: impl IntoIterator<Item = &'s str>,
    ) -> Result<Self> {
        if !ctx.sees_personal_data() {
            return Ok(Self {
                keys: HashMap::new(),
            });
        }
        let distinct: BTreeSet<&str> = subjects.into_iter().collect();
        let wanted: Vec<&str> = distinct.into_iter().collect();
        let tenant_id = &ctx.principal.tenant_id;
        let keys = ctx.store.subject_keys(tenant_id, &wanted).await?;
        Ok(Self {
            keys: keys.into_iter().collect(),
        })
    }

    /// The field in plain text; `None` without the right, the field, or a living key.
    pub fn open(&self, subject: &str, field: &str, sealed: Option<&Sealed>) -> Option<String> {
        self.keys.get(subject)?.open(field, sealed?)
    }
}
