//! Who is asking and what they may do: principals, permissions, roles and API keys, and the record of administrative
//! acts. Sessions, OAuth and second factors will live beside them.

pub mod acts;
pub mod key_cache;
pub mod keys;
pub mod new_keys;
pub mod permissions;
pub mod plain_keys;
pub mod principals;
pub mod roles;
