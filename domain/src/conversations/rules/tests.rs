//! What a thread does, told as given events, a command, and the events or the refusal that follow.

use cqrs_es::{Aggregate, DomainEvent};
use time::macros::datetime;

use super::*;
use crate::conversations::allowance::Recipient;
use crate::conversations::events::{MessageReceived, ThreadOpened};
use crate::conversations::messages::{FailureReason, MAX_RECENT, MessageFailure};
use crate::conversations::{ADDRESS_SCOPE, AiMode, MESSAGE_SCOPE};
use crate::customers::consents::Purpose;
use crate::effects::Call;
use crate::noun::{Key, Noun};
use crate::sealed::{BlindIndex, Sealed, SealedKey};

const AT: OffsetDateTime = datetime!(2026-03-14 19:00 UTC);

fn given(events: Vec<ConversationEvent>) -> Conversation {
    let mut conversation = Conversation::default();
    for event in events {
        conversation.apply(event);
    }
    conversation
}

fn sealed(text: &str) -> Sealed {
    Sealed::new(format!("sealed {text}"))
}

fn opened() -> ConversationEvent {
    ConversationEvent::ThreadOpened(Box::new(ThreadOpened {
        channel: Channel::Sms,
        customer_id: None,
        candidates: vec![CustomerId::new("c1"), CustomerId::new("c2")],
        address: Some(SealedKey {
            sealed: sealed("number"),
            index: BlindIndex::new("index".to_owned()),
        }),
        subject: None,
        ai_mode: AiMode::Off,
    }))
}

fn message(id: &str, keyword: Option<Keyword>) -> MessageReceived {
    MessageReceived {
        call: None,
        message_id: MessageId::new(id),
        content: sealed("content"),
        subject: None,
        attachments: None,
        address: None,
        keyword,
        provider: Some("twilio".to_owned()),
        provider_message_id: Some(format!("SM-{id}")),
        at: AT,
    }
}

fn receive(id: &str, keyword: Option<Keyword>) -> ConversationCommand {
    ConversationCommand::Receive(Box::new(Receive {
        message: message(id, keyword),
        granted: vec![Purpose::Transactional],
    }))
}

fn send(id: &str) -> Send {
    Send {
        message_id: MessageId::new(id),
        content: sealed("content"),
        subject: None,
        attachments: None,
        address: sealed("number"),
        sender_type: SenderType::Human,
        sender_id: "kim".to_owned(),
        purpose: Purpose::Transactional,
        canned_reply: None,
        after_message_id: None,
        owed_to: None,
        recipient: Recipient::default(),
        at: AT,
    }
}

fn then(conversation: &mut Conversation, command: ConversationCommand) -> Vec<String> {
    let events = conversation.decide(command).unwrap();
    let names = events.iter().map(DomainEvent::event_type).collect();
    events
        .into_iter()
        .for_each(|event| conversation.apply(event));
    names
}

fn refused(conversation: &Conversation, command: ConversationCommand) -> Refusal {
    conversation.decide(command).unwrap_err()
}

fn asked() -> Conversation {
    let mut conversation = given(vec![opened()]);
    then(&mut conversation, receive("m1", None));
    conversation
}

fn report(id: &str, outcome: Outcome) -> ConversationCommand {
    ConversationCommand::RecordStatus(Box::new(StatusReport {
        message_id: MessageId::new(id),
        outcome,
        at: AT,
    }))
}

fn accepted() -> Outcome {
    Outcome::Sent {
        provider: "twilio".to_owned(),
        provider_message_id: Some("SM-out".to_owned()),
    }
}

fn status(conversation: &Conversation, id: &str) -> MessageStatus {
    let thread = conversation.thread.as_deref().unwrap();
    let message = thread.find_message(&MessageId::new(id)).unwrap();
    message.progress.status
}

#[test]
fn a_thread_claims_its_address_and_each_message_its_providers_id() {
    let conversation = given(vec![opened()]);
    let claims = conversation.claims("t1", &opened());
    assert_eq!(claims.take, [Key::new(ADDRESS_SCOPE, "index")]);
    let received = ConversationEvent::MessageReceived(Box::new(message("m1", None)));
    let claims = conversation.claims("t1", &received);
    assert_eq!(claims.take, [Key::new(MESSAGE_SCOPE, "twilio|SM-m1")]);
}

