// SPDX-License-Identifier: GPL-3.0-or-later
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** The console's window beside a daemon: console/consoleprobe.cpp tells what it can be asked. */
export class Console {
    #process;
    #lines;

    /** Resolves when it is connected and live. */
    static async open(daemon) {
        const console = new Console();
        console.#process = spawn(process.env.MSGSRV_CONSOLE_PROBE, [daemon.listens.management],
            { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' } });
        console.#lines = createInterface(console.#process.stdout)[Symbol.asyncIterator]();
        await console.until({ do: 'link' }, ({ live }) => live);
        return console;
    }

    /** One command, its answer; a problem is thrown. */
    async ask(command) {
        this.#process.stdin.write(`${JSON.stringify(command)}\n`);
        const { value, done } = await this.#lines.next();
        if (done) throw new Error(`the console ended at ${JSON.stringify(command)}`);
        const answer = JSON.parse(value);
        if (answer.problem) throw new Error(`${JSON.stringify(command)}: ${answer.problem}`);
        return answer;
    }

    /** Asks until the answer is as wanted, for 20 s at most. */
    async until(command, wanted) {
        const deadline = Date.now() + 20000;
        for (;;) {
            const answer = await this.ask(command);
            if (wanted(answer)) return answer;
            if (Date.now() > deadline) throw new Error(`${JSON.stringify(command)} stays ${JSON.stringify(answer)}`);
            await new Promise((resolve) => setTimeout(resolve, 30));
        }
    }

    async close() {
        const ended = new Promise((resolve) => this.#process.once('exit', (code, signal) => resolve(code ?? signal)));
        this.#process.stdin.end();
        const impatient = setTimeout(() => this.#process.kill('SIGKILL'), 10000);
        const how = await ended;
        clearTimeout(impatient);
        return how;
    }
}
