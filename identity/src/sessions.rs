//! Sessions of people: a random token in a cookie, its hash in a table, an end by idleness and one for good. What a session
//! may do follows from whose it is and from when its second factor was given.

use deadpool_postgres::GenericClient;
use domain::ids::TenantId;
use domain::refusal::{Kind, Refusal};
use event_store::Result;
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use tokio_postgres::Row;

use crate::factors::Factor;
use crate::people::{Rights, rights_of};
use crate::permissions::PermissionSet;
use crate::principals::{Principal, PrincipalKind};
use crate::rates::Rate;
use crate::roles::GUARDED;
use crate::second_factors::{USUAL_AGE, missing};
use crate::tokens::TokenHash;

/// A session ends when it was not used for so long, and after so long in any case.
pub const IDLE_FOR: Duration = Duration::hours(12);
pub const LASTS: Duration = Duration::days(7);
/// Sessions shown by one listing, and how many one person may have; the oldest ends for the newest.
pub const MAX_OF_PERSON: i64 = 50;
/// How seldom the last use of a session is written down.
const LAST_USED_EVERY_SECONDS: i32 = 60;
/// The longest name of a browser that is kept.
pub const MAX_AGENT_CHARS: usize = 200;
/// How long a session that is over stays on record, and how many are forgotten at once.
const KEPT_DAYS: i32 = 30;
const FORGET_LIMIT: i64 = 5_000;

/// What stands between a session and its rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    None,
    /// The person has a second factor, and has not given it.
    Required,
    /// The person's rights need a second factor, and there is none.
    EnrolmentRequired,
}

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct Session {
    pub tenant_id: TenantId,
    pub session_id: String,
    pub person_id: String,
    pub rights: Rights,
    pub is_enrolled: bool,
    pub created_at: OffsetDateTime,
    pub last_used_at: OffsetDateTime,
    pub ends_at: OffsetDateTime,
    pub second_factor_at: Option<OffsetDateTime>,
    pub revoked_at: Option<OffsetDateTime>,
}

impl Session {
    /// Refused with 401 `session-revoked` or `session-expired` when it is no longer good.
    pub fn check(&self, now: OffsetDateTime) -> std::result::Result<(), Refusal> {
        if self.revoked_at.is_some() {
            return Err(unauthenticated(
                "session-revoked",
                "this session was ended; sign in again",
            ));
        }
        if self.expires_at() <= now {
            return Err(expired());
        }
        Ok(())
    }

    /// The earlier of its two ends, if it is not used again.
    pub fn expires_at(&self) -> OffsetDateTime {
        self.ends_at.min(self.last_used_at + IDLE_FOR)
    }

    pub fn step(&self) -> Step {
        match (self.is_enrolled, self.second_factor_at) {
            (true, None) => Step::Required,
            // A provider's own may stand for it.
            (false, None) if self.rights.are_guarded() => Step::EnrolmentRequired,
            _ => Step::None,
        }
    }

    pub fn factor(&self) -> Factor {
        Factor::Session {
            given_at: self.second_factor_at,
        }
    }

    /// What it may do now, and what it would besides if the second factor were given again.
    pub fn permissions(&self, now: OffsetDateTime) -> (PermissionSet, PermissionSet) {
        let all = self.rights.permissions();
        if self.step() != Step::None {
            return (PermissionSet::EMPTY, all);
        }
        let is_recent = self
            .second_factor_at
            .is_some_and(|given| given + USUAL_AGE > now);
        match is_recent {
            true => (all, PermissionSet::EMPTY),
            false => (all.without(GUARDED), all.intersection(GUARDED)),
        }
    }

