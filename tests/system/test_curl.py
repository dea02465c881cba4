#!/usr/bin/env python3
"""One process of curl through an outage: newer releases of libcurl keep some failures of a lookup for half a minute, and must not ours."""
import shunttest as st

NAME = "www.example.com"


class Fail(st.Case):
    def test_fail(self):
        """all_down = "fail": a curl that tries again each second gets through as soon as there is an endpoint"""
        address = self.address()
        port = st.free_port(address)
        server = st.Nginx(self, "back", address, port)
        daemon = self.start(st.Daemon(self, f"""
            checks: {{ web: {{ type = "http"; port = {port}; interval = "100ms"; timeout = "20s"; fall = 1; rise = 1; }}; }};
            records: ( {{ name = "{NAME}"; all_down = "fail"; primary: {{ address = "{address}"; check = "web"; }}; }} );"""))  # fmt: skip
        daemon.wait_settled()
        done = st.run(["curl", "--version"])
        self.note(done.stdout.split(" (")[0])
        curl = ["curl", "--disable", "--no-progress-meter", "--retry", "60", "--retry-delay", "1", "--retry-all-errors"]
        client = st.Process(self, "curl", [*curl, f"http://{NAME}:{port}/"], env=daemon.env(SHUNT_DEBUG="1"))
        self.start(client)
        client.wait_log(f"shunt: {NAME}: temporary failure")
        self.start(server)
        daemon.wait_active(NAME, "primary")
        lookups = client.log().count("temporary failure")
        self.assertEqual(client.wait_exit(), 0, client.log())
        self.assertIn("back", client.log())
        # One attempt may have begun before the endpoint was there, and each looks up for two families at most.
        self.assertLessEqual(client.log().count("temporary failure") - lookups, 2, client.log())


if __name__ == "__main__":
    st.main()
