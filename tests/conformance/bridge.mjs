// An MCP server that speaks over stdin and stdout, behind a URL on loopback, as the conformance suite wants it.
//
// Each `initialize` gets a process of the server and a session of its own; requests of the stateless revision
// share one process. Ids are made unique per process, and the status of an answer follows from its error's code.
// Beyond that the bridge adds and checks nothing (no headers, no origins), so that what passes is the server's work.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

const STATELESS = '2026-07-28';
const VERSION = 'io.modelcontextprotocol/protocolVersion';
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
// What the stateless revision's HTTP page says of errors; every other answer is a 200.
const STATUS = { '-32601': 404, '-32602': 400, '-32020': 400, '-32021': 400, '-32022': 400 };
const FAREWELL_MS = 3_000;

// Serves `command` until `end()`, which gives what the server did wrong beside its answers: messages that nobody
// waited for, a bad exit, no end with its input.
export async function bridge(command, env) {
  const faults = [];
  const children = new Set();
  const sessions = new Map();
  let shared;

  const start = (stateless) => {
    const child = new Child(command, env, stateless, (text) => faults.push(text));
    children.add(child);
    return child;
  };

  const handle = async (request, response) => {
    const status = (code) => response.writeHead(code).end();
    const session = request.headers['mcp-session-id'];
    if (request.method === 'DELETE') {
      const child = sessions.get(session);
      sessions.delete(session);
      await child?.end();
      return status(child ? 200 : 404);
    }
    if (request.method !== 'POST') return status(405);
    let body = '';
    for await (const part of request) body += part;
    const message = JSON.parse(body);

    const headers = {};
    let child = sessions.get(session);
    if (session === undefined) {
      const version = message.params?._meta?.[VERSION] ?? request.headers['mcp-protocol-version'];
      if (message.method === 'initialize' && version !== STATELESS) {
        child = start(false);
        headers['mcp-session-id'] = randomUUID();
        sessions.set(headers['mcp-session-id'], child);
      } else {
        child = shared ??= start(true);
      }
    }
    if (!child) return status(404);
    if (message.method !== undefined && message.id !== undefined) {
      return child.request(message, new Reply(response, headers));
    }
    child.send(message);
    status(202);
  };

  const http = createServer((request, response) => {
    handle(request, response).catch((error) => {
      faults.push(`the bridge itself: ${error}`);
      response.destroy();
    });
  });
  await new Promise((resolve, reject) => http.once('error', reject).listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${http.address().port}/mcp`,
    end: async () => {
      http.close();
      await Promise.all([...children].map((child) => child.end()));
      http.closeAllConnections();
      return faults;
    },
  };
}

// One process of the server, and the requests that it has not answered.
class Child {
  constructor(command, env, stateless, fault) {
    this.stateless = stateless;
    this.fault = fault;
    this.waiting = new Map();
    this.given_up = new Set();
    this.last = 0;
    this.process = spawn(command, [], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.process.stdin.on('error', () => {});
    createInterface({ input: this.process.stdout }).on('line', (line) => this.receive(line));
    this.gone = new Promise((resolve) => {
      this.process.once('error', (error) => resolve(fault(`cannot run ${command}: ${error.message}`)));
      this.process.once('close', (code, signal) => {
        if (code !== 0) fault(`the server ended with ${code ?? signal}`);
        for (const reply of this.waiting.values()) reply.response.destroy();
        resolve();
      });
    });
  }

  send(message) {
    this.process.stdin.write(JSON.stringify(message) + '\n');
  }

  request(message, reply) {
    const id = `bridge-${++this.last}`;
    reply.id = message.id;
    reply.token = message.params?._meta?.progressToken;
    this.waiting.set(id, reply);
    // A client that hangs up does not want the answer any more.
    reply.response.once('close', () => {
      if (this.waiting.delete(id)) {
        this.given_up.add(id);
        this.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
      }
    });
    this.send({ ...message, id });
  }

  receive(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return this.fault(`not JSON: ${line}`);
    }
    const to = message.method === undefined ? this.answered(message) : this.meant(message);
    if (to.length === 0 && this.given_up.size === 0) this.fault(`nobody waits for ${line}`);
    for (const reply of to) reply.send(message, message.method === undefined);
  }

  // Whose answer it is.
  answered(message) {
    const reply = this.waiting.get(message.id);
    if (!reply) return [];
    this.waiting.delete(message.id);
    message.id = reply.id;
    if (this.stateless) reply.status = STATUS[message.error?.code] ?? 200;
    return [reply];
  }

  // On whose stream a notification or a request of the server's own belongs: all, where it does not say.
  meant(message) {
    const all = [...this.waiting.values()];
    const meta = message.params?._meta;
    if (meta?.[SUBSCRIPTION] !== undefined) {
      const reply = this.waiting.get(meta[SUBSCRIPTION]);
      if (reply) meta[SUBSCRIPTION] = reply.id;
      return reply ? [reply] : [];
    }
    if (message.method === 'notifications/progress') {
      return all.filter((reply) => reply.token === message.params.progressToken);
    }
    return message.id === undefined ? all : all.slice(-1);
  }

  // Closes the server's input, and waits for it to end by itself.
  async end() {
    this.process.stdin.end();
    const late = setTimeout(() => {
      this.fault('the server did not end with its input');
      this.process.kill('SIGKILL');
    }, FAREWELL_MS);
    await this.gone;
    clearTimeout(late);
  }
}

// One HTTP answer: JSON, or a stream of events where something comes before it.
class Reply {
  status = 200;

  constructor(response, headers) {
    this.response = response;
    this.headers = headers;
  }

  send(message, last) {
    const { response } = this;
    const body = JSON.stringify(message);
    if (last && !response.headersSent) {
      response.writeHead(this.status, { ...this.headers, 'content-type': 'application/json' });
      response.end(body);
      return;
    }
    if (!response.headersSent) response.writeHead(200, { ...this.headers, 'content-type': 'text/event-stream' });
    response.write(`event: message\ndata: ${body}\n\n`);
    if (last) response.end();
  }
}
