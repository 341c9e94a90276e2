//! The snippets of `docs/wire-it-in.md`, run as they stand there.

#[path = "wire_it_in/answers.rs"]
mod answers;
#[path = "wire_it_in/failures.rs"]
mod failures;
#[path = "wire_it_in/nginx.rs"]
mod nginx;
#[path = "wire_it_in/page.rs"]
mod page;
#[path = "wire_it_in/snippet.rs"]
mod snippet;
#[path = "wire_it_in/stub.rs"]
mod stub;
mod support;

use seawall_testkit::{jpeg, picture};
use support::{Api, Installation, Server};

/// An installation whose bank [`BANK`] holds one picture, its server, and a token to scan with.
struct Scene {
    server: Server,
    api: Api,
    token: String,
    /// A copy of the listed picture, some bits away from it.
    listed: Vec<u8>,
    /// A picture that is not listed.
    clean: Vec<u8>,
    _installation: Installation,
}

impl Scene {
    fn new() -> Self {
        let installation = Installation::new();
        let server = installation.serve();
        let api = server.api(&installation.token(&["scan", "banks.write", "cases.read"]));
        api.bank(BANK);
        api.add_picture(BANK, &jpeg(&picture(320, 240, 51), 95));
        Self {
            token: installation.token(&["scan"]),
            server,
            api,
            listed: jpeg(&picture(320, 240, 51), 30),
            clean: jpeg(&picture(320, 240, 52), 90),
            _installation: installation,
        }
    }

    /// Where the snippets find Seawall.
    fn url(&self) -> &str {
        self.server.address("api")
    }

    /// The item ids of the cases.
    #[track_caller]
    fn cases(&self) -> Vec<String> {
        let cases = self.api.get("/api/v1/cases?state=all").expect(200).json();
        let items = cases["items"].as_array().expect("a list");
        let ids = items.iter().map(|case| case["item_id"].as_str());
        ids.map(|id| id.expect("an item id").to_owned()).collect()
    }
}

/// The name that no uploader may read.
const BANK: &str = "NAME_OF_A_BANK";

/// What every uploader is told.
const TOLD: &str = "Thank you. We have received your upload.";
