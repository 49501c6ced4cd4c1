//! One SMTP dialogue: greeting, envelope, content. Replies to pipelined commands are held back until the client waits for
//! them, as RFC 2920 wants.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::time::timeout;

use crate::sandbox::faults::{SmtpFault, SmtpStage};
use crate::sandbox::smtp::commands::{Command, parse};
use crate::sandbox::smtp::lines::{Line, read_line};
use crate::sandbox::smtp::{Received, keep};
use crate::sandbox::store::Shared;

/// Largest message.
const CONTENT_LIMIT_BYTES: usize = 10 * 1024 * 1024;
/// Longest command line, with room for AUTH.
const COMMAND_LIMIT_BYTES: usize = 12 * 1024;
/// Longest line of a message; RFC 5321 says 1,000, senders say otherwise.
const TEXT_LINE_LIMIT_BYTES: usize = 64 * 1024;
/// Recipients of one message.
const RECIPIENTS_LIMIT: usize = 100;
/// Messages, and commands that make no sense, in one connection.
const MAILS_LIMIT: u32 = 1_000;
const MISTAKES_LIMIT: u32 = 20;
/// Longest silence of a client.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

const EXTENSIONS: &str = "250-sandbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n\
                          250-AUTH PLAIN LOGIN\r\n250 SIZE 10485760";
const BAD_SEQUENCE: &str = "503 5.5.1 Bad sequence of commands";
const TOO_LARGE: &str = "552 5.3.4 The message is too large";

pub(super) struct Session<R, W> {
    shared: Arc<Shared>,
    reader: BufReader<R>,
    writer: W,
    /// Replies not yet sent.
    held: Vec<u8>,
    is_greeted: bool,
    envelope: Option<Received>,
    mails: u32,
    mistakes: u32,
}

