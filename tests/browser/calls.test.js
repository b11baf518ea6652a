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

const people = (name, body) => test(name, { timeout: 60000 }, () => withPeople(browser, daemon, body));

people('a call: video both ways, data channel both ways, and the end is seen on both sides', async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob', { colorScheme: 'dark' })];
    await alice.say('bob', 'Hi Bob, shall we try a call?', 'http');
    await bob.waitForText('.message .text', 'shall we');
    await bob.write('Yes, call me.', 'stomp');
    await alice.call('bob');
    await bob.waitForText('#call-state', 'alice is calling');
    await alice.waitForText('#call-hint', 'It rings there.');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
    await alice.locate('#remote-video').waitFor();
    await alice.locate('#local-video').waitFor();

    await alice.write('By the data channel.', 'channel');
    await bob.waitForText('.message .text', 'By the data channel.');
    await bob.write('Both ways!', 'channel');
    await alice.waitForText('.message .text', 'Both ways!');

    await bob.page.click('#mute');
    assert.equal(await bob.locate('#mute').textContent(), 'Unmute');
    assert.deepEqual(await bob.page.evaluate(() => globalThis.peerConnections.at(-1).getSenders()
        .map(({ track }) => [track.kind, track.enabled]).sort()), [['audio', false], ['video', true]]);
    await bob.page.click('#mute');
    await alice.screenshot('call-desktop-light');
    await bob.screenshot('call-desktop-dark');

    await bob.page.click('#hang-up');
    await Promise.all([alice.waitForNoCall('bob hung up.'), bob.waitForNoCall('Call ended.')]);
    for (const person of [alice, bob]) {
        assert.equal(await person.page.evaluate(() => globalThis.peerConnections.every(({ connectionState }) => connectionState === 'closed')), true);
        assert.equal(await person.page.evaluate(() => document.getElementById('local-video').srcObject), null);
        assert.equal(await person.locate('#way-channel').isDisabled(), true);
    }
    await bob.call('alice'); // and once more, the other way round
    await alice.page.click('#answer');
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
});

people('both call at the same moment, again and again', async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    await alice.page.fill('#peer-id', 'bob');
    await bob.page.fill('#peer-id', 'alice');
    for (let round = 0; round < 6; ++round) {
        await Promise.all([alice.page.click('#call'), bob.page.click('#call')]);
        await Promise.all([alice.waitForCall(), bob.waitForCall()]);
        await Promise.all([alice.seesVideo(), bob.seesVideo()]);
        await alice.write(`round ${round}`, 'channel');
        await bob.waitForText('.message .text', `round ${round}`);
        const [leaving, staying] = round % 2 ? [alice, bob] : [bob, alice];
        await leaving.page.click('#hang-up');
        await staying.waitForNoCall(`${leaving.name} hung up.`);
        await leaving.waitForNoCall();
    }
});

for (const [name, order] of [['the polite side', 'alice'], ['the impolite side', 'bob']]) {
    people(`two offers that cross on the way become one call, without camera on ${name}`, async ({ join }) => {
        const refuse = () => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); }; };
        const [alice, bob] = [await join('alice', order === 'alice' ? { before: refuse } : {}), await join('bob', order === 'bob' ? { before: refuse } : {})];
        const [blind, seeing] = order === 'alice' ? [alice, bob] : [bob, alice];
        await blind.call(seeing.name);
        await blind.locate('#notice-action').waitFor();
        await seeing.page.fill('#peer-id', blind.name);
        await Promise.all([blind.page.click('#notice-action'), seeing.page.click('#call')]);
        // Whether the offers crossed is up to chance: if not, it rings on one side.
        for (const person of [blind, seeing]) {
            await person.page.waitForSelector('#stage[data-state=connected], #stage[data-state=ringing]');
            if (await person.locate('#stage').getAttribute('data-state') === 'ringing') await person.page.click(person === blind ? '#answer-plain' : '#answer');
        }
        await Promise.all([alice.waitForCall(), bob.waitForCall()]);
        await blind.seesVideo();
        await seeing.waitForText('#call-hint', 'They send no picture.');
    });
}

people('candidates that come before their offer are kept', async ({ join }) => {
    const [alice, bob] = [await join('alice'), await join('bob')];
    // Each offer of Alice's is held back until two candidates have gone out before it.
    await alice.page.evaluate(async () => {
        const { MessagingClient } = await import('./messaging-client.js');
        const { send } = MessagingClient.prototype;
        let held = null;
        let ahead = 0;
        MessagingClient.prototype.send = function (to, content) {
            if (content.type === 'offer' && !held) return new Promise((resolve) => { held = () => send.call(this, to, content).then(resolve); });
            if (content.type === 'candidate' && ++ahead === 2) return send.call(this, to, content).then(held);
            return send.call(this, to, content);
        };
    });
    await alice.call('bob');
    await bob.page.click('#answer');
    await Promise.all([alice.waitForCall(), bob.waitForCall()]);
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
});

/** Two Calls in one page, whose messages take a while: what they send at once always crosses. */
async function crossInOnePage({ aliceHasMedia, bobHasMedia }) {
    const { Call } = await import('./call.js');
    const log = [];
    const calls = {};
    const open = async (self, peer, hasMedia) => {
        const stream = hasMedia ? await navigator.mediaDevices.getUserMedia({ audio: true, video: true }) : null;
        const call = new Call({ self, peer, iceServers: [], stream, send: async (content) => {
            log.push(`${self} ${content.type}`);
            setTimeout(() => {
                if (content.type === 'offer') calls[peer].adopt(content.call);
                if (calls[peer].knows(content.call)) calls[peer].receive(content);
            }, 300);
        } });
        call.addEventListener('ended', ({ detail }) => log.push(`${self} ended ${detail.reason} ${detail.error ?? ''}`));
        return calls[self] = call;
    };
    await Promise.all([open('alice', 'bob', aliceHasMedia), open('bob', 'alice', bobHasMedia)]);
    const heard = [];
    for (const call of Object.values(calls)) call.addEventListener('text', ({ detail }) => heard.push(detail));
    const deadline = Date.now() + 15000;
    const until = async (condition) => {
        while (!condition()) {
            if (Date.now() > deadline) throw new Error(`too late: ${log.join(', ')}`);
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    };
    await until(() => Object.values(calls).every((call) => call.connectionState === 'connected' && call.channelIsOpen));
    calls.alice.sendText('from alice');
    calls.bob.sendText('from bob');
    await until(() => heard.length === 2);
    calls.bob.hangUp();
    await until(() => log.some((line) => line.startsWith('alice ended')));
    return { heard: heard.sort(), log: log.filter((line) => !line.endsWith('candidate')) };
}

for (const aliceHasMedia of [true, false]) {
    for (const bobHasMedia of [true, false]) {
        const who = { aliceHasMedia, bobHasMedia };
        people(`offers that have crossed for certain become one call (${JSON.stringify(who)})`, async ({ open }) => {
            const { page } = await open('anybody');
            const { heard, log } = await page.evaluate(crossInOnePage, who);
            assert.deepEqual(heard, ['from alice', 'from bob']);
            assert.deepEqual(log.slice(0, 2).sort(), ['alice offer', 'bob offer']);
            assert.equal(log.filter((line) => line === 'alice answer').length >= 1, true); // the polite side gave way
            assert.deepEqual(log.filter((line) => line.includes('ended')), ['bob ended own ', 'alice ended hung-up ']);
        });
    }
}
