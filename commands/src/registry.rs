//! The registry: one entry per command. It feeds HTTP, batch, the published schemas, OpenAPI and the command line, so
//! that a command is described once.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use domain::refusal::{FieldError, Refusal};
use event_store::error::Error;
use event_store::load::Load;
use futures_util::future::BoxFuture;
use identity::permissions::Permission;
use queries::schema_errors::faults;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Result;
use crate::work::{Facts, Work};

/// The most field errors one answer lists.
const MAX_FIELD_ERRORS: usize = 50;
/// How many names are told to whoever named none, and how many words of a name are looked at.
const MAX_NEAREST: usize = 3;
const MAX_WORDS: usize = 8;

/// What a command may do to the world, for those who decide whether an agent may send it unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// Changes nothing.
    Read,
    /// Changes our records; can be corrected by another command.
    Write,
    /// Reaches a person outside.
    Outward,
    /// Takes something away.
    Destructive,
    /// Moves money, or says that money has moved.
    Money,
    /// Reaches or changes many at once.
    Bulk,
    /// Touches credentials and secrets.
    Key,
}

/// Who may send a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    Public,
    /// Sent by webhooks, timers and the relay only: unlisted, and unknown to everybody else.
    Internal,
}

/// Whether a person must have given their second factor a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorDemand {
    /// As the permission demands.
    Usual,
    /// Within the last ten minutes: for what cannot be taken back. Keys are not asked.
    Fresh,
}

/// The input of a command. Its JSON Schema is derived; its doc comment is the command's documentation.
pub trait Input: DeserializeOwned + JsonSchema + Send + Sync {
    /// What the command needs to see, loaded together with the look-up of its key, in one wait. Loading more later is
    /// possible, at the price of another wait.
    fn wanted(&self, facts: &Facts) -> Load;
}

pub type Handle = for<'a> fn(&'a mut Work, &'a Value) -> BoxFuture<'a, Result<Value>>;
pub type Wanted = fn(&Facts, &Value) -> Result<Load>;

/// One command.
pub struct Command {
    pub name: &'static str,
    pub permission: Permission,
    pub risk: Risk,
    pub visibility: Visibility,
    pub factor: FactorDemand,
    pub handle: Handle,
    pub wanted: Wanted,
    pub schema: fn() -> Value,
    pub(crate) built: OnceLock<(Value, jsonschema::Validator)>,
}

/// One registry entry: `command!("confirm-booking", confirm_booking, ConfirmBooking, Permission::BookingsWrite,
/// Risk::Write)`, with a last `internal` for those that only the system may send.
#[macro_export]
macro_rules! command {
    ($name:literal, $handler:path, $input:ty, $permission:expr, $risk:expr) => {
        $crate::command!(@entry $name, $handler, $input, $permission, $risk, $crate::registry::Visibility::Public)
    };
    ($name:literal, $handler:path, $input:ty, $permission:expr, $risk:expr, internal) => {
        $crate::command!(@entry $name, $handler, $input, $permission, $risk, $crate::registry::Visibility::Internal)
    };
    (@entry $name:literal, $handler:path, $input:ty, $permission:expr, $risk:expr, $visibility:expr) => {
        $crate::registry::Command::new(
            $name,
            ($permission, $risk, $visibility),
            $crate::registry::schema_of::<$input>,
            |facts, body| Ok($crate::registry::Input::wanted(&$crate::registry::parse::<$input>(body)?, facts)),
            |work, body| Box::pin(async move {
                let summary = $handler(work, $crate::registry::parse::<$input>(body)?).await?;
                Ok(serde_json::to_value(summary)?)
            }),
        )
    };
}

impl Command {
    pub fn new(
        name: &'static str,
        (permission, risk, visibility): (Permission, Risk, Visibility),
        schema: fn() -> Value,
        wanted: Wanted,
        handle: Handle,
    ) -> Self {
        Self {
            name,
            permission,
            risk,
            visibility,
            factor: FactorDemand::Usual,
            handle,
            wanted,
            schema,
            built: OnceLock::new(),
        }
    }

    /// The same, demanding a fresh second factor.
    pub fn with_fresh_factor(mut self) -> Self {
        self.factor = FactorDemand::Fresh;
        self
    }

    /// The input's JSON Schema (2020-12).
    pub fn json_schema(&self) -> Result<&Value> {
        Ok(&self.build()?.0)
    }

