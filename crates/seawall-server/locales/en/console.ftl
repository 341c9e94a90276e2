# What people read in the console. The words follow docs/words.md: a match is not proof.

product-name = Seawall
skip-to-content = Skip to content
trust-ribbon = Without a token: programs in trusted networks may act as { $roles }
drill-ribbon = Drill: reports go to a stand-in on this machine
nav-label = Parts of the console
nav-queue = Queue
nav-exchanges = Exchanges
nav-figures = Figures
nav-audit = Audit log
sign-out = Sign out
dialog-close = Close
to-the-start = Back to the start
to-the-queue = Queue
foot-recorded = What you do here is written to the audit log.
word-yes = Yes
word-no = No
word-test = Test

role-admin = Admin
role-reviewer = Reviewer
role-auditor = Auditor

## Signing in

sign-in-title = Sign in
sign-in-name = Name
sign-in-password = Password
sign-in-act = Sign in
sign-in-hint = No password yet, or lost it? An admin can make you a one-time link.
sign-in-refused = Name or password is wrong. Please try again.
sign-in-too-many = Too many failed attempts for this name. Please wait a quarter of an hour.
first-title = Welcome
first-lead = This link works once. Choose a password and you are in.
first-role = Role
first-password = New password
first-hint = At least 12 characters. A few words in a row are easy to remember and hard to guess.
first-again = The same once more
first-act = Set password and sign in
first-differ = The two passwords are not the same. Please type both again.
first-length = Please use 12 to 256 characters.

## The queue

queue-title = Queue
queue-lead =
    { $open ->
        [0] Nobody waits for a decision.
        [one] One case waits for a decision.
       *[other] { $open } cases wait for a decision.
    }
queue-tabs-label = Which cases to show
queue-tab-open = Open
queue-tab-decided = Decided
queue-tab-all = All
queue-nearest = Nearest match
queue-banks = Banks
queue-channel = Where
queue-waiting = Waiting for
queue-opened = Opened
queue-empty-open = Nothing is waiting
queue-empty-open-text = That is good news. On most services weeks pass between two matches. A drill now and then keeps the routine fresh.
queue-empty-decided = Nothing has been decided yet
queue-empty-decided-text = Decided cases stand here with what was found and what became of their reports.
queue-empty-all = There are no cases yet
queue-empty-all-text = A case opens by itself as soon as an upload matches one of your banks.
pages-label = Pages
pages-first = Back to the oldest
pages-next = Next page

channel-public = Public
channel-private = Private
channel-file = File storage
channel-profile = Profile

moment-utc = { $day } { $time } UTC
span-now = under 1 min
span-minutes = { $minutes } min
span-hours = { $hours } h { $minutes } min
span-days =
    { $days ->
        [one] 1 day { $hours } h
       *[other] { $days } days { $hours } h
    }
span-ago = { $span } ago
bytes-plain = { $count } bytes
bytes-kilo = { $count } kB
bytes-mega = { $count } MB
distance-exact = The same file, by its digest
distance-exact-short = exact file
distance-bits = { $bits } of 256 bits

## A case: evidence

case-title = Case
case-opened = Opened
case-test = This case comes from the built-in test or a test bank. It is a rehearsal: it can never be reported and counts in no figure.
state-open = Open
evidence-title = What matched
evidence-not-proof = A match is not proof. A bank can be wrong, and different pictures can have similar hashes.
summary-exact =
    { $banks ->
        [one] One bank holds the digest of this very file.
       *[other] The file matches { $banks } banks, and one of them holds the digest of this very file.
    }
summary-near =
    { $banks ->
        [one] One bank holds a hash that differs in { $bits } of 256 bits.
       *[other] { $banks } banks hold a similar hash. The nearest differs in { $bits } of 256 bits.
    }
algorithm-pdq = PDQ, a picture hash
algorithm-md5 = MD5
algorithm-sha1 = SHA-1
algorithm-sha256 = SHA-256
match-content = Content { $content }
match-limit = { $limit } bits: the limit here
match-list = List { $list }
match-origin = Listed by
match-class = Class
match-note = Note:
match-owners =
    { $owners ->
        [one] One owner lists it.
       *[other] { $owners } independent owners list it.
    }
