#!/usr/bin/env python3
"""Runs the SDK for Python through the steps that the command line names.

    client.py [--leaf] [--websockets] [--ca FILE] [--ttl SECONDS] STEP...

The client is a module, and takes its settings from the environment as the SDK does: EdgeHubConnectionString and
EdgeModuleCACertificateFile, or IOTEDGE_WORKLOADURI and the other IOTEDGE_ variables. With --leaf it is a downstream
device. Its connection string is in LEAF_CONNECTION_STRING and names a GatewayHostName, and it trusts the
certificates in --ca. --ttl is the lifetime of tokens; both clients renew them 120 seconds before they expire.

Each result is a JSON line on standard output with `event` and `t`, the time in seconds. The exit code is 0 if all steps
are done. It is 1 if a step fails or times out, and the last line says which.

Steps, which client.js has, too:
    connect                 opens the connection
    disconnect              closes it
    serve                   handles and reports inputs (or cloud-to-device messages), methods and desired patches
    send=N[:OUTPUT[:BYTES]] sends N messages, each after the acknowledgement of the one before, and reports each. A
                            message has the id RUN-i, the properties seq=i and `odd key`=`a&b=c/d%`, content type
                            and encoding of JSON, and the body {"seq": i, "pad": "..."}. RUN is the variable RUN, or the
                            process id
    burst=N[:OUTPUT]        sends N messages with up to 64 in flight
    stream=N:OUTPUT:RATE    sends N messages one after another, RATE a second at most
    bag=OUTPUT:JSON         sends a message with these properties, an object of strings, and the body {}
    twin                    gets the twin
    report=JSON             patches the reported properties
    invoke=TARGET:METHOD:JSON  calls a method of TARGET, `device/module` or `device` (modules only)
    try-invoke=...          does the same, and reports an error as the event `refused` instead of failing
    try-report=JSON         patches the reported properties, and reports an error as the event `refused`
    wait=EVENT:N:SECONDS    waits until there are N events of a kind since the start (input, c2d, method, desired, ...)
    patched=NAME:JSON:SECONDS  waits until a desired patch has the property NAME with this value. The SDK for Node.js
                            also reports what the twin had before
    sleep=SECONDS           waits

`serve` answers the method `fail` with status 500, `slow` after three seconds, and `mute` never. It answers all others
with status 200 and the payload {"method": NAME, "got": PAYLOAD}.
"""

import collections
import concurrent.futures
import json
import os
import sys
import threading
import time

from azure.iot.device import IoTHubDeviceClient, IoTHubModuleClient, Message, MethodResponse

lock = threading.Condition()
counts = collections.Counter()
patches = []


def emit(event, **rest):
    with lock:
        counts[event] += 1
        print(json.dumps({"event": event, "t": round(time.time(), 3), **rest}, default=str), flush=True)
        lock.notify_all()


def describe(m):
    data = m.data if isinstance(m.data, bytes) else str(m.data).encode()
    system = {k: getattr(m, k) for k in ("message_id", "correlation_id", "user_id", "content_type", "content_encoding",
                                         "expiry_time_utc", "output_name")}
    return {"body": data[:400].decode("utf-8", "replace"), "bytes": len(data), "properties": m.custom_properties,
            "system": {k: v for k, v in system.items() if v is not None}}


def message(i, run, size):
    m = Message(json.dumps({"seq": i, "pad": "x" * size}))
    m.message_id = f"{run}-{i}"
    m.content_type = "application/json"
    m.content_encoding = "utf-8"
    m.custom_properties["seq"] = str(i)
    m.custom_properties["odd key"] = "a&b=c/d%"
    return m


