// node scan.mjs ITEM_ID FILE: asks Seawall about an upload before anybody sees it.
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const { SEAWALL_URL, SEAWALL_TOKEN } = process.env; // http://127.0.0.1:8481; with the scope scan
const ON_FAILURE = process.env.ON_FAILURE ?? "closed";
// "open": publish and check later; "closed": hold and check later
const TIMEOUT_SECONDS = 10;
if (!["open", "closed"].includes(ON_FAILURE)) throw new Error("ON_FAILURE is open or closed");

/** Seawall's recommendation; "no answer"; or "not taken", which no waiting mends. */
async function ask(itemId, upload, tries = 3) {
  try {
    const answer = await fetch(`${SEAWALL_URL}/api/v1/scans?item_id=${encodeURIComponent(itemId)}`, {
      method: "POST",
      headers: { authorization: `Bearer ${SEAWALL_TOKEN}` },
      body: upload,
      redirect: "manual",
      signal: AbortSignal.timeout(1000 * TIMEOUT_SECONDS),
    });
    if (answer.status === 200) return (await answer.json()).recommendation ?? "no answer";
    if (answer.status < 500 && ![408, 429].includes(answer.status)) return "not taken";
    const wait = answer.headers.get("retry-after");
    if (answer.status !== 503 || tries <= 1 || !["0", "1", "2"].includes(wait)) return "no answer";
    await sleep(1000 * wait);
  } catch {
    return "no answer"; // whatever it was, Seawall did not answer
  }
  return ask(itemId, upload, tries - 1);
}

/** Decides, and gives what the uploader is told: the same status and words, whatever happened. */
async function receive(itemId, upload) {
  const advice = await ask(itemId, upload);
  const passes = advice === "allow" || (advice === "no answer" && ON_FAILURE === "open");
  decide(passes ? "publish" : "hold", itemId, advice); // "ask" too: unread is not clean
  if (advice === "no answer") decide("check later", itemId, advice);
  return [202, "Thank you. We have received your upload."];
}

/** Yours: publish it, hold it for your reviewers, or keep it for a later check. */
function decide(action, itemId, advice) {
  console.error(`${action} ${itemId} (${advice})`);
}

const [itemId, file] = process.argv.slice(2);
console.log(...(await receive(itemId, await readFile(file))));