/// Whether the dialogue goes on.
#[derive(PartialEq, Eq)]
enum Next {
    Continue,
    Close,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Session<R, W> {
    pub(super) fn new(shared: Arc<Shared>, reader: BufReader<R>, writer: W) -> Session<R, W> {
        Session {
            shared,
            reader,
            writer,
            held: Vec::new(),
            is_greeted: false,
            envelope: None,
            mails: 0,
            mistakes: 0,
        }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
        self.reply("220 sandbox ESMTP, a stand-in: nothing is delivered");
        loop {
            let next = match self.read(COMMAND_LIMIT_BYTES).await? {
                Line::End => return Ok(()),
                Line::TooLong => self.mistake("500 5.5.6 The line is too long"),
                Line::Text(line) => self.obey(parse(&line)).await?,
            };
            if next == Next::Close {
                return self.flush().await;
            }
        }
    }

    async fn obey(&mut self, command: Command) -> io::Result<Next> {
        match command {
            Command::Ehlo => {
                self.is_greeted = true;
                self.envelope = None;
                self.reply(EXTENSIONS);
            }
            Command::Helo => {
                self.is_greeted = true;
                self.envelope = None;
                self.reply("250 sandbox");
            }
            Command::Mail { from, size_bytes } => return Ok(self.begin(from, size_bytes)),
            Command::Rcpt { to } => return Ok(self.add_recipient(to)),
            Command::Data => return self.take_content().await,
            Command::Rset => {
                self.envelope = None;
                self.reply("250 2.0.0 Reset");
            }
            Command::Noop => self.reply("250 2.0.0 OK"),
            Command::Quit => {
                self.reply("221 2.0.0 Goodbye");
                return Ok(Next::Close);
            }
            Command::AuthPlain(initial) => {
                let challenges: &[&str] = if initial.is_some() { &[] } else { &["334 "] };
                return self.accept_login(challenges).await;
            }
            Command::AuthLogin(initial) => {
                // "Username:" and "Password:", which the mechanism wants in base64.
                let both = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"];
                let asked = both.get(usize::from(initial.is_some())..);
                return self.accept_login(asked.unwrap_or_default()).await;
            }
            Command::BadArguments => return Ok(self.mistake("501 5.5.4 Wrong arguments")),
            Command::Unknown => return Ok(self.mistake("500 5.5.2 Unknown command")),
        }
        Ok(Next::Continue)
    }

    fn begin(&mut self, from: String, size_bytes: Option<u64>) -> Next {
        if !self.is_greeted || self.envelope.is_some() {
            return self.mistake(BAD_SEQUENCE);
        }
        if size_bytes.is_some_and(|size| size > CONTENT_LIMIT_BYTES as u64) {
            self.reply(TOO_LARGE);
            return Next::Continue;
        }
        if self.mails >= MAILS_LIMIT {
            self.reply("421 4.7.0 Too many messages in one connection");
            return Next::Close;
        }
        self.envelope = Some(Received {
            from,
            ..Received::default()
        });
        self.reply("250 2.1.0 OK");
        Next::Continue
    }

    fn add_recipient(&mut self, to: String) -> Next {
        let Some(envelope) = &mut self.envelope else {
            return self.mistake(BAD_SEQUENCE);
        };
        if envelope.to.len() >= RECIPIENTS_LIMIT {
            self.reply("452 4.5.3 Too many recipients");
            return Next::Continue;
        }
        let fault = self.shared.faults().take_smtp(&to, SmtpStage::Rcpt);
        if let Some(fault) = fault {
            return self.suffer(fault);
        }
        envelope.to.push(to);
        self.reply("250 2.1.5 OK");
        Next::Continue
    }

    async fn take_content(&mut self) -> io::Result<Next> {
        let Some(mut received) = self.envelope.take_if(|envelope| !envelope.to.is_empty()) else {
            return Ok(self.mistake(BAD_SEQUENCE));
        };
        self.reply("354 End with a dot on a line of its own");
        let Some(content) = self.read_content().await? else {
            return Ok(Next::Close);
        };
        let Ok(content) = content else {
            self.reply(TOO_LARGE);
            return Ok(Next::Continue);
        };
        received.content = content;
        self.mails += 1;
        let fault = received.to.iter().find_map(|to| {
            let mut faults = self.shared.faults();
            faults.take_smtp(to, SmtpStage::Content)
        });
        if let Some(fault) = fault {
            if fault.after_effect {
                keep(&self.shared, received).await?;
            }
            return Ok(self.suffer(fault));
        }
        match keep(&self.shared, received).await {
            Ok(number) => self.reply(&format!("250 2.0.0 Taken in as {number}")),
            Err(error) => {
                tracing::error!(%error, "the sandbox cannot keep a mail");
                self.reply("452 4.3.1 The ledger cannot be written");
            }
        }
        Ok(Next::Continue)
    }

    /// The message without its dots; `None` when the client went away, an error when it is too large.
    async fn read_content(&mut self) -> io::Result<Option<Result<Vec<u8>, ()>>> {
        let mut content = Vec::new();
        let mut is_too_large = false;
        loop {
            let line = match self.read(TEXT_LINE_LIMIT_BYTES).await? {
                Line::End => return Ok(None),
                Line::TooLong => {
                    is_too_large = true;
                    continue;
                }
                Line::Text(line) => line,
            };
            let text = match line.strip_prefix(b".") {
                Some(b"") => break,
                Some(unstuffed) => unstuffed,
                None => &line,
            };
            if content.len() + text.len() > CONTENT_LIMIT_BYTES {
                is_too_large = true;
                content.clear();
            }
            if !is_too_large {
                content.extend_from_slice(text);
                content.extend_from_slice(b"\r\n");
            }
        }
        Ok(Some(if is_too_large { Err(()) } else { Ok(content) }))
    }

    /// Any name and password will do.
    async fn accept_login(&mut self, challenges: &[&str]) -> io::Result<Next> {
        for challenge in challenges {
            self.reply(challenge);
            match self.read(COMMAND_LIMIT_BYTES).await? {
                Line::Text(line) if line == b"*" => {
                    return Ok(self.mistake("501 5.7.0 Given up"));
                }
                Line::Text(_) => {}
                Line::TooLong => return Ok(self.mistake("500 5.5.6 The line is too long")),
                Line::End => return Ok(Next::Close),
            }
        }
        self.reply("235 2.7.0 Welcome");
        Ok(Next::Continue)
    }

    fn suffer(&mut self, fault: SmtpFault) -> Next {
        match fault.reply {
            Some(reply) => {
                self.reply(&reply);
                Next::Continue
            }
            None => Next::Close,
        }
    }

    fn mistake(&mut self, text: &str) -> Next {
        self.mistakes += 1;
        if self.mistakes >= MISTAKES_LIMIT {
            self.reply("421 4.7.0 Too many mistakes");
            return Next::Close;
        }
        self.reply(text);
        Next::Continue
    }

    fn reply(&mut self, text: &str) {
        self.held.extend_from_slice(text.as_bytes());
        self.held.extend_from_slice(b"\r\n");
    }

    async fn read(&mut self, limit_bytes: usize) -> io::Result<Line> {
        if self.reader.buffer().is_empty() {
            self.flush().await?;
        }
        timeout(IDLE_TIMEOUT, read_line(&mut self.reader, limit_bytes))
            .await
            .unwrap_or(Ok(Line::End))
    }

    async fn flush(&mut self) -> io::Result<()> {
        if !self.held.is_empty() {
            self.writer.write_all(&self.held).await?;
            self.held.clear();
        }
        self.writer.flush().await
    }
}

#[cfg(test)]
mod tests;
