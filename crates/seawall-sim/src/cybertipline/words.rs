//! The interface's schema as data: every element, in its order, with its limits.
//!
//! Written by hand from the facts about the schema, not from the schema file, which each
//! operator fetches from the receiver.

use super::schema::{Attribute, Content, Item, Kind, Text};

/// `report`: the body of a submit.
pub(super) static REPORT: Kind = sequence(&[
    optional("batchedReport", &BATCHED_REPORT),
    one("incidentSummary", &INCIDENT_SUMMARY),
    many("internetDetails", &INTERNET_DETAILS),
    optional("lawEnforcement", &LAW_ENFORCEMENT),
    one("reporter", &REPORTER),
    many("personOrUserReported", &REPORTED_PERSON),
    many("intendedRecipient", &INTENDED_RECIPIENT),
    many("victim", &VICTIM),
    optional("additionalInfo", &TEXT),
]);

/// `fileDetails`: the body of a file description. That `potentialMeme` and
/// `fileAnnotations` exclude each other is checked beside it.
pub(super) static FILE_DETAILS: Kind = sequence(&[
    one("reportId", &ID),
    one("fileId", &TEXT),
    optional("fileName", &TEXT),
    optional("originalFileName", &TEXT_2056),
    optional("uploadedToEspTimestamp", &DATE_TIME),
    optional("locationOfFile", &TEXT_2083),
    optional("fileViewedByEsp", &BOOLEAN),
    optional("exifViewedByEsp", &BOOLEAN),
    optional("publiclyAvailable", &BOOLEAN),
    optional("fileRelevance", &FILE_RELEVANCE),
    optional("potentialMeme", &TRUE),
    optional("fileAnnotations", &FILE_ANNOTATIONS),
    optional("industryClassification", &CLASSIFICATION),
    many("originalFileHash", &FILE_HASH),
    optional("ipCaptureEvent", &IP_CAPTURE_EVENT),
    many("deviceId", &DEVICE_ID),
    many("details", &DETAILS),
    many("additionalInfo", &TEXT),
]);

static BATCHED_REPORT: Kind = Kind {
    content: Content::Empty,
    attributes: &[required("reason", Text::OneOf(&["VIRAL_POTENTIAL_MEME"]))],
};

static INCIDENT_SUMMARY: Kind = sequence(&[
    one("incidentType", &INCIDENT_TYPE),
    optional("platform", &TEXT_256),
    optional("escalateToHighPriority", &TEXT_3000),
    optional("reportAnnotations", &REPORT_ANNOTATIONS),
    one("incidentDateTime", &PAST_DATE_TIME),
    optional("incidentDateTimeDescription", &TEXT_3000),
]);

static INCIDENT_TYPE: Kind = text(Text::OneOf(&[
    "Child Pornography (possession, manufacture, and distribution)",
    "Child Sex Trafficking",
    "Child Sex Tourism",
    "Child Sexual Molestation",
    "Misleading Domain Name",
    "Misleading Words or Digital Images on the Internet",
    "Online Enticement of Children for Sexual Acts",
    "Unsolicited Obscene Material Sent to a Child",
]));

static REPORT_ANNOTATIONS: Kind = any_order(&[
    optional("sextortion", &TRUE),
    optional("csamSolicitation", &TRUE),
    optional("minorToMinorInteraction", &TRUE),
    optional("spam", &TRUE),
    optional("sadisticOnlineExploitation", &TRUE),
    optional("informational", &TRUE),
]);

static INTERNET_DETAILS: Kind = choice(&[
    one("webPageIncident", &WEB_PAGE),
    one("emailIncident", &EMAIL_INCIDENT),
    one("newsgroupIncident", &NEWSGROUP),
    one("chatImIncident", &CHAT),
    one("onlineGamingIncident", &GAMING),
    one("cellPhoneIncident", &CELL_PHONE),
    one("nonInternetIncident", &NON_INTERNET),
    one("peer2peerIncident", &PEER_TO_PEER),
]);

static WEB_PAGE: Kind = Kind {
    content: Content::Sequence(&[many("url", &TEXT), optional("additionalInfo", &TEXT)]),
    attributes: &[allowed("thirdPartyHostedContent", Text::Boolean)],
};

static EMAIL_INCIDENT: Kind = sequence(&[
    many("emailAddress", &EMAIL),
    optional("content", &TEXT),
    optional("additionalInfo", &TEXT),
]);

static NEWSGROUP: Kind = sequence(&[
    optional("name", &TEXT),
    many("emailAddress", &EMAIL),
    optional("content", &TEXT),
    optional("additionalInfo", &TEXT),
]);

