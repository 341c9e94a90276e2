# ruby scan.rb ITEM_ID FILE: asks Seawall about an upload before anybody sees it.
require "json"
require "net/http"

SEAWALL = URI(ENV.fetch("SEAWALL_URL")) # such as http://127.0.0.1:8481
TOKEN = ENV.fetch("SEAWALL_TOKEN") # with the scope scan
ON_FAILURE = ENV.fetch("ON_FAILURE", "closed")
# "open": publish and check later; "closed": hold and check later
TIMEOUT_SECONDS = 10
abort "ON_FAILURE is open or closed" unless %w[open closed].include?(ON_FAILURE)

# Seawall's recommendation; "no answer"; or "not taken", which no waiting mends.
def ask(item_id, upload, tries = 3)
  http = Net::HTTP.new(SEAWALL.host, SEAWALL.port, nil) # nil: no proxy
  http.use_ssl = SEAWALL.scheme == "https"
  http.open_timeout = http.read_timeout = http.write_timeout = TIMEOUT_SECONDS
  path = "/api/v1/scans?#{URI.encode_www_form(item_id: item_id)}"
  headers = { "Authorization" => "Bearer #{TOKEN}", "Content-Type" => "application/octet-stream" }
  answer = http.post(path, upload, headers)
  status = answer.code.to_i
  return JSON.parse(answer.body).fetch("recommendation") if status == 200
  return "not taken" if status < 500 && ![408, 429].include?(status)

  wait = answer["Retry-After"]
  return "no answer" unless status == 503 && tries > 1 && %w[0 1 2].include?(wait)

  sleep(wait.to_i)
  ask(item_id, upload, tries - 1)
rescue StandardError # whatever it was, Seawall did not answer
  "no answer"
end

# Decides, and gives what the uploader is told: the same status and words, whatever happened.
def receive(item_id, upload)
  advice = ask(item_id, upload)
  passes = advice == "allow" || (advice == "no answer" && ON_FAILURE == "open")
  decide(passes ? "publish" : "hold", item_id, advice) # "ask" too: unread is not clean
  decide("check later", item_id, advice) if advice == "no answer"
  [202, "Thank you. We have received your upload."]
end

# Yours: publish it, hold it for your reviewers, or keep it for a later check.
def decide(action, item_id, advice)
  warn "#{action} #{item_id} (#{advice})"
end

item_id, file = ARGV
puts receive(item_id, File.binread(file)).join(" ") if $PROGRAM_NAME == __FILE__
