// SPDX-License-Identifier: GPL-3.0-or-later
//
// The client module in somebody else's page: from another origin, and as docs/client.md shows it.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import WebSocket from 'ws';
import { launch } from './support/browser.js';
import { Daemon, repository } from './support/daemon.js';

let site;
let daemon;
let browser;
let origin;
let policy = null;
before(async () => {
    site = createServer((request, response) => {
        response.writeHead(request.url === '/' ? 200 : 204, { 'Content-Type': 'text/html', ...(policy && { 'Content-Security-Policy': policy }) });
        response.end(request.url === '/' ? '<!doctype html><title>Somebody else\'s page</title>' : undefined);
    });
    await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
    origin = `http://localhost:${site.address().port}`;
    daemon = await Daemon.start({ 'net.allowed_origins': JSON.stringify([origin]) });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
    site?.close();
});

/** A page of the other origin, and what its console complained about. */
async function withPage(body) {
    const page = await browser.newPage();
    const complaints = [];
    page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
    page.on('pageerror', (error) => complaints.push(String(error)));
    try {
        await page.goto(`${origin}/`);
        await body(page, complaints);
    } finally {
        await page.close();
    }
}

const talkToMyself = async (server) => {
    const { MessagingClient } = await import(`${server}/messaging-client.js`);
    const client = new MessagingClient({ userId: 'guest', heartbeat: 400 }); // the server is where the module came from
    const arrived = new Promise((resolve) => client.addEventListener('message', ({ detail }) => resolve(detail), { once: true }));
    let beats = 0;
    await client.connect();
    await client.exchange('guest', { hello: 'world' });
    const { from, content } = await arrived;
    await new Promise((resolve) => {
        client.addEventListener('frame', ({ detail }) => { if (detail.direction === 'out' && detail.text === '\n' && ++beats === 3) resolve(); });
    });
    const { state } = client;
    await client.disconnect();
    return { from, content, state };
};

test('a page of another origin imports the module and talks', { timeout: 100000 }, () => withPage(async (page, complaints) => {
    policy = null;
    const workers = [];
    page.on('worker', (worker) => workers.push(worker.url()));
    assert.deepEqual(await page.evaluate(talkToMyself, daemon.url), { from: 'guest', content: { hello: 'world' }, state: 'online' });
    assert.match(workers[0], /^blob:/);
    assert.deepEqual(complaints, []);
}));

test('where the page\'s policy forbids the worker, ordinary timers do', { timeout: 100000 }, async () => {
    policy = `default-src 'none'; script-src 'unsafe-eval' ${daemon.url}; worker-src 'none'; connect-src ${daemon.url} ws://${daemon.listens.stomp}`;
    await withPage(async (page) => {
        assert.deepEqual(await page.evaluate(talkToMyself, daemon.url), { from: 'guest', content: { hello: 'world' }, state: 'online' });
        assert.equal(page.workers().length, 0);
    });
    policy = null;
});

test('the examples of docs/client.md work', { timeout: 100000 }, async () => {
    const text = readFileSync(join(repository, 'docs/client.md'), 'utf8');
    const examples = [...text.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
    assert.ok(examples.length >= 5);
    await withPage(async (page, complaints) => {
        for (const [index, example] of examples.entries()) {
            const isForNode = example.includes('\'ws\'');
            const code = example.replace(/^import (\{.*\}) from '(.*)';$/gm, (_, names, from) => isForNode
                ? from === 'ws' ? '' : `const ${names} = await import('${new URL('../../resources/web/messaging-client.js', import.meta.url)}');`
                : `const ${names} = await import('${daemon.url}/messaging-client.js');`)
                .replace(/^import WebSocket from 'ws';$/m, '').replaceAll('https://chat.example.org', daemon.url)
                .replaceAll('\'alice\'', `'alice-${index}'`).replaceAll('\'bob\'', `'bob-${index}'`);
            const AsyncFunction = (async () => { }).constructor;
            if (isForNode) await new AsyncFunction('WebSocket', 'process', code)(WebSocket, { argv: [] });
            else await page.evaluate(code.includes('await') ? `(async () => {${code}})()` : code);
        }
        assert.deepEqual(complaints, []);
    });
});
