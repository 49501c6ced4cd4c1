//! The end of a tenant: it is scheduled, can be taken back until its time has come, and is then carried out outside the domain,
//! for nothing of the tenant's is left that could record it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

use super::{Standing, Tenant, TenantEvent};
use crate::effects::{Call, Effect};
use crate::ids::TenantId;
use crate::refusal::{Problems, Refusal};

/// The claim that a tenant holds whose deletion is scheduled; the migrations and statements that look for it name it too.
pub const SCOPE: &str = "tenant-deletion";
/// Days from the wish until the deletion: enough for everybody who is concerned to notice.
pub const DELETION_DAYS: RangeInclusive<u16> = 7..=365;
pub const DEFAULT_DELETION_DAYS: u16 = 30;

/// Who asks for the end, or takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// Somebody who owns the business.
    Owner,
    /// Whoever operates the installation.
    Operator,
}

/// What the owners of a business are told of its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum EndNews {
    Scheduled {
        #[serde(with = "time::serde::rfc3339")]
        due_at: OffsetDateTime,
        by: Asker,
    },
    Withdrawn {
        by: Asker,
    },
}

/// A letter to one owner. The tenant is named, for of one that is suspended the letters wait in the installation's queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndLetter {
    pub tenant_id: TenantId,
    pub person_id: String,
    #[serde(flatten)]
    pub news: EndNews,
}

impl EndNews {
    /// Whether the tenant still stands as it says.
    pub fn holds(&self, tenant: &Tenant) -> bool {
        match self {
            Self::Scheduled { due_at, .. } => tenant.deletion_due_at == Some(*due_at),
            Self::Withdrawn { .. } => tenant.deletion_due_at.is_none(),
        }
    }
}

/// A scheduled time as its claim has it, in UTC and whole seconds: in order of text is in order of time.
pub fn claim_value(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    whole.format(&Rfc3339).unwrap_or_default()
}

impl Tenant {
    /// Nothing when it is scheduled already: the first date stands. Refused with 422 `validation-failed` unless the slug is
    /// repeated letter by letter.
    pub(super) fn schedule_deletion(
        &self,
        confirm: &str,
        due_at: OffsetDateTime,
        by: Asker,
    ) -> Result<Vec<TenantEvent>, Refusal> {
        let tenant = self.require()?;
        if confirm != tenant.slug {
            let mut problems = Problems::default();
            let message = format!("repeat the business's short name: {}", tenant.slug);
            problems.add("/confirm", "confirmation-wrong", message);
            problems.finish()?;
        }
        Ok(match tenant.deletion_due_at {
            Some(_) => Vec::new(),
            None => vec![TenantEvent::TenantDeletionScheduled {
                due_at,
                by: Some(by),
            }],
        })
    }

    /// Nothing when it is not scheduled.
    pub(super) fn withdraw_deletion(&self, by: Asker) -> Result<Vec<TenantEvent>, Refusal> {
        Ok(match self.require()?.deletion_due_at {
            Some(_) => vec![TenantEvent::TenantDeletionWithdrawn { by: Some(by) }],
            None => Vec::new(),
        })
    }

    pub(super) fn set_end(&mut self, due_at: Option<OffsetDateTime>, by: Option<Asker>) {
        (self.deletion_due_at, self.deletion_asked_by) = (due_at, by);
    }

    /// The owners are told. Nothing is sent of a suspended tenant's queue: there the operator's act sees to it.
    pub(super) fn effect_of_end(&self, event: &TenantEvent) -> Option<Effect> {
        let news = match event {
            TenantEvent::TenantDeletionScheduled {
                due_at,
                by: Some(by),
            } => EndNews::Scheduled {
                due_at: *due_at,
                by: *by,
            },
            TenantEvent::TenantDeletionWithdrawn { by: Some(by) } => EndNews::Withdrawn { by: *by },
            _ => return None,
        };
        (self.standing == Standing::Active).then_some(Effect {
            name: "tell-owners",
            call: Call::TellOwners(news),
            due: None,
            order_key: None,
            expires_at: None,
        })
    }

