//! A server's name, proved.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

/// A name with a certificate that it issued itself.
pub(crate) struct Identity {
    pub(crate) certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Identity {
    pub(crate) fn of(name: &str) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut wanted = rcgen::CertificateParams::new([name.to_owned()]).expect("a name");
        wanted
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let certificate = wanted.self_signed(&key).expect("a certificate");
        Self {
            certificate: certificate.der().to_vec(),
            key: key.serialize_der(),
        }
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.key.clone()).expect("a key");
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("the settings hold")
                .with_no_client_auth()
                .with_single_cert(vec![self.certificate.clone().into()], key)
                .expect("the key fits");
        TlsAcceptor::from(Arc::new(config))
    }
}
