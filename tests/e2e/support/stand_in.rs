//! A stand-in for the receiver of reports that runs in the test's own process: it outlives
//! every server, as the real one would, and its book can be read.

use std::sync::Arc;

use seawall_core::Clock;
use seawall_sim::cybertipline::{BASE_PATH, CyberTipline, Options, ReportRecord, ReportState};
use seawall_workflow::SystemClock;

use super::Installation;

/// A running stand-in.
pub(crate) struct StandIn {
    /// The stand-in itself.
    pub(crate) cybertipline: Arc<CyberTipline>,
    base: String,
    _runtime: tokio::runtime::Runtime,
}

impl StandIn {
    /// Starts one on a free port.
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let options = Options {
            username: "user".into(),
            password: "word".into(),
            journal: None,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let cybertipline = CyberTipline::open(options, clock).expect("a stand-in");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a port");
        let address = listener.local_addr().expect("bound");
        let router = cybertipline.router();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            cybertipline,
            base: format!("http://{address}{BASE_PATH}/"),
            _runtime: runtime,
        }
    }

    /// Makes an installation send its reports here.
    pub(crate) fn receives_reports_of(&self, installation: &Installation) {
        installation.write("keys/report.password", "word");
        let text = std::fs::read_to_string(installation.config()).expect("readable");
        let report = format!(
            "[report]\nreceiver = \"stand-in\"\nstand_in_url = \"{}\"\n\
             username = \"user\"\npassword_file = \"keys/report.password\"\n",
            self.base
        );
        let text = text
            .replace("contact_first_name = \"\"", "contact_first_name = \"Alex\"")
            .replace("contact_last_name = \"\"", "contact_last_name = \"Doe\"")
            .replace(
                "contact_email = \"\"",
                "contact_email = \"safety@example.org\"",
            )
            .replace("[report]\n", &report);
        std::fs::write(installation.config(), text).expect("written");
    }

    /// The reports that were filed.
    pub(crate) fn finished(&self) -> Vec<ReportRecord> {
        let mut reports = self.cybertipline.reports();
        reports.retain(|report| report.state == ReportState::Finished);
        reports
    }
}
