// The console without this script does everything it does with it, except: hiding a picture
// with one key, keys in general, and reloading while a report is on its way.

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

// --- The picture: hidden by Esc, and whenever the page is left or covered. ---

function hidePicture(note) {
  const shown = one("[data-shown]");
  if (!shown) return false;
  one("img", shown)?.removeAttribute("src");
  shown.remove();
  const told = one(note);
  if (told) told.hidden = false;
  history.replaceState(null, "", location.pathname);
  return true;
}

function watchPicture() {
  const image = one("[data-shown] img");
  if (!image) return;
  image.addEventListener("error", () => hidePicture("[data-not-drawn]"));
  if (image.complete && image.naturalWidth === 0) hidePicture("[data-not-drawn]");
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hidePicture("[data-hidden]");
  });
  addEventListener("pagehide", () => hidePicture("[data-hidden]"));
  addEventListener("beforeprint", () => hidePicture("[data-hidden]"));
  image.addEventListener("contextmenu", (event) => event.preventDefault());
  one("[data-shown] a")?.addEventListener("click", (event) => {
    event.preventDefault();
    hidePicture("[data-hidden]");
  });
}

// --- Looking in full asks once more. ---

function watchFull() {
  const dialog = one("#confirm-full");
  const form = one('[data-reveal="full"]');
  if (!dialog?.showModal || !form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    dialog.returnValue = "";
    dialog.showModal();
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes") form.submit();
  });
}

// --- The decision: the button says in words what will happen. ---

function watchDecision() {
  const form = one("[data-decision]");
  if (!form) return;
  const details = one("[data-if-confirmed]", form);
  const button = one("button[type=submit]", form);
  const manifestation = one("[name=manifestation]", form);
  const update = () => {
    const verdict = form.elements.verdict.value;
    const report = one("[name=report]", form)?.checked;
    details.disabled = verdict === "not_confirmed";
    manifestation.required = verdict === "confirmed";
    const { open, confirm, confirmReport, notConfirm } = button.dataset;
    const told = { confirmed: report ? confirmReport : confirm, not_confirmed: notConfirm };
    one("[data-label]", button).textContent = told[verdict] ?? open;
  };
  form.addEventListener("change", update);
  form.addEventListener("submit", (event) => {
    if (button.disabled) event.preventDefault();
    button.disabled = true;
  });
  addEventListener("pageshow", () => {
    button.disabled = false;
    update();
  });
  update();
}

// --- Keys. They can be switched off, and never act while somebody types. ---

const KEYS_OFF = "seawall-keys-off";

function keysAreOff() {
  try {
    return localStorage.getItem(KEYS_OFF) === "1";
  } catch {
    return false;
  }
}

function watchKeysSwitch() {
  const box = one("[data-keys-switch]");
  if (!box) return;
  box.checked = !keysAreOff();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(KEYS_OFF, box.checked ? "0" : "1");
    } catch {
      box.checked = true;
    }
  });
}

function isTyping(target) {
  return target.closest?.('input:not([type="radio"]):not([type="checkbox"]), textarea, select') !== null;
}

function choose(verdict) {
  const radio = one(`[name=verdict][value=${verdict}]`);
  radio?.click();
  radio?.focus();
}

function moveInQueue(step) {
  const links = all("[data-rows] .case-link");
  const place = links.indexOf(document.activeElement);
  links[Math.min(Math.max(place + step, 0), links.length - 1)]?.focus();
}

function reveal(mode) {
  one(`[data-reveal="${mode}"]`)?.requestSubmit();
}

const ACTS = {
  c: () => choose("confirmed"),
  n: () => choose("not_confirmed"),
  b: () => reveal("blurred"),
  g: () => reveal("grey"),
  f: () => reveal("full"),
  j: () => moveInQueue(1),
  k: () => moveInQueue(-1),
  q: () => location.assign("/queue"),
  "?": () => one("#keys")?.showModal?.(),
};

function onKey(event) {
  if (event.key === "Escape" && hidePicture("[data-hidden]")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = one("[data-decision]");
    if (!form) return;
    // Where the focus moves to a field that is missing, the key must not open its list too.
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (isTyping(event.target) || one("dialog[open]") || !one("#keys")) return;
  if (event.key !== "?" && keysAreOff()) return;
  const act = Object.hasOwn(ACTS, event.key) ? ACTS[event.key] : null;
  if (!act) return;
  event.preventDefault();
  act();
}

// --- A report on its way, a list that is read: the page reloads until that is over, while
// somebody watches, and not under a hand that has just ticked a box. ---

function watchReport() {
  const ms = Number(document.body.dataset.reloadMs);
  if (!ms) return;
  setInterval(() => {
    const isInUse = one("[data-shown]") || one("dialog[open]") || one("[name=sure]:checked");
    if (!document.hidden && !isInUse) location.reload();
  }, ms);
}

document.addEventListener("keydown", onKey);
for (const button of all("[data-opens]")) {
  button.addEventListener("click", () => one(`#${button.dataset.opens}`)?.showModal?.());
}
watchPicture();
watchFull();
watchDecision();
watchKeysSwitch();
watchReport();
