//! A visitor's session: who they are, signed under the tenant's key. Nothing of it is stored.

use domain::refusal::{Kind, Refusal};
use event_store::vault::TenantKeys;
use uuid::Uuid;

/// How long a session is good without being used.
pub const SESSION_SECONDS: i64 = 30 * 24 * 3_600;
/// A session that has less than this left is made anew when it is used.
const RENEW_SECONDS: i64 = SESSION_SECONDS / 2;
const VERSION: &str = "v1";
const SESSION: &str = "web chat session";
const VISITOR: &str = "web chat visitor";
const MESSAGE: &str = "web chat message";

/// Who writes, and until when they may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The address of the visitor's thread.
    pub visitor: String,
    /// In seconds since 1970.
    pub expires_at: i64,
}

impl Session {
    /// The session that a first message opens. Its visitor follows from the message's id, so that a first message that is
    /// sent again opens no second thread; the id must therefore be random.
    pub fn open(keys: &TenantKeys, message_id: Uuid, now: i64) -> Self {
        let name = keys.sign(VISITOR, &message_id.to_string());
        Self {
            visitor: format!("visitor-{name}"),
            expires_at: now + SESSION_SECONDS,
        }
    }

    /// Reads a token: 401 where it is not ours, not this tenant's, or no longer good.
    pub fn read(keys: &TenantKeys, token: &str, now: i64) -> Result<Self, Refusal> {
        let signed = token
            .rsplit_once('.')
            .filter(|(text, signature)| keys.verify(SESSION, text, signature));
        let session = signed.and_then(|(text, _)| Self::parse(text));
        let Some(session) = session else {
            let detail = "the session is not one that this server has opened for this tenant";
            return Err(unauthenticated("session-invalid", detail));
        };
        if session.expires_at <= now {
            let detail = "the session has expired; a message without a session opens a new one";
            return Err(unauthenticated("session-expired", detail));
        }
        Ok(session)
    }

    /// What the visitor carries.
    pub fn token(&self, keys: &TenantKeys) -> String {
        let text = format!("{VERSION}.{}.{}", self.visitor, self.expires_at);
        let signature = keys.sign(SESSION, &text);
        format!("{text}.{signature}")
    }

    /// The same visitor for longer, where the session is half used up.
    pub fn renewed(mut self, now: i64) -> Self {
        if self.expires_at - now < RENEW_SECONDS {
            self.expires_at = now + SESSION_SECONDS;
        }
        self
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (version, visitor, expires_at) = (parts.next()?, parts.next()?, parts.next()?);
        (version == VERSION && parts.next().is_none()).then_some(())?;
        Some(Self {
            visitor: visitor.to_owned(),
            expires_at: expires_at.parse().ok()?,
        })
    }
}

/// The name of a visitor's message in our records. Not its id: whoever reads them could open the visitor's session by it.
pub fn message_key(keys: &TenantKeys, visitor: &str, message_id: Uuid) -> String {
    keys.sign(MESSAGE, &format!("{visitor}/{message_id}"))
}

/// 401 for a call that carries no session.
pub fn missing() -> Refusal {
    let detail =
        "send the session that your first message was answered with, as `Authorization: Bearer …`";
    unauthenticated("session-missing", detail)
}

fn unauthenticated(code: &str, detail: &str) -> Refusal {
    Refusal::new(Kind::Unauthenticated, code, detail)
}
