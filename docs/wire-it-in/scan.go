// go run scan.go ITEM_ID FILE: asks Seawall about an upload before anybody sees it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

const timeoutSeconds = 10

var (
	seawall   = os.Getenv("SEAWALL_URL")   // such as http://127.0.0.1:8481
	token     = os.Getenv("SEAWALL_TOKEN") // with the scope scan
	onFailure = os.Getenv("ON_FAILURE")    // "open": publish and check later; "closed": hold and check later
	client    = http.Client{
		Timeout:       timeoutSeconds * time.Second,
		Transport:     &http.Transport{}, // without a proxy
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
)

// ask gives Seawall's recommendation; "no answer"; or "not taken", which no waiting mends.
func ask(itemID string, upload []byte, tries int) string {
	address := seawall + "/api/v1/scans?item_id=" + url.QueryEscape(itemID)
	request, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(upload))
	if err != nil {
		return "no answer"
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := client.Do(request)
	if err != nil {
		return "no answer" // whatever it was, Seawall did not answer
	}
	defer answer.Body.Close()
	var scan struct{ Recommendation string }
	switch status := answer.StatusCode; {
	case status == 200:
		if json.NewDecoder(answer.Body).Decode(&scan) == nil && scan.Recommendation != "" {
			return scan.Recommendation
		}
	case status < 500 && status != 408 && status != 429:
		return "not taken"
	case status == 503 && tries > 1:
		seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
		if err == nil && seconds >= 0 && seconds <= 2 {
			time.Sleep(time.Duration(seconds) * time.Second)
			return ask(itemID, upload, tries-1)
		}
	}
	return "no answer"
}

// receive decides, and gives what the uploader is told: the same status and words, whatever happened.
func receive(itemID string, upload []byte) (int, string) {
	advice := ask(itemID, upload, 3)
	if advice == "allow" || advice == "no answer" && onFailure == "open" {
		decide("publish", itemID, advice)
	} else {
		decide("hold", itemID, advice) // "ask" too: unread is not clean
	}
	if advice == "no answer" {
		decide("check later", itemID, advice)
	}
	return 202, "Thank you. We have received your upload."
}

// decide is yours: publish it, hold it for your reviewers, or keep it for a later check.
func decide(action, itemID, advice string) {
	fmt.Fprintf(os.Stderr, "%s %s (%s)\n", action, itemID, advice)
}

func main() {
	if onFailure == "" {
		onFailure = "closed"
	}
	if onFailure != "open" && onFailure != "closed" {
		log.Fatal("ON_FAILURE is open or closed")
	}
	upload, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(receive(os.Args[1], upload))
}
