//! What people can be given: the roles that everybody has, and sets of permissions of the tenant's own within them.

use actix_web::{HttpRequest, web};
use identity::permission_sets::NamedSet;
use identity::permissions::{Permission, PermissionSet};
use identity::roles::Role;
use serde::Deserialize;
use serde_json::json;

use super::{answer, body_of, done};
use crate::app::App;
use crate::http::principals::authenticate;
use crate::http::problems;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    /// The role that it is within.
    within: Role,
    permissions: PermissionSet,
}

/// `GET /auth/roles`
pub async fn list_roles(app: web::Data<App>, request: HttpRequest) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleRead)?;
    let sets = app.accounts.list_sets(&principal.tenant_id).await?;
    let roles = Role::of_people().iter().map(|role| {
        json!({ "name": role, "within": role, "permissions": role.permissions(), "is_own": false })
    });
    let own = sets.iter().map(|set| {
        json!({ "name": set.name, "within": set.role, "permissions": set.permissions, "is_own": true })
    });
    let items: Vec<_> = roles.chain(own).collect();
    Ok(answer(json!({ "items": items })))
}

/// `PUT /auth/roles/{name}`: safe to repeat.
pub async fn put_role(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
    payload: web::Payload,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleWrite)?;
    let body: Definition = body_of(&request, payload).await?;
    let set = NamedSet {
        name: name.into_inner(),
        role: body.within,
        permissions: body.permissions,
    };
    app.accounts.put_set(&principal, &set).await?;
    Ok(answer(json!({
        "item": { "name": set.name, "within": set.role, "permissions": set.permissions, "is_own": true },
    })))
}

/// `DELETE /auth/roles/{name}`
pub async fn remove_role(
    app: web::Data<App>,
    request: HttpRequest,
    name: web::Path<String>,
) -> problems::Answer {
    let principal = authenticate(&app, &request).await?;
    principal.require(Permission::PeopleWrite)?;
    app.accounts.remove_set(&principal, &name).await?;
    Ok(done())
}
