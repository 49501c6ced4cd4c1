//! One page of a list: how many rows to fetch, behind which row, and the cursor to the next page.

use std::sync::Arc;

use domain::refusal::Refusal;
use event_store::Result;
use event_store::vault::TenantKeys;
use time::{Date, OffsetDateTime};

use crate::ask::Ctx;
use crate::cursors::Cursor;
use crate::params::DEFAULT_LIMIT;

/// The page that a caller asked for.
pub(crate) struct Page {
    keys: Arc<TenantKeys>,
    query: &'static str,
    limit: usize,
    behind: Option<Cursor>,
}

impl Page {
    /// Reads the caller's limit (which the schema has bounded) and cursor.
    pub async fn open(
        ctx: &Ctx<'_>,
        (query, sort): (&'static str, &str),
        limit: Option<u16>,
        cursor: Option<&str>,
    ) -> Result<Self> {
        let keys = ctx.store.keys(&ctx.principal.tenant_id).await?;
        let behind = cursor
            .map(|text| Cursor::open(&keys, query, sort, text))
            .transpose()?;
        Ok(Self {
            keys,
            query,
            limit: usize::from(limit.unwrap_or(DEFAULT_LIMIT)),
            behind,
        })
    }

    /// Rows to fetch: one more than shown tells whether there is a next page.
    pub fn fetch(&self) -> i64 {
        i64::try_from(self.limit)
            .unwrap_or(i64::MAX)
            .saturating_add(1)
    }

    /// The id behind which this page begins.
    pub fn id(&self) -> Option<&str> {
        self.behind.as_ref().map(|cursor| cursor.id.as_str())
    }

    /// The instant behind which it begins.
    pub fn instant(&self) -> std::result::Result<Option<OffsetDateTime>, Refusal> {
        self.behind.as_ref().map(Cursor::instant).transpose()
    }

    /// The date behind which it begins.
    pub fn date(&self) -> std::result::Result<Option<Date>, Refusal> {
        self.behind.as_ref().map(Cursor::date).transpose()
    }

    /// The text (one of the sort keys) behind which it begins.
    pub fn text(&self, index: usize) -> std::result::Result<Option<&str>, Refusal> {
        self.behind
            .as_ref()
            .map(|cursor| cursor.text(index))
            .transpose()
    }

    /// Cuts the extra row off and answers the cursor to what follows.
    pub fn close<T>(
        &self,
        rows: &mut Vec<T>,
        cursor: impl FnOnce(&T) -> Result<Cursor>,
    ) -> Result<Option<String>> {
        if rows.len() <= self.limit {
            return Ok(None);
        }
        rows.truncate(self.limit);
        rows.last()
            .map(|last| cursor(last)?.seal(&self.keys, self.query))
            .transpose()
    }
}
