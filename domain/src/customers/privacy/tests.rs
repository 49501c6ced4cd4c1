//! The rules of restriction, erasure and holds.

use cqrs_es::Aggregate;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::customers::consents::Source;
use crate::customers::{CustomerCommand, CustomerDetails, Duplicate, EMAIL_SCOPE, PHONE_SCOPE};
use crate::effects::{Call, Timer};
use crate::noun::Noun;
use crate::sealed::Sealed;

const AT: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const DUE: OffsetDateTime = datetime!(2026-03-31 12:00 UTC);

fn lead() -> CustomerEvent {
    CustomerEvent::LeadCreated {
        source: Source::Web,
        channel: "form".to_owned(),
        details: CustomerDetails {
            first_name: Some(Sealed::new("sealed".to_owned())),
            ..CustomerDetails::default()
        },
        possible_duplicate: Duplicate::Unlikely,
    }
}

fn given(events: &[CustomerEvent]) -> Customer {
    let mut customer = Customer::default();
    events
        .iter()
        .for_each(|event| customer.apply(event.clone()));
    customer
}

fn to_be_erased() -> Customer {
    given(&[
        lead(),
        CustomerEvent::SubjectRestricted { at: AT },
        CustomerEvent::ErasureRequested { due: DUE, at: AT },
    ])
}

fn decide(customer: &Customer, command: PrivacyCommand) -> Result<Vec<CustomerEvent>, Refusal> {
    customer.decide(CustomerCommand::Privacy(Box::new(command)))
}

fn erase(at: OffsetDateTime) -> PrivacyCommand {
    PrivacyCommand::Erase {
        counts: ErasureCounts::default(),
        basis: ErasureBasis::Due,
        at,
    }
}

fn tag() -> CustomerCommand {
    let tag = "vip".to_owned();
    CustomerCommand::Tag { tag }
}

#[test]
fn a_restricted_person_is_not_worked_with_and_cannot_be_found() {
    let customer = given(&[lead(), CustomerEvent::SubjectRestricted { at: AT }]);
    assert_eq!(
        customer.decide(tag()).unwrap_err().code,
        "subject-restricted"
    );
    let changes = customer.claims("c1", &CustomerEvent::SubjectRestricted { at: AT });
    assert_eq!(
        (changes.release, changes.drop_handles),
        (vec![EMAIL_SCOPE], vec![PHONE_SCOPE])
    );
    let again = decide(&customer, PrivacyCommand::Restrict { at: AT });
    assert_eq!(again.unwrap(), []);
}

#[test]
fn a_restriction_is_not_lifted_while_an_erasure_is_due() {
    let lift = || PrivacyCommand::Lift {
        email: None,
        phone: None,
        at: AT,
    };
    let mut customer = to_be_erased();
    assert_eq!(
        decide(&customer, lift()).unwrap_err().code,
        "erasure-requested"
    );
    for event in decide(&customer, PrivacyCommand::CancelErasure { at: AT }).unwrap() {
        customer.apply(event);
    }
    for event in decide(&customer, lift()).unwrap() {
        customer.apply(event);
    }
    assert!(customer.privacy.is_open());
    assert_eq!(customer.decide(tag()).unwrap().len(), 1);
}

#[test]
fn an_erasure_waits_for_its_day_and_a_cancelled_one_never_comes() {
    let customer = to_be_erased();
    let requested = CustomerEvent::ErasureRequested { due: DUE, at: AT };
    let effects = customer.effects("c1", &requested);
    let timer = Timer::EraseSubject {
        customer_id: CustomerId::new("c1"),
    };
    assert_eq!(
        (effects[0].due, &effects[0].call),
        (Some(DUE), &Call::Timer(timer))
    );
    let early = decide(&customer, erase(DUE - Duration::SECOND));
    assert_eq!(early.unwrap(), []);
    let mut cancelled = customer.clone();
    cancelled.apply(CustomerEvent::ErasureCancelled { at: AT });
    assert_eq!(decide(&cancelled, erase(DUE)).unwrap(), []);
    assert_eq!(decide(&customer, erase(DUE)).unwrap().len(), 1);
}

#[test]
fn a_hold_keeps_the_data_and_its_end_sets_the_timer_again() {
    let mut customer = to_be_erased();
    customer.apply(CustomerEvent::SubjectHeld {
        ground: HoldGround::LegalClaim,
        at: AT,
    });
    assert_eq!(decide(&customer, erase(DUE)).unwrap(), []);
    let later = DUE + Duration::days(9);
    let released = decide(&customer, PrivacyCommand::Release { at: later }).unwrap();
    customer.apply(released[0].clone());
    let effects = customer.effects("c1", &released[0]);
    assert_eq!(effects[0].due, Some(later));
    assert_eq!(decide(&customer, erase(later)).unwrap().len(), 1);
}

#[test]
fn of_an_erased_person_nothing_stays_and_nothing_begins_again() {
    let mut customer = to_be_erased();
    for event in decide(&customer, erase(DUE)).unwrap() {
        customer.apply(event);
    }
    assert_eq!(customer.first_name, None);
    assert!(customer.consents.iter().next().is_none());
    assert_eq!(customer.decide(tag()).unwrap_err().code, "subject-erased");
    for command in [
        PrivacyCommand::Restrict { at: DUE },
        PrivacyCommand::CancelErasure { at: DUE },
        PrivacyCommand::RequestErasure { due: DUE, at: DUE },
        PrivacyCommand::Export(ExportOrder {
            export_id: "x".to_owned(),
            at: DUE,
        }),
    ] {
        assert_eq!(
            decide(&customer, command).unwrap_err().code,
            "subject-erased"
        );
    }
    assert_eq!(decide(&customer, erase(DUE)).unwrap(), []);
}

#[test]
fn a_merged_customer_is_erased_with_the_one_it_was_merged_into_alone() {
    let survivor_id = CustomerId::new("c2");
    let merged = CustomerEvent::CustomerMergedAway {
        survivor_id: survivor_id.clone(),
        at: AT,
    };
    let customer = given(&[lead(), merged]);
    let with = |survivor_id| PrivacyCommand::EraseWith {
        survivor_id,
        at: AT,
    };
    assert_eq!(decide(&customer, with(CustomerId::new("c9"))).unwrap(), []);
    assert_eq!(decide(&customer, with(survivor_id)).unwrap().len(), 1);
    assert_eq!(
        customer.require_subject().unwrap_err().code,
        "customer-merged"
    );
}
