//! What an admin does with an exchange. Each act is an event, and each goes back to the page
//! that offered it.

use axum::extract::{Path, State};
use axum::response::Redirect;
use seawall_core::{Actor, ContentId};
use seawall_store::ListName;
use seawall_workflow::Workflow;

use super::block;
use super::body::{Fields, Posted};
use super::exchange_view::is_resting;
use super::exchanges::{named, status};
use super::fault::Fault;
use super::session::Admin;
use crate::{App, Face};

/// `POST /exchanges/{exchange}/run`
pub(super) async fn run(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    act(app, &name, posted, |act| act.hasten(false)).await
}

/// `POST /exchanges/{exchange}/reconcile`
pub(super) async fn reconcile(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    act(app, &name, posted, |act| act.hasten(true)).await
}

/// `POST /exchanges/{exchange}/pause`
pub(super) async fn pause(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    act(app, &name, posted, |act| act.pause(true)).await
}

/// `POST /exchanges/{exchange}/resume`
pub(super) async fn resume(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    act(app, &name, posted, |act| act.pause(false)).await
}

/// `POST /exchanges/{exchange}/allow-missing`
pub(super) async fn allow_missing(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    act(app, &name, posted, |act| act.allow_missing()).await
}

/// `POST /exchanges/{exchange}/remove`
pub(super) async fn remove(
    State(app): State<App>,
    Path(name): Path<String>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    act(app, &name, posted, |act| act.remove()).await
}

/// `POST /exchanges/{exchange}/held/{content}/release`
pub(super) async fn release(
    State(app): State<App>,
    Path((name, content)): Path<(String, String)>,
    posted: Posted<Admin>,
) -> Result<Redirect, Fault> {
    let content = content.parse().map_err(|_| Fault::NotFound)?;
    act(app, &name, posted, move |act| {
        act.release(ContentId(content))
    })
    .await
}

/// An act on its way: of whom, on which exchange, with which form.
struct Act<'a> {
    workflow: &'a Workflow,
    face: &'a Face,
    name: ListName,
    actor: Actor,
    fields: Fields,
}

/// Does it, and goes to the address that it gives.
async fn act(
    app: App,
    name: &str,
    posted: Posted<Admin>,
    work: impl FnOnce(Act<'_>) -> Result<String, Fault> + Send + 'static,
) -> Result<Redirect, Fault> {
    let name = named(name)?;
    let Posted { by, fields } = posted;
    let actor = Actor::User(by.0.user.id);
    let address = block(move || {
        work(Act {
            workflow: &app.workflow,
            face: &app.face,
            name,
            actor,
            fields,
        })
    });
    Ok(Redirect::to(&address.await?))
}

impl Act<'_> {
    fn own_page(&self) -> String {
        format!("/exchanges/{}", self.name)
    }

    fn hasten(self, reconcile: bool) -> Result<String, Fault> {
        let status = status(self.workflow, &self.name)?;
        if !status.configured || status.exchange.paused {
            return Err(Fault::Changed);
        }
        let workflow = self.workflow;
        workflow.hasten_exchange(&self.name, reconcile, self.actor)?;
        Ok(self.own_page())
    }

    fn pause(self, paused: bool) -> Result<String, Fault> {
        self.workflow
            .pause_exchange(&self.name, paused, self.actor)?;
        Ok(self.own_page())
    }

    fn allow_missing(self) -> Result<String, Fault> {
        let missing = status(self.workflow, &self.name)?.exchange.missing;
        self.was_shown("missing", missing.ok_or(Fault::Changed)?)?;
        self.workflow.allow_missing(&self.name, self.actor)?;
        Ok(self.own_page())
    }

    fn release(self, content: ContentId) -> Result<String, Fault> {
        let workflow = self.workflow;
        workflow.release_entry(&self.name, content, self.actor)?;
        Ok(format!("{}/held", self.own_page()))
    }

    fn remove(self) -> Result<String, Fault> {
        let status = status(self.workflow, &self.name)?;
        if status.configured || is_resting(self.face, &status) {
            return Err(Fault::StillConfigured);
        }
        self.was_shown("contents", status.contents)?;
        self.workflow.remove_exchange(&self.name, self.actor)?;
        Ok("/exchanges".to_owned())
    }

    /// What is done is what the page said would be done, and the box was ticked that says so.
    fn was_shown(&self, name: &str, number: u64) -> Result<(), Fault> {
        if self.fields.one("sure") != "yes" {
            return Err(Fault::Form);
        }
        if self.fields.one(name) == number.to_string() {
            Ok(())
        } else {
            Err(Fault::Changed)
        }
    }
}
