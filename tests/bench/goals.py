# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon is to reach, against what was measured: for `run`."""
import statistics

IDLE = 10_000  # idle users of the goals that name them
RATE = 5_000  # messages a second of the latency goals


def median(results, value):
    return statistics.median(value(r) for r in results)


def row(name, value, form, goal, limit, condition="", at_least=False):
    """@p condition: why this run cannot tell whether the goal is reached; empty if it can."""
    reached = value >= limit if at_least else value <= limit
    return {"figure": name, "value": value, "shown": form.format(value), "goal": goal, "reached": None if condition else reached,
            "condition": condition}


def relay_goals(results, arguments):
    by = {}
    for r in results:
        by.setdefault((r["server"], r["idle"]), []).append(r)
    rows = []
    idles = sorted(idle for what, idle in by if what == "daemon")
    if len(idles) > 1:
        costs = [median(by["daemon", idle], lambda r: r["send"]["cpuUsPerMessage"]) for idle in idles]
        # The cost of few users is the base: being cheaper with many is no fault.
        if costs[0]:
            rows.append(row(f"CPU of SEND, dearest of {', '.join(f'{i:,}' for i in idles)} idle users against "
                            f"{idles[0]:,}", max(costs) / costs[0], "x{:.2f}", "at most x1.3", 1.3,
                            "" if idles[0] <= 100 and idles[-1] >= 19_000 else "from 100 to 19,000 users"))
    usable = [i for i in idles if i <= IDLE]
    if not usable:
        return rows
    idle = usable[-1]
    few = "" if idle == IDLE else f"with {IDLE:,} users"
    slow = few or ("" if arguments.rate >= RATE else f"with {RATE:,} a second")
    wide = few or ("" if arguments.window == 8 else "with a window of 8")
    daemon = by["daemon", idle]
    floor = by.get(("floor", idle))
    for name, phase, key, limit, condition in (
            ("CPU of SEND", "send", "cpuUsPerMessage", 2.2, few),
            (f"CPU of SEND, {arguments.window} under way", "sendWindow", "cpuUsPerMessage", 2.5, wide),
            ("CPU of exchange", "exchange", "cpuUsPerMessage", 2.5, few),
            (f"SEND p50 at {arguments.rate:,}/s", "sendPaced", "p50Us", 2.0, slow),
            (f"SEND p99 at {arguments.rate:,}/s", "sendPaced", "p99Us", 3.0, slow)):
        if not floor or not all(phase in r for r in floor + daemon):
            continue
        base = median(floor, lambda r: r[phase][key])
        if base:
            rows.append(row(f"{name}, {idle:,} idle users, against the floor",
                            median(daemon, lambda r: r[phase][key]) / base, "x{:.2f}", f"at most x{limit}", limit, condition))
    rows.append(row(f"memory per user after traffic, {idle:,} idle users",
                    median(daemon, lambda r: r["residentKibPerUserAfterTraffic"]) * 1.024, "{:.1f} kB", "at most 32 kB", 32, few))
    rows.append(row(f"CPU per connect, {idle:,} idle users", median(daemon, lambda r: r["connect"]["cpuUsPerUser"]),
                    "{:.0f} us", "at most 400 us", 400, few))
    return rows


def store_goal(results):
    """Connects a second with sessions in SQLite, against those with sessions in memory; 64 connect at a time."""
    memory = [r for r in results if r["server"] == "daemon"]
    sqlite = [r for r in results if r["server"] == "sqlite" and any(r["idle"] == m["idle"] for m in memory)]
    if not sqlite:
        return []
    rate = lambda r: r["connect"]["perSecond"]
    few = "" if min(r["idle"] for r in sqlite) >= 1000 else "with 1,000 users"
    return [row("connects a second with sqlite against memory", median(sqlite, rate) / median(memory, rate), "x{:.2f}",
                "at least x0.5", 0.5, few, at_least=True)]


