<?php
// A long-lived program that keeps its connection: ask.php DRIVER NAME; see ask.mjs.
[, $driver, $name] = $argv;
$url = "http://$name:8080/";
if ($driver === "curl") {
    $handle = curl_init($url);
    curl_setopt($handle, CURLOPT_RETURNTRANSFER, true);
    $ask = fn() => curl_exec($handle);
} else {
    $ask = fn() => @file_get_contents($url);
}
while (fgets(STDIN) !== false) {
    $text = $ask();
    echo $text === false ? "error: " . ($driver === "curl" ? curl_error($handle) : "failed") : trim($text), "\n";
}