static CHAT: Kind = sequence(&[
    optional("chatClient", &TEXT),
    optional("chatRoomName", &TEXT),
    optional("content", &TEXT),
    optional("additionalInfo", &TEXT),
]);

static GAMING: Kind = sequence(&[
    optional("gameName", &TEXT),
    optional("console", &TEXT),
    optional("content", &TEXT),
    optional("additionalInfo", &TEXT),
]);

static CELL_PHONE: Kind = sequence(&[
    optional("phoneNumber", &PHONE),
    optional("latitude", &DECIMAL),
    optional("longitude", &DECIMAL),
    optional("additionalInfo", &TEXT),
]);

static NON_INTERNET: Kind = sequence(&[
    optional("locationName", &TEXT),
    many("incidentAddress", &ADDRESS),
    optional("additionalInfo", &TEXT),
]);

static PEER_TO_PEER: Kind = sequence(&[
    optional("client", &TEXT),
    many("ipCaptureEvent", &IP_CAPTURE_EVENT),
    optional("fileNames", &TEXT),
    optional("additionalInfo", &TEXT),
]);

static LAW_ENFORCEMENT: Kind = sequence(&[
    one("agencyName", &TEXT_255),
    optional("caseNumber", &TEXT_100),
    optional("officerContact", &CONTACT_PERSON),
    optional("reportedToLe", &BOOLEAN),
    optional("servedLegalProcessDomestic", &BOOLEAN),
    optional("servedLegalProcessInternational", &SERVED_INTERNATIONAL),
]);

static SERVED_INTERNATIONAL: Kind = Kind {
    content: Content::Text(Text::Boolean),
    attributes: &[allowed("fleaCountry", Text::TwoLetters)],
};

static REPORTER: Kind = sequence(&[
    one("reportingPerson", &PERSON),
    optional("contactPerson", &CONTACT_PERSON),
    optional("companyTemplate", &TEXT),
    optional("termsOfService", &TEXT),
    optional("legalURL", &TEXT_2083),
]);

static REPORTED_PERSON: Kind = sequence(&[
    optional("personOrUserReportedPerson", &PERSON),
    optional("vehicleDescription", &TEXT_300),
    optional("espIdentifier", &TEXT_255),
    optional("espService", &TEXT_100),
    optional("compromisedAccount", &BOOLEAN),
    optional("screenName", &TEXT_256),
    many("displayName", &TEXT),
    many("profileUrl", &TEXT),
    optional("profileBio", &TEXT),
    many("ipCaptureEvent", &IP_CAPTURE_EVENT),
    many("deviceId", &DEVICE_ID),
    optional("thirdPartyUserReported", &BOOLEAN),
    many("priorCTReports", &ID),
    optional("groupIdentifier", &TEXT_255),
    optional("accountTemporarilyDisabled", &TEMPORARILY_DISABLED),
    optional("accountPermanentlyDisabled", &PERMANENTLY_DISABLED),
    optional("estimatedLocation", &ESTIMATED_LOCATION),
    optional("allEmailsReported", &BOOLEAN),
    many("associatedAccount", &ASSOCIATED_ACCOUNT),
    optional("additionalInfo", &TEXT),
]);

static INTENDED_RECIPIENT: Kind = sequence(&[
    optional("intendedRecipientPerson", &PERSON),
    optional("espIdentifier", &TEXT_255),
    optional("espService", &TEXT_100),
    optional("compromisedAccount", &BOOLEAN),
    optional("screenName", &TEXT_256),
    many("displayName", &TEXT),
    many("profileUrl", &TEXT),
    optional("profileBio", &TEXT),
    many("ipCaptureEvent", &IP_CAPTURE_EVENT),
    many("deviceId", &DEVICE_ID),
    many("priorCTReports", &ID),
    optional("groupIdentifier", &TEXT_255),
    optional("accountTemporarilyDisabled", &TEMPORARILY_DISABLED),
    optional("accountPermanentlyDisabled", &PERMANENTLY_DISABLED),
    optional("estimatedLocation", &ESTIMATED_LOCATION),
    optional("allEmailsReported", &BOOLEAN),
    many("additionalInfo", &TEXT),
]);

static VICTIM: Kind = sequence(&[
    one("victimPerson", &PERSON),
    optional("espIdentifier", &TEXT_255),
    optional("espService", &TEXT_100),
    optional("compromisedAccount", &BOOLEAN),
    optional("screenName", &TEXT_256),
    many("displayName", &TEXT),
    many("profileUrl", &TEXT),
    optional("profileBio", &TEXT),
    many("ipCaptureEvent", &IP_CAPTURE_EVENT),
    many("deviceId", &DEVICE_ID),
    optional("schoolName", &TEXT),
    many("priorCTReports", &ID),
    optional("accountTemporarilyDisabled", &TEMPORARILY_DISABLED),
    optional("accountPermanentlyDisabled", &PERMANENTLY_DISABLED),
    optional("estimatedLocation", &ESTIMATED_LOCATION),
    optional("allEmailsReported", &BOOLEAN),
    many("associatedAccount", &ASSOCIATED_ACCOUNT),
    optional("additionalInfo", &TEXT),
]);

