"""The published threatexchange package against stand-ins; says what it found as JSON.

Usage: client.py <what> <settings as JSON>
"""

import json
import sys
from types import SimpleNamespace

import requests
from threatexchange.exchanges.clients.fb_threatexchange.api import ThreatExchangeAPI
from threatexchange.exchanges.clients.ncmec import hash_api as ncmec
from threatexchange.exchanges.clients.stopncii import api as stopncii
from threatexchange.exchanges.collab_config import CollaborationConfigBase
from threatexchange.exchanges.impl.fb_threatexchange_api import (
    FBThreatExchangeCollabConfig,
    FBThreatExchangeSignalExchangeAPI,
)
from threatexchange.exchanges.impl.ncmec_api import (
    NCMECCollabConfig,
    NCMECSignalExchangeAPI,
)
from threatexchange.exchanges.impl.stop_ncii_api import StopNCIISignalExchangeAPI
from threatexchange.signal_type.md5 import VideoMD5Signal
from threatexchange.signal_type.pdq.signal import PdqSignal


def status_of(call):
    """The status of the answer to one call."""
    try:
        call()
        return 200
    except requests.HTTPError as error:
        return error.response.status_code


def fetched(exchange, collab):
    """Everything that a full fetch holds in the end, by signal type."""
    held = {}
    for delta in exchange.fetch_iter([PdqSignal, VideoMD5Signal], None):
        for key, value in delta.updates.items():
            merged = exchange.fetch_value_merge(held.get(key), value)
            held.pop(key, None)
            if merged is not None:
                held[key] = merged
    kinds = exchange.naive_convert_to_signal_type(
        [PdqSignal, VideoMD5Signal], collab, held
    )
    return {
        kind.get_name(): {
            value: sorted(tag for o in record.get_as_opinions() for tag in o.tags)
            for value, record in records.items()
        }
        for kind, records in kinds.items()
    }


def ncmec_client(s):
    environment = SimpleNamespace(value=s["base"])
    return ncmec.NCMECHashAPI(s["username"], s["password"], environment)


def ncmec_fetch(s):
    collab = NCMECCollabConfig(name="c", environment=SimpleNamespace(value=s["base"]))
    return fetched(NCMECSignalExchangeAPI(collab, s["username"], s["password"]), collab)


def ncmec_calls(s):
    client = ncmec_client(s)
    image, md5 = (42, "image0"), ncmec.FingerprintType.md5
    down = ncmec.FeedbackType.downvote
    return {
        "status": client.status().esp_name,
        "members": [member.esp_id for member in client.members()],
        "upvote": status_of(lambda: client.submit_upvote(*image, md5)),
        "downvote": status_of(
            lambda: client.submit_feedback(*image, md5, down, s["reason"])
        ),
        "unknown reason": status_of(
            lambda: client.submit_feedback(*image, md5, down, "none")
        ),
    }


def ncmec_window(s):
    """One window; its times are written in this process's zone, the client's known fault."""
    client = ncmec_client(s)
    found = []

    def fetch():
        pages = client.get_entries_iter(start_timestamp=s["from"], end_timestamp=s["to"])
        for page in pages:
            found.extend([entry.id, entry.deleted] for entry in page.updates)

    return {"status": status_of(fetch), "entries": sorted(found)}


def threat_exchange(s):
    client = ThreatExchangeAPI(s["token"], endpoint_override=s["base"])
    collab = FBThreatExchangeCollabConfig(name="c", privacy_group=s["group"])
    return fetched(FBThreatExchangeSignalExchangeAPI(client, collab), collab)


def threat_exchange_calls(s):
    client = ThreatExchangeAPI(s["token"], endpoint_override=s["base"])
    descriptor = {
        "indicator": s["value"],
        "type": "HASH_PDQ",
        "description": "said by a test & more",
        "share_level": "RED",
        "status": "NON_MALICIOUS",
        "privacy_type": "HAS_PRIVACY_GROUP",
        "privacy_members": s["group"],
    }
    return {
        "uploaded": client.upload_threat_descriptor(descriptor, False, False)[2],
        "reacted": client.react_upvote_threat_descriptor(s["descriptor"])[2],
    }


def stop_ncii_client(s):
    keys = {
        stopncii.StopNCIIEndpoint.SubmitFeedback: "feedback",
        stopncii.StopNCIIEndpoint.SubmitHashes: "submit",
    }
    return stopncii.StopNCIIAPI("sub", "fetch", keys, s["base"])


def stop_ncii(s):
    collab = CollaborationConfigBase("c", api="stop_ncii", enabled=True)
    return fetched(StopNCIISignalExchangeAPI(collab, stop_ncii_client(s)), collab)


def stop_ncii_records(s):
    pages = stop_ncii_client(s).fetch_hashes_iter()
    records = [record for page in pages for record in page.hashRecords]
    return [[record.hashValue, record.hashStatus.value] for record in records]


def stop_ncii_calls(s):
    client = stop_ncii_client(s)
    kind = stopncii.StopNCIISignalType.ImagePDQ
    blocked = stopncii.StopNCIICSPFeedbackValue.Blocked
    return {
        "feedback": status_of(
            lambda: client.submit_feedback(kind, s["value"], blocked, {"t"})
        ),
        # It writes the type as Python shows it, which the interface does not know.
        "submit": status_of(lambda: client.submit_hash(kind, s["value"])),
    }


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](json.loads(sys.argv[2]))))
