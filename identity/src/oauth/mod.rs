//! OAuth 2.1: programs that act for people, or for themselves. What a token may do is its scopes, within its client's role,
//! within what the person can do at this moment; so nothing that was granted outlives its reason.

pub mod bearers;
pub mod clients;
pub mod documents;
pub mod grants;
pub mod jwt;
pub mod redirects;
pub mod scopes;
pub mod signing;
pub mod tokens;

use time::Duration;

/// How long an access token is good; what it stands for is looked at each time besides, see `bearers::TTL`.
pub const ACCESS_TOKEN_LASTS: Duration = Duration::minutes(10);
/// How long a code is good, once.
pub const CODE_LASTS: Duration = Duration::seconds(60);
/// How long a refresh token is good, once.
pub const REFRESH_TOKEN_LASTS: Duration = Duration::days(30);
/// After so long somebody is asked again, however often the program has come.
pub const GRANT_LASTS: Duration = Duration::days(180);
