"""A bot behind a webhook, with nothing but Python's standard library. It greets, offers a choice, and hands over to people.

Run it with `python3 parcel_bot.py 8090` and set http://127.0.0.1:8090/hook as the bot's webhook_url (the server must be
allowed to call this address: outbound.allow).
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def event(info, name, payload=None, context=None):
    out = {"info": {"cid": info["cid"]}, "packet": {"name": name, "payload": payload or {}}}
    if context:
        out["info"]["context"] = context
    return out


def answers(info, name, payload):
    step = info["context"].get("step")
    if name == "start":
        menu = {
            "body": "What is it about?",
            "options": [{"id": "parcel", "label": "Where is my parcel"}, {"id": "human", "label": "Talk to a person"}],
            "fallback": "Reply with the number of what you need:",
        }
        return [event(info, "message", {"body": "Good morning!"}), event(info, "bubbles", menu, {"step": "menu"})]
    if name == "click" and payload["value"]["id"] == "parcel":
        return [event(info, "message", {"body": "Which order is it about?"}, {"step": "ask_order"})]
    if name == "click":
        return [event(info, "forward_any", {})]
    if name == "message" and step == "ask_order":
        found = "Order " + payload["body"] + " left this morning."
        return [event(info, "message", {"body": found}, {"step": "done"}), event(info, "end")]
    return []


class Hook(BaseHTTPRequestHandler):
    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(answers(call["info"], call["packet"]["name"], call["packet"]["payload"])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    server = ThreadingHTTPServer(("127.0.0.1", port), Hook)
    print(server.server_address[1], flush=True)
    server.serve_forever()
