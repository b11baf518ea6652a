// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/demoworld.h"

#include <QJsonDocument>

#include <algorithm>
#include <array>
#include <cmath>

namespace msgsrv::console {

namespace {

constexpr qint64 stepLength = 100; // ms
constexpr qint64 queueLimit = 256;

constexpr std::array<const char *, 48> names{
    "alice",  "bob",    "carol",   "dave",  "erin",   "frank", "grace", "heidi",  "ivan",   "judy",
    "karl",   "lena",   "mallory", "nina",  "oscar",  "peggy", "quinn", "rupert", "sybil",  "trent",
    "ursula", "victor", "wendy",   "xaver", "yvonne", "zoe",   "amira", "boris",  "chiara", "diego",
    "emre",   "fatima", "goran",   "hana",  "ines",   "jonas", "kenji", "layla",  "mateo",  "noor",
    "olga",   "pavel",  "rosa",    "sami",  "tomas",  "uma",   "vera",  "wei"};
constexpr std::array<const char *, 6> places{"desk", "phone", "kiosk", "ward-3", "room-12", "van"};

struct SeriesFacts
{
    const char *name;
    const char *unit;
    const char *meaning;
    double base;
    double swing;
    double noise;
};

constexpr std::array<SeriesFacts, 9> seriesFacts{{
    {"sessions", "", "live sessions", 150, 90, 3},
    {"connections", "", "open connections, HTTP and WebSocket", 146, 88, 3},
    {"accepted", "1/s", "messages accepted", 42, 30, 9},
    {"delivered", "1/s", "messages delivered", 41, 30, 9},
    {"dropped", "1/s", "messages dropped", 0, 0, 0},
    {"inFlight", "", "messages that wait or are being written", 14, 8, 5},
    {"cpu", "%", "of one core", 3, 5, 1.2},
    {"rss", "B", "resident memory", 61.0 * 1048576, 9.0 * 1048576, 0.4 * 1048576},
    {"descriptors", "", "open file descriptors", 190, 88, 3},
}};
constexpr std::size_t rssSeries = 7;
constexpr std::size_t descriptorSeries = 8;

double noise(qint64 t, quint32 salt)
{
    quint64 x = static_cast<quint64>(t) * 0x9E3779B97F4A7C15ULL + salt * 0xD1B54A32D192ED03ULL;
    x ^= x >> 29;
    x *= 0xBF58476D1CE4E5B9ULL;
    x ^= x >> 32;
    return static_cast<double>(x % 20001) / 10000.0 - 1.0;
}

/// A working day: quiet at night, two humps, a dip at noon; and one bad minute twelve minutes ago.
double seriesValue(std::size_t index, qint64 t, qint64 now)
{
    const SeriesFacts &facts = seriesFacts.at(index);
    const double hour = std::fmod(static_cast<double>(t) / 3'600'000.0, 24.0);
    const double day = std::exp(-std::pow((hour - 10.5) / 2.6, 2))
        + std::exp(-std::pow((hour - 15.5) / 2.9, 2)) + 0.5 * std::exp(-std::pow((hour - 21.0) / 2.0, 2));
    const double wave = std::sin(static_cast<double>(t) / 97'000.0) * 0.08
        + std::sin(static_cast<double>(t) / 31'000.0) * 0.05;
    double value = facts.base + facts.swing * (day + wave)
        + facts.noise * noise(t / 1000, static_cast<quint32>(index));
    const double bad = static_cast<double>(now - t) - 12 * 60'000.0;
    if (std::abs(bad) < 45'000) {
        if (QLatin1String(facts.name) == QLatin1String("inFlight"))
            value *= 4.6;
        if (QLatin1String(facts.name) == QLatin1String("dropped"))
            value += 2.1 + noise(t / 1000, 99);
    }
    return std::max(0.0, value);
}

management::Cell text(const QString &value)
{
    return value.toStdString();
}

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
            relay(call.a, call.b, "candidate", candidate(call.a, 0, call.fault));
        relay(call.a, call.b, "offer", description(call.a, true, call.fault));
        if (call.fault == Fault::Glare)
            relay(call.b, call.a, "offer", description(call.b, true, call.fault));
        both("offered");
    } else if (stepNumber <= candidates) {
        relay(call.a, call.b, "candidate", candidate(call.a, stepNumber, call.fault));
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
        relay(call.b, call.a, "answer", description(call.b, false, call.fault));
        both("answered");
    } else if (call.fault == Fault::NoAnswer) {
        both("stuck");
        log("warning", "session", "negotiation.stuck",
            QStringLiteral("from=%1 to=%2 offered_s=20").arg(m_sessions[a].user, m_sessions[b].user));
        call.over = true;
    } else if (stepNumber <= 2 * candidates + 1) {
        relay(call.b, call.a, "candidate", candidate(call.b, stepNumber, call.fault));
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
    if (static_cast<qint64>(recipient.queue.size()) >= queueLimit) {
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

QString DemoWorld::description(int user, bool offer, Fault fault)
{
    const bool odd = fault == Fault::NoCodec && !offer;
    const QString sdp
        = QStringLiteral(
              "v=0\r\no=- %1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
              "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:%2\r\n"
              "a=ice-pwd:(blanked)\r\na=ice-options:trickle\r\na=fingerprint:sha-256 "
              "9B:4E:%3\r\na=setup:%4\r\n"
              "a=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 "
              "minptime=10;useinbandfec=1\r\n"
              "a=rtpmap:63 red/48000/2\r\n"
              "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 "
              "0.0.0.0\r\na=mid:1\r\na=sendrecv\r\na=rtcp-mux\r\n"
              "a=rtpmap:96 %5/90000\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 "
              "apt=96\r\n")
              .arg(4'611'731'400'430'051'336LL + user)
              .arg(QString::number(7'340'033 + user * 7919, 36))
              .arg(QString::number(0xA0 + user % 90, 16).toUpper(),
                   offer ? QStringLiteral("actpass") : QStringLiteral("active"),
                   odd                           ? QStringLiteral("AV1")
                       : fault == Fault::NoCodec ? QStringLiteral("H264")
                                                 : QStringLiteral("VP8"));
    return QString::fromUtf8(
        QJsonDocument(
            QJsonObject{{QLatin1String("type"), offer ? QLatin1String("offer") : QLatin1String("answer")},
                        {QLatin1String("sdp"), sdp}})
            .toJson(QJsonDocument::Compact));
}

QString DemoWorld::candidate(int user, int number, Fault fault)
{
    const int kind = fault == Fault::OnlyMdns ? 0 : number % 3;
    QString line;
    if (kind == 0)
        line = QStringLiteral("candidate:%1 1 udp 2122260223 %2.local %3 typ host generation 0")
                   .arg(1'000'000 + user)
                   .arg(QStringLiteral("7c0f%1-3d1e-4b6a").arg(user, 4, 16, QLatin1Char('0')))
                   .arg(50000 + user);
    else if (kind == 1)
        line = QStringLiteral("candidate:%1 1 udp 1686052607 198.51.100.%2 %3 typ srflx raddr 0.0.0.0 rport "
                              "0 generation 0")
                   .arg(2'000'000 + user)
                   .arg(user % 250)
                   .arg(51000 + user);
    else
        line = QStringLiteral("candidate:%1 1 udp 41885439 203.0.113.7 %2 typ relay raddr 198.51.100.%3 "
                              "rport %4 generation 0")
                   .arg(3'000'000 + user)
                   .arg(52000 + user)
                   .arg(user % 250)
                   .arg(51000 + user);
    return QString::fromUtf8(QJsonDocument(QJsonObject{{QLatin1String("candidate"), line},
                                                       {QLatin1String("sdpMid"), QLatin1String("0")},
                                                       {QLatin1String("sdpMLineIndex"), 0}})
                                 .toJson(QJsonDocument::Compact));
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

management::Row DemoWorld::sessionRow(std::size_t index) const
{
    const Session &session = m_sessions[index];
    return {std::to_string(1000 + index),
            text(session.user),
            std::string(session.subscribed ? "acked" : "new"),
            std::string("demo-1"),
            text(session.address),
            std::string(session.subscribed ? "websocket" : "none"),
            session.tls,
            session.since,
            std::max<qint64>(0, (m_now - session.since) / 1000),
            session.subscribed ? management::Cell(std::to_string(5000 + index)) : management::Cell(),
            session.in,
            session.out,
            static_cast<std::int64_t>(session.queue.size()),
            session.drops,
            static_cast<double>((m_now - session.seen) / 100) / 10.0,
            text(session.negotiation),
            session.offers,
            session.answers,
            session.candidatesOut,
            session.candidatesIn};
}

management::Row DemoWorld::queueRow(std::size_t index) const
{
    const Session &session = m_sessions[index];
    std::int64_t bytes = 0;
    for (const Waiting &message : session.queue)
        bytes += message.bytes;
    return {std::to_string(1000 + index),
            text(session.user),
            static_cast<std::int64_t>(session.queue.size()),
            std::int64_t(0),
            std::int64_t(session.subscribed ? 1 : 0),
            bytes,
            session.out + static_cast<std::int64_t>(session.queue.size()),
            session.out,
            session.drops,
            session.queue.empty() ? std::int64_t(0) : (m_now - session.queue.front().since) / 1000,
            std::int64_t(queueLimit),
            std::int64_t(4 * 1024 * 1024)};
}

management::Row DemoWorld::connectionRow(std::size_t index) const
{
    const Session &session = m_sessions[index];
    return {std::to_string(5000 + index),
            text(session.user),
            text(session.address),
            std::string("websocket"),
            session.tls,
            static_cast<std::int64_t>(index % 4),
            std::string(index % 13 == 0 ? "1.1" : "1.2"),
            session.since + 40,
            std::max<qint64>(0, (m_now - session.since) / 1000),
            session.in,
            session.out,
            session.in * 412,
            session.out * 431,
            std::int64_t(session.slow ? 180'224 : 0),
            static_cast<double>((m_now - session.seen) / 100) / 10.0};
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
    for (std::size_t i = 0; i < m_sessions.size(); ++i) {
        if (m_sessions[i].gone)
            continue;
        if (table == QLatin1String("sessions"))
            rows.push_back(sessionRow(i));
        else if (table == QLatin1String("queues"))
            rows.push_back(queueRow(i));
        else if (table == QLatin1String("connections") && m_sessions[i].subscribed)
            rows.push_back(connectionRow(i));
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
            {QLatin1String("rss"), std::floor(seriesValue(rssSeries, m_now, m_now))},
            {QLatin1String("descriptors"), std::floor(seriesValue(descriptorSeries, m_now, m_now))},
            {QLatin1String("descriptorLimit"), 65536},
            {QLatin1String("workers"), 4},
            {QLatin1String("store"), QLatin1String("memory")},
            {QLatin1String("broker"), QLatin1String("embedded")}};
}

QJsonArray DemoWorld::seriesList() const
{
    QJsonArray list;
    for (const SeriesFacts &facts : seriesFacts) {
        list.append(QJsonObject{{QLatin1String("name"), QLatin1String(facts.name)},
                                {QLatin1String("unit"), QLatin1String(facts.unit)},
                                {QLatin1String("meaning"), QLatin1String(facts.meaning)}});
    }
    return list;
}

QJsonObject DemoWorld::series(const QString &name, int seconds) const
{
    for (std::size_t i = 0; i < seriesFacts.size(); ++i) {
        if (name != QLatin1String(seriesFacts.at(i).name))
            continue;
        const int step = std::max(1, (seconds + 299) / 300);
        const qint64 end = m_now / (step * 1000) * (step * 1000);
        QJsonArray values;
        for (int at = seconds / step - 1; at >= 0; --at)
            values.append(seriesValue(i, end - static_cast<qint64>(at) * step * 1000, m_now));
        return {
            {QLatin1String("step"), step}, {QLatin1String("end"), end}, {QLatin1String("values"), values}};
    }
    return {};
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
