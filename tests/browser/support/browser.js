// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { repository } from './daemon.js';

const screenshots = process.env.MSGSRV_SCREENSHOTS ?? join(repository, 'build/screenshots');

/** Debian's Chromium with a camera and a microphone that are not real, and without talk to the net. */
export function launch(...more) {
    return chromium.launch({
        executablePath: process.env.MSGSRV_CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
            '--disable-component-update', '--disable-sync', '--use-fake-device-for-media-stream=fps=10', '--use-fake-ui-for-media-stream',
            '--disable-features=WebRtcHideLocalIpsWithMdns', '--autoplay-policy=no-user-gesture-required', ...more],
    });
}

/** Runs in each page before its own scripts: keeps the peer connections, reports what CSP stopped. */
function instrument() {
    globalThis.peerConnections = [];
    const Original = globalThis.RTCPeerConnection;
    globalThis.RTCPeerConnection = class extends Original {
        constructor(...options) {
            super(...options);
            globalThis.peerConnections.push(this);
        }
    };
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        console.error(`CSP: ${violatedDirective} ${blockedURI}`);
    });
}

/** One person with a browser of their own (a context), on the demo page. */
export class Person {
    complaints = [];

    static async open(browser, daemon, name, { url = daemon.url, before, query = `?user=${encodeURIComponent(name)}`, ...options } = {}) {
        const person = new Person();
        person.name = name;
        person.context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ignoreHTTPSErrors: true, ...options });
        await person.context.addInitScript(instrument);
        if (before) await person.context.addInitScript(before);
        const page = person.page = await person.context.newPage();
        page.setDefaultTimeout(30000);
        page.on('console', (message) => {
            if (['error', 'warning'].includes(message.type())) person.complaints.push(`${name}: ${message.text()}`);
        });
        page.on('pageerror', (error) => person.complaints.push(`${name}: ${error.stack}`));
        await page.goto(`${url}/${query}`);
        return person;
    }

    /** On the page and online. */
    static async join(browser, daemon, name, options) {
        const person = await Person.open(browser, daemon, name, options);
        await person.page.click('#join-button');
        await person.page.waitForSelector('#status[data-state=online]');
        return person;
    }

    locate(selector) { return this.page.locator(selector); }

    async waitForText(selector, text) {
        await this.page.locator(selector).filter({ hasText: text }).first().waitFor();
    }

    async say(peer, text, way) {
        await this.page.fill('#peer-id', peer);
        await this.write(text, way);
    }

    async write(text, way) {
        await this.page.locator('.segments label').filter({ has: this.page.locator(`#way-${way}`) }).click();
        await this.page.fill('#message-text', text);
        await this.page.click('#send');
    }

    async call(peer) {
        await this.page.fill('#peer-id', peer);
        await this.page.click('#call');
    }

    async waitForCall() {
        await this.page.waitForSelector('#stage[data-state=connected]');
    }

    async waitForNoCall(text) {
        await this.page.waitForSelector('#stage[data-state=idle]');
        if (text) await this.waitForText('#call-state', text);
    }

    /** Of the video that comes in, over all peer connections that are open. */
    framesDecoded() {
        return this.page.evaluate(async () => {
            let frames = 0;
            for (const connection of globalThis.peerConnections) {
                if (connection.connectionState === 'closed') continue;
                for (const report of (await connection.getStats()).values())
                    if (report.type === 'inbound-rtp' && report.kind === 'video') frames += report.framesDecoded ?? 0;
            }
            return frames;
        });
    }

    /** Waits until the other's video has gone on for five frames. */
    async seesVideo() {
        const before = await this.framesDecoded();
        const deadline = Date.now() + 30000;
        while (await this.framesDecoded() < before + 5) {
            assert.ok(Date.now() < deadline, `${this.name} sees no video`);
            await this.page.waitForTimeout(50);
        }
    }

    /** Looks as the user of such a screen sees it, in build/screenshots. */
    async screenshot(name, options) {
        mkdirSync(screenshots, { recursive: true });
        await this.page.screenshot({ path: join(screenshots, `${name}.png`), ...options });
    }

    async close() {
        await this.context.close();
    }
}

/** Runs a test with people who come and go, and fails when a console complained. */
export async function withPeople(browser, daemon, body) {
    const people = [];
    const add = (kind) => async (name, options) => {
        const person = await kind(browser, daemon, name, options);
        people.push(person);
        return person;
    };
    try {
        await body({ open: add(Person.open), join: add(Person.join) });
        const complaints = people.flatMap((person) => person.complaints);
        assert.deepEqual(complaints, []);
    } finally {
        for (const person of people) await person.close();
    }
}
