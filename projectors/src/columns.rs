//! Rows as columns: a batch is written by one statement that takes one array a column.

/// Declares a row of a read table, in the order of its statement's parameters, and how a batch of them is written.
macro_rules! rows {
    ($(#[$doc:meta])* struct $name:ident { $($field:ident: $kind:ty),+ $(,)? }) => {
        $(#[$doc])*
        struct $name {
            $($field: $kind),+
        }

        impl $name {
            /// Runs `sql` with the rows' columns; nothing for no rows.
            async fn write(
                tx: &deadpool_postgres::Transaction<'_>,
                sql: &str,
                rows: &[Self],
            ) -> event_store::Result<()> {
                if rows.is_empty() {
                    return Ok(());
                }
                $(let $field: Vec<&$kind> = rows.iter().map(|row| &row.$field).collect();)+
                let statement = tx.prepare_cached(sql).await?;
                tx.execute(&statement, &[$(&$field),+]).await?;
                Ok(())
            }
        }
    };
}

pub(crate) use rows;