#[test]
fn nothing_can_be_done_with_a_thread_that_was_never_opened() {
    let nothing = Conversation::default();
    for command in [
        receive("m1", None),
        ConversationCommand::Close { at: AT },
        report("m1", Outcome::Read),
    ] {
        assert_eq!(refused(&nothing, command).code, "thread-not-found");
    }
}

#[test]
fn the_turn_goes_back_and_forth() {
    let mut conversation = asked();
    let state = |conversation: &Conversation| {
        let thread = conversation.thread.as_deref().unwrap();
        (thread.status, thread.unread_count, thread.message_count)
    };
    assert_eq!(state(&conversation), (ThreadStatus::Open, 1, 1));
    let events = conversation
        .decide(ConversationCommand::Send(Box::new(send("m2"))))
        .unwrap();
    let [ConversationEvent::MessageSent(sent)] = events.as_slice() else {
        panic!("{events:?}");
    };
    let first = Answers {
        since: AT,
        order: AnswerOrder::First,
    };
    assert_eq!(sent.answers, Some(first));
    assert!(matches!(sent.decision.basis, Basis::Answer { .. }));
    then(
        &mut conversation,
        ConversationCommand::Send(Box::new(send("m2"))),
    );
    assert_eq!(state(&conversation), (ThreadStatus::Pending, 0, 2));
    then(&mut conversation, ConversationCommand::Close { at: AT });
    let events = then(&mut conversation, receive("m3", None));
    assert_eq!(events, ["ThreadReopened", "MessageReceived"]);
    assert_eq!(state(&conversation), (ThreadStatus::Open, 1, 3));
}

#[test]
fn stop_holds_until_start_and_yes_means_something_else_before() {
    let mut conversation = asked();
    assert_eq!(
        then(&mut conversation, receive("m2", Some(Keyword::Start))),
        ["MessageReceived"]
    );
    let stopped = then(&mut conversation, receive("m3", Some(Keyword::Stop)));
    assert_eq!(stopped, ["MessageReceived", "ThreadOptedOut"]);
    assert_eq!(
        then(&mut conversation, receive("m4", Some(Keyword::Stop))),
        ["MessageReceived"]
    );
    let refusal = refused(
        &conversation,
        ConversationCommand::Send(Box::new(send("m5"))),
    );
    assert_eq!(refusal.code, "opted-out");
    let mut owed = send("m5");
    owed.owed_to = Some((MessageId::new("m3"), Keyword::Stop));
    owed.sender_type = SenderType::System;
    assert_eq!(
        then(&mut conversation, ConversationCommand::Send(Box::new(owed))),
        ["MessageSent"]
    );
    let started = then(&mut conversation, receive("m6", Some(Keyword::Start)));
    assert_eq!(started, ["MessageReceived", "ThreadOptedIn"]);
    assert_eq!(
        then(
            &mut conversation,
            ConversationCommand::Send(Box::new(send("m7")))
        ),
        ["MessageSent"]
    );
}

#[test]
fn an_answer_to_what_is_not_the_newest_collides() {
    let mut conversation = asked();
    then(
        &mut conversation,
        ConversationCommand::Send(Box::new(send("m2"))),
    );
    let after = |id: &str| {
        let mut send = send("m3");
        send.after_message_id = Some(MessageId::new(id));
        ConversationCommand::Send(Box::new(send))
    };
    for seen in ["m1", "unheard-of"] {
        let refusal = refused(&conversation, after(seen));
        assert_eq!(refusal.code, "reply-collision");
        let newest = refusal.alternatives.last().unwrap();
        assert_eq!(
            (&newest["message_id"], &newest["sender_type"]),
            (&json!("m2"), &json!("human"))
        );
    }
    assert_eq!(then(&mut conversation, after("m2")), ["MessageSent"]);
}

#[test]
fn reports_are_taken_in_once_and_in_any_order() {
    let failure = MessageFailure {
        reason: FailureReason::Undelivered,
        code: "30003".to_owned(),
    };
    let mut conversation = asked();
    then(
        &mut conversation,
        ConversationCommand::Send(Box::new(send("m2"))),
    );
    assert_eq!(
        then(&mut conversation, report("m2", Outcome::Delivered)),
        ["MessageDelivered"]
    );
    // Late, but the first to bring the provider's id.
    assert_eq!(
        then(&mut conversation, report("m2", accepted())),
        ["MessageAccepted"]
    );
    assert_eq!(status(&conversation, "m2"), MessageStatus::Delivered);
    for late in [Outcome::Delivered, accepted(), Outcome::Failed(failure)] {
        assert!(then(&mut conversation, report("m2", late)).is_empty());
    }
    assert_eq!(
        then(&mut conversation, report("m2", Outcome::Read)),
        ["MessageRead"]
    );
    assert!(then(&mut conversation, report("m1", Outcome::Read)).is_empty());
    assert!(then(&mut conversation, report("m9", Outcome::Read)).is_empty());
}

