//! Where a store under test lives: a database of the run's shared server, or a server of its own that may be killed.

use std::path::PathBuf;

use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config};

use crate::cluster;
use crate::conformance::faults::BYSTANDER;

/// One database and how to get into it.
#[derive(Clone, Debug)]
pub struct Place {
    pub database: String,
    /// As the program logs in.
    pub url: String,
    /// As the superuser.
    pub admin_url: String,
}

impl Place {
    /// A database of its own on the run's server.
    pub async fn shared() -> Self {
        let cluster = cluster::shared().await;
        let database = cluster.clone_template().await;
        let superuser = cluster.admin_config(&database.name);
        Self {
            admin_url: cluster.url_of(superuser.get_user().unwrap_or_default(), &database.name),
            database: database.name,
            url: database.url,
        }
    }

    /// Throws the database away.
    pub async fn leave(self) {
        cluster::shared().await.drop_database(&self.database).await;
    }

    /// The same database by way of a local port.
    pub fn through(&self, port: u16) -> Self {
        let by = |url: &str| {
            let user = url.split(['/', '@']).nth(2).unwrap_or_default();
            format!("postgresql://{user}@127.0.0.1:{port}/{}", self.database)
        };
        Self {
            database: self.database.clone(),
            url: by(&self.url),
            admin_url: by(&self.admin_url),
        }
    }

    pub fn admin_config(&self) -> Config {
        let mut config: Config = self.admin_url.parse().expect("a URL of our own making");
        config.application_name(BYSTANDER);
        config
    }

    /// A connection that sees everything and is spared by the faults.
    pub async fn admin(&self) -> Client {
        cluster::connect(&self.admin_config()).await
    }

    /// Where the server listens.
    pub fn socket(&self) -> PathBuf {
        let config = self.admin_config();
        let port = config.get_ports().first().copied().unwrap_or(5432);
        match config.get_hosts().first() {
            Some(Host::Unix(path)) => path.join(format!(".s.PGSQL.{port}")),
            other => panic!("this chapter needs a server of the run's own, not one at {other:?}"),
        }
    }
}
