//! A mail server behind TLS: in front of the sandbox's, with a certificate of its own, by TLS from the first byte or by
//! STARTTLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What the front does before it lets mails through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    Tls,
    StartTls,
    /// It does not offer STARTTLS.
    Plain,
}

/// One front, for as long as this lives.
pub struct MailServer {
    pub port: u16,
    /// PEM of whoever signed its certificate.
    pub ca: String,
    secured: Arc<AtomicUsize>,
    plain_letters: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl MailServer {
    /// In front of the mail server on this port, with a certificate for this name.
    pub async fn start(front: Front, behind: u16, name: &str) -> Self {
        let (ca, config) = certified(name);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (secured, plain_letters) = (Arc::<AtomicUsize>::default(), Arc::default());
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let counters = (secured.clone(), Arc::clone(&plain_letters));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, counters) = (acceptor.clone(), counters.clone());
                // Whatever goes wrong here ends the connection, which is what a client sees of it.
                tokio::spawn(async move {
                    let _ = serve(client, front, behind, acceptor, counters).await;
                });
            }
        });
        Self {
            port,
            ca,
            secured,
            plain_letters,
            task,
        }
    }

    /// Connections that were made secret.
    pub fn secured(&self) -> usize {
        self.secured.load(Ordering::Relaxed)
    }

    /// Senders that were named in plain text.
    pub fn plain_letters(&self) -> usize {
        self.plain_letters.load(Ordering::Relaxed)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn certified(name: &str) -> (String, ServerConfig) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let leaf = leaf.signed_by(&key, &issuer).expect("a certificate");
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a private key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], private)
        .expect("the certificate fits its key");
    (issuer.pem(), config)
}

async fn serve(
    client: TcpStream,
    front: Front,
    behind: u16,
    acceptor: TlsAcceptor,
    (secured, plain_letters): (Arc<AtomicUsize>, Arc<AtomicUsize>),
) -> io::Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], behind));
    let mut server = TcpStream::connect(address).await?;
    let client = match front {
        Front::Tls => client,
        Front::StartTls | Front::Plain => {
            let offers = front == Front::StartTls;
            match ask_for_tls(client, &mut server, offers, &plain_letters).await? {
                Some(client) => client,
                None => return Ok(()),
            }
        }
    };
    let mut client = acceptor.accept(client).await?;
    secured.fetch_add(1, Ordering::Relaxed);
    io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// The plain part of a dialogue, up to STARTTLS; `None` when the client leaves before that.
async fn ask_for_tls(
    client: TcpStream,
    server: &mut TcpStream,
    offers: bool,
    plain_letters: &AtomicUsize,
) -> io::Result<Option<TcpStream>> {
    let mut greeting = vec![0; 512];
    let length = server.read(&mut greeting).await?;
    let mut client = BufReader::new(client);
    client.write_all(&greeting[..length]).await?;
    let mut line = String::new();
    loop {
        line.clear();
        if client.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" if offers => "250-front\r\n250 STARTTLS\r\n",
            "EHLO" => "250-front\r\n250 8BITMIME\r\n",
            "STAR" if offers => {
                client.write_all(b"220 go ahead\r\n").await?;
                return Ok(Some(client.into_inner()));
            }
            "QUIT" => "221 bye\r\n",
            "MAIL" => {
                plain_letters.fetch_add(1, Ordering::Relaxed);
                "530 5.7.0 STARTTLS first\r\n"
            }
            _ => "502 5.5.1 not here\r\n",
        };
        client.write_all(answer.as_bytes()).await?;
    }
}
