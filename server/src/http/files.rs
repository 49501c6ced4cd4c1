//! Files that came with messages. A stranger chose what they are, so no browser is to show or run them as ours.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use actix_web::http::header::{CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse, web};
use queries::files;
use serde_json::{Map, Value, json};

use super::principals::authenticate;
use super::problems;
use crate::app::App;

/// `GET /files/{thread_id}/{file_id}`
pub async fn get_file(
    app: web::Data<App>,
    request: HttpRequest,
    place: web::Path<(String, String)>,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    let file = files::find(&app.store, &principal, (&place.0, &place.1)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, file.content_type))
        .insert_header((CONTENT_DISPOSITION, "attachment"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        .insert_header((CACHE_CONTROL, "private, max-age=3600"))
        .body(file.content))
}

/// The path's part of the API's description.
pub fn paths() -> Map<String, Value> {
    let parameter = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let operation = json!({
        "operationId": "find_file", "summary": "A file that came with a message", "tags": ["queries"],
        "description": "At the `url` that `thread` shows. Needs conversations:read and personal-data:read.",
        "parameters": [parameter("thread_id"), parameter("file_id")],
        "responses": { "200": { "description": "The file as it came", "content": { "application/octet-stream": {} } },
            "401": problem(), "403": problem(), "404": problem() },
    });
    Map::from_iter([(
        "/files/{thread_id}/{file_id}".to_owned(),
        json!({ "get": operation }),
    )])
}
