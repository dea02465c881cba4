// A long-lived program with a pool: ask NAME; see ask.mjs. Built with cgo, and without as a static program.
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func ask(url string) (string, error) {
	answer, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return strings.TrimSpace(string(text)), err
}

func main() {
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		text, err := ask("http://" + os.Args[1] + ":8080/")
		if err != nil {
			text = "error: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(text)
	}
}
