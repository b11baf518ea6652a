// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmessage.h"
#include "shared/signaling/negotiation.h"
#include "shared/signaling/redact.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStringList>

#include <deque>
#include <random>
#include <vector>

namespace msgsrv::console::test {

/// Which browser writes descriptions and candidates like that.
enum class Browser { Chromium, Firefox, Safari };

/// How an application wraps what it sends.
enum class Wrapping { Plain, JsonInString, Nested, Named, WithRoom, Bare, Count };

/// What stands in a description, besides what the browser puts there.
struct Description
{
    Browser browser = Browser::Chromium;
    bool answer = false;
    bool audio = true;
    bool video = true;
    bool data = true;
    QStringList audioCodecs{QStringLiteral("111 opus/48000/2"), QStringLiteral("9 G722/8000"),
                            QStringLiteral("0 PCMU/8000")};
    QStringList videoCodecs{QStringLiteral("96 VP8/90000"), QStringLiteral("97 rtx/90000"),
                            QStringLiteral("102 H264/90000")};
    bool rejectAudio = false;
    bool rejectVideo = false;
    bool bundleOnly = false; ///< all but the first section have port 0 (max-bundle)
    bool iceLite = false;
    int version = 2;
    QString direction = QStringLiteral("sendrecv");
    QStringList candidates{}; ///< inside of it

    [[nodiscard]] QString text() const
    {
        QStringList lines{QStringLiteral("v=0"), origin(), QStringLiteral("s=-"), QStringLiteral("t=0 0")};
        if (iceLite)
            lines << QStringLiteral("a=ice-lite");
        if (browser == Browser::Firefox)
            lines << QStringLiteral("a=sendrecv") << fingerprint();
        lines << QStringLiteral("a=group:BUNDLE 0 1 2") << QStringLiteral("a=msid-semantic: WMS *");
        int mid = 0;
        if (audio)
            section(lines, QStringLiteral("audio"), audioCodecs, rejectAudio, mid++);
        if (video)
            section(lines, QStringLiteral("video"), videoCodecs, rejectVideo, mid++);
        if (data) {
            lines << QStringLiteral("m=application %1 UDP/DTLS/SCTP webrtc-datachannel").arg(port(mid));
            common(lines, mid);
            lines << QStringLiteral("a=sctp-port:5000") << QStringLiteral("a=max-message-size:262144");
        }
        return lines.join(QStringLiteral("\r\n")) + QStringLiteral("\r\n");
    }

private:
    [[nodiscard]] QString origin() const
    {
        switch (browser) {
        case Browser::Firefox:
            return QStringLiteral("o=mozilla...THIS_IS_SDPARTA-99.0 8731 %1 IN IP4 0.0.0.0").arg(version - 2);
        case Browser::Safari:
        case Browser::Chromium:
            break;
        }
        return QStringLiteral("o=- 4611731400430051336 %1 IN IP4 127.0.0.1").arg(version);
    }
    static QString fingerprint()
    {
        return QStringLiteral("a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04");
    }
    [[nodiscard]] int port(int mid) const { return bundleOnly && mid > 0 ? 0 : 9; }
    void common(QStringList &lines, int mid) const
    {
        lines << QStringLiteral("c=IN IP4 0.0.0.0");
        if (mid == 0)
            for (const QString &candidate : candidates)
                lines << QStringLiteral("a=") + candidate;
        lines
            << QStringLiteral("a=ice-ufrag:%1").arg(answer ? QStringLiteral("aB3d") : QStringLiteral("9xYz"))
            << QStringLiteral("a=ice-pwd:verysecretpassword%1").arg(mid)
            << QStringLiteral("a=ice-options:trickle");
        if (browser != Browser::Firefox)
            lines << fingerprint();
        if (bundleOnly && mid > 0)
            lines << QStringLiteral("a=bundle-only");
        lines
            << QStringLiteral("a=setup:%1").arg(answer ? QStringLiteral("active") : QStringLiteral("actpass"))
            << QStringLiteral("a=mid:%1").arg(mid);
    }
    void section(QStringList &lines, const QString &media, const QStringList &codecs, bool rejected,
                 int mid) const
    {
        QStringList formats;
        for (const QString &codec : codecs)
            formats << codec.section(QLatin1Char(' '), 0, 0);
        if (rejected) { // as browsers do: port 0, one format, nothing else
            lines << QStringLiteral("m=%1 0 UDP/TLS/RTP/SAVPF %2").arg(media, formats.value(0));
            lines << QStringLiteral("c=IN IP4 0.0.0.0") << QStringLiteral("a=inactive")
                  << QStringLiteral("a=mid:%1").arg(mid);
            return;
        }
        lines << QStringLiteral("m=%1 %2 UDP/TLS/RTP/SAVPF %3")
                     .arg(media)
                     .arg(port(mid))
                     .arg(formats.join(QLatin1Char(' ')));
        common(lines, mid);
        lines << QStringLiteral("a=%1").arg(direction) << QStringLiteral("a=rtcp-mux");
        for (const QString &codec : codecs) {
            // Payload types below 35 are known without a line, and some stacks leave it out.
            if (browser == Browser::Safari && codec.section(QLatin1Char(' '), 0, 0).toInt() < 35)
                continue;
            lines << QStringLiteral("a=rtpmap:") + codec;
        }
        lines << QStringLiteral("a=ssrc:3735928559 cname:{f00d}");
    }
};

/// Candidate lines as browsers write them.
inline QString candidateLine(const QString &type, const QString &address, int component = 1)
{
    const bool own = type == QLatin1String("host");
    QString line = QStringLiteral("candidate:842163049 %1 udp %2 %3 46154 typ %4")
                       .arg(component)
                       .arg(own ? 2122260223U : 1677729535U)
                       .arg(address, type);
    if (!own)
        line += QStringLiteral(" raddr 0.0.0.0 rport 0");
    return line + QStringLiteral(" generation 0 ufrag 9xYz network-cost 999");
}

/// A negotiation as the server and the console see it: contents go through the rule of shared/signaling and
/// through the redaction, and become the messages of a flow.
class CallScript
{
public:
    explicit CallScript(unsigned seed = 0)
        : m_random(seed)
        , m_wrapping(Wrapping(m_random() % unsigned(Wrapping::Count)))
    { }
    void setWrapping(Wrapping wrapping) { m_wrapping = wrapping; }
    [[nodiscard]] unsigned random(unsigned below) { return unsigned(m_random() % below); }

