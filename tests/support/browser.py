"""A headless Chromium for the system tests, driven through chromedriver's WebDriver protocol.

    browser = self.start(Browser(self))
    browser.open("http://127.0.0.1:9469/")
    st.wait_until(lambda: browser.text("#headline") == "…")
    browser.run("return document.title")
    browser.console()      errors, including content security policy violations
    browser.requests()     every URL that it requested

It uses a fresh profile and sends no requests of its own. Standard library only.
"""
import base64
import contextlib
import http.client
import json
import os

import shunttest as st

# No sandbox, because tests run as root and in containers. /dev/shm is small there.
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --disable-dev-shm-usage --disable-extensions --disable-default-apps --no-default-browser-check --no-proxy-server "
    "--disable-features=Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider --metrics-recording-only --hide-scrollbars"
).split()


class Browser(st.Process):
    def __init__(self, case, width=1280, height=900):
        st.need("chromium", "chromedriver")
        super().__init__(case, "browser", env=st.clean_env(HOME=case.tmp))
        self.port = st.free_port()
        self.size = width, height
        self.command = ["chromedriver", f"--port={self.port}", "--log-level=WARNING"]
        self.session = None
        self._requests = []

    # --- WebDriver ---

    def _call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=st.PATIENCE)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise AssertionError(f"{method} {path}: {answer['value'].get('message', answer)}")
        return answer["value"]

    def call(self, method, path, body=None):
        return self._call(method, f"/session/{self.session}{path}", body)

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def ready(self):
        return st.can_connect("127.0.0.1", self.port) and self._call("GET", "/status")["ready"]

    def start(self):
        super().start()
        options = {"args": [*FLAGS, f"--user-data-dir={os.path.join(self.dir, 'profile')}"]}
        wishes = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        self.session = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wishes}})["sessionId"]
        self.resize(*self.size)

    def kill(self):
        if self.session and self.running:
            with contextlib.suppress(OSError, AssertionError, http.client.HTTPException):
                self._call("DELETE", f"/session/{self.session}")
        self.session = None
        super().kill()

    abandon = kill

    # --- user actions ---

    def resize(self, width, height):
        """Set the exact size of the viewport, down to that of a phone."""
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def prefer(self, **features):
        """prefer(color_scheme="dark")"""
        wanted = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self.devtools("Emulation.setEmulatedMedia", features=wanted)

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """Run a script with `arguments` and return its value."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def text(self, selector):
        """The visible text of the first matching element, or None."""
        return self.run("return document.querySelector(arguments[0])?.innerText ?? null", selector)

    def texts(self, selector):
        return self.run("return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)", selector)

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center', behavior: 'instant' })", selector)
        element = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{next(iter(element.values()))}/click", {})

    def type(self, selector, text):
        element = self.call("POST", "/element", {"using": "css selector", "value": selector})
        self.call("POST", f"/element/{next(iter(element.values()))}/value", {"text": text})

    def press(self, key):
        """Send a key to the focused element."""
        keys = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})

    def picture(self, path):
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", "/screenshot")))

    # --- logs ---

    def console(self):
        """Log lines since the last call, without those of the browser's own pages, which newer
        releases log too.
        """
        entries = self.call("POST", "/se/log", {"type": "browser"})
        return [f"{entry['level']}: {entry['message']}" for entry in entries if not entry["message"].startswith("chrome://")]

    def requests(self):
        """Every URL requested so far, except those of the browser's own start page."""
        for entry in self.call("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent" and not message["params"]["documentURL"].startswith("chrome"):
                self._requests.append(message["params"]["request"]["url"])
        return self._requests
