"""Webhooks as openai's client takes them: signed, told again until they are taken.

usage: check_webhooks.py BASE_URL KEY      (the coordinator runs with --private-webhooks)
"""

import http.server
import json
import sys
import threading
import time

import httpx
import openai

base, key = sys.argv[1:3]
client = openai.OpenAI(base_url=base + "/v1", api_key=key)
api = httpx.Client(base_url=base + "/v1", headers={"Authorization": "Bearer " + key})
seen = []


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        seen.append((dict(self.headers), body))
        # The first time it is not taken.
        self.send_response(500 if len(seen) == 1 else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def check(name, holds=True):
    if not holds:
        raise AssertionError(name)
    print("ok  " + name, flush=True)


server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
made = api.post("/webhooks", json={
    "url": f"http://127.0.0.1:{server.server_port}/hook", "events": ["response.completed"]}).json()
check("a webhook has a secret", made["secret"].startswith("whsec_"))
check("it is told once", "secret" not in api.get("/webhooks").json()["data"][0])
answer = client.responses.create(model="smollm2-135m", input="Say hello.", max_output_tokens=6)
for _ in range(300):
    if len(seen) >= 2:
        break
    time.sleep(0.1)
check("what is not taken is told again", len(seen) == 2)
check("the same event, by the same id", seen[0][0]["webhook-id"] == seen[1][0]["webhook-id"] and seen[0][1] == seen[1][1])
headers, body = seen[1]
event = client.webhooks.unwrap(body, headers, secret=made["secret"])
check("openai's client checks the signature", event.type == "response.completed" and event.data.id == answer.id)
try:
    client.webhooks.unwrap(body.replace("completed", "failed"), headers, secret=made["secret"])
    raise AssertionError("a changed body was taken")
except openai.InvalidWebhookSignatureError:
    check("a changed body is refused")
time.sleep(1)
told = api.get(f"/webhooks/{made['id']}/deliveries").json()["data"]
check("deliveries are listed", told[0]["attempts"] == 2 and told[0]["delivered"])
check("a webhook is deleted", api.delete(f"/webhooks/{made['id']}").json()["deleted"])
check("its deliveries with it", api.get(f"/webhooks/{made['id']}/deliveries").status_code == 404)
print("all well")