suppressed-title = Also near, and known to be benign
suppressed-hint = These matches did not open the case. Someone vouches that what they are near is harmless.
exception-head = Exception { $content } in { $bank }. { $owner } vouches for it and says why:
match-quality = Quality { $quality } of 100
gauge-same = 0: no difference
view-stored = pixels as stored
view-upright = picture as shown upright
view-frame = frame { $number }
view-page = page { $number }
view-part = picture { $number } of the file
view-on-white = on a white ground
view-on-black = on a black ground
view-turned = turned or mirrored
view-unbordered = without its border
view-legacy-palette = by palette index, as some older lists are made
context-title = Where it came from
context-uploader = Uploader
context-screen-name = Screen name
context-file-name = File name
context-url = Address on the web
context-uploaded-at = Uploaded
context-address = Network address
context-event = Address seen at
context-jurisdictions = Jurisdictions
context-untold = Not told by the platform: { $fields }.
upload-event-login = Signing in
upload-event-registration = Registration
upload-event-purchase = Purchase
upload-event-upload = Upload
upload-event-other = Something else
upload-event-unknown = Not known
file-type = Kind of file
file-size = Size
file-outcome = Reading it
file-outcome-reason = { $outcome }: { $reason }
file-received = Received
outcome-hashed = Hashed
outcome-unmatchable = Read, but without a usable picture hash
outcome-partial = Read in part
outcome-refused = Not read
reason-empty = the file is empty
reason-unreadable = the file could not be read
reason-not-a-picture = this is not a picture
reason-unsupported-format = this picture format is not supported yet
reason-too-many-bytes = the file is larger than the limit
reason-too-many-pixels = the picture has more pixels than the limit
reason-too-much-memory = decoding would need more memory than the limit
reason-too-slow = decoding took longer than the limit
reason-damaged = the file is cut short or damaged
reason-decoder-failed = the decoder failed on this file
reason-too-small = a side is shorter than five pixels
reason-low-quality = the picture has too little detail for a reliable hash
digests-title = File digests
events-title = What happened

## A case: the picture

picture-title = The picture
picture-lead = It is not shown. Often the evidence is enough to decide without looking.
picture-further = See more than that
picture-esc = Press Esc to hide it.
picture-hide = Hide it
picture-hidden = The picture is hidden again.
picture-not-drawn = The picture could not be drawn. The evidence is unchanged; you can decide without it.
picture-care = You may stop at any time and leave the case to someone else. Nobody counts how long you take.
reveal-act-blurred = Show blurred
reveal-act-grey = Show small and grey
reveal-act-full = Show in full
reveal-alt-blurred = The picture of this case, small, grey and strongly blurred
reveal-alt-grey = The picture of this case, small and grey
reveal-alt-full = The picture of this case, unaltered
mode-blurred = Blurred
mode-grey = Small and grey
mode-full = In full
full-note = Each look is recorded with your name and the time. A look in full makes the report say that the file was viewed. Blurred or grey does not.
full-note-viewed = Each look is recorded with your name and the time. Someone has already looked in full, so a report will say that the file was viewed.
looks-title =
    { $count ->
        [0] Who looked
        [one] Who looked: once
       *[other] Who looked: { $count } times
    }
looks-none = Nobody has looked.
look-not-shown = asked for, not shown
confirm-full-title = Show the picture in full?
confirm-full-no = No, leave it
confirm-full-yes = Show in full

## A case: the decision

