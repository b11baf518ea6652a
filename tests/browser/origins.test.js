// SPDX-License-Identifier: GPL-3.0-or-later
//
// Pages of other origins, in a browser: what the server refuses, a page does not get.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { launch } from './support/browser.js';
import { Daemon } from './support/daemon.js';

let browser;
let pages; // serves an empty page, at two names
before(async () => {
    browser = await launch();
    pages = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>x</title>'));
    await new Promise((resolve) => { pages.listen(0, '127.0.0.1', resolve); });
});
after(async () => {
    await browser?.close();
    pages?.closeAllConnections();
    pages?.close();
});

/** What a script there gets: of the WebSocket, and of a request with a header that needs a preflight. */
async function reach({ http, stomp }) {
    const webSocket = await new Promise((resolve) => {
        const socket = new WebSocket(`ws://${stomp}/ws`, ['v12.stomp']);
        socket.onopen = () => { resolve('open'); socket.close(); };
        socket.onerror = () => resolve('refused');
    });
    const fetched = await fetch(`http://${http}/exchange`, {
        method: 'POST', headers: { Authorization: 'Bearer x', 'Content-Type': 'application/json' }, body: '{"toUserId":"a","content":1}',
    }).then(({ status }) => status, () => 'refused');
    return { webSocket, fetched };
}

const allowed = { webSocket: 'open', fetched: 401 };
const refused = { webSocket: 'refused', fetched: 'refused' };

/** @param {Record<string, object>} expected by the page's host name, or `null` for a sandboxed frame */
async function check(settings, expected) {
    const daemon = await Daemon.start(settings);
    const page = await browser.newPage();
    try {
        const { port } = pages.address();
        for (const [host, outcome] of Object.entries(expected)) {
            await page.goto(`http://${host === 'null' ? '127.0.0.1' : host}:${port}/`);
            let frame = page.mainFrame();
            if (host === 'null') {
                await page.setContent('<iframe sandbox="allow-scripts" srcdoc="<p>x</p>"></iframe>');
                frame = await (await page.waitForSelector('iframe')).contentFrame();
                await frame.waitForSelector('p');
            }
            assert.deepEqual(await frame.evaluate(reach, daemon.listens), outcome, host);
        }
    } finally {
        await page.close();
        assert.equal(await daemon.stop(), 0);
    }
}

test('by default pages of the same host may come in, from any port', { timeout: 60000 }, () =>
    check({}, { '127.0.0.1': allowed, localhost: refused, null: refused }));

test('a list of origins is all that may come in', { timeout: 60000 }, () =>
    check({ 'net.allowed_origins': `["http://localhost:${pages.address().port}"]` }, { localhost: allowed, '127.0.0.1': refused, null: refused }));

test('a listed host is allowed by any scheme and port, another origin is not', { timeout: 60000 }, () =>
    check({ 'net.allowed_origins': '["localhost", "https://127.0.0.1"]' }, { localhost: allowed, '127.0.0.1': refused, null: refused }));