def main():
    args = sys.argv[1:]
    leaf = "--leaf" in args
    options = {"websockets": "--websockets" in args}
    ca = None
    steps = []
    it = iter(args)
    for a in it:
        if a == "--ca":
            with open(next(it)) as f:
                ca = f.read()
        elif a == "--ttl":
            options["sastoken_ttl"] = int(next(it))
        elif not a.startswith("--"):
            steps.append(a)
    if leaf:
        client = IoTHubDeviceClient.create_from_connection_string(
            os.environ["LEAF_CONNECTION_STRING"], server_verification_cert=ca, **options)
    else:
        client = IoTHubModuleClient.create_from_edge_environment(**options)
    run = os.environ.get("RUN", str(os.getpid()))
    client.on_connection_state_change = lambda: emit("connected" if client.connected else "disconnected")
    client.on_background_exception = lambda e: emit("error", error=repr(e), cause=repr(e.__cause__))

    def on_message(m):
        name = getattr(m, "input_name", None)
        emit("c2d" if leaf else "input", **({} if leaf else {"input": name}), **describe(m))

    def on_patch(patch):
        patches.append(patch)
        emit("desired", patch=patch)

    def on_method(r):
        emit("method", name=r.name, payload=r.payload)
        if r.name == "mute":
            return
        if r.name == "slow":
            time.sleep(3)
        status = 500 if r.name == "fail" else 200
        client.send_method_response(MethodResponse.create_from_method_request(r, status, {"method": r.name, "got": r.payload}))

    def transmit(i, output, size):
        m = message(i, run, size)
        if output:
            client.send_message_to_output(m, output)
        else:
            client.send_message(m)
        emit("acked", seq=i)

    def report(arg):
        client.patch_twin_reported_properties(json.loads(arg))
        emit("reported")

    def invoke(arg):
        target, method, payload = arg.split(":", 2)
        device, _, module = target.partition("/")
        params = {"methodName": method, "payload": json.loads(payload), "responseTimeoutInSeconds": 5,
                  "connectTimeoutInSeconds": 2}
        emit("invoked", result=client.invoke_method(params, device, module or None))

    def attempt(step, arg):
        try:
            step(arg)
        except Exception as e:
            emit("refused", error=repr(e), cause=repr(e.__cause__))

    for step in steps:
        name, _, arg = step.partition("=")
        if name == "connect":
            client.connect()
        elif name == "disconnect":
            client.disconnect()
        elif name == "serve":
            client.on_message_received = on_message
            client.on_method_request_received = on_method
            client.on_twin_desired_properties_patch_received = on_patch
        elif name in ("send", "burst"):
            parts = arg.split(":")
            output = parts[1] if len(parts) > 1 else ""
            size = int(parts[2]) if len(parts) > 2 else 0
            if name == "send":
                for i in range(int(parts[0])):
                    transmit(i, output, size)
            else:
                with concurrent.futures.ThreadPoolExecutor(64) as pool:
                    for f in [pool.submit(transmit, i, output, size) for i in range(int(parts[0]))]:
                        f.result()
        elif name == "stream":
            count, output, rate = arg.split(":")
            start = time.monotonic()
            for i in range(int(count)):
                time.sleep(max(0.0, start + i / float(rate) - time.monotonic()))
                transmit(i, output, 0)
        elif name == "bag":
            output, properties = arg.split(":", 1)
            m = Message("{}")
            m.custom_properties.update(json.loads(properties))
            client.send_message_to_output(m, output) if output else client.send_message(m)
            emit("acked", seq=0)
        elif name == "twin":
            emit("twin", twin=client.get_twin())
        elif name == "report":
            report(arg)
        elif name == "try-report":
            attempt(report, arg)
        elif name == "invoke":
            invoke(arg)
        elif name == "try-invoke":
            attempt(invoke, arg)
        elif name == "wait":
            event, n, seconds = arg.split(":")
            with lock:
                if not lock.wait_for(lambda: counts[event] >= int(n), float(seconds)):
                    raise TimeoutError(f"{counts[event]} of {n} events `{event}` in {seconds} s")
        elif name == "patched":
            key, value, seconds = arg.split(":")
            with lock:
                if not lock.wait_for(lambda: any(p.get(key) == json.loads(value) for p in patches), float(seconds)):
                    raise TimeoutError(f"no patch with {key}: {value} in {seconds} s")
        elif name == "sleep":
            time.sleep(float(arg))
        else:
            raise ValueError(f"no such step: {step}")
        emit("done", step=step)
    client.shutdown()


if __name__ == "__main__":
    try:
        main()
    except BaseException as e:
        emit("failed", error=repr(e), cause=repr(e.__cause__))
        sys.stdout.flush()
        os._exit(1)
    os._exit(0)