decide-title = Your decision
decide-question = What did you find?
decide-confirmed = Confirmed
decide-confirmed-text = It is what the bank says, or other child sexual abuse or exploitation. You say what kind, and whether a report is filed.
decide-not-confirmed = Not confirmed
decide-not-confirmed-text = The match was wrong, or it is something else. The case closes and nothing is reported.
decide-if-confirmed = If confirmed
decide-manifestation = What is it about?
decide-choose = Choose…
decide-attributes = Is any of this true? (optional)
decide-classification = Industry classification (optional)
decide-classification-hint = Only for members of the industry’s hash-sharing agreement. The letter is the apparent age band, the digit the rank. If unsure, leave it out.
decide-classification-none = None
decide-once = A decision stands. It cannot be changed here.
decide-not-taken = Nothing was decided yet.
decide-no-verdict = Choose “Confirmed” or “Not confirmed”.
decide-no-manifestation = Say what the case is about.
decide-report-unconfirmed = Only a confirmed case can be reported. Untick the report, or choose “Confirmed”.
decide-report-test = A rehearsal is never reported. Untick the report.
decide-no-receiver = No receiver for reports is set up. Ask an admin to set one, or decide without a report.
decide-refused = This was not possible. Check your choices and try again.
report-offer = File a report with { $receiver }
report-to-stand-in = This is a stand-in on this machine. Nothing leaves it.
report-to-receiver = This is a real receiver. A filed report cannot be taken back.
report-says-viewed = The report will say: the file was viewed in full.
report-says-viewed-once-drawn = Once the picture on this page has been drawn, the report will say: the file was viewed in full.
report-says-not-viewed = The report will say: the file was not viewed in full. That is normal and truthful.
report-never-test = This case is a rehearsal, so no report can be filed.
report-no-receiver = No report can be filed: no receiver is set up. An admin can set one.
button-open = Record the decision
button-confirm = Confirm, without a report
button-confirm-report = Confirm and report to { $receiver }
button-not-confirm = Close as not confirmed
problem-missing = The report needs { $field }, which is missing.
problem-in-future = The report’s { $field } is in the future.
problem-too-long = The report’s { $field } is longer than { $max } characters.
problem-zero-port = The report’s { $field } is 0. Ports run from 1 to 65535.
problem-no-address = The report’s { $field } is no network address.
problem-no-email = The report’s { $field } is no e-mail address.
problem-no-digest = The report’s { $field } holds a hash that is no digest.
problem-repeated = The report’s { $field } names the same file twice.

verdict-confirmed = Confirmed
verdict-not-confirmed = Not confirmed
decision-who = Decided by
decision-when = Decided
decision-manifestation = About
decision-attributes = Also true
decision-classification = Classification
decision-report = Report asked for

conflict-title = This case is already decided
conflict-other = Someone decided it while you had it open. Their decision stands.
conflict-own = You decided it before, perhaps in another window. That decision stands.
conflict-first = Decided by
conflict-what = Decision
conflict-when = When
conflict-not-recorded = What you sent was not recorded.
conflict-next = If you see it differently, talk to each other.
conflict-to-case = Look at the case

## Reports

receiver-cybertipline = NCMEC’s CyberTipline
receiver-cybertipline-stand-in = the CyberTipline stand-in
report-open = On its way to { $target }
report-open-text = It is being filed step by step. If something fails it goes on by itself. You need not wait here.
report-filed = Filed with { $target }
report-filed-text = The receiver confirmed it. This is the receipt.
report-stuck = The report to { $target } needs a person
report-stand-in = The receiver is a stand-in on this machine. No authority has received anything.
report-calls = Calls made
report-refresh = Refresh
report-resume = Let it go on
report-ask-admin = An admin can let it go on.
receipt-number = Report number
receipt-files = File ids
receipt-finished = Confirmed at
stuck-refused = The receiver refused to { $call } (code { $code }). Trying again changes nothing until the cause is found.
stuck-unreachable = The receiver could not be reached for too long. Check the connection, then let the report go on.
stuck-restarts = The report was opened again and again without getting through. Ask the receiver, then let it go on.
stuck-altered = The file arrived altered again and again. Check the connection, then let the report go on.
stuck-uncertain = Nobody can tell whether report { $number } was filed. Ask the receiver, quoting the number, before anything else.
stuck-unasked = The receiver says report { $number } is finished, though that was never asked for. Ask the receiver, quoting the number.
call-submit = open the report
call-upload = take the file
call-fileinfo = take the details of the file
call-finish = file the report
call-retract = withdraw the report

## Exchanges

exchanges-title = Exchanges
exchanges-lead =
    { $stale ->
        [0] Partners’ lists that are taken over, and how each goes.
        [one] One list is stale: it was not read to its end for too long.
       *[other] { $stale } lists are stale: they were not read to their end for too long.
    }