def worker_goal(results, separate):
    """@p separate: the two I/O threads and the generator had cores of their own."""
    one = [r for r in results if r["server"] == "daemon"]
    two = [r for r in results if r["server"] == "workers2" and any(r["idle"] == o["idle"] for o in one)]
    if not two:
        return []
    cost = median(one, lambda r: r["send"]["cpuUsPerMessage"])
    bound = median(two, lambda r: r["send"]["generatorLoad"]) > 0.9
    if separate and not bound:
        ratio = median(two, lambda r: r["send"]["perSecond"]) / median(one, lambda r: r["send"]["perSecond"])
        return [row("throughput of two workers against one", ratio, "x{:.2f}", "at least x1.6", 1.6, at_least=True)]
    if not cost:
        return []
    return [row("CPU of SEND of two workers against one", median(two, lambda r: r["send"]["cpuUsPerMessage"]) / cost,
                "x{:.2f}", "at most x1.2", 1.2)]


def storm_goals(storms, rate):
    rows = []
    for users in dict.fromkeys(r["storm"]["users"] for r in storms):
        same = [r for r in storms if r["server"] == "daemon" and r["storm"]["users"] == users]
        if users <= 5_000:
            rows.append(row(f"storm of {users:,}, all served after", median(same, lambda r: r["storm"]["seconds"]), "{:.2f} s",
                            "at most 2 s", 2, "" if users == 5_000 else "with 5,000 users"))
        else:
            # A failure would have ended the run.
            rows.append(row(f"storm of {users:,}, failures", 0, "{}", "none", 0, "" if users >= 10_000 else "with 10,000 users"))
        few = "" if users >= 5_000 else "with 5,000 users"
        rows.append(row(f"storm of {users:,}, p99 of {rate:,} messages/s beside it",
                        median(same, lambda r: r["stormBeside"]["p99Us"]) / 1000, "{:.1f} ms", "at most 20 ms", 20,
                        few or ("" if rate >= 100 else "with 100 a second")))
    return rows


def stalled_goal(beside):
    without = [r for r in beside if not r["stalled"]]
    with_them = [r for r in beside if r["stalled"]]
    if not without or not with_them:
        return []
    ratio = median(with_them, lambda r: r["sendPaced"]["p99Us"]) / median(without, lambda r: r["sendPaced"]["p99Us"])
    return [row(f"SEND p99 beside {with_them[0]['stalled']} users that do not read, against none", ratio, "x{:.2f}",
                "at most x1.2", 1.2)]


def acks_goals(acks):
    auto = [r for r in acks if r["ack"] == "auto"]
    individual = [r for r in acks if r["ack"] == "client-individual"]
    if not auto or not individual:
        return []
    rows = []
    for name, phase in (("CPU of SEND", "send"), ("CPU of SEND with a window", "sendWindow")):
        base = median(auto, lambda r: r[phase]["cpuUsPerMessage"])
        if base:
            rows.append(row(f"{name}, client-individual against auto",
                            median(individual, lambda r: r[phase]["cpuUsPerMessage"]) / base, "x{:.2f}", "at most x1.6", 1.6))
    return rows


def topic_goals(topics):
    """A body written once for all makes each further delivery cheaper than the first, which pays for the SEND as well."""
    counts = sorted({r["topic"]["subscribers"] for r in topics})
    if len(counts) < 2:
        return []
    cost = {count: median([r for r in topics if r["topic"]["subscribers"] == count], lambda r: r["topic"]["cpuUsPerDelivery"])
            for count in counts}
    if not cost[counts[0]]:
        return []
    return [row(f"CPU of a delivery, topic of {counts[-1]:,} against {counts[0]:,}", cost[counts[-1]] / cost[counts[0]], "x{:.2f}",
                "at most x0.5", 0.5, "" if counts[0] == 1 and counts[-1] >= 1_000 else "from 1 to 1,000 subscribers")]


def print_goals(rows):
    print("| figure | measured | goal | reached |\n| --- | ---: | --- | --- |")
    for r in rows:
        verdict = f"- (goal is {r['condition']})" if r["condition"] else "yes" if r["reached"] else "**no**"
        print(f"| {r['figure']} | {r['shown']} | {r['goal']} | {verdict} |")