static PERSON: Kind = sequence(&[
    optional("firstName", &TEXT),
    optional("lastName", &TEXT),
    many("phone", &PHONE),
    many("email", &EMAIL),
    many("address", &ADDRESS),
    optional("age", &AGE),
    optional("dateOfBirth", &DATE),
]);

static CONTACT_PERSON: Kind = sequence(&[
    optional("firstName", &TEXT),
    optional("lastName", &TEXT),
    many("phone", &PHONE),
    many("email", &EMAIL),
    many("address", &ADDRESS),
]);

static PHONE: Kind = Kind {
    content: Content::Text(Text::Chars(50)),
    attributes: &[
        allowed(
            "type",
            Text::OneOf(&[
                "Mobile", "Home", "Business", "Work", "Fax", "Internet", "Recovery",
            ]),
        ),
        allowed("verified", Text::Boolean),
        allowed("verificationDate", Text::DateTime),
        allowed("countryCallingCode", Text::CallingCode),
        allowed("extension", Text::Digits),
    ],
};

static EMAIL: Kind = Kind {
    content: Content::Text(Text::Chars(255)),
    attributes: &[
        allowed(
            "type",
            Text::OneOf(&["Home", "Work", "Business", "Recovery"]),
        ),
        allowed("verified", Text::Boolean),
        allowed("verificationDate", Text::DateTime),
    ],
};

static ADDRESS: Kind = Kind {
    content: Content::Sequence(&[
        optional("address", &TEXT),
        optional("city", &TEXT),
        optional("zipCode", &TEXT),
        optional("state", &TWO_LETTERS),
        optional("nonUsaState", &TEXT),
        optional("country", &TWO_LETTERS),
    ]),
    attributes: &[allowed(
        "type",
        Text::OneOf(&["Home", "Business", "Billing", "Shipping", "Technical"]),
    )],
};

static IP_CAPTURE_EVENT: Kind = sequence(&[
    one("ipAddress", &TEXT),
    optional("eventName", &EVENT_NAME),
    optional("dateTime", &DATE_TIME),
    optional("possibleProxy", &BOOLEAN),
    optional("port", &PORT),
]);

static DEVICE_ID: Kind = sequence(&[
    one("idType", &TEXT_255),
    one("idValue", &TEXT_2083),
    optional("eventName", &EVENT_NAME),
    optional("dateTime", &DATE_TIME),
]);

static EVENT_NAME: Kind = text(Text::OneOf(&[
    "Login",
    "Registration",
    "Purchase",
    "Upload",
    "Other",
    "Unknown",
]));

static TEMPORARILY_DISABLED: Kind = Kind {
    content: Content::Text(Text::Boolean),
    attributes: &[
        allowed("disabledDate", Text::DateTime),
        allowed("userNotified", Text::Boolean),
        allowed("userNotifiedDate", Text::DateTime),
        allowed("reenabledDate", Text::DateTime),
    ],
};

static PERMANENTLY_DISABLED: Kind = Kind {
    content: Content::Text(Text::Boolean),
    attributes: &[
        allowed("disabledDate", Text::DateTime),
        allowed("userNotified", Text::Boolean),
        allowed("userNotifiedDate", Text::DateTime),
    ],
};

static ESTIMATED_LOCATION: Kind = Kind {
    content: Content::Sequence(&[
        optional("city", &TEXT),
        optional("region", &TEXT),
        optional("countryCode", &TWO_LETTERS),
    ]),
    attributes: &[
        allowed("verified", Text::Boolean),
        allowed("timestamp", Text::DateTime),
    ],
};

static ASSOCIATED_ACCOUNT: Kind = Kind {
    content: Content::Sequence(&[
        optional("platform", &PLATFORM),
        optional("firstName", &TEXT),
        optional("middleName", &TEXT),
        optional("lastName", &TEXT),
        optional("approximateAge", &AGE),
        optional("dateOfBirth", &DATE),
        many("phone", &PHONE),
        many("email", &EMAIL),
        optional("allEmailsReported", &BOOLEAN),
        many("address", &ADDRESS),
        optional("espService", &TEXT_100),
        optional("espIdentifier", &TEXT_255),
        many("profileUrl", &TEXT),
        optional("screenName", &TEXT_256),
        many("displayName", &TEXT),
        optional("profileBio", &TEXT),
        optional("groupIdentifier", &TEXT_255),
        optional("compromisedAccount", &BOOLEAN),
        optional("accountTemporarilyDisabled", &TEMPORARILY_DISABLED),
        optional("accountPermanentlyDisabled", &PERMANENTLY_DISABLED),
        many("ipCaptureEvent", &IP_CAPTURE_EVENT),
        many("deviceId", &DEVICE_ID),
        many("priorCTReport", &ID),
        optional("additionalInfo", &TEXT),
    ]),
    attributes: &[required(
        "type",
        Text::OneOf(&[
            "Billing",
            "Linked",
            "Business",
            "Creator",
            "Parent/Guardian",
            "Other",
        ]),
    )],
};