exchanges-stale-hint = A list is stale once it was not read to its end for three times its interval, and for a day at least. What it lists goes on matching.
exchanges-empty = There are no exchanges yet
exchanges-empty-text = A partner’s list is set up in the configuration, one section for each. The guide in docs/exchanges says how.
exchange-title = Exchange
exchange-on = On
exchange-paused = Paused
exchange-running = Being read now
exchange-unconfigured = Not in the configuration
exchange-unconfigured-text = It is not in the configuration, so it is not read any more. What it lists goes on matching until it is removed.
exchange-resting = Not read in a drill
exchange-resting-text = In a drill nothing goes out to partners, so this list is not read. What it lists goes on matching.
exchange-stale = Stale
exchange-stale-text = The list is stale: it was last read to its end { $span } ago, and { $limit } is the limit. What was listed or withdrawn since then is not known here.
exchange-failed =
    { $failures ->
        [one] The last run failed
       *[other] { $failures } runs failed
    }
exchange-failed-text =
    { $failures ->
        [one] The last run failed: { $fault }.
       *[other] The last { $failures } runs failed. The newest: { $fault }.
    }
exchange-missing = Missing contents wait
exchange-held = { $held } held back
exchange-age = Read to its end { $span } ago
exchange-never = Never read to its end, set up { $span } ago
exchange-gauge-limit = stale after { $span }
exchange-not-yet = Not yet
exchange-next-never = Never
exchange-next-paused = When it is resumed
exchange-next-running = Now
exchange-next-due = Within seconds
exchange-next-in = In { $span }
exchange-runs-title = How it goes
exchange-protocol = Protocol
exchange-bank = Bank
exchange-last-success = Last read to its end
exchange-last-end = Last run ended
exchange-next = Next run
exchange-every = Interval
exchange-reconcile-next = The next run
exchange-reconcile-next-text = Reads the whole list from its beginning
exchange-lists-title = What it lists
exchange-contents = Contents
exchange-kind = Kind
exchange-kind-held = Held back
exchange-kind-unmatched = { $kind }, kept and not matched
exchange-hashes = Hashes
exchange-totals-title = Since it was set up
exchange-added = Contents added
exchange-changed = Entries changed
exchange-withdrawn = Contents withdrawn
exchange-set-aside = Entries not read
exchange-problems-title = What could not be read
exchange-problems-hint = Of the last run. What could not be read never stops the rest.
exchange-raw = Show the answer
exchange-missing-title = Contents are missing
exchange-missing-text = The list no longer has { $missing } of its { $contents } contents here. That is more than is believed without a person, so they are kept and go on matching.
exchange-missing-hint = Ask the partner whether they took them back. If you let them go, the list is read once more, and what is missing then is withdrawn. Cases stay.
exchange-missing-sure = I know why they are missing
exchange-missing-act =
    { $missing ->
        [one] Let it go
       *[other] Let { $missing } contents go
    }
exchange-missing-allowed = An admin let them go: the next run withdraws what is still missing then.
exchange-acts-title = What you can do
exchange-run = Run now
exchange-run-hint = Reads what is new on the list.
exchange-reconcile = Reconcile
exchange-reconcile-hint = Reads the whole list from its beginning and withdraws what it no longer has. Where that is much, it waits for you.
exchange-pause = Pause
exchange-pause-hint = The list is not read until it is resumed. What it lists goes on matching.
exchange-resume = Resume
exchange-resume-hint = The list is read again, beginning now.
exchange-remove-title = Remove this exchange
exchange-removal =
    { $contents ->
        [one] This withdraws its only content from { $bank }: it matches no more. Cases stay.
       *[other] This withdraws its { $contents } contents from { $bank }: they match no more. Cases stay.
    }
exchange-remove-configured = First take its section out of the configuration and start the server anew, or it would come back.
exchange-remove-hint = This cannot be taken back. If it is set up again, its list is read from the beginning.
exchange-remove-sure = I want its contents to match no more
exchange-removal-act =
    { $contents ->
        [one] Remove it and withdraw 1 content
       *[other] Remove it and withdraw { $contents } contents
    }