    /// Who acts in it. Refused with 403 `mfa-required` while the second factor is outstanding.
    pub fn principal(&self, now: OffsetDateTime) -> std::result::Result<Principal, Refusal> {
        match self.step() {
            Step::Required => {
                return Err(missing(
                    "give the second factor first: POST /auth/second-factor with a code",
                ));
            }
            Step::EnrolmentRequired => {
                return Err(missing(
                    "this role needs a second factor: POST /auth/second-factor/enrol, then /auth/second-factor/confirm",
                ));
            }
            Step::None => {}
        }
        let (permissions, withheld) = self.permissions(now);
        Ok(Principal {
            tenant_id: self.tenant_id.clone(),
            id: self.principal_id(),
            kind: PrincipalKind::Person,
            label: String::new(),
            role: self.rights.role,
            permissions,
            withheld,
            factor: self.factor(),
            rate: Rate::Usual,
            model: None,
            run_id: None,
        })
    }

    /// The actor of what is done in it.
    pub fn principal_id(&self) -> String {
        principal_id(&self.person_id)
    }
}

/// The actor of what a person does.
pub fn principal_id(person_id: &str) -> String {
    format!("{}:{person_id}", PrincipalKind::Person.as_str())
}

/// A session to be begun.
pub(crate) struct NewSession<'a> {
    pub tenant_id: &'a TenantId,
    pub session_id: &'a str,
    pub token_hash: &'a TokenHash,
    pub person_id: &'a str,
    /// Sealed.
    pub agent: Option<&'a str>,
    pub ends_at: OffsetDateTime,
    pub second_factor_at: Option<OffsetDateTime>,
}

const INSERT: &str = "
    with surplus as (
        update sessions s set revoked_at = clock_timestamp()
        where s.tenant_id = $1 and s.revoked_at is null and s.session_id = any (array(
            select o.session_id from sessions o
            where o.tenant_id = $1 and o.person_id = $4 and o.revoked_at is null
            order by o.session_id desc offset $8::bigint - 1)))
    insert into sessions (tenant_id, session_id, token_hash, person_id, agent, ends_at, second_factor_at)
    values ($1, $2, $3, $4, $5, $6, $7)";

pub(crate) async fn insert(client: &impl GenericClient, new: &NewSession<'_>) -> Result<()> {
    let statement = client.prepare_cached(INSERT).await?;
    client
        .execute(
            &statement,
            &[
                &new.tenant_id.as_str(),
                &new.session_id,
                &new.token_hash.as_slice(),
                &new.person_id,
                &new.agent,
                &new.ends_at,
                &new.second_factor_at,
                &MAX_OF_PERSON,
            ],
        )
        .await?;
    Ok(())
}

const FIND: &str = "
    select s.tenant_id, s.session_id, s.person_id, s.created_at, s.last_used_at, s.ends_at, s.second_factor_at, s.revoked_at,
        p.role, p.permissions, p.is_operator, p.totp_secret is not null as is_enrolled
    from sessions s
    join people p on p.tenant_id = s.tenant_id and p.person_id = s.person_id and p.standing = 'active'
    where s.token_hash = $1";

/// The session with this token, of somebody who may sign in; those that are over too.
pub(crate) async fn find(
    client: &impl GenericClient,
    token_hash: &TokenHash,
) -> Result<Option<Session>> {
    let statement = client.prepare_cached(FIND).await?;
    let row = client
        .query_opt(&statement, &[&token_hash.as_slice()])
        .await?;
    row.as_ref().map(from_row).transpose()
}

/// A session as its owner is shown it.
#[derive(Debug)]
pub struct Listed {
    pub session_id: String,
    /// Sealed.
    pub agent: Option<String>,
    pub created_at: OffsetDateTime,
    pub last_used_at: OffsetDateTime,
    pub second_factor_at: Option<OffsetDateTime>,
    pub expires_at: OffsetDateTime,
}

const LIST: &str = "
    select session_id, agent, created_at, last_used_at, ends_at, second_factor_at
    from sessions
    where tenant_id = $1 and person_id = $2 and revoked_at is null and ends_at > clock_timestamp()
        and last_used_at > clock_timestamp() - make_interval(secs => $3)
    order by session_id desc limit $4";

