// SPDX-License-Identifier: GPL-3.0-or-later
//
// The libraries of the matrix, and how each is driven: in Node.js, in a page of Chromium, or as a program of its own.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { makeDriver, tapped } from './driver.js';

const require = createRequire(import.meta.url);
const Tap = tapped(WebSocket);
globalThis.WebSocket = Tap; // before the old libraries look for it

/** `module` for Node.js, `script` and its `global` for a page. */
const javaScript = [
    { name: '`stompjs` 2.3.3', kind: 'classic', module: 'stompjs', script: 'stompjs/lib/stomp.js', global: 'Stomp' },
    { name: '`@stomp/stompjs` 4.0.8', kind: 'classic', module: 'stompjs-4', script: 'stompjs-4/lib/stomp.js', global: 'Stomp' },
    { name: '`@stomp/stompjs` 5.4.4', kind: 'modern', module: 'stompjs-5', script: 'stompjs-5/bundles/stomp.umd.js', global: 'StompJs' },
    { name: '`@stomp/stompjs` 6.1.2', kind: 'modern', module: 'stompjs-6', script: 'stompjs-6/bundles/stomp.umd.js', global: 'StompJs' },
    ...[
        { name: '`@stomp/stompjs` 7.5.0' },
        { name: '`@stomp/stompjs` 7.5.0, 1.1 alone', options: { versions: ['1.1'] } },
        { name: '`@stomp/stompjs` 7.5.0, 1.0 alone', options: { versions: ['1.0'] } },
        { name: '`@stomp/stompjs` 7.5.0, all binary', options: { forceBinaryWSFrames: true, splitLargeFrames: true } },
    ].map((one) => ({ kind: 'modern', module: '@stomp/stompjs', script: '@stomp/stompjs/bundles/stomp.umd.js', global: 'StompJs', ...one })),
    ...[
        { name: '`webstomp-client` 1.2.6', options: { bodyFirst: true, client: { debug: false } } },
        { name: '`webstomp-client` 1.2.6, binary', options: { bodyFirst: true, client: { debug: false, binary: true } } },
    ].map((one) => ({ kind: 'classic', module: 'webstomp-client', script: 'webstomp-client/dist/webstomp.js', global: 'webstomp', ...one })),
];

function inNode(library) {
    return {
        name: `${library.name}, Node.js`,
        webSocket: true,
        async start() {
            const driver = makeDriver(library, require(library.module), Tap);
            return { call: async (method, argument) => driver[method](argument), stop: async () => {} };
        },
    };
}

/** @param browser of playwright @param pages of PageServer */
function inChromium(library, browser, pages) {
    return {
        name: `${library.name}, Chromium`,
        webSocket: true,
        async start() {
            const context = await browser.newContext();
            const page = await context.newPage();
            await page.goto(`${pages.url}/`);
            await page.addScriptTag({ type: 'module', content:
                `import { makeDriver, tapped } from '/driver.js';
                globalThis.WebSocket = tapped(WebSocket);
                globalThis.start = (what, library) => { globalThis.driver = makeDriver(what, globalThis[library], WebSocket); };` });
            await page.waitForFunction(() => globalThis.start);
            await page.addScriptTag({ url: `/node_modules/${library.script}` });
            await page.evaluate(([what, name]) => globalThis.start(what, name), [{ kind: library.kind, options: library.options }, library.global]);
            return {
                call: (method, argument) => {
                    const result = page.evaluate(([name, value]) => globalThis.driver[name](value), [method, argument]);
                    result.catch(() => {}); // what nobody waits for any more ends with the page
                    return result;
                },
                stop: () => context.close(),
            };
        },
    };
}

function inPython(version) {
    return {
        name: `\`python3-stomp\` 8.0.0, ${version}, TCP`,
        webSocket: false,
        async start() {
            const script = fileURLToPath(new URL('stomppy_driver.py', import.meta.url));
            const child = spawn('/usr/bin/python3', [script, version], { stdio: ['pipe', 'pipe', 'ignore'] });
            const pending = new Map();
            createInterface(child.stdout).on('line', (line) => {
                const { id, result } = JSON.parse(line);
                pending.get(id).resolve(result);
            });
            child.on('exit', () => {
                for (const { reject } of pending.values()) reject(new Error('the driver in Python has ended; is python3-stomp installed?'));
            });
            child.stdin.on('error', () => {}); // the same
            let serial = 0;
            return {
                call: (method, argument = null) => {
                    const result = new Promise((resolve, reject) => {
                        pending.set(++serial, { resolve, reject });
                        child.stdin.write(`${JSON.stringify({ id: serial, method, arguments: argument })}\n`);
                    });
                    result.catch(() => {}); // as above
                    return result;
                },
                stop: async () => child.kill(),
            };
        },
    };
}

/** Everything that the matrix has a row for. */
export function allClients(browser, pages) {
    return [
        ...javaScript.flatMap((library) => [inNode(library), inChromium(library, browser, pages)]),
        ...['1.0', '1.1', '1.2'].map(inPython),
    ];
}

/** Serves an empty page, driver.js and the libraries, on the loopback interface. */
export class PageServer {
    static async start() {
        const server = new PageServer();
        server.http = createServer(({ url }, response) => {
            if (url === '/') return response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>interop</title>');
            if (!/^\/(driver\.js|node_modules\/[\w@/.-]+\.js)$/.test(url) || url.includes('..')) return response.writeHead(404).end();
            return response.setHeader('Content-Type', 'text/javascript').end(readFileSync(new URL(`.${url}`, import.meta.url)));
        });
        await new Promise((resolve) => server.http.listen(0, '127.0.0.1', resolve));
        server.url = `http://127.0.0.1:${server.http.address().port}`;
        return server;
    }

    stop() { this.http.close(); }
}