    CallScript &describe(const QString &from, const QString &to, const Description &description,
                         FlowMessage::Outcome outcome = FlowMessage::Outcome::Delivered,
                         const QString &reason = {})
    {
        const QString type = description.answer ? QStringLiteral("answer") : QStringLiteral("offer");
        const QJsonObject own{{QStringLiteral("type"), type}, {QStringLiteral("sdp"), description.text()}};
        QJsonValue content;
        switch (m_wrapping) {
        case Wrapping::JsonInString:
            content = compact(own);
            break;
        case Wrapping::Nested:
            content = QJsonObject{{QStringLiteral("description"), own},
                                  {QStringLiteral("call"), QStringLiteral("c1")}};
            break;
        case Wrapping::Named:
            content = QJsonObject{{type, own}};
            break;
        case Wrapping::WithRoom:
            content = QJsonObject{{QStringLiteral("event"), type},
                                  {QStringLiteral("room"), QStringLiteral("r-7")},
                                  {QStringLiteral("data"), compact(own)}};
            break;
        case Wrapping::Bare:
            content = description.text();
            break;
        case Wrapping::Plain:
        case Wrapping::Count:
            content = own;
            break;
        }
        return say(from, to, content, outcome, reason);
    }

    CallScript &candidates(const QString &from, const QString &to, const QStringList &lines)
    {
        for (const QString &line : lines)
            candidate(from, to, line);
        return *this;
    }

