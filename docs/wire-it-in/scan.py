"""python3 scan.py ITEM_ID FILE: asks Seawall about an upload before anybody sees it."""
import http.client, json, os, sys, time, urllib.parse

SEAWALL = urllib.parse.urlsplit(os.environ["SEAWALL_URL"])  # such as http://127.0.0.1:8481
TOKEN = os.environ["SEAWALL_TOKEN"]  # with the scope scan
ON_FAILURE = os.environ.get("ON_FAILURE", "closed")
# "open": publish and check later; "closed": hold and check later
TIMEOUT_SECONDS = 10
if ON_FAILURE not in ("open", "closed"):
    sys.exit("ON_FAILURE is open or closed")


def ask(item_id, upload, tries=3):
    """Seawall's recommendation; "no answer"; or "not taken", which no waiting mends."""
    https = SEAWALL.scheme == "https"
    kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
    connection = kind(SEAWALL.netloc, timeout=TIMEOUT_SECONDS)
    path = "/api/v1/scans?" + urllib.parse.urlencode({"item_id": item_id})
    try:
        connection.request("POST", path, upload, {"Authorization": "Bearer " + TOKEN})
        answer = connection.getresponse()
        if answer.status == 200:
            return json.load(answer)["recommendation"]
        if answer.status < 500 and answer.status not in (408, 429):
            return "not taken"
        wait = answer.headers.get("Retry-After")
    except Exception:  # whatever it was, Seawall did not answer
        return "no answer"
    finally:
        connection.close()
    if answer.status == 503 and tries > 1 and wait in ("0", "1", "2"):
        time.sleep(int(wait))
        return ask(item_id, upload, tries - 1)
    return "no answer"


def receive(item_id, upload):
    """Decides, and gives what the uploader is told: the same status and words, whatever happened."""
    advice = ask(item_id, upload)
    passes = advice == "allow" or (advice == "no answer" and ON_FAILURE == "open")
    decide("publish" if passes else "hold", item_id, advice)  # "ask" too: unread is not clean
    if advice == "no answer":
        decide("check later", item_id, advice)
    return 202, "Thank you. We have received your upload."


def decide(action, item_id, advice):
    """Yours: publish it, hold it for your reviewers, or keep it for a later check."""
    print(f"{action} {item_id} ({advice})", file=sys.stderr)


if __name__ == "__main__":
    with open(sys.argv[2], "rb") as file:
        print(*receive(sys.argv[1], file.read()))
