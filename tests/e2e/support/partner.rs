//! A stand-in for a partner with a list, in the test's own process: it can be filled, edited and
//! made to fail while servers read it.

use std::sync::Arc;

use seawall_core::Clock;
use seawall_sim::drill::{Drill, Partner as Who};
use seawall_workflow::SystemClock;

use super::Installation;

/// A running stand-in of StopNCII's shape.
pub(crate) struct Partner {
    /// The stand-in itself.
    pub(crate) drill: Drill,
    base: String,
    _runtime: tokio::runtime::Runtime,
}

impl Partner {
    /// Starts one on a free port, with so many entries.
    pub(crate) fn start(entries: u64) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let drill = Drill::new(Who::StopNcii, 5, clock);
        drill.add(entries);
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let base = drill.base(listener.local_addr().expect("bound"));
        let router = drill.router();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            drill,
            base,
            _runtime: runtime,
        }
    }

    /// Sets an exchange of this name up that reads it.
    pub(crate) fn is_read_by(&self, installation: &Installation, name: &str) {
        let credentials = Who::StopNcii.credentials();
        for key in ["subscription_key", "fetch_key"] {
            installation.write(&format!("keys/partner.{key}"), credentials[key]);
        }
        let base = &self.base;
        installation.configure(&format!(
            "[exchange.{name}]\nprotocol = \"stop_ncii\"\nbank = \"PARTNERS\"\n\
             url = \"{base}\"\nnetwork = \"loopback\"\n\
             secrets = {{ subscription_key = \"file:keys/partner.subscription_key\", \
             fetch_key = \"file:keys/partner.fetch_key\" }}\n"
        ));
    }
}
