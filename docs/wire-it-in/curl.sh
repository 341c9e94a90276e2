#!/bin/sh
# sh curl.sh ITEM_ID FILE: asks Seawall about an upload before anybody sees it.
set -u
: "${SEAWALL_URL:?such as http://127.0.0.1:8481}" "${SEAWALL_TOKEN:?a token with the scope scan}"
ON_FAILURE=${ON_FAILURE:-closed} # open: publish and check later; closed: hold and check later
TIMEOUT_SECONDS=10
item_id=$1 file=$2
case $ON_FAILURE in open | closed) ;; *) echo 'ON_FAILURE is open or closed' >&2 && exit 2 ;; esac
case $item_id in '' | *[!A-Za-z0-9._-]*) echo 'an item id is letters, digits and ._-' >&2 && exit 2 ;; esac

# The token goes through standard input, so that it is not in the list of processes. What an
# uploader wrote has its quotes escaped in JSON: it cannot look like a recommendation.
answer=$(printf 'Authorization: Bearer %s\n' "$SEAWALL_TOKEN" |
  curl --silent --noproxy '*' --connect-timeout 2 --max-time "$TIMEOUT_SECONDS" \
    --retry 2 --retry-max-time 4 --header @- --header 'Content-Type: application/octet-stream' \
    --write-out ' %{http_code}' --data-binary "@$file" "$SEAWALL_URL/api/v1/scans?item_id=$item_id") ||
  answer='no answer'
case $answer in
*'"recommendation":"allow"'*' 200') advice=allow ;;
*'"recommendation":"hold"'*' 200') advice=hold ;;
*'"recommendation":"ask"'*' 200') advice=ask ;;
*'"recommendation":"'*' 200') advice=unknown ;;
*' 408' | *' 429') advice='no answer' ;;
*' '[34]??) advice='not taken' ;; # a mistake in the request, which no waiting mends
*) advice='no answer' ;;
esac

# Yours: publish it, hold it for your reviewers, or keep it for a later check.
decide() { echo "$1 $item_id ($advice)" >&2; }
case $advice/$ON_FAILURE in
allow/*) decide publish ;;
'no answer/open') decide publish && decide 'check later' ;;
'no answer/closed') decide hold && decide 'check later' ;;
*) decide hold ;; # "ask" too: what could not be read is not clean
esac

# What the uploader is told: the same status and words, whatever happened.
echo '202 Thank you. We have received your upload.'
