//! Rows as columns: a batch is written by one statement that takes one array a column, or copied into a table that is
//! built anew.

use std::error::Error as StdError;

use deadpool_postgres::Transaction;
use event_store::Result;
use event_store::pg::JsonText;
use time::{Date, OffsetDateTime};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// A value as a copy sends it, which unlike a statement does not say what it wants.
pub(crate) trait Column: ToSql + Sync {
    const TYPE: Type;
}

macro_rules! columns {
    ($($kind:ty => $type:expr),+ $(,)?) => {
        $(impl Column for $kind {
            const TYPE: Type = $type;
        })+
    };
}

columns! {
    String => Type::TEXT,
    Option<String> => Type::TEXT,
    bool => Type::BOOL,
    i64 => Type::INT8,
    Date => Type::DATE,
    OffsetDateTime => Type::TIMESTAMPTZ,
    Option<OffsetDateTime> => Type::TIMESTAMPTZ,
    Json => Type::JSON,
    Words => Type::TEXT_ARRAY,
}

/// JSON that is text already.
#[derive(Debug)]
pub(crate) struct Json(pub String);

impl ToSql for Json {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        JsonText(&self.0).to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        <JsonText<'_> as ToSql>::accepts(kind)
    }

    to_sql_checked!();
}

/// Several words in one column. An array of arrays would have to be rectangular, so statements take them as JSON.
#[derive(Debug)]
pub(crate) struct Words(pub Vec<String>);

impl ToSql for Words {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> std::result::Result<IsNull, Box<dyn StdError + Sync + Send>> {
        if *kind == Type::JSON {
            return JsonText(&serde_json::to_string(&self.0)?).to_sql(kind, out);
        }
        self.0.to_sql(kind, out)
    }

    fn accepts(kind: &Type) -> bool {
        [Type::JSON, Type::TEXT_ARRAY].contains(kind)
    }

    to_sql_checked!();
}

/// A row that can be copied, its columns in the order of its copy statement.
pub(crate) trait Row {
    fn types() -> Vec<Type>;
    fn cells(&self) -> Vec<&(dyn ToSql + Sync)>;
}

/// Copies rows by a statement `copy … from stdin (format binary)`; nothing for no rows.
pub(crate) async fn copy<R: Row>(tx: &Transaction<'_>, sql: &str, rows: &[R]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let writer = BinaryCopyInWriter::new(tx.copy_in(sql).await?, &R::types());
    let mut writer = std::pin::pin!(writer);
    for row in rows {
        writer.as_mut().write(&row.cells()).await?;
    }
    writer.finish().await?;
    Ok(())
}

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

        impl $crate::columns::Row for $name {
            fn types() -> Vec<tokio_postgres::types::Type> {
                vec![$(<$kind as $crate::columns::Column>::TYPE),+]
            }

            fn cells(&self) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)> {
                vec![$(&self.$field),+]
            }
        }
    };
}

pub(crate) use rows;
