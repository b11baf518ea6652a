// SPDX-License-Identifier: GPL-3.0-or-later
//
// What two phones do with `./dev run --lan`: https with a certificate nobody knows, page and STOMP on one port.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { launch, withPeople } from './support/browser.js';
import { Daemon, freePort, makeCertificate } from './support/daemon.js';

let tls;
let daemon;
let browser;
before(async () => {
    tls = makeCertificate();
    const address = `127.0.0.1:${await freePort()}`;
    daemon = await Daemon.start({ 'http.listen': address, 'stomp.listen': address, 'tls.certificate': tls.certificate, 'tls.key': tls.key });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
    if (tls) rmSync(tls.folder, { recursive: true, force: true });
});

test('over TLS with a self-signed certificate two people call each other, camera included', { timeout: 100000 }, () => withPeople(browser, daemon, async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    assert.match(alice.page.url(), /^https:/);
    assert.equal(daemon.listens.http, daemon.listens.stomp);
    await alice.say('bob', 'Hello over TLS', 'http');
    await bob.waitForText('.message .text', 'Hello over TLS');
    await alice.call('bob');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
    await alice.locate('#local-video').waitFor();
    await bob.write('I see you', 'channel');
    await alice.waitForText('.message .text', 'I see you');
    await alice.waitForText('.frame-list summary', 'CONNECTED');
    await alice.page.click('#hang-up');
    await bob.waitForNoCall('alice hung up.');
}));

test('over TLS both call at the same moment', { timeout: 100000 }, () => withPeople(browser, daemon, async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await alice.page.fill('#peer-id', 'bob');
    await bob.page.fill('#peer-id', 'alice');
    await Promise.all([alice.page.click('#call'), bob.page.click('#call')]);
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
}));

