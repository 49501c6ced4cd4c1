//! What a customer does, told as given events, a command, and the events or the refusal that follow.

use super::*;
use crate::customers::Duplicate;
use crate::customers::consents::{Channel, Purpose, Source};
use crate::customers::{EMAIL_SCOPE, PHONE_SCOPE};
use crate::noun::{Key, Noun};
use crate::sealed::{BlindIndex, Sealed, SealedKey};
use cqrs_es::Aggregate;
use time::OffsetDateTime;
use time::macros::datetime;

const AT: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn given(events: &[CustomerEvent]) -> Customer {
    let mut customer = Customer::default();
    events
        .iter()
        .cloned()
        .for_each(|event| customer.apply(event));
    customer
}

fn key(value: &str) -> SealedKey {
    SealedKey {
        sealed: Sealed::new(format!("sealed {value}")),
        index: BlindIndex::new(value.to_owned()),
    }
}

fn details() -> CustomerDetails {
    CustomerDetails {
        email: Some(key("e1")),
        phone: Some(key("p1")),
        ..CustomerDetails::default()
    }
}

fn lead() -> CustomerEvent {
    CustomerEvent::LeadCreated {
        source: Source::Web,
        channel: "booking".to_owned(),
        details: details(),
        possible_duplicate: Duplicate::Unlikely,
    }
}

fn merged_away() -> CustomerEvent {
    CustomerEvent::CustomerMergedAway {
        survivor_id: CustomerId::new("c2"),
        at: AT,
    }
}

fn consent(channel: Channel, purpose: Purpose) -> Box<ConsentChange> {
    let wording = "You may text me about my booking".to_owned();
    Box::new(ConsentChange {
        channel,
        purpose,
        source: Source::Web,
        wording,
        at: AT,
        address: None,
        said_in: None,
    })
}

fn then(customer: &mut Customer, command: CustomerCommand) -> Vec<CustomerEvent> {
    let events = customer.decide(command).unwrap();
    events
        .iter()
        .cloned()
        .for_each(|event| customer.apply(event));
    events
}

#[test]
fn a_lead_claims_its_email_and_can_be_found_by_its_phone() {
    let changes = given(&[lead()]).claims("c1", &lead());
    assert_eq!(changes.take, [Key::new(EMAIL_SCOPE, "e1")]);
    assert_eq!(changes.handles, [Key::new(PHONE_SCOPE, "p1")]);
}

#[test]
fn a_customer_is_created_once() {
    let create = CustomerCommand::CreateLead {
        source: Source::Web,
        channel: "booking".to_owned(),
        details: details(),
        possible_duplicate: Duplicate::Unlikely,
    };
    assert_eq!(given(&[]).decide(create.clone()).unwrap(), [lead()]);
    assert_eq!(
        given(&[lead()]).decide(create).unwrap_err().code,
        "customer-exists"
    );
}

#[test]
fn a_corrected_email_frees_the_old_one() {
    let details = CustomerDetails {
        email: Some(key("e2")),
        ..CustomerDetails::default()
    };
    let mut customer = given(&[lead()]);
    let events = then(
        &mut customer,
        CustomerCommand::Correct {
            details,
            cleared: BTreeSet::new(),
        },
    );
    let changes = customer.claims("c1", &events[0]);
    assert_eq!(
        (changes.release, changes.take),
        (vec![EMAIL_SCOPE], vec![Key::new(EMAIL_SCOPE, "e2")])
    );
    assert_eq!(changes.drop_handles, Vec::<&str>::new());
    assert_eq!(customer.phone, Some(key("p1")));
}

#[test]
fn correcting_nothing_changes_nothing() {
    let correct = CustomerCommand::Correct {
        details: CustomerDetails::default(),
        cleared: BTreeSet::from([CustomerField::Address]),
    };
    assert_eq!(given(&[lead()]).decide(correct).unwrap(), []);
}

#[test]
fn a_customer_keeps_a_way_to_be_reached() {
    let correct = CustomerCommand::Correct {
        details: CustomerDetails::default(),
        cleared: BTreeSet::from([CustomerField::Email, CustomerField::Phone]),
    };
    assert_eq!(
        given(&[lead()]).decide(correct).unwrap_err().code,
        "customer-unreachable"
    );
}

