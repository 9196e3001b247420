#!/usr/bin/env node
// Runs the SDK for Node.js through the steps that the command line names. client.py describes them.
//
//     client.js [--leaf] [--websockets] [--ca FILE] [--ttl SECONDS] STEP...
'use strict';
const fs = require('fs');
const { Client, ModuleClient, Message } = require('azure-iot-device');
const { Mqtt, MqttWs } = require('azure-iot-device-mqtt');

const counts = {};
const waiters = [];
const patches = [];
function emit(event, rest = {}) {
  counts[event] = (counts[event] || 0) + 1;
  process.stdout.write(JSON.stringify({ event, t: Date.now() / 1000, ...rest }) + '\n');
  for (const w of waiters.slice()) w();
}
function describe(m) {
  const data = m.getBytes();
  const properties = {};
  for (const p of m.properties.propertyList) properties[p.key] = p.value;
  const system = {};
  for (const k of ['messageId', 'correlationId', 'userId', 'contentType', 'contentEncoding', 'expiryTimeUtc', 'to']) if (m[k]) system[k] = m[k];
  return { body: data.toString().slice(0, 400), bytes: data.length, properties, system };
}
function message(i, run, size) {
  const m = new Message(JSON.stringify({ seq: i, pad: 'x'.repeat(size) }));
  m.messageId = `${run}-${i}`;
  m.contentType = 'application/json';
  m.contentEncoding = 'utf-8';
  m.properties.add('seq', String(i));
  m.properties.add('odd key', 'a&b=c/d%');
  return m;
}
const sleep = (s) => new Promise((done) => setTimeout(done, 1000 * s));
function until(condition, what, seconds) {
  return new Promise((done, fail) => {
    const check = () => {
      if (condition()) { clearTimeout(timer); waiters.splice(waiters.indexOf(check), 1); done(); }
    };
    const timer = setTimeout(() => fail(new Error(`${what()} in ${seconds} s`)), 1000 * seconds);
    waiters.push(check);
    check();
  });
}

async function main() {
  const args = process.argv.slice(2);
  const leaf = args.includes('--leaf');
  const transport = args.includes('--websockets') ? MqttWs : Mqtt;
  let ca;
  let ttl;
  const steps = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--ca') ca = fs.readFileSync(args[++i], 'utf8');
    else if (args[i] === '--ttl') ttl = Number(args[++i]);
    else if (!args[i].startsWith('--')) steps.push(args[i]);
  }
  let client;
  if (leaf) {
    client = Client.fromConnectionString(process.env.LEAF_CONNECTION_STRING, transport);
    if (ca) await client.setOptions({ ca });
  } else {
    client = await ModuleClient.fromEnvironment(transport);
  }
  // Options replace those that were set before, among them the root that the environment names.
  if (ttl) await client.setOptions({ ca: ca || fs.readFileSync(process.env.EdgeModuleCACertificateFile, 'utf8'), tokenRenewal: { tokenValidTimeInSeconds: ttl, tokenRenewalMarginInSeconds: 120 } });
  const run = process.env.RUN || String(process.pid);
  client.on('error', (e) => emit('error', { error: String(e) }));
  client.on('disconnect', () => emit('disconnected'));
  client.on('connect', () => emit('connected'));

  // The SDK has no handler for all methods: each name is registered.
  const methods = ['echo', 'fail', 'slow', 'mute', 'ping'];
  const onMethod = async (request, response) => {
    emit('method', { name: request.methodName, payload: request.payload });
    if (request.methodName === 'mute') return;
    if (request.methodName === 'slow') await sleep(3);
    await response.send(request.methodName === 'fail' ? 500 : 200, { method: request.methodName, got: request.payload });
  };
  const transmit = async (i, output, size) => {
    const m = message(i, run, size);
    if (output) await client.sendOutputEvent(output, m);
    else await client.sendEvent(m);
    emit('acked', { seq: i });
  };

  const report = async (arg) => {
    const twin = await client.getTwin();
    await new Promise((done, fail) => twin.properties.reported.update(JSON.parse(arg), (e) => (e ? fail(e) : done())));
    emit('reported');
  };
  const invoke = async (arg) => {
    const [target, method] = arg.split(':', 2);
    const payload = JSON.parse(arg.slice(target.length + method.length + 2));
    const [device, module] = target.split('/');
    const params = { methodName: method, payload, responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 2 };
    emit('invoked', { result: module ? await client.invokeMethod(device, module, params) : await client.invokeMethod(device, params) });
  };
  const attempt = async (step, arg) => {
    try { await step(arg); } catch (e) { emit('refused', { error: String(e), name: e && e.name }); }
  };

  for (const step of steps) {
    const at = step.indexOf('=');
    const name = at < 0 ? step : step.slice(0, at);
    const arg = at < 0 ? '' : step.slice(at + 1);
    if (name === 'connect') { await client.open(); emit('connected'); }
    else if (name === 'disconnect') await client.close();
    else if (name === 'serve') {
      if (leaf) client.on('message', (m) => { emit('c2d', describe(m)); client.complete(m); });
      else client.on('inputMessage', (input, m) => { emit('input', { input, ...describe(m) }); client.complete(m); });
      for (const m of methods) (leaf ? client.onDeviceMethod(m, onMethod) : client.onMethod(m, onMethod));
      const twin = await client.getTwin();
      twin.on('properties.desired', (patch) => { patches.push(patch); emit('desired', { patch }); });
    } else if (name === 'send' || name === 'burst') {
      const [n, output, size] = arg.split(':');
      if (name === 'send') for (let i = 0; i < Number(n); i++) await transmit(i, output, Number(size || 0));
      else {
        let next = 0;
        const worker = async () => { while (next < Number(n)) await transmit(next++, output, Number(size || 0)); };
        await Promise.all(Array.from({ length: 64 }, worker));
      }
    } else if (name === 'stream') {
      const [n, output, rate] = arg.split(':');
      const start = Date.now();
      for (let i = 0; i < Number(n); i++) {
        await sleep(Math.max(0, (start + (1000 * i) / Number(rate) - Date.now()) / 1000));
        await transmit(i, output, 0);
      }
    } else if (name === 'bag') {
      const output = arg.slice(0, arg.indexOf(':'));
      const m = new Message('{}');
      for (const [key, value] of Object.entries(JSON.parse(arg.slice(output.length + 1)))) m.properties.add(key, value);
      await (output ? client.sendOutputEvent(output, m) : client.sendEvent(m));
      emit('acked', { seq: 0 });
    } else if (name === 'twin') {
      const twin = await client.getTwin();
      emit('twin', { twin: { desired: twin.properties.desired, reported: JSON.parse(JSON.stringify(twin.properties.reported)) } });
    } else if (name === 'report') await report(arg);
    else if (name === 'try-report') await attempt(report, arg);
    else if (name === 'invoke') await invoke(arg);
    else if (name === 'try-invoke') await attempt(invoke, arg);
    else if (name === 'wait') { const [event, n, seconds] = arg.split(':'); await until(() => (counts[event] || 0) >= Number(n), () => `${counts[event] || 0} of ${n} events \`${event}\``, Number(seconds)); }
    else if (name === 'patched') {
      const [key, value, seconds] = arg.split(':');
      await until(() => patches.some((p) => JSON.stringify(p[key]) === value), () => `no patch with ${key}: ${value}`, Number(seconds));
    }
    else if (name === 'sleep') await sleep(Number(arg));
    else throw new Error(`no such step: ${step}`);
    emit('done', { step });
  }
  await client.close();
}
main().then(() => process.exit(0), (e) => { emit('failed', { error: String(e), name: e && e.name }); process.exit(1); });