/// The person's sessions that are not over, the newest first.
pub(crate) async fn list(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
) -> Result<Vec<Listed>> {
    let statement = client.prepare_cached(LIST).await?;
    let idle_seconds = IDLE_FOR.as_seconds_f64();
    let rows = client
        .query(
            &statement,
            &[
                &tenant_id.as_str(),
                &person_id,
                &idle_seconds,
                &MAX_OF_PERSON,
            ],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let last_used_at: OffsetDateTime = row.try_get("last_used_at")?;
            let ends_at: OffsetDateTime = row.try_get("ends_at")?;
            Ok(Listed {
                session_id: row.try_get("session_id")?,
                agent: row.try_get("agent")?,
                created_at: row.try_get("created_at")?,
                last_used_at,
                second_factor_at: row.try_get("second_factor_at")?,
                expires_at: ends_at.min(last_used_at + IDLE_FOR),
            })
        })
        .collect()
}

const REVOKE: &str = "
    update sessions set revoked_at = coalesce(revoked_at, clock_timestamp())
    where tenant_id = $1 and person_id = $2 and session_id = $3";

/// Ends one; answers whether the person has it.
pub(crate) async fn revoke(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
    session_id: &str,
) -> Result<bool> {
    let statement = client.prepare_cached(REVOKE).await?;
    let revoked = client
        .execute(&statement, &[&tenant_id.as_str(), &person_id, &session_id])
        .await?;
    Ok(revoked > 0)
}

const REVOKE_OTHERS: &str = "
    update sessions set revoked_at = clock_timestamp()
    where tenant_id = $1 and person_id = $2 and revoked_at is null and session_id is distinct from $3";

/// Ends all of a person's, but for one that is kept.
pub(crate) async fn revoke_others(
    client: &impl GenericClient,
    tenant_id: &TenantId,
    person_id: &str,
    kept: Option<&str>,
) -> Result<u64> {
    let statement = client.prepare_cached(REVOKE_OTHERS).await?;
    Ok(client
        .execute(&statement, &[&tenant_id.as_str(), &person_id, &kept])
        .await?)
}

const NOTE_FACTOR: &str = "
    update sessions set second_factor_at = $3, token_hash = coalesce($4, token_hash)
    where tenant_id = $1 and session_id = $2 and revoked_at is null";

/// Notes a second factor; from then on the session has the new token, if there is one.
pub(crate) async fn note_factor(
    client: &impl GenericClient,
    session: &Session,
    now: OffsetDateTime,
    token_hash: Option<&TokenHash>,
) -> Result<()> {
    let token_hash = token_hash.map(|hash| hash.as_slice());
    let statement = client.prepare_cached(NOTE_FACTOR).await?;
    client
        .execute(
            &statement,
            &[
                &session.tenant_id.as_str(),
                &session.session_id,
                &now,
                &token_hash,
            ],
        )
        .await?;
    Ok(())
}

const TOUCH: &str = "
    update sessions s set last_used_at = clock_timestamp()
    from unnest($1::text[], $2::text[]) as used (tenant_id, session_id)
    where s.tenant_id = used.tenant_id and s.session_id = used.session_id
        and s.last_used_at < clock_timestamp() - make_interval(secs => $3::int4)";

/// Writes down that these (tenant, session) are in use.
pub(crate) async fn touch(client: &impl GenericClient, used: &[(TenantId, String)]) -> Result<u64> {
    let (tenants, sessions): (Vec<&str>, Vec<&str>) = used
        .iter()
        .map(|(tenant_id, session_id)| (tenant_id.as_str(), session_id.as_str()))
        .unzip();
    let statement = client.prepare_cached(TOUCH).await?;
    Ok(client
        .execute(&statement, &[&tenants, &sessions, &LAST_USED_EVERY_SECONDS])
        .await?)
}

const FORGET: &str = "
    delete from sessions where ctid = any (array(
        select ctid from sessions where ends_at < now() - $1::int * interval '1 day' limit $2))";