#[test]
fn absent_consent_is_no_consent_and_transactional_is_not_marketing() {
    let mut customer = given(&[lead()]);
    assert!(
        !customer
            .consents
            .allows(Channel::Sms, Purpose::Transactional)
    );
    then(
        &mut customer,
        CustomerCommand::GrantConsent(consent(Channel::Sms, Purpose::Transactional)),
    );
    assert!(
        customer
            .consents
            .allows(Channel::Sms, Purpose::Transactional)
    );
    assert!(!customer.consents.allows(Channel::Sms, Purpose::Marketing));
    assert!(
        !customer
            .consents
            .allows(Channel::Email, Purpose::Transactional)
    );
}

#[test]
fn consent_can_be_withdrawn_and_given_again_and_repeats_change_nothing() {
    let mut customer = given(&[lead()]);
    let sms = || consent(Channel::Sms, Purpose::Marketing);
    assert_eq!(
        then(&mut customer, CustomerCommand::GrantConsent(sms())).len(),
        1
    );
    assert_eq!(
        then(&mut customer, CustomerCommand::GrantConsent(sms())),
        []
    );
    assert_eq!(
        then(&mut customer, CustomerCommand::WithdrawConsent(sms())).len(),
        1
    );
    assert_eq!(
        then(&mut customer, CustomerCommand::WithdrawConsent(sms())),
        []
    );
    assert!(!customer.consents.allows(Channel::Sms, Purpose::Marketing));
    assert_eq!(
        then(&mut customer, CustomerCommand::GrantConsent(sms())).len(),
        1
    );
    assert!(customer.consents.allows(Channel::Sms, Purpose::Marketing));
}

#[test]
fn tagging_twice_is_tagging_once() {
    let mut customer = given(&[lead()]);
    let tag = || CustomerCommand::Tag {
        tag: " vip ".to_owned(),
    };
    assert_eq!(
        then(&mut customer, tag()),
        [CustomerEvent::CustomerTagged {
            tag: "vip".to_owned()
        }]
    );
    assert_eq!(then(&mut customer, tag()), []);
    assert_eq!(
        then(
            &mut customer,
            CustomerCommand::Untag {
                tag: "vip".to_owned()
            }
        )
        .len(),
        1
    );
    assert_eq!(
        then(
            &mut customer,
            CustomerCommand::Untag {
                tag: "vip".to_owned()
            }
        ),
        []
    );
}

#[test]
fn a_merged_customer_frees_its_email_and_takes_nothing_more() {
    let customer = given(&[lead(), merged_away()]);
    let changes = customer.claims("c1", &merged_away());
    assert_eq!(
        (changes.release, changes.drop_handles),
        (vec![EMAIL_SCOPE], vec![PHONE_SCOPE])
    );
    let refusal = customer
        .decide(CustomerCommand::Tag {
            tag: "vip".to_owned(),
        })
        .unwrap_err();
    assert_eq!(refusal.code, "customer-merged");
    assert_eq!(
        refusal.alternatives,
        [serde_json::json!({ "customer_id": "c2" })]
    );
}

#[test]
fn merging_again_changes_nothing() {
    let again = CustomerCommand::MergeInto {
        survivor_id: CustomerId::new("c2"),
        at: AT,
    };
    assert_eq!(given(&[lead(), merged_away()]).decide(again).unwrap(), []);
    let absorbed = CustomerEvent::CustomersMerged {
        merged_id: CustomerId::new("c9"),
        at: AT,
        carried: Default::default(),
    };
    let again = CustomerCommand::Absorb {
        merged_id: CustomerId::new("c9"),
        at: AT,
        carried: Default::default(),
    };
    assert_eq!(given(&[lead(), absorbed]).decide(again).unwrap(), []);
}

#[test]
fn a_customer_that_swallowed_another_is_not_merged_away() {
    let absorbed = CustomerEvent::CustomersMerged {
        merged_id: CustomerId::new("c9"),
        at: AT,
        carried: Default::default(),
    };
    let merge = CustomerCommand::MergeInto {
        survivor_id: CustomerId::new("c2"),
        at: AT,
    };
    assert_eq!(
        given(&[lead(), absorbed]).decide(merge).unwrap_err().code,
        "customer-has-merged"
    );
}

#[test]
fn an_unmerged_customer_lives_again_and_claims_its_email() {
    let mut customer = given(&[lead(), merged_away()]);
    let restore = CustomerCommand::Restore {
        survivor_id: CustomerId::new("c2"),
        email: Some(key("e1")),
        phone: Some(key("p1")),
        at: AT,
    };
    let events = then(&mut customer, restore.clone());
    assert_eq!(
        customer.claims("c1", &events[0]).take,
        [Key::new(EMAIL_SCOPE, "e1")]
    );
    assert_eq!(customer.standing, CustomerStanding::Living);
    assert_eq!(then(&mut customer, restore), []);
}