static PLATFORM: Kind = Kind {
    content: Content::Text(Text::Any),
    attributes: &[allowed("thirdPartyUser", Text::Boolean)],
};

static FILE_RELEVANCE: Kind = text(Text::OneOf(&["Reported", "Supplemental Reported"]));

static FILE_ANNOTATIONS: Kind = any_order(&[
    optional("animeDrawingVirtualHentai", &TRUE),
    optional("potentialMeme", &TRUE),
    optional("viral", &TRUE),
    optional("possibleSelfProduction", &TRUE),
    optional("physicalHarm", &TRUE),
    optional("violenceGore", &TRUE),
    optional("bestiality", &TRUE),
    optional("liveStreaming", &TRUE),
    optional("infant", &TRUE),
    optional("generativeAi", &TRUE),
]);

static CLASSIFICATION: Kind = text(Text::OneOf(&["A1", "A2", "B1", "B2"]));

static FILE_HASH: Kind = Kind {
    content: Content::Text(Text::Chars(64)),
    attributes: &[required("hashType", Text::Any)],
};

static DETAILS: Kind = Kind {
    content: Content::Sequence(&[some("nameValuePair", &NAME_VALUE_PAIR)]),
    attributes: &[allowed("type", Text::OneOf(&["EXIF", "HASH"]))],
};

static NAME_VALUE_PAIR: Kind = sequence(&[one("name", &TEXT_64), one("value", &TEXT)]);

static TEXT: Kind = text(Text::Any);
static TEXT_64: Kind = text(Text::Chars(64));
static TEXT_100: Kind = text(Text::Chars(100));
static TEXT_255: Kind = text(Text::Chars(255));
static TEXT_256: Kind = text(Text::Chars(256));
static TEXT_300: Kind = text(Text::Chars(300));
static TEXT_2056: Kind = text(Text::Chars(2056));
static TEXT_2083: Kind = text(Text::Chars(2083));
static TEXT_3000: Kind = text(Text::Chars(3000));
static BOOLEAN: Kind = text(Text::Boolean);
static TRUE: Kind = text(Text::True);
static DECIMAL: Kind = text(Text::Decimal);
static DATE: Kind = text(Text::Date);
static DATE_TIME: Kind = text(Text::DateTime);
static PAST_DATE_TIME: Kind = text(Text::PastDateTime);
static TWO_LETTERS: Kind = text(Text::TwoLetters);
static AGE: Kind = text(Text::Whole(0, 150));
static PORT: Kind = text(Text::Whole(1, 65535));
static ID: Kind = text(Text::Whole(0, i64::MAX));

const fn text(text: Text) -> Kind {
    kind(Content::Text(text))
}

const fn sequence(items: &'static [Item]) -> Kind {
    kind(Content::Sequence(items))
}

const fn choice(items: &'static [Item]) -> Kind {
    kind(Content::Choice(items))
}

const fn any_order(items: &'static [Item]) -> Kind {
    kind(Content::AnyOrder(items))
}

const fn kind(content: Content) -> Kind {
    let attributes = &[];
    Kind {
        content,
        attributes,
    }
}

const fn one(name: &'static str, kind: &'static Kind) -> Item {
    item(name, 1, 1, kind)
}

const fn optional(name: &'static str, kind: &'static Kind) -> Item {
    item(name, 0, 1, kind)
}

const fn many(name: &'static str, kind: &'static Kind) -> Item {
    item(name, 0, usize::MAX, kind)
}

const fn some(name: &'static str, kind: &'static Kind) -> Item {
    item(name, 1, usize::MAX, kind)
}

const fn item(name: &'static str, least: usize, most: usize, kind: &'static Kind) -> Item {
    Item {
        name,
        least,
        most,
        kind,
    }
}

const fn allowed(name: &'static str, text: Text) -> Attribute {
    Attribute {
        name,
        required: false,
        text,
    }
}

const fn required(name: &'static str, text: Text) -> Attribute {
    Attribute {
        name,
        required: true,
        text,
    }
}
