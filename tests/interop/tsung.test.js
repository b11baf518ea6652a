// SPDX-License-Identifier: GPL-3.0-or-later
//
// A load of session workflows by tsung, which speaks HTTP and changes to WebSocket in the middle of a
// session. It sends an Origin without a scheme.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Daemon } from '../browser/support/daemon.js';

const users = 100;

test('a tsung scenario runs without an error', { timeout: 120000 }, async (t) => {
    const daemon = await Daemon.start();
    const folder = mkdtempSync(join(tmpdir(), 'messaging-server-tsung-'));
    t.after(async () => {
        await daemon.stop();
        rmSync(folder, { recursive: true, force: true });
    });
    const port = (address) => address.split(':').pop();
    const scenario = readFileSync(new URL('tsung.xml.in', import.meta.url), 'utf8')
        .replaceAll('@HTTP_PORT@', port(daemon.listens.http))
        .replaceAll('@STOMP_PORT@', port(daemon.listens.stomp))
        .replaceAll('@DTD@', '/usr/share/tsung/tsung-1.0.dtd');
    writeFileSync(join(folder, 'scenario.xml'), scenario);
    await promisify(execFile)('tsung', ['-f', join(folder, 'scenario.xml'), '-l', join(folder, 'log'), 'start'],
        { env: { ...process.env, HOME: folder } });

    // tsung.log: "stats: name ..." every 10 s; of counters the last column is the sum over the run.
    const [run] = readdirSync(join(folder, 'log'));
    const log = readFileSync(join(folder, 'log', run, 'tsung.log'), 'utf8');
    const totals = new Map();
    for (const line of log.split('\n')) {
        const [, name, values] = /^stats: (\S+) (.*)$/.exec(line) ?? [];
        if (name) totals.set(name, Number(values.trim().split(' ').pop()));
    }
    const controller = readdirSync(join(folder, 'log', run)).filter((file) => file.endsWith('.log')).join(' ');
    const errors = [...totals.keys()].filter((name) => name.startsWith('error'));
    assert.deepEqual(errors, [], `${controller}\n${log}\n${daemon.log}`);
    assert.equal(totals.get('nomatch') ?? 0, 0, 'an answer was missing');
    assert.equal(totals.get('match'), 3 * users, 'CONNECTED, and a RECEIPT for SUBSCRIBE and for DISCONNECT');
    assert.equal(totals.get('finish_users_count'), users, log);
    assert.equal(totals.get('200'), users, '/connect');

    const metrics = await (await fetch(`http://${daemon.listens.internal}/metrics`)).text();
    assert.match(metrics, new RegExp(`^messaging_sessions_opened_total ${users}$`, 'm'));
    assert.match(metrics, /^messaging_sessions\{state="acked"\} 0$/m);
    for (const line of metrics.split('\n').filter((line) => line.startsWith('messaging_strange_behaviour_total')))
        assert.match(line, / 0$/);
});
