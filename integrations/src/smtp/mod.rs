//! E-mail over SMTP by `lettre`. The dialogue is driven step by step, because only so is it known whether a lost
//! connection came before the message was handed over (surely not sent) or after (unknown). Never logs an address.

use std::future::Future;
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailCommand, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use crate::http::CONNECT_TIMEOUT;
use crate::outcome::{Failure, FailureKind};
use crate::secret::Secret;
use crate::smtp::answers::{Stage, classify, lost};
use crate::smtp::mails::{Mail, compose};

mod answers;
pub mod mails;

/// Longest whole delivery, from connecting to the answer after the final dot.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections kept open between mails.
const IDLE_CONNECTIONS_LIMIT: usize = 4;
/// How long a connection is kept open unused; servers hang up after a few minutes.
const IDLE_LIFE: Duration = Duration::from_secs(60);
/// Longest wait for the answer that tells whether a kept connection still lives.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// In order of preference.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plain text: for the sandbox and for a relay on the same machine.
    None,
    /// Plain text until `STARTTLS`, which is demanded, never merely tried.
    StartTls,
    /// TLS from the first byte (port 465).
    Tls,
}

/// One mail server.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    /// PEM of whoever signs the server's certificate, beside the authorities that everybody knows.
    pub ca_certificate: Option<String>,
    pub credentials: Option<SmtpCredentials>,
}

/// A login to the mail server.
#[derive(Clone, Debug)]
pub struct SmtpCredentials {
    pub username: String,
    pub password: Secret,
}

/// The server took responsibility for the mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The reply code, 250 as a rule.
    pub code: u16,
}

/// Sends mails to one server and keeps a few connections open.
pub struct Smtp {
    config: SmtpConfig,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<Idle>>,
}

impl Smtp {
    /// # Errors
    /// When TLS is asked for and cannot be set up.
    pub fn new(config: SmtpConfig) -> Result<Smtp, Failure> {
        let tls = match config.tls {
            Tls::None => None,
            Tls::StartTls | Tls::Tls => Some(tls(&config)?),
        };
        Ok(Smtp {
            config,
            tls,
            idle: Mutex::new(Vec::new()),
        })
    }

    /// Delivers one mail to the server.
    ///
    /// # Errors
    /// `Unknown` only when the connection was lost after the message had been handed over.
    pub async fn send(&self, mail: &Mail) -> Result<Accepted, Failure> {
        let message = compose(mail)?;
        let deadline = Instant::now() + SEND_TIMEOUT;
        let mut connection = match self.take_idle().await {
            Some(connection) => connection,
            None => within(deadline, Stage::Connect, self.connect()).await?,
        };
        let bytes = message.formatted();
        let dialogue = introduce(&mut connection, message.envelope(), &bytes);
        within(deadline, Stage::Envelope, dialogue).await?;
        let response = within(deadline, Stage::Content, async {
            connection
                .message(&bytes)
                .await
                .map_err(|error| classify(Stage::Content, &error))
        })
        .await?;
        self.keep(connection).await;
        Ok(Accepted {
            code: u16::from(response.code()),
        })
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let hello = ClientId::default();
        let wrapper = match self.config.tls {
            Tls::Tls => self.tls.clone(),
            Tls::None | Tls::StartTls => None,
        };
        let mut connection = AsyncSmtpConnection::connect_tokio1(
            (self.config.host.as_str(), self.config.port),
            Some(CONNECT_TIMEOUT),
            &hello,
            wrapper,
            None,
        )
        .await
        .map_err(|error| classify(Stage::Connect, &error))?;
        if self.config.tls == Tls::StartTls
            && let Some(tls) = self.tls.clone()
        {
            connection
                .starttls(tls, &hello)
                .await
                .map_err(|error| classify(Stage::Connect, &error))?;
        }
        if let Some(login) = &self.config.credentials {
            let credentials =
                Credentials::new(login.username.clone(), login.password.expose().to_owned());
            connection
                .auth(&MECHANISMS, &credentials)
                .await
                .map_err(|error| classify(Stage::Login, &error))?;
        }
        Ok(connection)
    }

    async fn take_idle(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let idle = self.idle.lock().await.pop()?;
            if idle.since.elapsed() > IDLE_LIFE {
                continue;
            }
            let mut connection = idle.connection;
            let probe = tokio::time::timeout(PROBE_TIMEOUT, connection.test_connected());
            if probe.await == Ok(true) {
                return Some(connection);
            }
        }
    }

    async fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().await;
        if idle.len() < IDLE_CONNECTIONS_LIMIT {
            idle.push(Idle {
                connection,
                since: Instant::now(),
            });
        }
    }
}

/// The server has to show a certificate for the name that it is reached by.
fn tls(config: &SmtpConfig) -> Result<TlsParameters, Failure> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.ca_certificate {
        let ca = Certificate::from_pem(pem.as_bytes());
        // Text without a certificate in it is no error to the parser.
        let ca = ca.ok().filter(|_| pem.contains("BEGIN CERTIFICATE"));
        let wrong = || Failure::new(FailureKind::Auth, "ca_certificate holds no PEM certificate");
        builder = builder.add_root_certificate(ca.ok_or_else(wrong)?);
    }
    builder
        .build()
        .map_err(|_| Failure::new(FailureKind::NotSent, "TLS cannot be set up"))
}

/// A connection between two mails.
struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// Everything up to the server's invitation to send the content.
async fn introduce(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    content: &[u8],
) -> Result<(), Failure> {
    let mut parameters = Vec::new();
    if !envelope_is_ascii(envelope) {
        demand(connection, Extension::SmtpUtfEight)?;
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !content.is_ascii() {
        demand(connection, Extension::EightBitMime)?;
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    step(connection.command(MailCommand::new(envelope.from().cloned(), parameters))).await?;
    for recipient in envelope.to() {
        step(connection.command(Rcpt::new(recipient.clone(), Vec::new()))).await?;
    }
    step(connection.command(Data)).await?;
    Ok(())
}

async fn step<F>(command: F) -> Result<Response, Failure>
where
    F: Future<Output = Result<Response, lettre::transport::smtp::Error>>,
{
    command
        .await
        .map_err(|error| classify(Stage::Envelope, &error))
}

fn demand(connection: &AsyncSmtpConnection, extension: Extension) -> Result<(), Failure> {
    if connection.server_info().supports_feature(extension) {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Refused,
        format!("the mail server does not know {extension}"),
    ))
}

fn envelope_is_ascii(envelope: &Envelope) -> bool {
    envelope
        .from()
        .into_iter()
        .chain(envelope.to())
        .all(|address| address.to_string().is_ascii())
}

async fn within<T>(
    deadline: Instant,
    stage: Stage,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    timeout_at(deadline.into(), work)
        .await
        .unwrap_or_else(|_| Err(lost(stage, "no answer in time")))
}
