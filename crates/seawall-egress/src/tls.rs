//! Encrypted connections.

use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{EgressError, TlsFault};

/// The trusted roots and the protocol settings.
#[derive(Clone)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    has_roots: bool,
}

impl Tls {
    /// Trusts `roots`; those that cannot be read are left out, as every TLS client does.
    pub(crate) fn new(
        roots: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self, EgressError> {
        let mut store = RootCertStore::empty();
        let (added, _) = store.add_parsable_certificates(roots);
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| EgressError::Setup)?
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            has_roots: added > 0,
        })
    }

    /// Shakes hands over an open connection; the other side has to prove `name`.
    pub(crate) async fn open(
        &self,
        stream: TcpStream,
        name: ServerName<'static>,
    ) -> Result<TlsStream<TcpStream>, TlsFault> {
        if !self.has_roots {
            return Err(TlsFault::NoRoots);
        }
        TlsConnector::from(Arc::clone(&self.config))
            .connect(name, stream)
            .await
            .map_err(|error| fault(&error))
    }
}

fn fault(error: &io::Error) -> TlsFault {
    let cause = error
        .get_ref()
        .and_then(|cause| cause.downcast_ref::<rustls::Error>());
    match cause {
        None => TlsFault::Broken,
        Some(rustls::Error::InvalidCertificate(error)) => certificate_fault(error),
        Some(rustls::Error::NoCertificatesPresented) => TlsFault::Certificate,
        Some(_) => TlsFault::Handshake,
    }
}

fn certificate_fault(error: &CertificateError) -> TlsFault {
    match error {
        CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFault::WrongName
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFault::OutOfDate,
        _ => TlsFault::Certificate,
    }
}