#[test]
fn a_snooze_ends_in_time_or_with_a_message_and_not_before() {
    let mut conversation = asked();
    let until = AT + Duration::hours(2);
    then(
        &mut conversation,
        ConversationCommand::Snooze { until, at: AT },
    );
    let wake = |at| ConversationCommand::Wake { at };
    assert!(then(&mut conversation, wake(AT + Duration::hours(1))).is_empty());
    assert_eq!(then(&mut conversation, wake(until)), ["ThreadReopened"]);
    assert!(then(&mut conversation, wake(until)).is_empty());
    then(
        &mut conversation,
        ConversationCommand::Snooze { until, at: AT },
    );
    assert_eq!(
        then(&mut conversation, receive("m2", None)),
        ["ThreadReopened", "MessageReceived"]
    );
    let late = ConversationCommand::Snooze { until: AT, at: AT };
    assert_eq!(refused(&conversation, late).code, "validation-failed");
}

#[test]
fn a_merged_thread_points_to_where_it_went_and_still_takes_reports() {
    let mut conversation = asked();
    then(
        &mut conversation,
        ConversationCommand::Send(Box::new(send("m2"))),
    );
    let survivor_id = ConversationId::new("t2");
    let merge = ConversationCommand::MergeInto { survivor_id };
    assert_eq!(then(&mut conversation, merge.clone()), ["ThreadMergedAway"]);
    assert!(then(&mut conversation, merge).is_empty());
    let refusal = refused(&conversation, receive("m3", None));
    assert_eq!(refusal.code, "thread-merged");
    assert_eq!(refusal.alternatives, [json!({ "thread_id": "t2" })]);
    assert_eq!(
        then(&mut conversation, report("m2", Outcome::Delivered)),
        ["MessageDelivered"]
    );
}

#[test]
fn a_held_message_goes_out_later_and_holds_nothing_else_up() {
    let mut conversation = asked();
    let events = conversation
        .decide(ConversationCommand::Send(Box::new(send("m2"))))
        .unwrap();
    let now = conversation.effects("t1", &events[0]);
    assert!(matches!(now[0].call, Call::SendMessage { .. }));
    assert_eq!(
        (now[0].due, now[0].order_key.as_deref()),
        (None, Some("t1"))
    );
    then(
        &mut conversation,
        ConversationCommand::Send(Box::new(send("m2"))),
    );
    let until = AT + Duration::hours(9);
    let held = ConversationEvent::MessageHeld {
        message_id: MessageId::new("m2"),
        until,
    };
    let later = conversation.effects("t1", &held);
    assert_eq!(
        (later[0].due, later[0].order_key.as_deref()),
        (Some(until), Some("t1/held"))
    );
}

#[test]
fn a_long_thread_stays_small_and_keeps_what_waits() {
    let mut conversation = asked();
    then(
        &mut conversation,
        ConversationCommand::Send(Box::new(send("waits"))),
    );
    for number in 0..3 * MAX_RECENT {
        then(&mut conversation, receive(&format!("in-{number}"), None));
    }
    let thread = conversation.thread.as_deref().unwrap();
    assert_eq!(thread.recent.len(), MAX_RECENT);
    assert_eq!(thread.message_count, 2 + 300);
    assert_eq!(status(&conversation, "waits"), MessageStatus::Queued);
    let waits = thread.find_message(&MessageId::new("waits")).unwrap();
    assert_eq!(waits.sequence, 3, "its event can be found in the stream");
    for number in 1..MAX_QUEUED {
        then(
            &mut conversation,
            ConversationCommand::Send(Box::new(send(&format!("out-{number}")))),
        );
    }
    let refusal = refused(
        &conversation,
        ConversationCommand::Send(Box::new(send("one-more"))),
    );
    assert_eq!(refusal.code, "thread-backlogged");
}
