//! Who is asking and what they may do: principals, permissions, roles, API keys, people with their sessions and second
//! factors, what they let programs do for them, and the record of administrative acts.

pub mod accounts;
pub mod acts;
pub mod colleagues;
pub mod factors;
mod installation_keys;
pub mod key_cache;
pub mod keys;
pub mod letters;
pub mod links;
pub mod new_keys;
pub mod oauth;
pub mod openid;
pub mod passwords;
pub mod people;
pub mod permission_sets;
pub mod permissions;
pub mod plain_keys;
pub mod principals;
pub mod rates;
pub mod roles;
pub mod second_factors;
pub mod session_cache;
pub mod sessions;
mod stored_factors;
pub mod tokens;
