// SPDX-License-Identifier: GPL-3.0-or-later
//
// The table of docs/stomp-interop.md is what happens: each library in each surrounding goes through all scenarios, and
// what is seen must be what the table says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { launch } from '../browser/support/browser.js';
import { Daemon, repository } from '../browser/support/daemon.js';
import { allClients, PageServer } from './libraries.js';
import { Peer, Proxy } from './peer.js';
import { scenarios } from './scenarios.js';

const cellsOf = (line) => line.split('|').slice(1, -1).map((cell) => cell.trim());

/** The table's rows by their first cell, each as { column: cell }. */
function documentedRows() {
    const lines = readFileSync(join(repository, 'docs/stomp-interop.md'), 'utf8').split('\n');
    const head = lines.findIndex((line) => line.startsWith('| client |'));
    const columns = cellsOf(lines[head]).slice(1);
    const rows = new Map();
    for (let i = head + 2; lines[i].startsWith('|'); ++i) {
        const [name, ...cells] = cellsOf(lines[i]);
        rows.set(name, Object.fromEntries(columns.map((column, index) => [column, cells[index]])));
    }
    return rows;
}

const configuration = `
[[stomp.accounts]]
login = "guest"
passcode = "guest"
send = ["/queue/*"]
subscribe = ["/queue/*"]
`;
/** Small, so that a client which neither beats nor answers pings is cut within the idle time of the scenario. */
const settings = {
    'stomp.tcp_listen': '127.0.0.1:0', 'stomp.ping_interval': '2s', 'stomp.subscriptions': '64', 'limits.failed_keys': '0',
};

let daemon, browser, pages;
before(async () => {
    daemon = await Daemon.start(settings, configuration);
    pages = await PageServer.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    pages?.stop();
    assert.equal(await daemon.stop(), 0);
});

/** The cells of one client's row, as they are seen. */
async function observe(client, number) {
    const target = client.webSocket ? daemon.listens.stomp : daemon.listens.stomp_tcp;
    const urlOf = (address) => (client.webSocket ? `ws://${address}/ws` : address);
    const cells = {};
    for (const [column, scenario] of scenarios) {
        const proxy = await Proxy.start(target);
        const trial = {
            webSocket: client.webSocket, start: client.start, started: [], url: urlOf(target), proxied: urlOf(proxy.address), cut: () => proxy.cut(),
            destination: `/queue/${number}.${column.replaceAll(' ', '-')}`, peer: await Peer.connect(daemon.listens.stomp_tcp, 'guest', 'guest'),
        };
        try {
            cells[column] = await scenario(trial);
        } catch (error) {
            throw new Error(`${client.name}, ${column}: ${error.message}`, { cause: error });
        } finally {
            trial.peer.close();
            proxy.stop();
            for (const started of trial.started) await started.stop();
        }
    }
    return cells;
}

describe('the table of docs/stomp-interop.md', { concurrency: 6 }, () => {
    const documented = documentedRows();
    const names = allClients().map((client) => client.name);

    test('has a row for each client, and no other', () => assert.deepEqual([...documented.keys()], names));

    names.forEach((name, number) => test(name, { timeout: 240_000 }, async () => {
        const seen = await observe(allClients(browser, pages)[number], number);
        console.log(`| ${[name, ...Object.values(seen)].join(' | ')} |`);
        assert.deepEqual(seen, documented.get(name));
    }));
});
