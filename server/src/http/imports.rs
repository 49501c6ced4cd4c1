//! Files of customers on their way in. What comes is read at once, so that a file that cannot be read is refused to whoever
//! has it at hand; its rows are put away sealed, and nothing else happens until somebody says what the columns are.

use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use commands::context::Context;
use commands::dispatch::{MAX_KEY_LENGTH, Request, Run};
use domain::imports::files::{self, Table};
use domain::imports::{Format, MAX_FILE_BYTES, MAX_FILE_NAME_CHARS};
use domain::refusal::Refusal;
use identity::permissions::Permission;
use identity::principals::Principal;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::commands::{context_of, respond};
use super::principals::{authenticate, header_text};
use super::problems;
use crate::app::App;

/// How long a file may take to come.
const FILE_PATIENCE: Duration = Duration::from_secs(120);
/// The namespace of imports' ids; it must never change.
const IMPORT_NAMESPACE: Uuid = Uuid::from_u128(0x7261_7070_6f72_745f_696d_706f_7274_0001);

/// What may stand behind the `?`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportParameters {
    /// What the file is called.
    #[serde(default)]
    name: String,
}

/// `POST /imports`
pub async fn post_import(
    app: web::Data<App>,
    request: HttpRequest,
    body: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::CustomersWrite)?;
    principal.require(Permission::PersonalDataRead)?;
    let import_id = import_id(&request, &principal)?;
    let format = format_of(&request)?;
    let parameters =
        web::Query::<ImportParameters>::from_query(request.query_string()).map_err(|error| {
            let detail = format!("only name is known here: {error}");
            Refusal::malformed("parameter-unknown", detail)
        })?;
    let name = parameters.into_inner().name;
    if name.chars().count() > MAX_FILE_NAME_CHARS {
        let detail = format!("name has at most {MAX_FILE_NAME_CHARS} characters");
        return Err(Refusal::malformed("parameter-invalid", detail).into());
    }
    let bytes = read_file(body).await?;
    let size = bytes.len();
    let digest = digest(&bytes);
    // Ten megabytes take a moment to read, and others wait for this thread.
    let table = web::block(move || files::read(format, &bytes))
        .await
        .map_err(|error| event_store::error::Error::Internal(Box::new(error)))??;
    let ctx = context_of(&request, principal)?;
    let body = json!({
        "import_id": import_id, "format": format, "encoding": table.encoding, "size_bytes": size,
        "rows": table.rows.len(), "digest": digest, "file_name": name,
        "columns": serde_json::to_string(&table.columns).map_err(event_store::error::Error::from)?,
        "by": ctx.principal.id,
    });
    keep(&app, &ctx, (&import_id, &table), body).await
}

/// Notes the import, puts its rows away, and notes that they are all there. Whatever is cut short is made whole by sending
/// the same again.
async fn keep(
    app: &App,
    ctx: &Context,
    (import_id, table): (&str, &Table),
    body: Value,
) -> problems::Answer {
    let tenant_id = ctx.tenant_id().clone();
    send(app, ctx, "open-import", (import_id, body)).await?;
    outbox::imports::rows::keep(&app.store, (&tenant_id, import_id), &table.rows).await?;
    let received = json!({ "import_id": import_id });
    let answer = send(app, ctx, "receive-import", (import_id, received)).await?;
    Ok(respond(&answer))
}

/// One of the two commands, by a service of ours: neither can be sent without its rows.
async fn send(
    app: &App,
    ctx: &Context,
    name: &str,
    (import_id, body): (&str, Value),
) -> event_store::Result<commands::answer::Answer> {
    let tenant_id = ctx.tenant_id().clone();
    let request = Request {
        ctx: Context {
            principal: Principal::service(tenant_id, "imports"),
            command_id: Uuid::now_v7().to_string(),
            if_match: None,
            ..ctx.clone()
        },
        name: name.to_owned(),
        body,
        key: Some(format!("{import_id}:{name}")),
        run: Run::Real,
    };
    app.dispatcher.dispatch(&request).await
}

/// The id follows from who sends and the key: sent again, it is the same import.
fn import_id(request: &HttpRequest, principal: &Principal) -> Result<String, Refusal> {
    let key = header_text(request, "idempotency-key").unwrap_or_default();
    if key.is_empty() {
        let detail = "send an Idempotency-Key, so that a repeated upload is one import";
        return Err(Refusal::malformed("idempotency-key-missing", detail));
    }
    if key.len() > MAX_KEY_LENGTH || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let detail = format!("a key has at most {MAX_KEY_LENGTH} visible ASCII characters");
        return Err(Refusal::malformed("idempotency-key-invalid", detail));
    }
    let name = format!("{}\n{}\n{key}", principal.tenant_id, principal.id);
    Ok(Uuid::new_v5(&IMPORT_NAMESPACE, name.as_bytes()).to_string())
}

fn format_of(request: &HttpRequest) -> Result<Format, Refusal> {
    let content_type = header_text(request, CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "text/csv" => Ok(Format::Csv),
        "text/vcard" | "text/x-vcard" => Ok(Format::Vcard),
        _ => Err(Refusal::malformed(
            "content-type-unsupported",
            "send the file as text/csv or text/vcard",
        )),
    }
}

async fn read_file(body: web::Payload) -> Result<web::Bytes, Refusal> {
    let read = tokio::time::timeout(FILE_PATIENCE, body.to_bytes_limited(MAX_FILE_BYTES));
    match read.await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(error))) => Err(Refusal::malformed(
            "body-unreadable",
            format!("the file could not be read: {error}"),
        )),
        Ok(Err(_)) => Err(Refusal::malformed(
            "body-too-large",
            format!("a file has at most {MAX_FILE_BYTES} bytes; cut it into several"),
        )),
        Err(_) => {
            let seconds = FILE_PATIENCE.as_secs();
            let detail = format!("the file did not come within {seconds} seconds");
            Err(Refusal::malformed("body-too-slow", detail))
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path's part of the API's description.
pub fn paths() -> Map<String, Value> {
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let text = json!({ "schema": { "type": "string" } });
    let key = json!({
        "name": "Idempotency-Key", "in": "header", "required": true,
        "schema": { "type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH },
    });
    let name = json!({
        "name": "name", "in": "query", "description": "What the file is called.",
        "schema": { "type": "string", "maxLength": MAX_FILE_NAME_CHARS },
    });
    let operation = json!({
        "operationId": "upload_import", "summary": "Upload a file of customers", "tags": ["commands"],
        "description": "CSV or vCard, at most 10 MiB and 50,000 rows, in UTF-8, UTF-16 or Windows-1252. Nothing happens to \
            customers until map-import and start-import. Needs customers:write and personal-data:read.",
        "parameters": [key, name],
        "requestBody": { "required": true, "content": { "text/csv": text, "text/vcard": text } },
        "responses": {
            "200": { "description": "The import, ready to be mapped", "content": { "application/json": { "schema":
                { "$ref": "#/components/schemas/Answer" } } } },
            "400": problem(), "401": problem(), "403": problem(), "413": problem(), "415": problem(), "422": problem(),
        },
    });
    Map::from_iter([("/imports".to_owned(), json!({ "post": operation }))])
}
