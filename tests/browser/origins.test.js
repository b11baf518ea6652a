// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a real browser makes of the server's Origin policy; tests/attack/test_origins.py has the whole table.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './support/browser.js';
import { Daemon } from './support/daemon.js';

let site;
let browser;
let folder;
before(async () => {
    site = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>A page</title>'));
    await new Promise((resolve) => site.listen(0, resolve));
    folder = mkdtempSync(join(tmpdir(), 'messaging-server-origins-'));
    writeFileSync(join(folder, 'page.html'), '<!doctype html><title>A file</title>');
    browser = await launch();
});
after(async () => {
    await browser?.close();
    site?.close();
    rmSync(folder, { recursive: true, force: true });
});

/** What a page gets: by fetch, with and without a question before it, and by WebSocket. */
const knock = async ({ http, stomp }) => {
    const ask = (headers) => fetch(`${http}/exchange`, { method: 'POST', body: 'x=1', headers }).then(({ status }) => status, () => 'refused');
    const socket = () => new Promise((resolve) => {
        const webSocket = new WebSocket(`ws://${stomp}/ws`, ['v12.stomp']);
        webSocket.onopen = () => { resolve('open'); webSocket.close(); };
        webSocket.onerror = () => resolve('refused');
    });
    return {
        simple: await ask({ 'Content-Type': 'application/x-www-form-urlencoded' }),
        withKey: await ask({ 'Content-Type': 'application/json', Authorization: 'Bearer guessed' }),
        socket: await socket(),
    };
};

const allowed = { simple: 400, withKey: 400, socket: 'open' };
const refused = { simple: 'refused', withKey: 'refused', socket: 'refused' };

/** Runs knock() in the page at this address, or in a frame that @p frame puts into it. */
async function knockFrom(address, daemon, frame) {
    const page = await browser.newPage();
    try {
        await page.goto(address);
        if (!frame) return await page.evaluate(knock, { http: daemon.url, stomp: daemon.listens.stomp });
        await page.setContent(frame);
        await page.waitForSelector('iframe');
        const inner = page.frames().find((candidate) => candidate !== page.mainFrame());
        await inner.waitForLoadState();
        return await inner.evaluate(knock, { http: daemon.url, stomp: daemon.listens.stomp });
    } finally {
        await page.close();
    }
}

test('by default the own host may, whatever its port, and nobody else', { timeout: 120000 }, async () => {
    const daemon = await Daemon.start();
    try {
        const port = site.address().port;
        assert.deepEqual(await knockFrom(`http://127.0.0.1:${port}/`, daemon), allowed, 'another port of the same host');
        assert.deepEqual(await knockFrom(`http://localhost:${port}/`, daemon), refused, 'another host');
        assert.deepEqual(await knockFrom(`http://127.0.0.2:${port}/`, daemon), refused, 'another address');
        assert.deepEqual(await knockFrom(`file://${join(folder, 'page.html')}`, daemon), refused, 'a file: null');
        assert.deepEqual(await knockFrom(`http://127.0.0.1:${port}/`, daemon, '<iframe sandbox="allow-scripts" srcdoc="<p>x</p>"></iframe>'),
            refused, 'a sandboxed frame of the own host: null');
        assert.deepEqual(await knockFrom(`http://127.0.0.1:${port}/`, daemon, '<iframe src="data:text/html,<p>x</p>"></iframe>'),
            refused, 'a data: frame: null');
    } finally {
        assert.equal(await daemon.stop(), 0);
    }
});

test('with a list only those on it may', { timeout: 120000 }, async () => {
    const port = site.address().port;
    const daemon = await Daemon.start({ 'net.allowed_origins': JSON.stringify([`http://localhost:${port}`]) });
    try {
        assert.deepEqual(await knockFrom(`http://localhost:${port}/`, daemon), allowed, 'on the list');
        assert.deepEqual(await knockFrom(`http://127.0.0.1:${port}/`, daemon), refused, 'the own host is not');
    } finally {
        assert.equal(await daemon.stop(), 0);
    }
});
