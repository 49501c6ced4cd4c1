//! Commands about views: keep a list with its filters, order and columns under a name, for oneself or for everybody.

use cqrs_es::Aggregate;
use domain::ids::ViewId;
use domain::refusal::{Problems, Refusal};
use domain::views::{
    DEFINITION_FIELD, EVERYBODY, MAX_COLUMN_CHARS, MAX_COLUMNS, MAX_DEFINITION_BYTES, MAX_VIEWS,
    OWNER_SCOPE, View, ViewCommand, unknown,
};
use event_store::commit::KeyChange;
use event_store::error::Error;
use event_store::load::Load;
use identity::permissions::Permission;
use queries::params;
use queries::registry::{Query, Shape, find};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::Result;
use crate::command;
use crate::registry::{Command, Input, Risk};
use crate::work::{Facts, Loaded, Work};

/// Parameters that say which page, not which list.
const OF_THE_PAGE: [&str; 3] = ["cursor", "limit", "sort"];

/// The commands of this noun.
pub fn commands() -> Vec<Command> {
    const WRITE: Permission = Permission::ViewsWrite;
    vec![
        command!("save-view", save_view, SaveView, WRITE, Risk::Write),
        command!("rename-view", rename_view, RenameView, WRITE, Risk::Write),
        command!(
            "delete-view",
            delete_view,
            DeleteView,
            WRITE,
            Risk::Destructive
        ),
    ]
}

/// # Save a view
///
/// Keeps a list query with its filters, order and columns under a name. It is the caller's own, or, for whoever may
/// configure the tenant, everybody's. With `view_id` an existing view becomes what is given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveView {
    /// The view to change; none makes a new one.
    #[serde(default)]
    pub view_id: Option<ViewId>,
    /// The name of a query that answers a list, such as `inbox`.
    pub query: String,
    /// At most 100 characters. Not the place for a customer's name.
    pub name: String,
    /// Parameters of the query by name, without `sort`, `limit` and `cursor`.
    #[serde(default)]
    pub filters: Map<String, Value>,
    /// One of the query's orders.
    #[serde(default)]
    pub sort: Option<String>,
    /// Fields of the list's items in the order to show them, at most 50; none for the list's own.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Whether everybody of the tenant has it; fixed once it is saved.
    #[serde(default)]
    pub shared: bool,
}

/// # Rename a view
///
/// Its filters, order and columns stay.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameView {
    pub view_id: ViewId,
    /// At most 100 characters.
    pub name: String,
}

/// # Delete a view
///
/// For good. The list itself is not touched.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteView {
    pub view_id: ViewId,
}

#[derive(Serialize)]
pub struct ViewSummary {
    pub view_id: String,
}

impl Input for SaveView {
    fn wanted(&self, _: &Facts) -> Load {
        self.view_id.as_ref().map(view_alone).unwrap_or_default()
    }
}

impl Input for RenameView {
    fn wanted(&self, _: &Facts) -> Load {
        view_alone(&self.view_id)
    }
}

impl Input for DeleteView {
    fn wanted(&self, _: &Facts) -> Load {
        view_alone(&self.view_id)
    }
}

pub async fn save_view(work: &mut Work, input: SaveView) -> Result<ViewSummary> {
    work.tenant().require()?;
    let definition = define(work, &input)?;
    let Some(view_id) = &input.view_id else {
        return save_new(work, input, &definition).await;
    };
    let mut view = find_own(work, view_id).await?;
    let is_shared = view.state.owner.is_none();
    if view.state.query != input.query || is_shared != input.shared {
        let detail = "a view stays of its query and whose it is; save another one";
        let stands = json!({ "query": view.state.query, "shared": is_shared });
        let refusal = Refusal::conflict("view-fixed", detail);
        return Err(refusal.with_alternatives(vec![stands]).into());
    }
    // A view of earlier days, whose definition lies under the tenant's own key, gets a key now.
    let key = work.subject(view_id.as_str()).await?;
    let definition = key.seal("ViewChanged", DEFINITION_FIELD, &definition)?;
    work.execute(&mut view, ViewCommand::Change { definition })
        .await?;
    work.execute(&mut view, ViewCommand::Rename { name: input.name })
        .await?;
    Ok(ViewSummary { view_id: view.id })
}

