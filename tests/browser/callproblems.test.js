// SPDX-License-Identifier: GPL-3.0-or-later
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import { launch, withPeople } from './support/browser.js';
import { Daemon } from './support/daemon.js';

let daemon;
let browser;
before(async () => {
    daemon = await Daemon.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const people = (name, body) => test(name, { timeout: 100000 }, () => withPeople(browser, daemon, body));

people('calling somebody who is not there says so', async ({ join }) => {
    const alice = await join('alice');
    await alice.call('nobody');
    await alice.waitForNoCall('nobody is not here.');
    assert.equal(await alice.page.evaluate(() => document.getElementById('local-video').srcObject), null);
    await alice.page.fill('#peer-id', '');
    await alice.page.click('#call');
    await alice.waitForText('#notice', 'Whom do you want to talk to?');
    await alice.call('alice');
    await alice.waitForText('#notice', 'your own name');
});

people('a call can be declined, cancelled, and refused as busy', async ({ join }) => {
    const [alice, bob, carol] = [await join('alice'), await join('bob'), await join('carol')];
    await alice.call('bob');
    await bob.page.click('#decline');
    await alice.waitForNoCall('bob declined the call.');

    await alice.page.click('#call');
    await bob.page.waitForSelector('#stage[data-state=ringing]');
    await alice.page.click('#hang-up');
    await bob.waitForNoCall('You missed a call from alice.');

    await alice.page.click('#call');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await carol.call('alice');
    await carol.waitForNoCall('alice is in another call.');
    await alice.seesVideo(); // undisturbed
});

people('who closes the window has hung up: the other is told', async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await alice.call('bob');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await bob.page.close();
    await alice.waitForNoCall('bob');
});

const mediaProblems = [
    ['NotAllowedError', 'was not allowed to use the camera'],
    ['NotFoundError', 'has no camera and no microphone'],
    ['NotReadableError', 'in use by another program'],
];

for (const [error, text] of mediaProblems) {
    people(`${error} of the camera is explained, and one can call without it`, async ({ join }) => {
        const alice = await join('alice', { before: `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', '${error}'); };` });
        const bob = await join('bob');
        await alice.call('bob');
        await alice.waitForText('#notice', text);
        await alice.screenshot(`camera-${error}`);
        await alice.page.getByRole('button', { name: 'Call without camera' }).click();
        await bob.page.click('#answer');
        await Promise.all([alice.waitForCall(), bob.waitForCall()]);
        await alice.seesVideo();
        await bob.write('I see you are not on camera.', 'channel');
        await alice.waitForText('.message .text', 'I see you are not on camera.');

        await bob.page.click('#hang-up'); // and the other way round
        await alice.waitForNoCall();
        await bob.page.click('#call');
        await alice.page.click('#answer');
        await alice.waitForText('#notice', text);
        await alice.page.getByRole('button', { name: 'Answer without camera' }).click();
        await alice.seesVideo();
    });
}

people('a microphone alone is enough for a call', async ({ join }) => {
    const alice = await join('alice', { before: () => {
        const original = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wish) => wish.video ? Promise.reject(new DOMException('', 'NotFoundError')) : original(wish);
    } });
    const bob = await join('bob');
    await alice.call('bob');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await alice.seesVideo();
    assert.equal(await alice.locate('#camera').isHidden(), true);
    assert.equal(await alice.locate('#mute').isVisible(), true);
});

people('on a page that is neither https nor localhost this is explained, and one can call without camera', async ({ join }) => {
    const bob = await join('bob');
    const insecure = await launch('--host-resolver-rules=MAP demo.test 127.0.0.1');
    try {
        await withPeople(insecure, { url: daemon.url.replace('127.0.0.1', 'demo.test') }, async (others) => {
            const alice = await others.join('alice');
            assert.equal(await alice.page.evaluate(() => isSecureContext), false);
            await alice.call('bob');
            await alice.waitForText('#notice', 'neither');
            await alice.page.getByRole('button', { name: 'Call without camera' }).click();
            await bob.page.click('#answer');
            await alice.seesVideo();
        });
    } finally {
        await insecure.close();
    }
});
