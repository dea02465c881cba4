"""Configurations of the servers that are clients here; each listens on 127.0.0.1:{port} and asks {name}:8080."""

PORTS = {"nginx.conf": 9001, "haproxy.cfg": 9002, "squid.conf": 9003, "workerd.capnp": 9004, "mosquitto.conf": 9005, "Caddyfile": 9006,
         "haproxy-two.cfg": 9007}  # fmt: skip

HAPROXY = """defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
listen all
  bind 127.0.0.1:{port}
  server one {name}:8080
"""

FILES = {
    "nginx.conf": """daemon off; worker_processes 1; pid {files}/nginx.pid; error_log stderr warn; user root;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {files}/t1; proxy_temp_path {files}/t2; fastcgi_temp_path {files}/t3;
  uwsgi_temp_path {files}/t4; scgi_temp_path {files}/t5;
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://{name}:8080; }} }} }}
""",
    "haproxy.cfg": HAPROXY,
    "haproxy-two.cfg": HAPROXY + "  option redispatch\n  server two {name}:8080\n",
    "Caddyfile": """{{
  admin off
  auto_https off
  storage file_system {files}
}}
http://127.0.0.1:{port} {{
  reverse_proxy {name}:8080
}}
""",
    "squid.conf": """http_port 127.0.0.1:{port}
http_access allow all
cache deny all
visible_hostname lab
access_log none
cache_log /dev/null
pid_filename none
coredump_dir {files}
pinger_enable off
shutdown_lifetime 0 seconds
""",
    "workerd.capnp": """using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [ (name = "w.js", esModule = "export default {{ fetch() {{ return fetch('http://{name}:8080/'); }} }}") ],
      compatibilityDate = "2024-01-01")),
    (name = "internet", network = (allow = ["public", "private"])) ],
  sockets = [ (name = "http", address = "127.0.0.1:{port}", http = (), service = "main") ]
);
""",
    "mosquitto.conf": """listener {port} 127.0.0.1
allow_anonymous true
user root
connection up
address {name}:1883
topic endpoint in
bridge_protocol_version mqttv311
restart_timeout 1 1
""",
}
