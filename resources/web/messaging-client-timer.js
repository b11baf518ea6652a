// SPDX-License-Identifier: MIT
//
// The worker of messaging-client.js: timers. A hidden tab's own timers are slowed down to one a minute,
// those of its workers are not. {id, delay} starts one (milliseconds), {id} alone stops it; when one is
// over, its id is posted back.
'use strict';

const timers = new Map();

self.onmessage = ({ data: { id, delay } }) => {
    clearTimeout(timers.get(id));
    timers.delete(id);
    if (delay !== undefined) {
        timers.set(id, setTimeout(() => {
            timers.delete(id);
            self.postMessage(id);
        }, delay));
    }
};
