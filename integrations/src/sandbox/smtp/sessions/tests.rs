//! Whole SMTP dialogues, pipelined into one session, with what came of them.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, duplex, split};

use crate::sandbox::smtp::sessions::Session;
use crate::sandbox::store::Shared;

/// Sends everything at once (pipelined) and gives back the codes of the replies, and the mails' contents.
async fn talk(input: &[u8], fault: Option<&str>) -> (Vec<String>, Vec<String>) {
    let path = std::env::temp_dir().join(format!("smtp-{}.ndjson", uuid::Uuid::new_v4()));
    let shared = Shared::open(&path).unwrap();
    if let Some(fault) = fault {
        let order = serde_json::from_str(fault).unwrap();
        shared.faults().add(order).unwrap();
    }
    let (client, server) = duplex(64 * 1024);
    let (reader, writer) = split(server);
    let session = Session::new(Arc::clone(&shared), BufReader::new(reader), writer);
    let running = tokio::spawn(session.run());
    let (mut from_server, mut to_server) = split(client);
    to_server.write_all(input).await.unwrap();
    let mut output = String::new();
    from_server.read_to_string(&mut output).await.unwrap();
    running.await.unwrap().unwrap();
    let codes = output
        .lines()
        .filter(|line| line.as_bytes().get(3) == Some(&b' '))
        .map(|line| line.chars().take(3).collect())
        .collect();
    let mails = shared
        .transact(|store| {
            let raw = store.state().mails.iter().map(|mail| mail.raw.clone());
            Ok(raw.collect::<Vec<_>>())
        })
        .await
        .unwrap();
    let decode = |raw| String::from_utf8(BASE64_STANDARD.decode(raw).unwrap()).unwrap();
    (codes, mails.into_iter().map(decode).collect())
}

#[tokio::test]
async fn a_pipelined_mail_is_taken_in_without_its_dots() {
    let (codes, mails) = talk(
        b"EHLO c\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\nSubject: s\r\n\r\n..dot\r\nend\r\n.\r\nQUIT\r\n",
        None,
    )
    .await;
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    assert_eq!(mails, ["Subject: s\r\n\r\n.dot\r\nend\r\n"]);
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let (codes, mails) = talk(
        b"MAIL FROM:<a@x>\r\nEHLO c\r\nDATA\r\nRCPT TO:<b@x>\r\nMAIL FROM:<a@x>\r\nDATA\r\nRSET\r\nNOOP\r\nQUIT\r\n",
        None,
    )
    .await;
    assert_eq!(
        codes,
        [
            "220", "503", "250", "503", "503", "250", "503", "250", "250", "221"
        ]
    );
    assert!(mails.is_empty());
}

#[tokio::test]
async fn any_login_is_accepted() {
    let (codes, _) = talk(
        b"EHLO c\r\nAUTH PLAIN AGEAYg==\r\nAUTH PLAIN\r\nAGEAYg==\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nQUIT\r\n",
        None,
    )
    .await;
    assert_eq!(
        codes,
        [
            "220", "250", "235", "334", "235", "334", "334", "235", "221"
        ]
    );
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused_and_the_dialogue_goes_on() {
    let mut input =
        b"EHLO c\r\nMAIL FROM:<a@x> SIZE=10485761\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n"
            .to_vec();
    for _ in 0..=(10 * 1024) {
        input.extend_from_slice(&[b'a'; 1024]);
        input.extend_from_slice(b"\r\n");
    }
    input.extend_from_slice(b".\r\nQUIT\r\n");
    let path = std::env::temp_dir().join(format!("smtp-{}.ndjson", uuid::Uuid::new_v4()));
    let shared = Shared::open(&path).unwrap();
    let mut output = Vec::new();
    let session = Session::new(shared, BufReader::new(input.as_slice()), &mut output);
    session.run().await.unwrap();
    let output = String::from_utf8(output).unwrap();
    assert_eq!(output.matches("552 5.3.4").count(), 2, "{output}");
    assert!(output.ends_with("221 2.0.0 Goodbye\r\n"));
}

#[tokio::test]
async fn a_scripted_reply_is_given_once() {
    let fault = r#"{"smtp":{"recipient":"b@x","reply":"451 4.7.1 Later"}}"#;
    let (codes, _) = talk(
        b"EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nRCPT TO:<b@x>\r\nQUIT\r\n",
        Some(fault),
    )
    .await;
    assert_eq!(codes, ["220", "250", "250", "451", "250", "221"]);
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_mail_was_taken_in() {
    let fault = r#"{"smtp":{"at":"content","after_effect":true}}"#;
    let (codes, mails) = talk(
        b"EHLO c\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhi\r\n.\r\nQUIT\r\n",
        Some(fault),
    )
    .await;
    assert_eq!(codes.last().map(String::as_str), Some("354"));
    assert_eq!(mails.len(), 1);
}

#[tokio::test]
async fn endless_mistakes_end_the_dialogue() {
    let (codes, _) = talk(&b"X\r\n".repeat(20), None).await;
    assert_eq!(codes.last().map(String::as_str), Some("421"));
}