async fn save_new(work: &mut Work, input: SaveView, definition: &str) -> Result<ViewSummary> {
    let owner = match input.shared {
        true => None,
        false => Some(work.ctx.principal.id.clone()),
    };
    if owner.is_none() {
        work.ctx.principal.require(Permission::TenantsConfigure)?;
    }
    let value = owner.as_deref().unwrap_or(EVERYBODY).to_owned();
    work.fetch(Load {
        handles: vec![(OWNER_SCOPE, value.clone())],
        ..Load::default()
    })
    .await?;
    if work.wanted_handles(OWNER_SCOPE, &value).len() >= MAX_VIEWS {
        let detail = format!(
            "at most {MAX_VIEWS} views of one person, and {MAX_VIEWS} shared ones; delete one first"
        );
        return Err(Refusal::conflict("view-limit-reached", detail).into());
    }
    let view_id = work.new_id();
    let key = work.new_subject(&view_id)?;
    let save = ViewCommand::Save {
        query: input.query,
        name: input.name,
        owner,
        definition: key.seal("ViewSaved", DEFINITION_FIELD, definition)?,
    };
    let mut view = work.create::<View>(&view_id);
    work.execute(&mut view, save).await?;
    Ok(ViewSummary { view_id })
}

pub async fn rename_view(work: &mut Work, input: RenameView) -> Result<ViewSummary> {
    let mut view = find_own(work, &input.view_id).await?;
    work.execute(&mut view, ViewCommand::Rename { name: input.name })
        .await?;
    Ok(ViewSummary { view_id: view.id })
}

pub async fn delete_view(work: &mut Work, input: DeleteView) -> Result<ViewSummary> {
    let mut view = find_own(work, &input.view_id).await?;
    work.execute(&mut view, ViewCommand::Delete).await?;
    // What it filtered by is gone with it.
    work.change_key(KeyChange::Destroy(view.id.clone()));
    Ok(ViewSummary { view_id: view.id })
}

/// The view, where it is the caller's to change. Somebody else's own is not there for others.
async fn find_own(work: &mut Work, view_id: &ViewId) -> Result<Loaded<View>> {
    let view = work.load::<View>(view_id.as_str()).await?;
    match &view.state.owner {
        Some(owner) if *owner != work.ctx.principal.id => return Err(unknown().into()),
        Some(_) => {}
        None if view.exists() => work.ctx.principal.require(Permission::TenantsConfigure)?,
        None => return Err(unknown().into()),
    }
    Ok(view)
}

/// What is kept, as JSON, once the query has been found to understand it.
fn define(work: &Work, input: &SaveView) -> Result<String> {
    let mut problems = Problems::default();
    let query = problems.check("/query", find_list(&input.query));
    if let Some(query) = query {
        work.ctx.principal.require(query.entry.permission)?;
        check_list(&mut problems, query, input)?;
    }
    check_columns(&mut problems, &input.columns);
    let definition =
        json!({ "filters": input.filters, "sort": input.sort, "columns": input.columns });
    let definition = definition.to_string();
    if definition.len() > MAX_DEFINITION_BYTES {
        let message =
            format!("filters, sort and columns together have at most {MAX_DEFINITION_BYTES} bytes");
        problems.add("/filters", "view-too-large", message);
    }
    problems.finish()?;
    Ok(definition)
}

fn find_list(name: &str) -> std::result::Result<&'static Query, Refusal> {
    let list = find(name).filter(|query| query.entry.shape == Shape::List);
    list.ok_or_else(|| {
        let detail = "the name of a query that answers a list; GET /schemas/queries tells them";
        Refusal::invalid("query-unknown", detail)
    })
}

/// The filters and the order are parameters of the query, and are judged as those.
fn check_list(problems: &mut Problems, query: &Query, input: &SaveView) -> Result<()> {
    for name in OF_THE_PAGE {
        if input.filters.contains_key(name) {
            let message = "it is no filter; give the order as the view's own sort";
            problems.add(&format!("/filters/{name}"), "filter-invalid", message);
            return Ok(());
        }
    }
    let mut asked = input.filters.clone();
    if let Some(sort) = &input.sort {
        asked.insert("sort".to_owned(), sort.as_str().into());
    }
    match params::check(query, asked) {
        Ok(_) => Ok(()),
        Err(Error::Refused(refusal)) => {
            for error in refusal.errors {
                let pointer = match error.pointer.as_str() {
                    "/sort" => error.pointer,
                    other => format!("/filters{other}"),
                };
                problems.add(&pointer, &error.code, error.message);
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn check_columns(problems: &mut Problems, columns: &[String]) {
    if columns.len() > MAX_COLUMNS {
        let message = format!("at most {MAX_COLUMNS} columns");
        problems.add("/columns", "list-too-long", message);
    }
    for (index, column) in columns.iter().enumerate().take(MAX_COLUMNS) {
        let is_name = (1..=MAX_COLUMN_CHARS).contains(&column.len())
            && column
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if !is_name {
            let message = format!(
                "the name of a field, at most {MAX_COLUMN_CHARS} letters, digits, `_`, `-` and `.`"
            );
            problems.add(&format!("/columns/{index}"), "column-invalid", message);
        }
    }
}

fn view_alone(view_id: &ViewId) -> Load {
    Load {
        streams: vec![(View::TYPE, view_id.to_string(), 0)],
        ..Load::default()
    }
}