held-title = Held back
held-lead = Some hashes on this list say nothing about any one file, or are known here to be benign. They do not match until an admin releases them.
held-show = Show what is held back
held-release-hint = Once released, all hashes of a content match. No hash is shown here.
held-release = Release
held-empty = Nothing is held back
held-owner = Listed by
held-owner-partner = The partner
held-class = Class
held-class-none = None
held-since = Since
held-first = Back to the first
held-reason = { $kind }: { $why }
held-all-zeros = all zeros, which would match blank pictures
held-all-ones = all ones, which would match blank pictures
held-nearly-blank = nearly blank, so that it would match blank pictures
held-pattern = a pattern that no picture with detail gives
held-nothing = the digest of an empty file or of a single blank
held-low-quality = its quality is too low to tell pictures apart
held-benign = an exception bank here says that it is benign
raw-title = The answer that could not be read
raw-lead = The beginning of what the partner sent. Everything that could be a hash, a key or a token is painted over.

## Figures

figures-title = Figures
figures-lead = Each number is a sum over the audit log, so it can be proven. Rehearsals with the built-in test are left out.
figures-through = Counted up to event { $event } of the audit log.
figures-none-yet = None yet
figures-cases = Cases opened
figures-decided = Cases decided
figures-filed = Reports filed
figures-median = Median time to a decision
figures-scans = Uploads scanned
figures-without-match = Of these, without a match
figures-suppressed = Of these, with suppressed matches only
figures-seen = Seen index
figures-seen-kept = Uploads kept
figures-seen-lookups = Hashes held against it
figures-cases-by-channel = Cases by channel
figures-decisions = Decisions
figures-confirmed = Confirmed, by kind
figures-looks = Looks at pictures
figures-without-full-view = Decided without a full view
figures-of = { $count } of { $all }
figures-reports = Reports
figures-asked = Reports asked for

## Audit log

audit-title = Audit log
audit-lead = Every act is one event, chained to the one before it. A change, a gap or a swap would show.
audit-holds =
    { $events ->
        [one] The chain holds: 1 event
       *[other] The chain holds: { $events } events
    }
audit-head = The newest event’s hash. Note it outside this machine now and then: that proves that no end was cut off.
audit-broken = The chain is broken
audit-broken-order = The chain is broken: event { $expected } should come next, found { $found }
audit-broken-link = The chain is broken: event { $event } does not follow the one before it
audit-broken-hash = The chain is broken: event { $event } was changed after it was written
audit-broken-body = The chain is broken: event { $event } cannot be read
audit-broken-next = Keep the data folder as it is, make a copy of it, and look for who could write to it. A backup shows what stood there before.
audit-newest = Newest events
actor-system = Seawall
actor-operator = Command line
actor-user = User { $id }
actor-token = Token { $id }
actor-network = Trusted network
event-store-created = The store was made
event-bank-created = A bank was made
event-bank-changed = A bank’s settings changed
event-bank-deleted = A bank was deleted
event-bank-exported = Contents of a bank were handed out with their hashes
event-contents-added = Contents were added to a bank
event-content-deleted = A content was deleted from its bank
event-lookups-tallied = Scans and lookups were counted
event-case-opened = Case opened, file sealed
event-case-revealed = Someone asked to see the picture
event-case-shown = The picture was shown
event-case-decided = Case decided
event-report-drafted = Report asked for
event-report-call-started = A call to the receiver began
event-report-call-ended = A call to the receiver ended
event-report-filed = Report filed
event-report-stuck = Report needs a person
event-report-resumed = Report let go on
event-message-attempted = A webhook message was not accepted yet
event-message-delivered = A webhook message was accepted
event-message-failed = A webhook message was given up
event-user-created = A user was made
event-user-changed = A user changed
event-link-issued = A one-time link was made
event-session-opened = Signed in
event-session-closed = Signed out
event-sign-in-refused = A sign-in failed
event-token-created = A token was made
event-token-revoked = A token was revoked
event-seen-tallied = Uploads kept in the seen index were counted
event-seen-folded = The seen index was put in order
event-seen-expired = Records of the seen index were deleted, their time being over
event-seen-forgotten = An item was taken out of the seen index
event-seen-looked-up = Hashes were held against the seen index
event-scan-suppressed = Every match of an upload was suppressed by exceptions
event-content-changed = A content was switched on or off, or its remark changed
event-signal-type-changed = A signal type was switched for clients of HMA
event-list-changed = The settings of a list within a bank changed
event-list-deleted = A list was deleted from its bank
event-exchange-created = An exchange with a partner was set up
event-exchange-started = A run over a partner's list began
event-entries-taken = Entries of a partner's list were taken over
event-exchange-ended = A run over a partner's list ended
event-exchange-changed = An exchange was paused, resumed, hastened, or its missing contents let go
event-exchange-removed = An exchange was removed and its contents withdrawn
event-entry-released = Hashes of an entry were let go that were held back
event-selftest-run = The built-in test was run