    /// Nobody is let in again whose deletion is only a matter of time.
    pub(super) fn require_to_stay(&self) -> Result<(), Refusal> {
        match self.deletion_due_at {
            None => Ok(()),
            Some(_) => Err(Refusal::conflict(
                "tenant-deletion-scheduled",
                "the business is going to be deleted; send withdraw-tenant-deletion first",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::Aggregate;
    use time::macros::datetime;

    use super::super::TenantCommand;
    use super::*;
    use crate::noun::{ClaimChanges, Key, Noun};

    const DUE: OffsetDateTime = datetime!(2026-03-14 18:00:00.5 +01:00);

    fn tenant(events: Vec<TenantEvent>) -> Tenant {
        let mut tenant = Tenant {
            slug: "hibachi".to_owned(),
            ..Tenant::default()
        };
        events.into_iter().for_each(|event| tenant.apply(event));
        tenant
    }

    fn scheduled() -> TenantEvent {
        TenantEvent::TenantDeletionScheduled {
            due_at: DUE,
            by: Some(Asker::Owner),
        }
    }

    fn schedule(confirm: &str) -> TenantCommand {
        TenantCommand::ScheduleDeletion {
            confirm: confirm.to_owned(),
            due_at: DUE,
            by: Asker::Owner,
        }
    }

    #[test]
    fn a_deletion_is_scheduled_by_whoever_repeats_the_slug() {
        let refusal = tenant(vec![]).decide(schedule("Hibachi")).unwrap_err();
        assert_eq!(refusal.errors[0].pointer, "/confirm");
        let events = tenant(vec![]).decide(schedule("hibachi")).unwrap();
        assert_eq!(events, [scheduled()]);
        let claimed = tenant(events).claims("", &scheduled());
        let key = Key::new(SCOPE, "2026-03-14T17:00:00Z");
        assert_eq!(claimed, ClaimChanges::taking(vec![key]));
    }

    #[test]
    fn the_first_date_stands() {
        let later = TenantCommand::ScheduleDeletion {
            confirm: "hibachi".to_owned(),
            due_at: DUE + time::Duration::days(9),
            by: Asker::Operator,
        };
        assert_eq!(tenant(vec![scheduled()]).decide(later).unwrap(), []);
    }

    #[test]
    fn a_deletion_is_taken_back_once() {
        let withdrawn = TenantEvent::TenantDeletionWithdrawn {
            by: Some(Asker::Operator),
        };
        let withdraw = || TenantCommand::WithdrawDeletion {
            by: Asker::Operator,
        };
        let held = tenant(vec![scheduled()]);
        let events = held.decide(withdraw()).unwrap();
        assert_eq!(events, std::slice::from_ref(&withdrawn));
        let freed = tenant(vec![scheduled(), withdrawn.clone()]);
        assert_eq!(freed.claims("", &withdrawn), ClaimChanges::releasing(SCOPE));
        assert_eq!(freed.decide(withdraw()).unwrap(), []);
        assert_eq!(freed, tenant(vec![]));
    }

    #[test]
    fn owners_are_told_unless_nothing_is_sent_of_the_tenants() {
        let news = EndNews::Scheduled {
            due_at: DUE,
            by: Asker::Owner,
        };
        let works = tenant(vec![scheduled()]);
        let effects = works.effects("", &scheduled());
        assert_eq!(effects.len(), 1);
        assert_eq!(effects[0].call, Call::TellOwners(news.clone()));
        assert!(news.holds(&works) && !news.holds(&tenant(vec![])));
        let call = serde_json::to_string(&effects[0].call).unwrap();
        assert_eq!(
            serde_json::from_str::<Call>(&call).unwrap(),
            effects[0].call
        );
        let rests = tenant(vec![TenantEvent::TenantSuspended {}, scheduled()]);
        assert_eq!(rests.effects("", &scheduled()), []);
    }

    #[test]
    fn the_first_events_did_not_say_who_asked() {
        let first = r#"{"TenantDeletionScheduled":{"due_at":"2026-03-14T17:00:00Z"}}"#;
        let event: TenantEvent = serde_json::from_str(first).unwrap();
        assert_eq!(tenant(vec![]).effects("", &event), []);
        assert_eq!(serde_json::to_string(&event).unwrap(), first);
    }

    #[test]
    fn nobody_is_let_in_again_who_is_going_to_be_deleted() {
        let held = tenant(vec![scheduled(), TenantEvent::TenantSuspended {}]);
        let refusal = held.decide(TenantCommand::Resume).unwrap_err();
        assert_eq!(refusal.code, "tenant-deletion-scheduled");
    }
}