    CallScript &candidate(const QString &from, const QString &to, const QString &line)
    {
        const QJsonObject own{{QStringLiteral("candidate"), line},
                              {QStringLiteral("sdpMid"), QStringLiteral("0")},
                              {QStringLiteral("sdpMLineIndex"), 0},
                              {QStringLiteral("usernameFragment"), QStringLiteral("9xYz")}};
        QJsonValue content;
        switch (m_wrapping) {
        case Wrapping::JsonInString:
            content = compact(own);
            break;
        case Wrapping::Nested:
            content = QJsonObject{{QStringLiteral("candidate"), own},
                                  {QStringLiteral("call"), QStringLiteral("c1")}};
            break;
        case Wrapping::Named:
            content = QJsonObject{{QStringLiteral("ice"), own}};
            break;
        case Wrapping::WithRoom:
            content = QJsonObject{{QStringLiteral("event"), QStringLiteral("ice-candidate")},
                                  {QStringLiteral("room"), QStringLiteral("r-7")},
                                  {QStringLiteral("data"), compact(own)}};
            break;
        case Wrapping::Bare:
            content = line;
            break;
        case Wrapping::Plain:
        case Wrapping::Count:
            content = QJsonObject{{QStringLiteral("type"), QStringLiteral("candidate")},
                                  {QStringLiteral("candidate"), own}};
            break;
        }
        return say(from, to, content);
    }

    /// Several in one message.
    CallScript &batch(const QString &from, const QString &to, const QStringList &lines)
    {
        QJsonArray all;
        for (const QString &line : lines)
            all.append(QJsonObject{{QStringLiteral("candidate"), line},
                                   {QStringLiteral("sdpMid"), QStringLiteral("0")}});
        return say(from, to,
                   QJsonObject{{QStringLiteral("type"), QStringLiteral("candidates")},
                               {QStringLiteral("candidates"), all}});
    }

    CallScript &endOfCandidates(const QString &from, const QString &to)
    {
        return say(from, to,
                   QJsonObject{{QStringLiteral("type"), QStringLiteral("candidate")},
                               {QStringLiteral("candidate"), QString()},
                               {QStringLiteral("sdpMid"), QStringLiteral("0")}});
    }

    CallScript &bye(const QString &from, const QString &to)
    {
        return say(from, to,
                   QJsonObject{{QStringLiteral("type"), QStringLiteral("bye")},
                               {QStringLiteral("reason"), QStringLiteral("hung-up")}});
    }

    CallScript &text(const QString &from, const QString &to, const QString &words)
    {
        return say(
            from, to,
            QJsonObject{{QStringLiteral("type"), QStringLiteral("text")}, {QStringLiteral("text"), words}});
    }

    CallScript &say(const QString &from, const QString &to, const QJsonValue &content,
                    FlowMessage::Outcome outcome = FlowMessage::Outcome::Delivered,
                    const QString &reason = {})
    {
        const QByteArray list = QJsonDocument(QJsonArray{content}).toJson(QJsonDocument::Compact);
        const QByteArray json = list.mid(1, list.size() - 2);
        const std::string_view bytes(json.constData(), std::size_t(json.size()));
        const QJsonValue shown = redactedContent(bytes);
        FlowMessage message;
        message.seq = m_messages.size() + 1;
        message.ts = m_now;
        message.message = QStringLiteral("m-%1").arg(message.seq);
        message.from = from;
        message.to = to;
        message.kind = FlowMessage::kindOf(QLatin1String(toString(negotiationKind(bytes))));
        message.outcome = outcome;
        message.reason = reason;
        message.bytes = json.size();
        message.payload = shown.isString()
            ? shown.toString()
            : QString::fromUtf8(QJsonDocument(shown.toObject()).toJson(QJsonDocument::Compact));
        m_messages.push_back(message);
        m_now += 20 + qint64(m_random() % 80);
        return *this;
    }

    CallScript &gap()
    {
        FlowMessage message;
        message.kind = FlowMessage::Kind::Gap;
        message.ts = m_now;
        message.missing = 12;
        m_messages.push_back(message);
        return *this;
    }
    CallScript &wait(qint64 ms)
    {
        m_now += ms;
        return *this;
    }
    /// Whoever looks comes only now.
    CallScript &forget()
    {
        m_messages.clear();
        return *this;
    }

    [[nodiscard]] qint64 now() const { return m_now; }
    [[nodiscard]] std::vector<const FlowMessage *> messages() const
    {
        std::vector<const FlowMessage *> all;
        for (const FlowMessage &message : m_messages)
            all.push_back(&message);
        return all;
    }

private:
    static QString compact(const QJsonObject &object)
    {
        return QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact));
    }

    std::mt19937 m_random;
    Wrapping m_wrapping;
    qint64 m_now = 1'700'000'000'000;
    std::deque<FlowMessage> m_messages;
};

} // namespace msgsrv::console::test