    /// The command's title, from the first line of its input's documentation.
    pub fn title(&self) -> String {
        self.text("title")
            .unwrap_or_else(|| self.name.replace('-', " "))
    }

    /// The command's description, from its input's documentation.
    pub fn description(&self) -> String {
        self.text("description").unwrap_or_default()
    }

    /// Checks a body against the schema; everything wrong with it is said at once.
    pub fn validate(&self, body: &Value) -> Result<()> {
        let (schema, validator) = self.build()?;
        let mut errors: Vec<FieldError> = validator
            .iter_errors(body)
            .flat_map(|error| faults(&error, schema))
            .map(|(_, error)| error)
            .take(MAX_FIELD_ERRORS)
            .collect();
        errors.sort_by(|one, two| (&one.pointer, &one.message).cmp(&(&two.pointer, &two.message)));
        if errors.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "the body does not fit the schema of {}; see errors",
            self.name
        );
        Err(Refusal {
            errors,
            ..Refusal::invalid("validation-failed", detail)
        }
        .into())
    }

    fn text(&self, keyword: &str) -> Option<String> {
        Some(self.json_schema().ok()?.get(keyword)?.as_str()?.to_owned())
    }

    /// Built once, on first use.
    fn build(&self) -> Result<&(Value, jsonschema::Validator)> {
        if let Some(built) = self.built.get() {
            return Ok(built);
        }
        let schema = (self.schema)();
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| {
                Error::internal(format!(
                    "the schema of {} does not build: {error}",
                    self.name
                ))
            })?;
        Ok(self.built.get_or_init(|| (schema, validator)))
    }
}

static ALL: LazyLock<Vec<Command>> = LazyLock::new(|| {
    let mut all = Vec::new();
    all.extend(crate::tenants::commands());
    all.extend(crate::approvals::commands());
    all.extend(crate::customers::commands());
    all.extend(crate::imports::commands());
    all.extend(crate::bulk_runs::commands());
    all.extend(crate::journeys::commands());
    all.extend(crate::chefs::commands());
    all.extend(crate::conversations::commands());
    all.extend(crate::assistant_runs::commands());
    all.extend(crate::facts::commands());
    all.extend(crate::bookings::commands());
    all.extend(crate::payments::commands());
    all.extend(crate::subjects::commands());
    all.extend(crate::templates::commands());
    all.extend(crate::views::commands());
    all.extend(crate::webhook_endpoints::commands());
    all
});

static BY_NAME: LazyLock<HashMap<&'static str, &'static Command>> =
    LazyLock::new(|| ALL.iter().map(|command| (command.name, command)).collect());

/// Every command, internal ones included, in reading order.
pub fn all() -> &'static [Command] {
    &ALL
}

/// The commands that callers may see.
pub fn public() -> impl Iterator<Item = &'static Command> {
    ALL.iter()
        .filter(|command| command.visibility == Visibility::Public)
}

/// The public commands whose names share most words with a name that is none, best first; none shares nothing.
pub fn nearest(name: &str) -> impl Iterator<Item = &'static str> {
    let wanted: Vec<&str> = name
        .split(['-', '_'])
        .take(MAX_WORDS)
        .map(|word| word.trim_end_matches('s'))
        .collect();
    let shared = |known: &str| {
        let words = known.split('-').map(|word| word.trim_end_matches('s'));
        words.filter(|word| wanted.contains(word)).count()
    };
    let mut near: Vec<(usize, &'static str)> = public()
        .map(|command| (shared(command.name), command.name))
        .filter(|(shared, _)| *shared > 0)
        .collect();
    near.sort_by_key(|(shared, name)| (Reverse(*shared), name.len()));
    near.into_iter().map(|(_, name)| name).take(MAX_NEAREST)
}

pub fn find(name: &str) -> Option<&'static Command> {
    BY_NAME.get(name).copied()
}

/// The schema of an input type, with all its parts in line or under `$defs`.
pub fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// A body that has passed its schema, as its input type. What the schema cannot say is said here by path.
pub fn parse<T: DeserializeOwned>(body: &Value) -> Result<T> {
    T::deserialize(body).map_err(|error| {
        Refusal::invalid(
            "validation-failed",
            format!("the body does not fit: {error}"),
        )
        .into()
    })
}
