// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/demoworld.h"

#include "admin-gui/demo/demoseries.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace msgsrv::console {

namespace {

constexpr qint64 stepLength = 100; // ms

constexpr std::array<const char *, 48> names{
    "alice",  "bob",    "carol",   "dave",  "erin",   "frank", "grace", "heidi",  "ivan",   "judy",
    "karl",   "lena",   "mallory", "nina",  "oscar",  "peggy", "quinn", "rupert", "sybil",  "trent",
    "ursula", "victor", "wendy",   "xaver", "yvonne", "zoe",   "amira", "boris",  "chiara", "diego",
    "emre",   "fatima", "goran",   "hana",  "ines",   "jonas", "kenji", "layla",  "mateo",  "noor",
    "olga",   "pavel",  "rosa",    "sami",  "tomas",  "uma",   "vera",  "wei"};
constexpr std::array<const char *, 6> places{"desk", "phone", "kiosk", "ward-3", "room-12", "van"};

} // namespace

DemoWorld::DemoWorld(qint64 now, int users, quint32 seed)
    : m_now(now - 150'000)
    , m_started(now - 4LL * 86'400'000 - 7'620'000)
    , m_random(seed)
{
    for (int i = 0; i < users; ++i) {
        Session session;
        const auto name = static_cast<std::size_t>(i) % names.size();
        const auto place = static_cast<std::size_t>(i) / names.size() % places.size();
        session.user = QLatin1String(names.at(name));
        if (i >= static_cast<int>(names.size()))
            session.user += QLatin1Char('@') + QLatin1String(places.at(place));
        if (i >= static_cast<int>(names.size() * places.size()))
            session.user += QLatin1Char('.') + QString::number(i);
        session.address = QStringLiteral("%1.%2.%3.0/24")
                              .arg(i % 3 == 0 ? 192 : 10)
                              .arg(i % 3 == 0 ? 168 : i % 40)
                              .arg(i % 17);
        session.since = m_now - below(9 * 3'600'000) - 4000;
        session.seen = m_now - below(9000);
        session.in = below(400);
        session.out = session.in + below(60);
        session.tls = i % 11 != 5;
        m_sessions.push_back(session);
    }
    m_accepted = 1'843'210;
    m_delivered = 1'842'987;
    m_dropped = 214;
    m_messages = 91'000;
    stage();
    while (m_now < now)
        advance(stepLength);
}

/// The faults that one looks for with this console.
void DemoWorld::stage()
{
    const auto count = static_cast<int>(m_sessions.size());
    if (count < 16)
        return;
    m_sessions[9].slow = true; // judy
    m_sessions[9].call = -2; // nobody calls her by chance
    for (int i : {10, 11, 12, 13, 14, 15})
        m_sessions[static_cast<std::size_t>(i)].call = -2;
    for (const int silent : {13, 14}) {
        m_sessions[static_cast<std::size_t>(silent)].subscribed = false;
        m_sessions[static_cast<std::size_t>(silent)].since = m_now + 60'000 + silent * 2000;
    }
    begin(0, 1, Fault::None, m_now + 118'000);
    begin(2, 3, Fault::NoAnswer, m_now + 96'000);
    begin(4, 5, Fault::Glare, m_now + 128'000);
    begin(6, 7, Fault::OnlyMdns, m_now + 110'000);
    begin(10, 11, Fault::NoCodec, m_now + 104'000);
    begin(12, 8, Fault::Hasty, m_now + 134'000);
}

void DemoWorld::begin(int a, int b, Fault fault, qint64 at)
{
    m_sessions[static_cast<std::size_t>(a)].call = static_cast<int>(m_calls.size());
    m_sessions[static_cast<std::size_t>(b)].call = static_cast<int>(m_calls.size());
    m_calls.push_back({a, b, 0, at, fault, false});
}

int DemoWorld::freeUser()
{
    for (int attempt = 0; attempt < 20; ++attempt) {
        const int user = static_cast<int>(below(static_cast<int>(m_sessions.size())));
        const Session &session = m_sessions[static_cast<std::size_t>(user)];
        if (session.call == -1 && !session.gone && session.subscribed)
            return user;
    }
    return -1;
}

void DemoWorld::advance(qint64 ms)
{
    for (qint64 done = 0; done < ms; done += stepLength) {
        m_now += stepLength;
        for (std::size_t i = 0; i < m_calls.size(); ++i) {
            if (!m_calls[i].over && m_calls[i].next <= m_now)
                step(m_calls[i]);
        }
        if (below(100) < 6) {
            const int a = freeUser();
            const int b = freeUser();
            if (a >= 0 && b >= 0 && a != b)
                begin(a, b, below(14) == 0 ? Fault::Cancelled : Fault::None, m_now);
        }
        for (std::size_t i = 0; i < m_sessions.size(); ++i) {
            Session &session = m_sessions[i];
            if (!session.gone && session.subscribed && !session.slow
                && (m_now / stepLength + static_cast<qint64>(i)) % 100 == 0)
                session.seen = m_now;
            if (session.slow && below(100) < 14) // everybody writes to her, and she does not read
                relay(static_cast<int>(20 + below(12)) % static_cast<int>(m_sessions.size()),
                      static_cast<int>(i), "text", {});
            if (session.slow && !session.queue.empty() && below(100) < 4) {
                deliver(static_cast<int>(i), session.queue.front());
                session.queue.pop_front();
            }
        }
        if (below(1000) < 12)
            log("info", "session", "session.opened",
                QStringLiteral("user=%1@%2")
                    .arg(QLatin1String(names.at(static_cast<std::size_t>(below(48)))),
                         QLatin1String(places.at(static_cast<std::size_t>(below(6))))));
        if (below(1000) < 6)
            log("debug", "stomp", "stomp.heartbeat",
                QStringLiteral("connection=%1 late_ms=%2").arg(below(900)).arg(below(400)));
        if (below(1000) < 3)
            log("warning", "net", "net.refused",
                QStringLiteral("address=203.0.113.%1 reason=\"too many connections\"").arg(below(250)));
    }
}

void DemoWorld::step(Call &call)
{
    const auto a = static_cast<std::size_t>(call.a);
    const auto b = static_cast<std::size_t>(call.b);
    if (m_sessions[a].gone || m_sessions[b].gone) {
        call.over = true;
        return;
    }
    const int stepNumber = call.step++;
    const auto both = [this, a, b](const char *state) {
        m_sessions[a].negotiation = QLatin1String(state);
        m_sessions[b].negotiation = QLatin1String(state);
    };
    constexpr int candidates = 5;
    call.next = m_now + 100 + below(4) * 100;
    if (stepNumber == 0) {
        if (call.fault == Fault::Hasty)
            relay(call.a, call.b, "candidate", demo::candidate(call.a, 0, call.fault));
        relay(call.a, call.b, "offer", demo::description(call.a, true, call.fault));
        if (call.fault == Fault::Glare)
            relay(call.b, call.a, "offer", demo::description(call.b, true, call.fault));
        both("offered");
    } else if (stepNumber <= candidates) {
        relay(call.a, call.b, "candidate", demo::candidate(call.a, stepNumber, call.fault));
    } else if (stepNumber == candidates + 1) {
        if (call.fault == Fault::NoAnswer) {
            call.next = m_now + 14'000;
            return;
        }
        if (call.fault == Fault::Cancelled) {
            relay(call.a, call.b, "bye", {});
            both("ended");
            m_sessions[a].call = m_sessions[b].call = -1;
            call.over = true;
            return;
        }
        relay(call.b, call.a, "answer", demo::description(call.b, false, call.fault));
        both("answered");
    } else if (call.fault == Fault::NoAnswer) {
        both("stuck");
        log("warning", "session", "negotiation.stuck",
            QStringLiteral("from=%1 to=%2 offered_s=20").arg(m_sessions[a].user, m_sessions[b].user));
        call.over = true;
    } else if (stepNumber <= 2 * candidates + 1) {
        relay(call.b, call.a, "candidate", demo::candidate(call.b, stepNumber, call.fault));
    } else if (stepNumber == 2 * candidates + 2) {
        both(call.fault == Fault::NoCodec || call.fault == Fault::OnlyMdns ? "stuck" : "connected");
        call.next = m_now + 4000 + below(9000);
    } else if (below(5) > 0 || call.fault != Fault::None) {
        relay(below(2) == 0 ? call.a : call.b, below(2) == 0 ? call.b : call.a, "text", {});
        call.next = m_now + 3000 + below(12'000);
        if (call.fault != Fault::None)
            call.over = true;
    } else {
        relay(call.a, call.b, "bye", {});
        both("ended");
        m_sessions[a].call = m_sessions[b].call = -1;
        call.over = true;
    }
}

void DemoWorld::relay(int from, int to, const char *kind, const QString &payload)
{
    if (from == to)
        return;
    Session &sender = m_sessions[static_cast<std::size_t>(from)];
    Session &recipient = m_sessions[static_cast<std::size_t>(to)];
    const QLatin1String name(kind);
    const Waiting message{QStringLiteral("m-%1").arg(++m_messages),
                          from,
                          name,
                          static_cast<int>(payload.isEmpty() ? 40 + below(200) : payload.size()),
                          m_now,
                          payload};
    ++m_accepted;
    ++sender.in;
    sender.seen = m_now;
    if (name == QLatin1String("offer"))
        ++sender.offers;
    if (name == QLatin1String("answer"))
        ++sender.answers;
    if (name == QLatin1String("candidate")) {
        ++sender.candidatesOut;
        ++recipient.candidatesIn;
    }
    QJsonObject event{{QLatin1String("seq"), static_cast<qint64>(++m_seq)},
                      {QLatin1String("ts"), m_now},
                      {QLatin1String("event"), QLatin1String("accepted")},
                      {QLatin1String("message"), message.message},
                      {QLatin1String("from"), sender.user},
                      {QLatin1String("to"), recipient.user},
                      {QLatin1String("kind"), name},
                      {QLatin1String("bytes"), message.bytes},
                      {QLatin1String("via"), from % 4 == 3 ? QLatin1String("stomp") : QLatin1String("http")},
                      {QLatin1String("payload"), payload}};
    m_flow.push_back(event);
    if (static_cast<qint64>(recipient.queue.size()) >= demo::queueLimit) {
        ++recipient.drops;
        ++m_dropped;
        event[QLatin1String("seq")] = static_cast<qint64>(++m_seq);
        event[QLatin1String("event")] = QLatin1String("dropped");
        event[QLatin1String("reason")] = QLatin1String("queue full");
        event[QLatin1String("delay")] = 0;
        event.remove(QLatin1String("payload"));
        m_flow.push_back(event);
    } else if (recipient.slow || !recipient.subscribed) {
        recipient.queue.push_back(message);
    } else {
        deliver(to, message);
    }
}

void DemoWorld::deliver(int to, const Waiting &message)
{
    Session &recipient = m_sessions[static_cast<std::size_t>(to)];
    ++recipient.out;
    ++m_delivered;
    m_flow.push_back({{QLatin1String("seq"), static_cast<qint64>(++m_seq)},
                      {QLatin1String("ts"), m_now},
                      {QLatin1String("event"), QLatin1String("written")},
                      {QLatin1String("message"), message.message},
                      {QLatin1String("from"), m_sessions[static_cast<std::size_t>(message.from)].user},
                      {QLatin1String("to"), recipient.user},
                      {QLatin1String("kind"), message.kind},
                      {QLatin1String("bytes"), message.bytes},
                      {QLatin1String("delay"), (m_now - message.since) * 1000 + 90 + below(320)}});
}

void DemoWorld::log(const char *level, const char *category, const char *event, const QString &line)
{
    m_log.push_back({{QLatin1String("seq"), static_cast<qint64>(++m_logSeq)},
                     {QLatin1String("ts"), m_now},
                     {QLatin1String("level"), QLatin1String(level)},
                     {QLatin1String("category"), QLatin1String(category)},
                     {QLatin1String("event"), QLatin1String(event)},
                     {QLatin1String("text"), line}});
    if (m_log.size() > 400)
        m_log.erase(m_log.begin(), m_log.begin() + 200);
}

int DemoWorld::indexOf(const QString &id) const
{
    bool ok = false;
    const int index = id.toInt(&ok) - 1000;
    return ok && index >= 0 && index < static_cast<int>(m_sessions.size())
            && !m_sessions[static_cast<std::size_t>(index)].gone
        ? index
        : -1;
}

std::vector<management::Row> DemoWorld::rows(const QString &table) const
{
    std::vector<management::Row> rows;
    if (table == QLatin1String("nodes")) {
        const QJsonObject facts = status();
        rows.push_back({std::string("demo-1"), std::string(MSGSRV_VERSION), std::string("ready"),
                        (m_now - m_started) / 1000, static_cast<std::int64_t>(m_sessions.size()),
                        static_cast<std::int64_t>(m_sessions.size() - 2),
                        static_cast<std::int64_t>(facts.value(QLatin1String("rss")).toDouble()),
                        static_cast<std::int64_t>(facts.value(QLatin1String("descriptors")).toDouble()),
                        std::int64_t(4), std::string("memory"), std::string("embedded")});
        return rows;
    }
    if (table == QLatin1String("destinations")) {
        const auto jobs = std::int64_t(m_accepted / 40);
        const std::int64_t waiting = (m_now / 1000) % 7;
        constexpr std::int64_t messages = 1000;
        constexpr std::int64_t bytes = 4 * 1024 * 1024;
        constexpr double hour = 3600;
        rows.push_back({std::string("/queue/recordings"), std::string("queue"), std::int64_t(2), waiting,
                        std::int64_t(2), (waiting + 2) * 640, jobs, jobs - waiting - 2, std::int64_t(0),
                        waiting > 0 ? management::Cell(waiting) : management::Cell(), messages, bytes, true,
                        false, false, hour});
        rows.push_back({std::string("/topic/rooms.standup"), std::string("topic"), std::int64_t(7),
                        std::int64_t(0), std::int64_t(1), std::int64_t(410), jobs * 7, jobs * 7 - 1,
                        std::int64_t(0), management::Cell(), messages, bytes, false, false, false, hour});
        return rows;
    }
    for (std::size_t i = 0; i < m_sessions.size(); ++i) {
        if (m_sessions[i].gone)
            continue;
        if (table == QLatin1String("sessions"))
            rows.push_back(m_sessions[i].sessionRow(i, m_now));
        else if (table == QLatin1String("queues"))
            rows.push_back(m_sessions[i].queueRow(i, m_now));
        else if (table == QLatin1String("connections") && m_sessions[i].subscribed)
            rows.push_back(m_sessions[i].connectionRow(i, m_now));
    }
    return rows;
}

QJsonObject DemoWorld::status() const
{
    int acked = 0;
    int fresh = 0;
    qint64 waiting = 0;
    for (const Session &session : m_sessions) {
        if (session.gone)
            continue;
        (session.subscribed ? acked : fresh) += 1;
        waiting += static_cast<qint64>(session.queue.size());
    }
    return {{QLatin1String("version"), QLatin1String(MSGSRV_VERSION)},
            {QLatin1String("uptime"), (m_now - m_started) / 1000},
            {QLatin1String("state"), QLatin1String("ready")},
            {QLatin1String("sessions"),
             QJsonObject{{QLatin1String("new"), fresh},
                         {QLatin1String("acked"), acked},
                         {QLatin1String("ending"), 0}}},
            {QLatin1String("connections"),
             QJsonObject{{QLatin1String("websocket"), acked}, {QLatin1String("http"), 3}}},
            {QLatin1String("queues"), acked + fresh},
            {QLatin1String("accepted"), m_accepted},
            {QLatin1String("delivered"), m_delivered},
            {QLatin1String("dropped"), m_dropped},
            {QLatin1String("inFlight"), waiting},
            {QLatin1String("strange"), 0},
            {QLatin1String("rss"), std::floor(demo::seriesNow(QStringLiteral("rss"), m_now))},
            {QLatin1String("descriptors"), std::floor(demo::seriesNow(QStringLiteral("descriptors"), m_now))},
            {QLatin1String("descriptorLimit"), 65536},
            {QLatin1String("workers"), 4},
            {QLatin1String("store"), QLatin1String("memory")},
            {QLatin1String("broker"), QLatin1String("embedded")}};
}

QJsonArray DemoWorld::seriesList() const
{
    return demo::seriesList();
}

QJsonObject DemoWorld::series(const QString &name, int seconds) const
{
    return demo::series(name, seconds, m_now);
}

QJsonArray DemoWorld::peek(const QString &id, int count) const
{
    QJsonArray messages;
    const int index = indexOf(id);
    if (index < 0)
        return messages;
    const Session &session = m_sessions[static_cast<std::size_t>(index)];
    for (const Waiting &message : session.queue) {
        if (messages.size() >= count)
            break;
        messages.append(QJsonObject{
            {QLatin1String("id"), message.message},
            {QLatin1String("from"), m_sessions[static_cast<std::size_t>(message.from)].user},
            {QLatin1String("kind"), message.kind},
            {QLatin1String("bytes"), message.bytes},
            {QLatin1String("age"), (m_now - message.since) / 1000},
            {QLatin1String("content"),
             message.payload.isEmpty() ? QStringLiteral("{\"type\":\"text\",\"text\":\"are you there?\"}")
                                       : message.payload}});
    }
    return messages;
}

std::vector<QJsonObject> DemoWorld::takeFlow()
{
    return std::exchange(m_flow, {});
}

std::vector<QJsonObject> DemoWorld::takeLog()
{
    return std::exchange(m_log, {});
}

bool DemoWorld::closeSession(const QString &id, const QString &reason)
{
    const int index = indexOf(id);
    if (index < 0)
        return false;
    m_sessions[static_cast<std::size_t>(index)].gone = true;
    log("info", "management", "management.action",
        QStringLiteral("method=session.close target=%1 reason=\"%2\"").arg(id, reason));
    return true;
}

int DemoWorld::purgeQueue(const QString &id)
{
    const int index = indexOf(id);
    if (index < 0)
        return -1;
    const auto count = static_cast<int>(m_sessions[static_cast<std::size_t>(index)].queue.size());
    m_sessions[static_cast<std::size_t>(index)].queue.clear();
    return count;
}

} // namespace msgsrv::console