## Keys

keys-open = Keys
keys-title = Keys
keys-queue = In the queue
keys-case = In a case
keys-next-previous = Next and previous case
keys-enter = Open the case
keys-verdict = Choose confirmed, not confirmed
keys-submit = Send the decision
keys-look = Show blurred, grey, in full
keys-hide = Hide the picture at once
keys-back = Back to the queue
keys-switch = Single keys act in this browser

## Where something was not possible

fault-not-yours = Not for your role
fault-text-not-yours = Your role does not include this page. An admin can change that.
fault-stale = This form is too old
fault-text-stale = The form does not belong to your present session. Nothing was done. Please go back, reload the page and try again.
fault-foreign = This came from elsewhere
fault-text-foreign = The form was sent by another site. Nothing was done.
fault-not-found = Not here
fault-text-not-found = There is nothing at this address.
fault-not-allowed = Not this way
fault-text-not-allowed = This address does not take that kind of request. Nothing was done.
fault-gone = The picture was shown before
fault-text-gone = A picture can be fetched once, within a minute. Looking again is a new act, from the page of the case.
fault-link-ended = This link has ended
fault-text-link-ended = It was used before, or its day is over. An admin can make a new one.
fault-too-large = Too much at once
fault-text-too-large = The form was larger than any of ours. Nothing was done.
fault-form = This form is not one of ours
fault-text-form = It holds a value that the page does not offer. Nothing was done. Please reload the page and try again.
fault-not-stuck = Nothing to let go on
fault-text-not-stuck = This report is not waiting for a person. Someone may have been faster.
fault-changed = It changed in the meantime
fault-text-changed = What you were shown is no longer so. Someone may have been faster. Nothing was done. Please go back and look again.
fault-still-configured = It would come back
fault-text-still-configured = This exchange is in the configuration. Take its section out and start the server anew, then remove it. Nothing was done.
fault-not-drawn = The picture could not be drawn
fault-text-not-drawn = It is damaged or too large to be drawn. The evidence is unchanged; you can decide without it.
fault-internal = Something went wrong here
fault-text-internal = It is not your fault. Nothing was lost that was recorded before. Please try again; if it stays, an admin finds the cause in the server’s log.

## The kinds of harm, as in the list of codes

manifestation-m01 = Child sexual abuse material, known
manifestation-m02 = Child sexual abuse material, newly found
manifestation-m03 = Links to such material
manifestation-m04 = Grooming (solicitation of children for sexual purposes)
manifestation-m05 = Sexual extortion of a child (online sexual coercion and extortion)
manifestation-m06 = Live online child sexual abuse
manifestation-m07 = Child self-generated sexual imagery, shared or misused
manifestation-m08 = AI-generated or altered material
manifestation-m09 = Non-consensual sharing among young people
manifestation-m10 = Unwanted sexual content or contact received by a child
manifestation-m11 = Exploitation arranged or advertised online
manifestation-m12 = Exploitation in travel, tourism or transport
manifestation-m13 = Harmful sexual behaviour displayed by a child
manifestation-m14 = Sexualised images of children short of the legal threshold
attribute-imminent-danger = Imminent danger
attribute-hands-on-abuse = Hands-on abuse indicated
attribute-age-band-known = The child's age band is known
attribute-victim-known = The child is known
attribute-money-involved = Money involved
attribute-violent-network = Link to a violent or extremist network
attribute-ai-involved = AI involved
attribute-encrypted-or-ephemeral = Encrypted or ephemeral context
attribute-travel-context = Travel context