/// Forgets those that have long been over.
pub(crate) async fn forget_old(client: &impl GenericClient) -> Result<u64> {
    Ok(client.execute(FORGET, &[&KEPT_DAYS, &FORGET_LIMIT]).await?)
}

/// The refusal of a request whose cookie leads nowhere.
pub fn expired() -> Refusal {
    unauthenticated("session-expired", "this session is over; sign in again")
}

fn unauthenticated(code: &str, detail: &str) -> Refusal {
    Refusal::new(Kind::Unauthenticated, code, detail)
}

fn from_row(row: &Row) -> Result<Session> {
    Ok(Session {
        tenant_id: TenantId::new(row.try_get::<_, String>("tenant_id")?),
        session_id: row.try_get("session_id")?,
        person_id: row.try_get("person_id")?,
        rights: rights_of(row)?,
        is_enrolled: row.try_get("is_enrolled")?,
        created_at: row.try_get("created_at")?,
        last_used_at: row.try_get("last_used_at")?,
        ends_at: row.try_get("ends_at")?,
        second_factor_at: row.try_get("second_factor_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

#[cfg(test)]
mod tests {
    use crate::permissions::Permission;
    use crate::roles::Role;

    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn session(role: Role, second_factor_at: Option<OffsetDateTime>) -> Session {
        Session {
            tenant_id: TenantId::new("t"),
            session_id: "s".to_owned(),
            person_id: "ada".to_owned(),
            rights: Rights::of(role),
            is_enrolled: second_factor_at.is_some(),
            created_at: START,
            last_used_at: START,
            ends_at: START + LASTS,
            second_factor_at,
            revoked_at: None,
        }
    }

    #[test]
    fn a_session_ends_by_idleness_and_for_good() {
        let idle = session(Role::Staff, None);
        assert_eq!(idle.check(START + IDLE_FOR - Duration::SECOND), Ok(()));
        assert_eq!(
            idle.check(START + IDLE_FOR).unwrap_err().code,
            "session-expired"
        );
        let busy = Session {
            last_used_at: START + LASTS,
            ..session(Role::Staff, None)
        };
        assert_eq!(
            busy.check(START + LASTS).unwrap_err().code,
            "session-expired"
        );
        let revoked = Session {
            revoked_at: Some(START),
            ..session(Role::Staff, None)
        };
        assert_eq!(revoked.check(START).unwrap_err().code, "session-revoked");
    }

    #[test]
    fn an_administrator_without_a_second_factor_can_do_nothing() {
        for role in [Role::Owner, Role::Admin, Role::Operator] {
            let one = session(role, None);
            assert_eq!(one.step(), Step::EnrolmentRequired, "{role}");
            assert_eq!(one.principal(START).unwrap_err().code, "mfa-required");
            assert!(one.permissions(START).0.is_empty());
        }
        for role in [Role::Manager, Role::Staff, Role::Viewer] {
            assert_eq!(session(role, None).step(), Step::None, "{role}");
        }
        let enrolled = Session {
            is_enrolled: true,
            ..session(Role::Staff, None)
        };
        assert_eq!(enrolled.step(), Step::Required);
    }

    #[test]
    fn what_needs_a_second_factor_is_withheld_when_it_is_old() {
        let admin = session(Role::Admin, Some(START));
        let soon = admin
            .principal(START + USUAL_AGE - Duration::SECOND)
            .unwrap();
        assert_eq!(soon.require(Permission::TenantsConfigure), Ok(()));
        let late = admin.principal(START + USUAL_AGE).unwrap();
        assert_eq!(
            late.require(Permission::TenantsConfigure).unwrap_err().code,
            "mfa-required"
        );
        assert_eq!(late.require(Permission::BookingsWrite), Ok(()));
        assert_eq!(
            late.require(Permission::KeysManage).unwrap_err().code,
            "permission-missing"
        );
    }
}
